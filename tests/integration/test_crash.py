# SPDX-License-Identifier: Apache-2.0
"""kill -9, of holdfastd and of Redis, in the middle of everything: what was accepted is there, once, in order, with one owner."""
import os
import signal
import time

import pytest

from faults import many
from house import House, new_number
from night import Night, slow_carrier
from poll import pause, poll, stays
from programs import PATIENCE
from schema import pb

IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"
KILLS = many(4, 20)


@pytest.fixture
def night_house(authority):
    houses = []

    def make(**options):
        houses.append(House(authority, pools={"calm": 1, "urgent": 1}, **options))
        return houses[-1].start()
    yield make
    for h in houses:
        h.end()


def on_call(house):
    [pool] = [p for p in house.pools if p.kind == "urgent"]
    return pool, house.hire(pool, name=pool.first, roles=[pb.ROLE_AUDITOR])


def test_kill_of_holdfastd_at_random_moments(redis, night_house, seeded):
    house = night_house(redis=redis)
    lonely, doctor = on_call(house)
    house.carrier.behave = slow_carrier
    with Night(house, seeded) as night:
        for i in range(KILLS):
            pause(seeded.uniform(0.0, 0.5))
            if i == KILLS // 2:
                house.text(lonely, new_number(), IMMINENT)  # falls due while nothing runs
            house.kill()
            if i == KILLS // 2:
                pause(1.2)
                assert not house.carrier.to(doctor.phone)
            elif seeded.random() < 0.25:
                house.start(wait=False)
                pause(seeded.uniform(0.0, 0.15))
                house.kill()  # while it starts
            house.restart()
            if i == KILLS // 2:
                house.carrier.wait(doctor.phone, deadline=5)
        paged = len(house.carrier.to(doctor.phone))
        house.carrier.wait(doctor.phone, paged + 1, deadline=10)
        night.settle()
        history = night.reckon()
    assert night.texts() > 2 * KILLS and history.count("replying") >= night.texts(), "texters and counselors were at work"


def test_kill_of_an_external_redis(redis, night_house, seeded):
    house = night_house(redis=redis)
    lonely, doctor = on_call(house)
    with Night(house, seeded, texters=3) as night:
        for i in range(4):
            pause(seeded.uniform(0.2, 0.8))
            redis.kill()
            house.text(lonely, new_number(), "while it is down")
            assert poll(lambda: house.admin("/readyz").status == 503, 5, "/readyz to say so")
            assert house.admin("/healthz").status == 200, "the process itself is well"
            redis.start()
            house.wait_ready()
            if i == 1:
                house.text(lonely, new_number(), IMMINENT)
        house.carrier.wait(doctor.phone, deadline=8)
        night.settle()
        night.reckon()
        assert set().union(*(t.statuses for t in night.texters)) <= {200, 202, 503}
    assert house.process.alive()


def test_a_redis_that_hangs(redis, night_house):
    """No answer is not a yes: the text is kept in the spool in time, and its repetition is one message."""
    house = night_house(redis=redis)
    pool = house.take()
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), "first")
    conversation = console.take()
    redis.process.signal(signal.SIGSTOP)
    try:
        begin = time.monotonic()
        answer = house.post(pool, texter, "second", "the-same-id", deadline=15)
        assert answer.status == 200 and 2.9 < time.monotonic() - begin < 5.5 * PATIENCE, answer
        assert house.admin("/healthz").status == 200
        poll(lambda: house.admin("/readyz").status == 503, 10 * PATIENCE, "/readyz to say so")
    finally:
        redis.process.signal(signal.SIGCONT)
    house.wait_ready()
    for _ in range(2):
        house.text(pool, texter, "second", "the-same-id")
    house.text(pool, texter, "third")
    supervisor = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))
    assert [m.text for m in supervisor.history(conversation.id).messages] == ["first", "second", "third"]


def test_kill_of_the_embedded_redis(night_house, seeded):
    house = night_house()
    with Night(house, seeded, texters=3) as night:
        for _ in range(3):
            pause(seeded.uniform(0.2, 0.8))
            pid = house.redis_pid()
            os.kill(pid, signal.SIGKILL)
            poll(lambda: not house.is_ready() or redis_is_another(house, pid), 5, "the loss to be noticed")
            house.wait_ready()
            poll(lambda: redis_is_another(house, pid), 10, "another redis-server")
        night.settle()
        night.reckon()
        assert set().union(*(t.statuses for t in night.texters)) <= {200, 202, 503}


def redis_is_another(house, pid):
    return house.redis_pid() not in (0, pid)


def test_kill_of_both(night_house, seeded):
    house = night_house()
    with Night(house, seeded, texters=2) as night:
        for _ in range(2):
            pause(seeded.uniform(0.2, 0.6))
            pid = house.redis_pid()
            house.kill()
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it ended with its parent
            house.restart()
        night.settle()
        night.reckon()


def test_a_redis_that_outlives_its_parent(night_house):
    """Two servers on the same files would spoil them, and the elder would take the younger's socket along."""
    house = night_house()
    pool = house.take()
    elder = house.redis_pid()
    os.kill(elder, signal.SIGSTOP)
    try:
        house.kill()
        house.start(wait=False)
        stays(lambda: house.process.alive() and not house.is_ready(), 1, "waiting for the elder's end")
    finally:
        os.kill(elder, signal.SIGCONT)
    house.wait_ready()
    assert redis_is_another(house, elder)
    house.text(pool, new_number(), "hello")
    stays(house.is_ready, 0.5, "the younger with its socket")
