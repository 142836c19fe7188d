# SPDX-License-Identifier: Apache-2.0
"""What is left behind at the end of a conversation, who reads it when the texter comes back, and how it was."""
import pytest

from house import House, new_number
from poll import poll, stays
from schema import pb

MEDIUM = "my grandma died last week"
HIGH = "i want to die, i have a plan"
IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"
SUMMARY = "Lost her grandmother; a friend stays with her tonight. Wants to talk about school next."


@pytest.fixture(scope="module")
def house(authority):
    def edit(config):
        config["pools"][1]["two_person_close"] = "high"
        for pool in config["pools"][2:]:
            pool.update(automatic=True, survey=True)
    h = House(authority, pools={"calm": 5}, edit=edit)
    try:
        yield h.start()
    finally:
        h.end()


def close(console, conversation, **more):
    return console.request("close", conversation=conversation.id, epoch=conversation.epoch, outcome="safe_for_now", **more)


def test_who_has_them_next_reads_what_was_left(house):
    pool = house.pools[0]
    first = house.counselor(pool)
    texter = house.text(pool, new_number(), MEDIUM)
    taken = first.take()
    assert not taken.previous
    assert close(first, taken, tags=["Not a word"]).code == "bad_request"
    assert close(first, taken, tags=["t"] * 17).code == "bad_request"
    assert close(first, taken, summary="x" * 1001).code == "bad_request"
    first.ask("add_note", conversation=taken.id, text="has a dog")
    assert close(first, taken, tags=["grief", "school"], summary="to be replaced").ok
    first.ask("add_note", conversation=taken.id, text=SUMMARY, summary=True)
    first.ask("finish_wrap_up", conversation=taken.id, epoch=taken.epoch, tags=["grief"])
    supervisor = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))
    assert supervisor.refused("add_note", conversation=taken.id, text="too late") == "conflict"
    supervisor.leave()
    first.away()
    house.text(pool, texter, "hello again")
    second = house.counselor(pool)
    again = second.take()
    assert again.id != taken.id and again.earlier_conversations == 1
    previous, = again.previous
    assert (previous.id, previous.outcome, list(previous.tags), previous.holder) == \
        (taken.id, "safe_for_now", ["grief"], first.session.name)
    assert previous.summary == SUMMARY and previous.level == taken.level and previous.closed_ms >= previous.created_ms
    # Their words are whoever's who holds them, and nobody else's.
    assert second.refused("get_conversation", conversation=taken.id) == "forbidden"
    assert first.refused("add_note", conversation=again.id, text="mine") == "forbidden"
    operator = house.operator.ask("get_conversation", conversation=again.id)
    assert not operator.previous and not operator.notes
    second.hang_up(again)
    house.check_states([pool])


def test_a_close_that_takes_two_keeps_what_was_left(house):
    pool = house.pools[1]
    supervisor = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))
    console = house.counselor(pool)
    house.text(pool, new_number(), HIGH)
    taken = console.take()
    assert close(console, taken, tags=["plan"], summary=SUMMARY).code == "approval"
    supervisor.ask("answer_close", conversation=taken.id, epoch=taken.epoch, approve=True)
    console.expect("released", lambda r: r.conversation == taken.id)
    ended = supervisor.ask("get_conversation", conversation=taken.id)
    assert (ended.outcome, list(ended.tags)) == ("safe_for_now", ["plan"])
    assert [(n.kind, n.text) for n in ended.notes] == [("summary", SUMMARY)]
    console.ask("finish_wrap_up", conversation=taken.id, epoch=taken.epoch)
    supervisor.leave()


def asked_how_it_was(house, pool, conversation, texter):
    """They are asked half a minute after the end; as if that were over."""
    key = f"{{{pool.name}}}:c:{conversation}"
    house.cli("hincrby", key, "closed_at", -40000)

    def arrived():
        house.cli("zadd", f"{{{pool.name}}}:tend", "XX", 1, conversation)
        return any("from 1 (not at all) to 5" in t.text for t in house.carrier.to(texter))
    return arrived


def test_how_it_was(house):
    pool = house.pools[2]
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), MEDIUM)
    taken = console.take()
    console.hang_up(taken)
    asked = asked_how_it_was(house, pool, taken.id, texter)
    poll(asked, what="that they are asked how it was", every=0.2)
    house.text(pool, texter, " 4 ")
    poll(lambda: house.cli("hget", f"{{{pool.name}}}:c:{taken.id}", "rating") == "4", what="their answer")
    assert house.metric("holdfast_ratings_total", rating="4") == 1
    assert house.metric("holdfast_inbound_total", result="rating") == 1
    stays(lambda: not console.has("offer"), 0.5, "a number is nobody who waits")
    # The answer has been given: the next text is a person, and so is every text that is more than a digit.
    house.text(pool, texter, "5")
    again = console.take()
    assert again.id != taken.id
    console.hang_up(again)


def test_a_person_is_no_rating(house):
    pool = house.pools[3]
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), MEDIUM)
    taken = console.take()
    console.hang_up(taken)
    poll(asked_how_it_was(house, pool, taken.id, texter), what="that they are asked how it was", every=0.2)
    house.text(pool, texter, "5 pills")
    again = console.take()
    assert [m.text for m in again.messages if m.direction == pb.DIRECTION_IN] == ["5 pills"]
    console.hang_up(again)


def test_nobody_who_was_in_danger_is_asked(house):
    pool = house.pools[4]
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), IMMINENT)
    taken = console.take()
    console.hang_up(taken)
    asked = asked_how_it_was(house, pool, taken.id, texter)
    poll(lambda: asked() or house.cli("zscore", f"{{{pool.name}}}:tend", taken.id) in (None, ""), what="that it was decided", every=0.2)
    assert not asked()
