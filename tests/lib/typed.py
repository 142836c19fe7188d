# SPDX-License-Identifier: Apache-2.0
"""Programs that people type into, driven by a script."""
import re
import subprocess

from poll import poll
from programs import PATIENCE, Process, program, sanitizer_reports


class Typed:
    """A program that reads lines, with the script's hand on its input and its eye on the output."""

    def __init__(self, argv, log, **options):
        self.process = Process(argv, log, stdin=subprocess.PIPE, **options)
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


def console_of(house, person):
    """holdfast-console, signed in as that person."""
    password = house.folder / f"{person.name}.password"
    password.write_text(person.password + "\n")
    password.chmod(0o600)
    return Typed([program("holdfast-console"), "--config", house.config_file, "--user", person.name, "--password-file",
                  password], house.folder / f"{person.name}.log")
