# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the house itself is shown, and paged without Redis."""
import pytest

from house import House
from poll import poll, stays
from programs import PATIENCE
from schema import pb

PAGE_AFTER = 10  # redis_down
OVER_AFTER = 5


@pytest.fixture
def home(authority, redis):
    h = House(authority, pools={"calm": 1}, redis=redis)
    h.start()
    yield h
    h.end()


def on_call(house):
    pool = house.take()
    return house.hire(pool, name=pool.last, roles=[pb.ROLE_AUDITOR])


def test_redis_down_is_paged_without_redis_and_its_end_too(home, redis):
    house, doctor = home, on_call(home)
    house.operator.ask("get_staff")
    redis.kill()
    poll(lambda: house.metric("holdfast_alarm", alarm="redis_down") == 1, 5 * PATIENCE, "the alarm")
    assert not house.carrier.to(doctor.phone), "a blip wakes nobody"
    page = house.carrier.wait(doctor.phone, deadline=PAGE_AFTER + 5 * PATIENCE)
    assert "Holdfast suite: Redis cannot answer" in page.text and "UTC" in page.text
    stays(lambda: len(house.carrier.to(doctor.phone)) == 1, 3, "told once")
    redis.start()
    house.carrier.wait(doctor.phone, 2, deadline=OVER_AFTER + 10 * PATIENCE)
    assert "over" in house.carrier.to(doctor.phone)[1].text
    assert house.metric("holdfast_alarm", alarm="redis_down") == 0
    assert not [a for a in house.operator.ask("get_status").alarms if "Redis" in a]


def test_a_node_that_starts_without_redis_pages_from_its_sealed_copy(home, redis):
    house, doctor = home, on_call(home)
    copy = house.folder / "state/people.sealed"
    poll(lambda: copy.exists(), 5 * PATIENCE, "the copy")
    poll(lambda: house.metric("holdfast_redis_up") == 1, 5 * PATIENCE)
    stays(lambda: copy.exists(), 0.5)
    assert doctor.phone.encode() not in copy.read_bytes() and doctor.name.encode() not in copy.read_bytes()
    assert copy.stat().st_mode & 0o077 == 0
    redis.kill()
    house.kill()
    house.start(wait=False)
    house.carrier.wait(doctor.phone, deadline=PAGE_AFTER + 10 * PATIENCE)
    redis.start()
    house.wait_ready()
    house.stop()


def test_a_page_that_fails_is_tried_again(home, redis):
    house, doctor = home, on_call(home)
    refusals = iter(["busy", "drop"])
    house.carrier.behave = lambda sent: next(refusals, "accept")
    redis.kill()
    house.carrier.wait(doctor.phone, 2, deadline=PAGE_AFTER + 30 * PATIENCE)  # the one that was cut off had arrived
    assert "event=alarm_not_paged" in house.log_text()
    assert doctor.phone not in house.log_text()
