# SPDX-License-Identifier: Apache-2.0
"""Somebody sets a machine's clock by an hour, either way: nothing ends early, nothing that pages is late, and people are told."""
import shutil
import tempfile
from pathlib import Path

import pytest

from house import HOUR, House, new_number
from poll import poll, stays
from preload import WallClock
from programs import PATIENCE
from redis_server import RedisServer
from schema import pb

IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"


class Machine:
    """holdfastd and Redis under one wall clock, or each under its own."""

    def __init__(self, authority, whose):
        self.folder = Path(tempfile.mkdtemp(prefix="hf-clock-"))
        self.clock = WallClock(self.folder)
        environment = self.clock.environment
        self.redis = RedisServer(self.folder / "redis", environment=environment if "redis" in whose else None).start()
        self.house = House(authority, pools={"calm": 2, "brisk": 1, "urgent": 1}, redis=self.redis,
                           environment=environment if "holdfastd" in whose else None).start()

    def end(self):
        self.house.end()
        self.redis.end()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(params=["holdfastd", "redis"])
def machine(request, authority):
    m = Machine(authority, request.param)
    yield m
    m.end()


@pytest.fixture
def node(authority):
    m = Machine(authority, "holdfastd")
    yield m
    m.end()


def pool_of(house, kind):
    return next(p for p in house.pools if p.kind == kind)


def doctor_of(house):
    pool = pool_of(house, "urgent")
    return pool, house.hire(pool, name=pool.first, roles=[pb.ROLE_AUDITOR])


def is_told(house):
    return any("clock" in a for a in house.operator.ask("get_status").alarms)


@pytest.mark.parametrize("hours", [1, -1])
def test_a_jump_ends_nothing_and_delays_no_page(machine, hours):
    house = machine.house
    pool, doctor = doctor_of(house)
    console = house.counselor(house.take(), capacity=2)
    calm = house.pools[0]
    texter = house.text(calm, new_number(), "hello")
    held = console.take()
    house.text(calm, new_number(), "hello too")
    offer = console.expect("offer")

    machine.clock.set(hours * HOUR)
    house.text(pool, new_number(), IMMINENT)
    house.carrier.wait(doctor.phone, deadline=4)  # its answer is due within a second
    stays(lambda: console.closed is None and not console.has("offer_over") and not console.has("released"), 2)
    assert console.accept(offer).id == offer.conversation
    console.reply(held, "i am here")
    house.carrier.wait(texter)

    brisk = house.counselor(pool_of(house, "brisk"))
    house.text(pool_of(house, "brisk"), new_number(), "hello")
    brisk.expect("offer")
    brisk.expect("offer_over", deadline=5 * PATIENCE)  # it stands for two seconds, by any clock
    house.check_states()


def test_people_are_told_and_waiting_ones_are_paged_early_by_a_clock_that_is_ahead(node):
    house = node.house
    pool = house.take()
    doctor = house.hire(pool, name=pool.first, roles=[pb.ROLE_AUDITOR])
    house.text(pool, new_number(), "hello")  # due in an hour
    assert not is_told(house)
    node.clock.set(HOUR + 60)
    house.carrier.wait(doctor.phone, deadline=5)
    poll(lambda: is_told(house), 5 * PATIENCE, "the alarm")
    node.clock.set(0)
    poll(lambda: not is_told(house), 5 * PATIENCE, "the alarm to end")


def test_time_does_not_go_back_over_a_restart(node):
    house = node.house
    pool, doctor = doctor_of(house)
    calm = house.take()
    person = house.hire(calm)
    console = house.sign_in(person).available()
    house.text(calm, new_number(), "hello")
    held = console.take()
    house.kill()
    node.clock.set(-HOUR)
    house.start()
    assert "event=clock_stepped" in house.log_text()
    house.text(pool, new_number(), IMMINENT)
    house.carrier.wait(doctor.phone, deadline=4)
    again = house.sign_in(person)
    assert [c.id for c in again.session.held] == [held.id]
    assert is_told(house)


def test_a_node_takes_the_time_of_those_that_live(authority, node):
    """It starts on a machine whose clock is an hour ahead: what stands with the others must not run out."""
    house = node.house
    console = house.counselor(house.take())
    house.text(house.pools[0], new_number(), "hello")
    offer = console.expect("offer")
    ahead = WallClock(node.folder, "ahead")
    ahead.set(HOUR)
    second = House(authority, pools={"calm": 2, "brisk": 1, "urgent": 1}, redis=node.redis, beside=house,
                   environment=ahead.environment)
    try:
        second.start()
        assert "event=clock_stepped" in second.log_text()
        stays(lambda: not console.has("offer_over"), 2)
        assert console.accept(offer).id == offer.conversation
        assert is_told(second) and not is_told(house)
    finally:
        second.end()


def test_a_clock_that_is_weeks_ahead_deletes_nothing(authority, tmp_path):
    """By it, everything is older than the pool keeps it."""
    clock = WallClock(tmp_path)
    redis = RedisServer(tmp_path / "redis").start()
    house = House(authority, pools={"calm": 1}, redis=redis, environment=clock.environment,
                  edit=lambda config: config["pools"][0].update(retain_days=7))
    try:
        pool = house.start().take()
        console = house.counselor(pool)
        house.text(pool, new_number(), "hello")
        held = console.take()
        console.hang_up(held)
        house.kill()
        house.cli("del", "{nodes}:clocks", "{nodes}:beats")  # nobody else knows the time
        clock.set(20 * 24 * HOUR)
        house.start()
        poll(lambda: "event=retention_waits" in house.log_text(), 10 * PATIENCE, "it to be seen")
        assert house.cli("hexists", f"{{{pool.name}}}:c:{held.id}", "key") in (1, "1")
    finally:
        house.end()
        redis.end()
