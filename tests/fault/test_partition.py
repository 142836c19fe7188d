# SPDX-License-Identifier: Apache-2.0
"""A node and the master are cut off from the replicas and from most of the Sentinels for 12 s, while people text. The others elect another
master; when the wire is back, what the old one took alone is thrown away. What a writer who only waits for +OK loses by that is counted
beside: it is what happens to anybody who does not wait for copies."""
import shutil
import socket
import tempfile
import threading
from pathlib import Path

import pytest

from authority import Authority
from house import House
from netns import HERE, THERE, NotPermitted, TwoMachines
from night import Night
from poll import pause, poll
from programs import PATIENCE
from redis_house import PASSWORDS, Place, RedisHouse

PARTITION = 12


@pytest.fixture(scope="module")
def machines():
    try:
        two = TwoMachines()
    except NotPermitted as e:
        pytest.skip(f"this machine does not let us make networks: {e}")
    yield two
    two.end()


@pytest.fixture
def redis(machines):
    folder = Path(tempfile.mkdtemp(prefix="hf-ca-"))
    there = Place(THERE, machines.prefix)
    servers = RedisHouse(Authority(folder, addresses=[HERE, THERE]), places=(Place(HERE), there, there))
    yield servers.start()
    servers.end()
    shutil.rmtree(folder, ignore_errors=True)


class Naive(threading.Thread):
    """Writes to the first master and believes +OK."""

    def __init__(self, redis):
        super().__init__(daemon=True)
        self.redis, self.stop, self.accepted = redis, threading.Event(), []

    def run(self):
        raw = socket.create_connection((HERE, self.redis.redis[0].port), timeout=5)
        context = self.redis.authority.client(self.redis.authority.certificate, self.redis.authority.key)
        with context.wrap_socket(raw, server_hostname=HERE) as s, s.makefile("rb") as answers:
            s.sendall(f"AUTH admin {PASSWORDS['ADMIN']}\r\n".encode())
            assert answers.readline() == b"+OK\r\n"
            while not self.stop.wait(0.005):
                try:
                    s.sendall(f"SET naive:{len(self.accepted)} x\r\n".encode())
                    answer = answers.readline()
                except OSError:
                    return
                if answer == b"+OK\r\n":
                    self.accepted.append(len(self.accepted))
                elif not answer:
                    return

    def lost(self):
        self.stop.set()
        self.join(10)
        kept = self.redis.cli("eval", "local n = 0 for i = 0, ARGV[1] - 1 do n = n + redis.call('EXISTS', 'naive:' .. i) end return n",
                              0, len(self.accepted))
        return len(self.accepted) - kept


def test_partition(machines, redis, seeded):
    house = House(redis.authority, pools={"calm": 1}, edit=redis.configure)
    house.cli = redis.cli
    try:
        house.start()
        with Night(house, seeded, texters=6) as night:
            naive = Naive(redis)
            naive.start()
            pause(2)
            machines.cut()
            pause(PARTITION)
            during = night.texts()
            machines.join()
            poll(lambda: redis.master() is not redis.redis[0], 30 * PATIENCE, "another master", every=0.2)
            house.wait_ready(deadline=30)
            poll(lambda: night.texts() > during + 20, 20 * PATIENCE, "texts after")
            poll(lambda: redis.redis[0].role() == "slave", 30 * PATIENCE, "the old master to follow", every=0.2)
            night.settle()
            history = night.reckon()
        lost = naive.lost()
        print(f"{history.count('acknowledged')} texts acknowledged, {during} of them before the end of a partition of {PARTITION} s, "
              f"0 lost; of {len(naive.accepted)} writes that were believed on +OK {lost} are lost")
        assert lost > 0, "the partition did no harm to anybody: it was none"
    finally:
        house.end()
