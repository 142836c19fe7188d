# SPDX-License-Identifier: Apache-2.0
"""A real process with a spool on a real disk, whose system calls fail, which is killed, whose power is cut: what it said yes
to is there, once and in order."""
import os
import re
import signal
import subprocess
import threading

import pytest

from faults import many
from poll import pause, poll
from powercut import Machine
from programs import PATIENCE, program

KILLS = many(12, 300)
CUTS = many(12, 300)
LIMIT = 512 * 1024  # so a segment holds 64 KiB


class Driver:
    """tests/fault/spool_driver.c; `strace` are options of strace, under which it then runs."""

    def __init__(self, folder, environment=None, strace=None):
        argv = [program("fault/spool_driver"), str(folder), str(LIMIT)]
        if strace:
            self.trace = folder.with_name("trace")
            argv = ["strace", "-f", "-qq", "-o", self.trace, *strace, *argv]
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                      env=dict(os.environ, **(environment or {})), start_new_session=True)
        self.lines, self.ended = [], threading.Event()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.child.stdout:
            if line.endswith("\n"):
                self.lines.append(line[:-1])
        self.ended.set()

    def wait_open(self):
        assert self.wait(r"open|error .*") == "open"
        return self

    def say(self, line):
        try:
            self.child.stdin.write(line + "\n")
            self.child.stdin.flush()
        except (OSError, ValueError):
            pass  # it was killed

    def wait(self, pattern, after=0):
        return poll(lambda: next((line for line in self.lines[after:] if re.fullmatch(pattern, line)), None), 20 * PATIENCE,
                    lambda: f"{pattern} of {self.lines[-5:]}")

    def append(self, texts):
        """The answers: text -> True or False."""
        for text in texts:
            self.say(f"a {text}")
        poll(lambda: set(texts) <= {a[1] for a in self.answers()} or self.ended.is_set(), 20 * PATIENCE, "answers to all texts")
        return {text: yes == "yes" for yes, text in self.answers() if text in texts}

    def answers(self):
        return [line.split(" ", 1) for line in list(self.lines) if line.startswith(("yes ", "no "))]

    def walk(self):
        """(sequence, text) of all records."""
        after = len(self.lines)
        self.say("w")
        self.wait("walked", after)
        return [(int(s), t) for _, s, t in (line.split(" ", 2) for line in self.lines[after:] if line.startswith("is "))]

    def state(self):
        after = len(self.lines)
        self.say("s")
        return self.wait("state .*", after).split(" ", 4)[1:]

    def kill(self):
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        self.reader.join(10)
        try:
            self.child.stdin.close()
        except OSError:
            pass  # what was still in its buffer

    def injected(self):
        """How many calls failed by our will."""
        return self.trace.read_text().count("(INJECTED)")

    def end(self):
        if self.child.poll() is None:
            self.child.stdin.close()
            self.child.wait(20 * PATIENCE)
        return self.child.returncode


class Ledger:
    """What the spool said yes to, what is done, and what it may hold besides."""

    def __init__(self):
        self.count, self.yes, self.done, self.sequences = 0, [], set(), {}

    def new_texts(self, count):
        self.count += count
        return [f"text-{i:06d}-{'x' * (i * 37 % 900)}" for i in range(self.count - count, self.count)]

    def note(self, driver):
        self.yes += [text for yes, text in driver.answers() if yes == "yes"]

    def check(self, records):
        texts = [text for _, text in records]
        wanted = [t for t in self.yes if t not in self.done]
        missing = set(wanted) - set(texts)
        assert not missing, f"{len(missing)} lost of {len(wanted)}: {sorted(missing)[0][:12]}"
        yes = set(self.yes)
        assert [t for t in texts if t in yes and t not in self.done] == wanted, "order, or twice"
        for sequence, text in records:
            if text in yes:
                assert self.sequences.setdefault(text, sequence) == sequence


def live(driver, ledger, chance):
    """Appends in bursts and settles some, until the driver dies."""
    while not driver.ended.is_set():
        for text in ledger.new_texts(chance.randrange(1, 30)):
            driver.say(f"a {text}")
        pause(chance.uniform(0, 0.01))
        if chance.random() < 0.3:
            driver.say("w")


def settle_some(driver, ledger, chance):
    records = driver.walk()
    ledger.check(records)
    for sequence, text in records[:chance.randrange(0, len(records) + 1)]:
        ledger.done.add(text)
        driver.say(f"d {sequence}")
    driver.state()


