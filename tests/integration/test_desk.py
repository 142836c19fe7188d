# SPDX-License-Identifier: Apache-2.0
"""The supervisor's desk and the ways in which a conversation changes hands."""
from house import new_number
from schema import pb

POOLS = {"calm": 10, "brisk": 2}

LOW = "just wanted to say hello"
IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"


def supervisor(house, pool, capacity=4):
    return house.sign_in(house.hire(pool, roles=(pb.ROLE_SUPERVISOR,), capacity=capacity))


def listed(console, **fields):
    return console.ask("list_conversations", **fields)


def test_supervisors_see_everybody_by_need(house):
    pool, other = house.take(), house.take()
    boss, ana = supervisor(house, pool), house.counselor(pool, capacity=1)
    house.text(other, new_number(), LOW)
    house.text(pool, new_number(), LOW)
    held = ana.take()
    house.text(pool, new_number(), LOW)
    house.text(pool, new_number(), IMMINENT)
    everybody = listed(boss)
    assert everybody.total == 3 and {c.pool for c in everybody.conversations} == {pool.name}
    assert [c.level for c in everybody.conversations] == [pb.LEVEL_IMMINENT] + [held.level] * 2
    assert [c.state for c in everybody.conversations] == [pb.STATE_WAITING, pb.STATE_HELD, pb.STATE_WAITING]
    assert everybody.conversations[1].holder == ana.session.name
    assert all(c.unanswered_since_ms and not c.messages for c in everybody.conversations)
    ana.reply(held, "I am here.")
    answered = next(c for c in listed(boss).conversations if c.id == held.id)
    assert answered.last_out_ms and not answered.unanswered_since_ms
    # Something to see to comes before all.
    house.cli("hset", f"{{{pool.name}}}:c:{held.id}", "attention", "flag,close_asked")
    first = listed(boss, limit=1)
    assert first.total == 3 and [(c.id, list(c.attention)) for c in first.conversations] == [(held.id, ["flag", "close_asked"])]
    assert [c.id for c in listed(boss, limit=5, offset=1).conversations] == [
        c.id for c in everybody.conversations if c.id != held.id]
    assert {c.id for c in listed(boss, states=[pb.STATE_HELD]).conversations} == {held.id}
    assert listed(boss, pool=other.name).total == 0
    assert boss.refused("list_conversations", limit=201) == "bad_request"
    assert boss.refused("list_conversations", states=[pb.STATE_CLOSED]) == "bad_request"
    # Counselors see their own, operators the same of every pool, and nobody a text.
    assert [c.id for c in listed(ana).conversations] == [held.id]
    assert listed(house.operator, pool=other.name).total == 1
    assert held.id in house.ctl("conversations", "--pool", pool.name).stdout
