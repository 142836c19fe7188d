# SPDX-License-Identifier: Apache-2.0
"""Ports for programs that must know them beforehand, from below the range the kernel hands out by itself."""
import os
import random
import socket

_taken = set()
_choice = random.Random(os.getpid())


def _is_free(port):
    for address in ("127.0.0.1", "0.0.0.0"):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((address, port))
            except OSError:
                return False
    return True


def free_port():
    while True:
        port = _choice.randrange(20000, 32000)
        if port not in _taken and _is_free(port):
            _taken.add(port)
            return port
