# SPDX-License-Identifier: Apache-2.0
"""System calls of a running process that fail, or take long."""
import signal
import subprocess
import tempfile
from pathlib import Path


class Trace:
    """strace on a process and its threads, whose system calls are treated as `inject` says while this lasts; of those on `path`
    only, if there is one. `inject` is a system call and what strace does to it."""

    def __init__(self, pid, inject, path=None):
        self.folder = tempfile.TemporaryDirectory(prefix="hf-strace-")
        self.log = Path(self.folder.name) / "log"
        argv = ["strace", "-f", "-o", self.log, "-p", str(pid), "-e", f"trace={inject.split(':')[0]}", "-e", f"inject={inject}"]
        self.child = subprocess.Popen(argv + (["-P", path] if path else []), stderr=subprocess.PIPE, text=True)
        lines = iter(self.child.stderr.readline, "")
        assert any("attached" in line for line in lines), f"strace cannot attach to {pid}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.send_signal(signal.SIGINT)
        try:
            self.child.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.child.kill()  # which lets go of the process as well
            self.child.communicate()

    def injected(self):
        return self.log.read_text().count("(INJECTED)") + self.log.read_text().count("(DELAYED)")