def run_lives(folder, chance, count, end_of_life, environment=None):
    """Starts, checks, appends and ends by `end_of_life` again and again."""
    ledger = Ledger()
    for _ in range(count + 1):
        driver = Driver(folder, environment).wait_open()
        settle_some(driver, ledger, chance)
        assert driver.state()[2] == "0", "damage"
        worker = threading.Thread(target=live, args=(driver, ledger, chance))
        worker.start()
        pause(chance.uniform(0.0, 0.3))
        driver.kill()
        worker.join()
        ledger.note(driver)
        end_of_life()
    driver = Driver(folder, environment).wait_open()
    ledger.check(driver.walk())
    assert driver.state()[2] == "0"
    assert driver.end() == 0
    print(f"lives={count} texts={ledger.count} acknowledged={len(ledger.yes)} done={len(ledger.done)}")
    assert len(ledger.yes) > count


def test_kills_lose_nothing(tmp_path, seeded):
    run_lives(tmp_path / "spool", seeded, KILLS, lambda: None)


def test_power_cuts_lose_nothing(tmp_path, seeded):
    folder = tmp_path / "spool"
    machine = Machine(tmp_path / "shadow", folder)
    run_lives(folder, seeded, CUTS, machine.cut, machine.environment)
    print(f"cuts={machine.cuts} lost_bytes={machine.lost_bytes} lost_names={machine.lost_names}")


def traced(folder, *inject):
    options = []
    for what in inject:
        options += ["-e", f"inject={what}"]
    return Driver(folder, strace=["-e", "trace=fdatasync,fsync,pwrite64,fallocate,openat,unlink", *options]).wait_open()


# The first life of a folder: its open makes two syncs and two writes.
@pytest.mark.parametrize("inject", ["fdatasync:error=EIO:when=4+", "pwrite64:error=ENOSPC:when=4+", "pwrite64:error=EIO:when=4+"])
def test_a_disk_that_fails_for_ever_is_told_and_costs_nothing_acknowledged(tmp_path, inject):
    folder, ledger = tmp_path / "spool", Ledger()
    driver = traced(folder, inject)
    answers = {}
    while not answers or all(answers.values()):
        answers = driver.append(ledger.new_texts(1))
        assert ledger.count < 10
    assert driver.state()[1] == "1"
    assert driver.state()[3] in ("Input/output error", "No space left on device")
    assert not any(driver.append(ledger.new_texts(5)).values())
    driver.kill()
    ledger.note(driver)
    assert 0 < len(ledger.yes) < ledger.count
    driver = Driver(folder).wait_open()
    ledger.check(driver.walk())
    assert all(driver.append(ledger.new_texts(3)).values())
    assert driver.end() == 0


@pytest.mark.parametrize("inject", ["fdatasync:error=EIO:when=4", "pwrite64:error=ENOSPC:when=4", "pwrite64:retval=7:when=4",
                                    "fdatasync:error=EINTR:when=4", "pwrite64:error=EINTR:when=4"])
def test_one_failure_is_not_even_noticed(tmp_path, inject):
    folder, ledger = tmp_path / "spool", Ledger()
    driver = traced(folder, inject)
    for _ in range(6):
        assert all(driver.append(ledger.new_texts(2)).values())
    driver.kill()
    assert driver.injected() == 1
    if "retval" in inject:
        return  # strace wrote nothing for those seven bytes, so they are what a lying disk would leave
    ledger.note(driver)
    driver = Driver(folder).wait_open()
    ledger.check(driver.walk())
    assert driver.state()[2] == "0"
    assert driver.end() == 0


def test_a_disk_that_heals_takes_texts_again(tmp_path):
    folder, ledger = tmp_path / "spool", Ledger()
    driver = traced(folder, "fdatasync:error=EIO:when=4..8")
    answers = {}
    while not answers or all(answers.values()):
        answers = driver.append(ledger.new_texts(1))
    poll(lambda: driver.state()[1] == "0", 30 * PATIENCE, "the spool to see that its disk is whole again", every=0.2)
    assert all(driver.append(ledger.new_texts(5)).values())
    driver.kill()
    ledger.note(driver)
    driver = Driver(folder).wait_open()
    ledger.check(driver.walk())
    assert driver.end() == 0


def test_a_full_disk_takes_what_the_spare_holds(tmp_path):
    folder, ledger = tmp_path / "spool", Ledger()
    driver = traced(folder, "fallocate:error=ENOSPC:when=3+")
    taken = 0
    while all(driver.append(ledger.new_texts(20)).values()):
        taken += 20
        assert taken < 2000
    assert taken >= 120  # two segments of 64 KiB, of texts below 1 KiB
    driver.kill()
    ledger.note(driver)
    driver = Driver(folder).wait_open()
    ledger.check(driver.walk())
    assert all(driver.append(ledger.new_texts(1)).values())
    assert driver.end() == 0


def test_a_second_process_is_refused(tmp_path):
    first = Driver(tmp_path / "spool").wait_open()
    second = Driver(tmp_path / "spool")
    assert "in use" in second.wait("open|error .*")
    first.kill()
    third = Driver(tmp_path / "spool").wait_open()
    assert third.end() == 0
