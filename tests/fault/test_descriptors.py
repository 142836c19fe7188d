# SPDX-License-Identifier: Apache-2.0
"""No file descriptor is left: who is connected goes on working, who knocks is told nothing wrong, and it heals by itself."""
import os
import socket
import ssl
import subprocess

import pytest

from house import House, new_number
from poll import poll
from programs import PATIENCE


@pytest.fixture
def narrow(authority, redis):
    house = House(authority, pools={"calm": 1}, redis=redis)
    house.start()
    yield house
    house.end()


def limit(house, spare):
    used = len(os.listdir(f"/proc/{house.process.pid}/fd"))
    subprocess.run(["prlimit", f"--pid={house.process.pid}", f"--nofile={used + spare}:"], check=True)


def knock(house, count):
    """Connections that are begun and held."""
    open_ = []
    for _ in range(count):
        s = socket.create_connection(("127.0.0.1", house.gateways_port), timeout=2)
        try:
            open_.append(house.context.wrap_socket(s, server_hostname="127.0.0.1"))
        except (OSError, ssl.SSLError):
            open_.append(s)
    return open_


def test_descriptors_run_out(narrow):
    house = narrow
    pool = house.take()
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), "hello")
    conversation = console.take()
    limit(house, spare=8)
    held = knock(house, 40)
    try:
        for i in range(5):
            console.reply(conversation, f"reply {i}")
        console.ask("ping")
    finally:
        for s in held:
            s.close()
    poll(lambda: post(house, pool, texter, "are you there") in (200, 202), 10 * PATIENCE, "texts to be taken again")
    console.expect("message", lambda m: m.text == "are you there")
    house.carrier.wait(texter, 5, deadline=30 * PATIENCE)
    assert [s.text for s in house.carrier.to(texter)] == [f"reply {i}" for i in range(5)]
    assert "event=out_of_descriptors" in house.log_text(), "people are told"
    assert house.process.alive()


def post(house, pool, texter, text):
    try:
        return house.post(pool, texter, text, "the-same-id", deadline=3).status
    except OSError:
        return None
