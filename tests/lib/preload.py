# SPDX-License-Identifier: Apache-2.0
"""Libraries that are put between a program and its C library: tests/preload/NAME.c, compiled when first needed."""
import fcntl
import os
import struct
import subprocess

from programs import BUILD, ROOT

FLAGS = ["-std=gnu11", "-O2", "-g", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror"]


def preload(name):
    """The environment that puts tests/preload/NAME.c in front of the C library."""
    source, target = ROOT / f"tests/preload/{name}.c", BUILD / f"preload/{name}.so"
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test files run side by side
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["cc", *FLAGS, "-o", target, source, "-ldl", "-lpthread"], check=True)
    # A sanitizer wants to be the first library, and is content to be told that it is not.
    return {"LD_PRELOAD": str(target), "ASAN_OPTIONS": sanitizer_options()}


def sanitizer_options():
    given = os.environ.get("ASAN_OPTIONS", "")
    return f"{given}:verify_asan_link_order=0" if given else "verify_asan_link_order=0"


class WallClock:
    """The wall clock of one machine: set(seconds) shifts it for every process that has .environment; pass_time(seconds) makes
    so much go by on the monotonic clock alone."""

    def __init__(self, folder, name="clock"):
        self.path = folder / name
        self.path.write_bytes(bytes(16))
        self.environment = dict(preload("clock"), HOLDFAST_CLOCK=str(self.path))

    def set(self, seconds):
        with open(self.path, "r+b") as f:
            f.write(struct.pack("q", seconds * 1000))

    def pass_time(self, seconds):
        with open(self.path, "r+b") as f:
            f.seek(8)
            f.write(struct.pack("q", seconds * 1000))


class Memory:
    """The memory of one machine: fail_at(n) makes the n-th allocation from now on fail, for processes with .environment."""

    def __init__(self, folder):
        self.path = folder / "memory"
        self.path.write_bytes(bytes(24))
        self.environment = dict(preload("malloc"), HOLDFAST_MALLOC=str(self.path))

    def fail_at(self, n, run=1):
        with open(self.path, "r+b") as f:
            f.write(struct.pack("qqq", 0, n, run))
            f.flush()
            f.seek(0)
            f.write(struct.pack("q", 1))

    def relent(self):
        """No more failures. True when one was due and has happened."""
        armed, countdown, _ = struct.unpack("qqq", self.path.read_bytes())
        with open(self.path, "r+b") as f:
            f.write(struct.pack("q", 0))
        return armed == 0 and countdown <= 0
