# SPDX-License-Identifier: Apache-2.0
"""Who is on duty, how much they can take, and what spares them: grades, breaks, the end of a shift, imminent work."""
import time

import pytest

from house import House, new_number
from poll import poll, stays
from schema import pb

LOW, IMMINENT = "my day was so so", "i have taken all the pills tonight and i am going to die"
QUIET = 0.3


@pytest.fixture(scope="module")
def house(authority):
    def edit(config):
        for pool in config["pools"]:
            pool.update(drain_before_s=600, exposure={"after_imminent_s": 3600, "units": 1})
    h = House(authority, pools={"calm": 6}, edit=edit)
    h.start()
    yield h
    h.end()


def now_ms():
    return int(time.time() * 1000)


def no_offer(console):
    stays(lambda: not console.has("offer"), QUIET, "no offer")


@pytest.mark.parametrize("grade, people", [(pb.GRADE_NOVICE, 1), (pb.GRADE_UNSPECIFIED, 2), (pb.GRADE_EXPERT, 3)])
def test_a_grade_says_how_many(house, grade, people):
    pool = house.take() if grade == pb.GRADE_NOVICE else house.pools[0]
    name = f"graded-{grade}"
    house.operator.ask("put_staff", password="a long password", member=pb.StaffMember(
        name=name, roles=[pb.ROLE_COUNSELOR], pools=[pool.name], grade=grade))
    [record] = [m for m in house.operator.ask("get_staff").members if m.name == name]
    assert record.grade == grade and record.capacity == people
    console = house.connect()
    assert console.sign_in(name, "a long password").capacity == people
    for _ in range(people + 1):
        house.text(pool, new_number(), LOW)
    console.available()
    taken = [console.take() for _ in range(people)]
    no_offer(console)
    for conversation in taken:
        console.away()
        console.hang_up(conversation)
    house.clear(pool)
    console.leave()


def test_a_break_ends_by_itself(house):
    pool = house.take()
    console = house.counselor(pool)
    for until in (now_ms() - 1, now_ms() + 5 * 3600 * 1000):
        assert console.refused("set_presence", presence=pb.PRESENCE_BREAK, until_ms=until) == "bad_request"
    console.ask("set_presence", presence=pb.PRESENCE_BREAK, until_ms=now_ms() + 1500)
    [record] = [m for m in house.operator.ask("get_staff").members if m.name == console.session.name]
    assert record.presence == pb.PRESENCE_BREAK and record.signed_in
    house.text(pool, new_number(), LOW)
    no_offer(console)
    change = console.expect("presence_change")
    assert (change.presence, change.reason) == (pb.PRESENCE_AVAILABLE, "break_over")
    console.hang_up(console.take())


def test_the_end_of_a_shift(house):
    """No offers, but for somebody in danger whom nobody else can take."""
    pool = house.take()
    console = house.counselor(pool)
    assert console.refused("set_presence", shift_end_ms=now_ms() - 1) == "bad_request"
    end = now_ms() + 300_000
    console.ask("set_presence", shift_end_ms=end)
    assert console.expect("shift_ending").shift_end_ms == end
    house.text(pool, new_number(), LOW)
    no_offer(console)
    house.text(pool, new_number(), IMMINENT)
    offer = console.expect("offer")
    assert offer.level == pb.LEVEL_IMMINENT
    console.hang_up(console.accept(offer))
    assert not console.has("shift_ending"), "it was said once"
    console.ask("set_presence", shift_end_ms=now_ms() + 3600_000)
    console.hang_up(console.take())


def test_after_an_imminent_one_there_is_less_and_a_break(house):
    pool = house.take()
    console = house.counselor(pool, capacity=2)
    house.text(pool, new_number(), IMMINENT)
    house.text(pool, new_number(), LOW)
    house.text(pool, new_number(), LOW)
    conversation = console.take()
    assert conversation.level == pb.LEVEL_IMMINENT
    no_offer(console)
    console.hang_up(conversation)
    console.expect("break_offered")
    first = console.take()
    no_offer(console)
    console.hang_up(first)
    console.hang_up(console.take())


def test_an_imminent_one_goes_to_whoever_is_free_of_others(house):
    pool = house.take()
    busy, free = house.counselor(pool, capacity=3), house.counselor(pool, capacity=3)
    house.text(pool, new_number(), LOW)
    holder = poll(lambda: next((c for c in (busy, free) if c.has("offer")), None), what="an offer")
    other = free if holder is busy else busy
    held = holder.take()
    house.text(pool, new_number(), IMMINENT)
    other.hang_up(other.take())
    holder.hang_up(held)
