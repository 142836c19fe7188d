# SPDX-License-Identifier: Apache-2.0
"""Two machines with a wire between them: this test process in a network of its own, and a second one beside it."""
import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000
HERE, THERE = "10.77.0.1", "10.77.0.2"


class NotPermitted(Exception):
    pass


def run(*words):
    subprocess.run(list(map(str, words)), check=True, capture_output=True)


class TwoMachines:
    """Must be made before any thread and any server of the test: the calling thread moves into the new network, and who is
    started from then on is born there. `prefix` starts a program on the other machine."""

    def __init__(self):
        self.name = f"hf-{os.getpid()}"
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
            raise NotPermitted(f"a network of our own: {os.strerror(ctypes.get_errno())}")
        run("ip", "link", "set", "lo", "up")
        run("ip", "netns", "add", self.name)
        self.prefix = ["ip", "netns", "exec", self.name]
        run("ip", "link", "add", "hf-here", "type", "veth", "peer", "name", "hf-there", "netns", self.name)
        self._end("hf-here", "10.78.0.1/30", HERE)
        self._end("hf-there", "10.78.0.2/30", THERE, *self.prefix)
        self.join()

    @staticmethod
    def _end(device, transit, address, *prefix):
        """The address is on lo: it stays what it is while the wire is cut."""
        run(*prefix, "ip", "link", "set", "lo", "up")
        run(*prefix, "ip", "addr", "add", f"{address}/32", "dev", "lo")
        run(*prefix, "ip", "addr", "add", transit, "dev", device)
        run(*prefix, "ip", "link", "set", device, "up")

    def cut(self):
        """Nothing passes, and nobody is told."""
        run("ip", "link", "set", "hf-here", "down")

    def join(self):
        run("ip", "link", "set", "hf-here", "up")
        run("ip", "route", "replace", THERE, "via", "10.78.0.2", "src", HERE)
        run(*self.prefix, "ip", "route", "replace", HERE, "via", "10.78.0.1", "src", THERE)

    def end(self):
        run("ip", "netns", "del", self.name)
