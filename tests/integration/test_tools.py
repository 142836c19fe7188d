# SPDX-License-Identifier: Apache-2.0
"""The way in of `make run`: a simulated phone, and a counselor's terminal, both driven by a script."""
import re
import subprocess

import pytest

from house import House, new_number
from poll import poll
from programs import PATIENCE, Process, program, sanitizer_reports


class Typed:
    """A program that reads lines, with the script's hand on its input and its eye on the output."""

    def __init__(self, argv, log):
        self.process = Process(argv, log, stdin=subprocess.PIPE)
        self.seen = 0

    def type(self, line):
        self.process.child.stdin.write(line.encode() + b"\n")
        self.process.child.stdin.flush()

    def wait(self, pattern, deadline=8.0):
        """Waits for a line that matches, after those already waited for."""
        def find():
            match = re.compile(pattern).search(self.process.output(), self.seen)
            assert match or self.process.alive(), f"ended; its output:\n{self.process.output()}"
            return match
        match = poll(find, deadline * PATIENCE, f"{pattern!r} in:\n{self.process.output()[-2000:]}")
        self.seen = match.end()
        return match

    def end(self):
        if self.process.child.stdin:
            self.process.child.stdin.close()
        code = self.process.end()
        assert not sanitizer_reports(self.process.output())
        return code


@pytest.fixture(scope="module")
def house(authority):
    def edit(config):
        config["gateways"][0]["send_url"] = "http://phone"
        config["gateways"][0]["send_socket"] = config["state_dir"] / "phone.sock"
    h = House(authority, pools={"calm": 3}, edit=edit)
    h.start()
    yield h
    h.end()


@pytest.fixture
def phone(house):
    texter = new_number()
    typed = Typed([program("holdfastctl"), "--config", house.config_file, "phone", "--from", texter, "--to",
                   house.pools[0].line], house.folder / f"phone{texter}.log")
    typed.wait("Type a text")
    yield typed
    assert typed.end() == 0


def console_of(house, person):
    password = house.folder / f"{person.name}.password"
    password.write_text(person.password + "\n")
    password.chmod(0o600)
    return Typed([program("holdfast-console"), "--config", house.config_file, "--user", person.name, "--password-file",
                  password], house.folder / f"{person.name}.log")


def test_from_the_phone_to_the_terminal_and_back(house, phone):
    console = console_of(house, house.hire(house.pools[0]))
    console.wait(r"\[you\] signed in as .*away")
    console.type("/available")
    console.wait(r"\[you\] available")
    phone.type("hello, is anybody there?")
    phone.wait("→ hello, is anybody there\\?")
    console.wait(r"\[offer\]")
    console.type("/accept")
    console.wait(r"\[1 \w+\] texter: hello, is anybody there\?")
    console.type("I am here. 💚")
    phone.wait("← I am here. 💚")
    console.wait(r"\[1\] you: I am here. 💚 \(delivered\)")
    phone.type("Danke – schön, daß du da bist 🙏")
    console.wait(r"\[1 \w+\] texter: Danke – schön, daß du da bist 🙏")
    console.type("/close safe_for_now")
    console.wait(r"\[you\] closed")
    console.type("/finish")
    console.wait("place is free")
    console.type("/quit")
    assert console.process.wait_exit() == 0
    assert console.end() == 0


def test_the_terminal_lives_through_a_restart(house, phone):
    console = console_of(house, house.hire(house.pools[0]))
    console.type("/available")
    console.wait(r"\[you\] available")
    phone.type("do not go")
    console.wait(r"\[offer\]")
    console.type("/accept")
    console.wait(r"texter: do not go")
    house.kill()
    console.wait("connection lost")
    house.restart()
    console.wait(r"\[you\] signed in as", deadline=12)
    phone.type("still there?")
    console.wait("texter: still there\\?")
    console.type("yes")
    phone.wait("← yes")
    console.type("/quit")
    assert console.process.wait_exit() == 0


def test_the_terminal_refuses_what_it_cannot_do(house):
    person = house.hire(house.pools[1])
    console = console_of(house, person)
    console.type("hello?")
    console.wait(r"\[error\] you hold nobody now")
    console.type("/accept")
    console.wait(r"\[error\] there is no offer now")
    console.type("/nonsense")
    console.wait(r"\[error\] there is no command")
    console.type("/quit")
    assert console.process.wait_exit() == 0
    person.password = "wrong"
    again = console_of(house, person)
    again.wait("not signed in")
    assert again.process.wait_exit() == 1


def test_escape_sequences_reach_no_terminal(house):
    pool = house.pools[2]
    console = console_of(house, house.hire(pool))
    console.type("/available")
    console.wait(r"\[you\] available")
    house.text(pool, new_number(), "evil \x1b]0;title\x07 \x1b[2J \u202e end")
    console.wait(r"\[offer\]")
    console.type("/accept")
    console.wait("texter: evil")
    console.wait("end")
    assert "\x1b" not in console.process.output() and "\u202e" not in console.process.output()
    console.type("/quit")
    assert console.process.wait_exit() == 0
