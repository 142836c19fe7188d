# SPDX-License-Identifier: Apache-2.0
"""What `make run` starts: a newcomer who types what it says gets a text answered, and finds everything again."""
import re
import shlex
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from ports import free_port
from programs import BUILD, ROOT, kill_children_of
from typed import Typed


class Demo:
    """deploy/run, as make calls it, in a folder of its own."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="hf-run-"))
        self.state = self.folder / "state"
        self.port = free_port(3)
        self.typed = 0

    def run(self):
        self.process = self._type(["deploy/run", self.state, self.port])
        self.process.wait("Ctrl-C here drains and ends", deadline=40)
        self.greeting = self.process.process.output()
        return self.process

    def _type(self, argv):
        self.typed += 1
        return Typed(argv, self.folder / f"typed{self.typed}.log", cwd=ROOT, env={"HOLDFAST_BUILD": str(BUILD)})

    def suggested(self, program):
        """Types the command that the greeting suggests, up to its explanation."""
        line = re.search(rf"^ +(\S*/{program}.*?)(?:   .*)?$", self.greeting, re.MULTILINE)[1]
        return self._type(shlex.split(line))

    def end(self):
        kill_children_of(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def demo():
    d = Demo()
    yield d
    d.end()


def test_a_newcomers_first_minutes(demo):
    run = demo.run()
    assert len(demo.greeting.splitlines()) < 10
    phone = demo.suggested("holdfastctl")
    phone.wait("Type a text")
    console = demo.suggested("holdfast-console")
    console.wait("signed in as maria")
    console.type("/available")
    console.wait("available")
    phone.type("I do not know whom to ask")
    console.wait(r"\[offer\]")
    console.type("/accept")
    console.wait("texter: I do not know whom to ask")
    console.type("You can ask me.")
    phone.wait("← You can ask me.")
    console.wait(r"You can ask me. \(delivered\)")

    # A second run on the same ports changes nothing of the first.
    second = demo._type(["deploy/run", demo.folder / "other", demo.port])
    assert second.process.wait_exit() != 0 and "another Holdfast?" in second.process.output()

    run.process.signal(signal.SIGINT)
    run.wait("drained and ended", deadline=15)
    assert run.process.wait_exit() == 0
    console.wait("goes away|connection lost")

    demo.run()
    console.wait("signed in as maria", deadline=15)
    phone.type("Are you still there?")
    console.wait("texter: Are you still there\\?")
    console.type("Yes.")
    phone.wait("← Yes.")
    console.type("/quit")
    assert console.process.wait_exit() == 0
    assert phone.end() == 0
    demo.process.process.signal(signal.SIGTERM)
    assert demo.process.process.wait_exit(15) == 0
