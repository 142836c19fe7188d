# SPDX-License-Identifier: Apache-2.0
"""On call: nobody waits in silence."""
import pytest

from house import new_number
from poll import poll, stays
from schema import pb

POOLS = {"urgent": 9, "urgent_again": 1}


@pytest.fixture
def pool(house):
    p = house.take("urgent")
    yield p
    house.clear(p)


@pytest.fixture
def pool_again(house):
    p = house.take("urgent_again")
    yield p
    house.clear(p)

LOW = "just wanted to say hello"
IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"


def on_call(house, pool, *names):
    """Hires those people; they never sign in."""
    return [house.hire(pool, name=name, roles=[pb.ROLE_AUDITOR]) for name in names]


def open_page(house, pool):
    return poll(lambda: next((p for p in house.operator.ask("get_pages").pages if p.pool == pool.name), None),
                what="an open page")


def test_an_unanswered_text_pages_level_after_level_and_again(house, pool):
    first, second, last = on_call(house, pool, pool.first, pool.second, pool.last)
    house.text(pool, new_number(), IMMINENT)
    page = house.carrier.wait(first.phone)
    assert page.sender == pool.line and "ACK" in page.text.upper()
    assert IMMINENT not in page.text, "a page never carries what the texter wrote"
    assert str(open_page(house, pool).number) in page.text
    house.carrier.wait(second.phone)
    house.carrier.wait(first.phone, 2, deadline=8)  # imminent: the policy begins again
    record = open_page(house, pool)
    assert record.level == pb.LEVEL_IMMINENT and record.state == pb.PAGE_STATE_TRIGGERED
    assert getattr(record, "pass") >= 1
    order = [s.to for s in house.carrier.sent if s.to in (first.phone, second.phone, last.phone)]
    assert order[:4] == [first.phone, second.phone, last.phone, first.phone], "level after level, the catch-all, and again"


def test_a_page_starts_within_a_second_of_answer_by(house, pool):
    on_call(house, pool, pool.first)
    house.text(pool, new_number(), LOW)
    entry = next(e for e in house.operator.ask("get_queue", limit=500).entries if e.pool == pool.name)
    record = open_page(house, pool)
    assert 0 <= record.opened_ms - entry.answer_by_ms <= 1000, record.opened_ms - entry.answer_by_ms
    assert record.conversation == entry.conversation


def test_empty_levels_are_passed_over_at_once(house, pool):
    [last] = on_call(house, pool, pool.last)
    house.text(pool, new_number(), LOW)
    house.carrier.wait(last.phone, deadline=2.5)


def test_ack_by_number_stops_the_paging(house, pool):
    first, second = on_call(house, pool, pool.first, pool.second)
    house.text(pool, new_number(), IMMINENT)
    house.carrier.wait(first.phone)
    number = open_page(house, pool).number
    house.text(pool, first.phone, f"ACK {number}")
    record = poll(lambda: next((p for p in house.operator.ask("get_pages").pages
                                if p.number == number and p.state == pb.PAGE_STATE_ACKNOWLEDGED), None))
    assert record.acknowledged_by == first.name and record.acknowledged_ms
    paged = sum(len(house.carrier.to(p.phone)) for p in (first, second))
    confirmations = [s for s in house.carrier.to(first.phone)]
    stays(lambda: sum(len(house.carrier.to(p.phone)) for p in (first, second)) <= paged + 1, 2.5,
          f"no more pages after the ACK: {confirmations}")
    assert not [e for e in house.operator.ask("get_queue", limit=500).entries
                if e.pool == pool.name and e.conversation != record.conversation], "an ACK is no conversation"


def test_ok_is_enough_where_one_page_is_open(house, pool):
    [first] = on_call(house, pool, pool.first)
    house.text(pool, new_number(), IMMINENT)
    house.carrier.wait(first.phone)
    house.text(pool, first.phone, "ok")
    poll(lambda: open_page(house, pool).state == pb.PAGE_STATE_ACKNOWLEDGED, what="the page to be acknowledged")


def test_an_acknowledged_page_rings_again_when_nothing_happens(house, pool_again):
    pool = pool_again
    [first] = on_call(house, pool, pool.first)
    house.text(pool, new_number(), IMMINENT)
    house.carrier.wait(first.phone)
    before = len(house.carrier.to(first.phone))
    house.text(pool, first.phone, "ok")
    poll(lambda: open_page(house, pool).state == pb.PAGE_STATE_ACKNOWLEDGED, what="the page to be acknowledged")
    poll(lambda: open_page(house, pool).state == pb.PAGE_STATE_TRIGGERED, 6, what="the page to ring again")
    house.carrier.wait(first.phone, before + 1)


def test_taking_the_conversation_resolves_the_page(house, pool):
    [first] = on_call(house, pool, pool.first)
    house.text(pool, new_number(), IMMINENT)
    house.carrier.wait(first.phone)
    number = open_page(house, pool).number
    console = house.counselor(pool)
    console.take()
    poll(lambda: all(p.number != number for p in house.operator.ask("get_pages").pages), what="the page to be resolved")
    resolved = {p.number: p.state for p in house.operator.ask("get_pages", resolved_too=True).pages}
    assert resolved.get(number) in (None, pb.PAGE_STATE_RESOLVED)
    count = len(house.carrier.to(first.phone))
    stays(lambda: len(house.carrier.to(first.phone)) <= count, 2.2, "no page after somebody has the conversation")
    assert house.operator.refused("acknowledge_page", number=number) in ("conflict", "not_found")


def test_pages_are_acknowledged_by_operators_too(house, pool):
    on_call(house, pool, pool.first)
    house.text(pool, new_number(), IMMINENT)
    number = open_page(house, pool).number
    listed = house.ctl("page", "list", as_json=True)
    assert str(number) in str(listed)
    house.ctl("page", "ack", number)
    assert open_page(house, pool).state == pb.PAGE_STATE_ACKNOWLEDGED
    assert house.operator.refused("acknowledge_page", number=999999) == "not_found"


def test_a_stranger_cannot_acknowledge(house, pool):
    on_call(house, pool, pool.first)
    house.text(pool, new_number(), IMMINENT)
    number = open_page(house, pool).number
    house.text(pool, new_number(), f"ACK {number}")
    stays(lambda: open_page(house, pool).state == pb.PAGE_STATE_TRIGGERED, 0.5)
    waiting = [e for e in house.operator.ask("get_queue", limit=500).entries if e.pool == pool.name]
    assert len(waiting) == 2, "it is a text like any other"


def test_a_failed_page_does_not_hold_up_the_next_level(house, pool):
    first, second = on_call(house, pool, pool.first, pool.second)
    house.carrier.behave = lambda sent: "refuse" if sent.to == first.phone else "accept"
    try:
        house.text(pool, new_number(), IMMINENT)
        house.carrier.wait(second.phone, deadline=6)
    finally:
        house.carrier.behave = lambda sent: "accept"
    on_call_now = {c.schedule: list(c.people) for c in house.operator.ask("get_on_call").schedules}
    assert on_call_now[pool.name] == [pool.second]
