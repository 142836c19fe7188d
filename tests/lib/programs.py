# SPDX-License-Identifier: Apache-2.0
"""Where the programs under test are, and how child processes are started, read and ended."""
import os
import signal
import subprocess
from pathlib import Path

from poll import poll

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("HOLDFAST_BUILD", "build"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD
# Sanitizers make everything slower; every deadline of the suite is stretched by this.
PATIENCE = float(os.environ.get("HOLDFAST_PATIENCE", "1"))

SANITIZER_MARKS = ("AddressSanitizer", "LeakSanitizer", "UndefinedBehaviorSanitizer", "runtime error:")


def program(name):
    path = BUILD / name
    assert path.exists(), f"{path} is not built (HOLDFAST_BUILD names the folder)"
    return str(path)


def sanitizer_reports(text):
    return [line for line in text.splitlines() if any(mark in line for mark in SANITIZER_MARKS)]


class Process:
    """A child whose output goes to a file, and that never outlives the suite."""

    def __init__(self, argv, log, stdin=None, env=None, cwd=None):
        self.argv = [str(a) for a in argv]
        self.log = Path(log)
        self._out = open(self.log, "ab")
        self.child = subprocess.Popen(
            self.argv, stdin=stdin, stdout=self._out, stderr=subprocess.STDOUT,
            env=dict(os.environ, **(env or {})), cwd=cwd)

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child.poll() is None

    def output(self):
        return self.log.read_text(errors="replace")

    def wait_exit(self, deadline=10.0):
        poll(lambda: not self.alive(), deadline * PATIENCE, f"{self.argv[0]} to end")
        return self.child.returncode

    def signal(self, number):
        if self.alive():
            self.child.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.child.wait()

    def end(self, deadline=10.0):
        """SIGTERM, then SIGKILL. Returns the exit code, None when it had to be killed."""
        try:
            self.signal(signal.SIGTERM)
            return self.wait_exit(deadline)
        except AssertionError:
            self.kill()
            return None
        finally:
            self._out.close()


def children_of(folder):
    """Processes whose working directory or command line lies in a folder of ours."""
    folder = str(folder)
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            cwd = os.readlink(entry / "cwd")
            line = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if cwd.startswith(folder) or folder in line:
            found.append(int(entry.name))
    return found


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:
        return ""


def kill_children_of(folder):
    for pid in children_of(folder):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
