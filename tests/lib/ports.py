# SPDX-License-Identifier: Apache-2.0
"""Ports for programs that must know them beforehand, from below the range the kernel hands out by itself."""
import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

_choice = random.SystemRandom()
_locks = []  # held until the process ends, so that test programs side by side never choose the same port


def _is_free(port):
    for address in ("127.0.0.1", "0.0.0.0"):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((address, port))
            except OSError:
                return False
    return True


def _lock(port):
    folder = Path(tempfile.gettempdir()) / f"hf-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = open(folder / str(port), "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return False
    _locks.append(lock)
    return True


def free_port(count=1):
    """The first of so many free ports in a row."""
    while True:
        first = _choice.randrange(20000, 32000)
        if all(_lock(port) and _is_free(port) for port in range(first, first + count)):
            return first
