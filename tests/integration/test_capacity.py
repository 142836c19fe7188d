# SPDX-License-Identifier: Apache-2.0
"""How much one counselor has, over all pools, on two nodes at once; whom they never have; and several asked at once."""
import tempfile
import threading
from pathlib import Path

import pytest

from console import Refused
from house import House, new_number
from poll import poll, stays
from redis_server import RedisServer
from schema import pb

IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"


@pytest.fixture(scope="module")
def nodes(authority):
    redis = RedisServer(Path(tempfile.mkdtemp(prefix="hf-redis-"))).start()
    counts = {"calm": 8}

    def edit(config):
        config["pools"][-1]["offer_imminent_to"] = 3

    first = House(authority, pools=counts, redis=redis, edit=edit)
    second = House(authority, pools=counts, redis=redis, edit=edit, beside=first, send_url=first.carrier.url, twilio_url=first.carrier.url)
    try:
        first.start()
        second.start()
        yield first, second
    finally:
        second.end()
        first.end()
        redis.end()


def record(house, person):
    [member] = [m for m in house.operator.ask("get_staff").members if m.name == person.name]
    return member


def test_an_imminent_conversation_takes_all(nodes):
    first, _ = nodes
    pool = first.take()
    person = first.hire(pool, capacity=3)
    console = first.sign_in(person).available()
    first.text(pool, new_number(), IMMINENT)
    conversation = console.take()
    first.text(pool, new_number(), "is anybody there")
    stays(lambda: not console.has("offer"), 0.5, "nobody else beside somebody in danger")
    member = record(first, person)
    assert (member.load, member.units) == (3, 100)
    assert "all of 3" in first.ctl("staff", "list").stdout
    console.hang_up(conversation)
    console.take()


def test_when_somebody_turns_out_to_be_in_danger_the_open_offer_goes_to_others(nodes):
    first, second = nodes
    pool = first.take()
    console = second.counselor(pool, capacity=2)
    texter = first.text(pool, new_number(), "is anybody there")
    console.take()
    first.text(pool, new_number(), "me too")
    console.expect("offer")
    first.text(pool, texter, IMMINENT)
    assert console.expect("offer_over").reason == "withdrawn"
    other = first.counselor(pool)
    other.take()


def accept_all(console, mine):
    """Takes what is offered until one is ours; returns it. What is too many is refused."""
    while True:
        offer = console.expect("offer")
        try:
            mine.append(console.accept(offer))
            return
        except Refused as e:
            assert e.code == "gone", e


def test_two_pools_on_two_nodes_never_fill_one_person_twice(nodes):
    first, second = nodes
    pools = [first.take(), first.take()]
    person = first.hire(pools, capacity=1)
    poll(lambda: any(m.name == person.name for m in second.operator.ask("get_staff").members), what="the record on both nodes")
    console = second.sign_in(person).available()
    for turn in range(6):
        posts = [threading.Thread(target=house.text, args=(pool, new_number(), f"hello {turn}"))
                 for house, pool in zip(nodes, pools)]
        for post in posts:
            post.start()
        for post in posts:
            post.join()
        for _ in pools:
            mine = []
            accept_all(console, mine)
            states = first.check_states(pools)
            held = [c for c in states.values() if c["state"] in ("3", "4")]
            assert len(held) == 1, held
            console.hang_up(mine[0])
    stays(lambda: not console.has("offer"), 0.3, "nothing is left")


def test_who_knows_the_texter_is_never_given_them_again(nodes):
    first, _ = nodes
    pool = first.take()
    ada, ben = first.counselor(pool), first.hire(pool)
    texter = first.text(pool, new_number(), "is anybody there")
    offer = ada.expect("offer")
    ada.ask("decline", conversation=offer.conversation, epoch=offer.epoch, reason="know_them")
    assert ada.refused("decline", conversation=offer.conversation, epoch=offer.epoch, reason="know_them") == "gone"
    ben = first.sign_in(ben).available()
    conversation = ben.take()
    ben.ask("recuse", conversation=conversation.id, epoch=conversation.epoch)
    assert ben.expect("released").reason == "knows_them"
    assert ben.refused("recuse", conversation=conversation.id, epoch=conversation.epoch) in ("stale", "conflict")
    cyd = first.counselor(pool)
    cyd.hang_up(cyd.take())
    cyd.away()
    first.text(pool, texter, "me again")
    stays(lambda: not ada.has("offer") and not ben.has("offer"), 1.5, "neither is asked for the next one")
    cyd.available()
    cyd.take()


def test_somebody_in_danger_is_offered_to_three_and_the_first_has_them(nodes):
    first, second = nodes
    pool = first.pools[-1]
    consoles = [house.counselor(pool) for house in (first, second, first, second)]
    texter = first.text(pool, new_number(), IMMINENT)
    poll(lambda: sum(c.has("offer") for c in consoles) == 3, 5, "three are asked")
    [entry] = [e for e in first.operator.ask("get_queue").entries if e.pool == pool.name]
    asked = [c for c in consoles if c.has("offer")]
    offers = {c.session.name: c.expect("offer") for c in asked}
    assert {entry.offered_to, *entry.also_to.split(",")} == set(offers)
    assert len({o.epoch for o in offers.values()}) == 1
    [quick] = [c for c in asked if c.session.name == entry.also_to.split(",")[1]]
    late = [c for c in asked if c is not quick]
    conversation = quick.accept(offers[quick.session.name])
    assert (conversation.holder, [m.text for m in conversation.messages][:1]) == (quick.session.name, [IMMINENT])
    for console in late:
        assert console.expect("offer_over").reason == "accepted_elsewhere"
        offer = offers[console.session.name]
        assert console.refused("accept", conversation=offer.conversation, epoch=offer.epoch) == "gone"
    quick.reply(conversation, "i am here")
    first.carrier.wait(texter)
    # Nobody has missed anything: each gets the next one.
    for _ in range(3):
        first.text(pool, new_number(), "is anybody there")
    for console in consoles:
        if console is not quick:
            console.take()
    first.check_states([pool])


def test_operators_see_who_rests_and_who_is_about_to_leave(nodes):
    first, _ = nodes
    pools = [first.take(), first.take()]
    person = first.hire(pools, capacity=2)
    console = first.sign_in(person).available()
    for pool in pools:
        first.text(pool, new_number(), "is anybody there")
        console.take()
    member = record(first, person)
    assert (member.units, member.load, member.draining) == (2, 2, False)
    console.ask("set_presence", shift_end_ms=console.session.now_ms + 60_000)
    assert record(first, person).draining
    assert "no more offers: the shift ends" in first.ctl("staff", "list").stdout
    console.ask("set_presence", presence=pb.PRESENCE_BREAK)
    member = record(first, person)
    assert member.presence == pb.PRESENCE_BREAK and member.break_until_ms > console.session.now_ms
    assert "on a break until" in first.ctl("staff", "list").stdout
    [status] = [p for p in first.operator.ask("get_status").pools if p.name == pools[0].name]
    assert (status.counselors_on_break, status.counselors_away) == (1, 0)
