# SPDX-License-Identifier: Apache-2.0
"""The disk under Redis fails or is slow while people text and answer. Redis ends itself on an error, what was under way has an unknown
outcome, and nothing acknowledged is lost, nothing is there twice."""
import time

import pytest

from faults import many
from house import House, new_number
from night import Night
from poll import poll
from programs import PATIENCE
from schema import pb
from strace import Trace

ERRORS = many(2, 40)
SYNC_S = 2.5
SLOW_FOR = many(6, 60)
# Redis answers nothing while it waits for the disk. A read that comes then waits for that, and for the next sync if there are
# writes in the same turn.
READ_WITHIN = 2 * SYNC_S + 1.5
# The answer to a gateway, from the spool at the latest.
ANSWER_WITHIN = 5.5


@pytest.fixture
def watched(request, authority):
    server = request.getfixturevalue("redis") if request.param == "external" else None
    h = House(authority, pools={"calm": 2}, redis=server)
    try:
        yield h.start()
    finally:
        h.end()


def append_only_file(house):
    folder = house.redis.folder if house.redis else house.folder / "state/redis"
    [path] = folder.glob("appendonlydir/*.incr.aof")
    return path


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def is_back(house, pid):
    """An external one is started again by whoever minds it; the embedded one by holdfastd."""
    if house.redis:
        house.redis.process.child.wait(10)
        house.redis.start()
    else:
        poll(lambda: house.redis_pid() not in (0, pid), 15 * PATIENCE, "Redis to be started again")
        assert "event=embedded_redis" in house.log_text(), "people are told"
    house.wait_ready()


@pytest.mark.parametrize("watched", ["embedded", "external"], indirect=True)
def test_an_error_of_the_disk_ends_redis_and_loses_nothing(watched, seeded):
    house = watched
    errors = {"fdatasync:error=EIO:when={}": 0, "write:error=ENOSPC:when={}+": 0}
    with Night(house, seeded) as night:
        for i in range(ERRORS):
            kind = list(errors)[i % 2]
            pid = house.redis_pid()
            before = night.texts()
            with Trace(pid, kind.format(seeded.randrange(1, 60)), append_only_file(house)) as trace:
                poll(lambda: not is_alive(pid), 30 * PATIENCE, "Redis to end itself")
                assert trace.injected() > 0
            errors[kind] += 1
            is_back(house, pid)
            poll(lambda: night.texts() > before, 10 * PATIENCE, "texts to be taken in")
        night.settle()
        history = night.reckon()
    assert history.count("acknowledged") > ERRORS
    print(f"injected: {errors}")


class Stopwatch:
    """The slowest of each kind of thing."""

    def __init__(self):
        self.slowest = {}

    def time(self, name, call):
        began = time.monotonic()
        answer = call()
        self.slowest[name] = max(self.slowest.get(name, 0.0), time.monotonic() - began)
        return answer


@pytest.mark.parametrize("watched", many(["external"], ["embedded", "external"]), indirect=True)
def test_a_slow_disk_keeps_nobody_waiting_long(watched, seeded):
    """Each sync takes 2.5 s."""
    house, watch = watched, Stopwatch()
    pool = house.take()
    console = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))
    with Night(house, seeded) as night:
        with Trace(house.redis_pid(), f"fdatasync:delay_enter={int(SYNC_S * 1e6)}") as trace:
            until = time.monotonic() + SLOW_FOR
            while time.monotonic() < until:
                status = watch.time("text", lambda: house.post(pool, new_number(), "hello", deadline=10 * PATIENCE)).status
                assert status in (200, 202), "the spool takes what Redis does not"
                watch.time("ping", lambda: console.ask("ping"))
                watch.time("read", lambda: console.request("get_queue", deadline=10 * PATIENCE, limit=10))
            assert trace.injected() > 0
        house.wait_ready()
        night.settle()
        night.reckon()
    print(f"syncs delayed: {trace.injected()}, slowest: {watch.slowest}")
    assert watch.slowest["ping"] < 1 * PATIENCE, "the node itself never waits"
    assert watch.slowest["read"] < READ_WITHIN * PATIENCE
    assert watch.slowest["text"] < ANSWER_WITHIN * PATIENCE
    assert set().union(*(t.statuses for t in night.texters)) <= {200, 202}
