# SPDX-License-Identifier: Apache-2.0
"""The way in of `make run`: a simulated phone, and a counselor's terminal, both driven by a script."""
import pytest

from house import House, new_number
from programs import program
from schema import pb
from typed import Typed, console_of


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
    console.type("/close safe_for_now grief")
    console.wait(r"\[you\] closed")
    console.type("/summary Lost her cat; a friend stays tonight.")
    console.wait(r"\[you\] noted")
    console.type("/finish grief pets")
    console.wait("place is free")
    phone.type("hello again")
    console.wait(r"\[offer\]")
    console.type("/accept")
    console.wait(r"earlier, .*safe_for_now, grief, pets: Lost her cat; a friend stays tonight\.")
    console.type("/report rude")
    console.wait(r"\[error\] not done: reason must be one of sexual,")
    console.type("/report prank Laughter in the background.")
    console.wait(r"\[you\] reported: a supervisor decides")
    supervisor = console_of(house, house.hire(house.pools[0], roles=[pb.ROLE_SUPERVISOR]))
    supervisor.type("/reports")
    supervisor.wait(r"1 to be decided\n +\S+ .* prank, by ")
    report, = house.cli("hkeys", f"{{{house.pools[0].name}}}:reports")
    supervisor.type(f"/uphold {report} 3")
    supervisor.wait(r"\[you\] upheld")
    supervisor.type(f"/dismiss {report}")
    supervisor.wait(r"\[you\] dismissed")
    supervisor.type("/quit")
    assert supervisor.process.wait_exit() == 0
    console.type("/close safe_for_now")
    console.type("/finish")
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


def test_a_supervisor_sees_the_whole_line(house):
    pool = house.pools[1]
    person = house.hire(pool, roles=[pb.ROLE_SUPERVISOR])
    house.text(pool, new_number(), "just wanted to say hello")
    console = console_of(house, person)
    for command, shown in [("/status", rf"Pool {pool.name}\n +1 waiting"), ("/queue", rf"unknown .*waiting .*{pool.name}"),
                           ("/staff", rf"{person.name} +supervisor"), ("/oncall", "SCHEDULE|no schedule"), ("/doctor", r"\d+ checked"),
                           ("/pages", "No pages|PAGE")]:
        console.type(command)
        console.wait(shown)
    console.type("/ack")
    console.wait(r"\[error\] which page")
    console.type("/ack 999999")
    console.wait(r"\[error\] not done")
    console.type("/quit")
    assert console.process.wait_exit() == 0
    counselor = console_of(house, house.hire(pool))
    counselor.type("/staff")
    counselor.wait(r"\[error\] not done")
    counselor.type("/quit")
    assert counselor.process.wait_exit() == 0
    house.clear(pool)


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
