# SPDX-License-Identifier: Apache-2.0
"""Counselors of one pool help out in another."""
import pytest

from house import House, new_number
from poll import poll, stays
from schema import pb

MEDIUM = "my grandma died last week"
SOON = 15  # the state of a pool is looked at every five seconds


@pytest.fixture(scope="module")
def house(authority):
    def edit(config):
        busy, helper, offline, depth, _ = config["pools"]
        busy["overflow"] = {"to": [helper["name"]], "oldest_s": 1, "oldest_until_s": 0}
        offline["overflow"] = {"to": [helper["name"]], "oldest_s": 0}
        depth["overflow"] = {"to": [helper["name"]], "oldest_s": 0, "depth": 2}
        offline["automatic"] = True
    h = House(authority, pools={"calm": 5}, edit=edit)
    try:
        yield h.start()
    finally:
        h.end()


def status_of(house, pool):
    return next(p for p in house.operator.ask("get_status").pools if p.name == pool.name)


def test_others_help_when_nobody_here_has_room(house):
    busy, helper = house.pools[:2]
    supervisor = house.sign_in(house.hire(busy, roles=[pb.ROLE_SUPERVISOR]))
    boss_of_guests = house.sign_in(house.hire(helper, roles=[pb.ROLE_SUPERVISOR]))
    own = house.counselor(busy, capacity=1)
    guest = house.counselor(helper, capacity=2)
    house.text(busy, new_number(), MEDIUM)
    first = own.take()
    texter = house.text(busy, new_number(), MEDIUM)
    stays(lambda: not guest.has("offer"), 0.7, "that long nobody has waited")
    assert supervisor.expect("attention", lambda a: a.kind == "overload", deadline=SOON).pool == busy.name
    second = guest.take(deadline=SOON)
    assert second.pool == busy.name and second.id != first.id
    status = status_of(house, busy)
    assert (status.counselors_available, status.guests_available) == (1, 1)
    guest.reply(second, "I am here.")
    house.carrier.wait(texter)
    # Helping out makes nobody a supervisor there.
    assert boss_of_guests.refused("get_conversation", conversation=second.id) == "forbidden"
    assert boss_of_guests.refused("take_over", conversation=second.id, epoch=second.epoch, reason="mine") == "not_found"
    assert boss_of_guests.refused("set_pool", pool=busy.name, offline=True, reason="mine") == "not_found"
    assert second.id not in [c.id for c in boss_of_guests.ask("list_conversations").conversations]
    assert second.id in [c.id for c in supervisor.ask("list_conversations").conversations]
    # It closes when nobody waits any more; who is held stays held.
    poll(lambda: not status_of(house, busy).overflow, SOON, "the end of it", every=0.3)
    assert guest.history(second.id).holder == guest.session.name
    # What they have here counts there.
    house.text(helper, new_number(), MEDIUM)
    third = guest.take()
    house.text(helper, new_number(), MEDIUM)
    stays(lambda: not guest.has("offer"), 0.5, "they have two")
    for conversation in (second, third):
        guest.hang_up(conversation)
    guest.hang_up(guest.take())
    own.hang_up(first)
    house.check_states([busy, helper])
    for console in (supervisor, boss_of_guests, own, guest):
        console.leave()


def test_the_pools_own_first(house):
    """While it is open, and somebody of the pool has room again."""
    busy, helper = house.pools[:2]
    own = house.counselor(busy).away()
    guest = house.counselor(helper, capacity=1)
    house.text(busy, new_number(), MEDIUM)
    taken = guest.take(deadline=SOON)
    own.available()
    house.text(busy, new_number(), MEDIUM)
    mine = own.take()
    guest.hang_up(taken)
    own.hang_up(mine)
    own.leave()
    guest.leave()


def test_by_depth_and_through_a_kill(house):
    pool, helper = house.pools[3], house.pools[1]
    person = house.hire(helper)
    guest = house.sign_in(person).available()
    house.text(pool, new_number(), MEDIUM)
    stays(lambda: not guest.has("offer"), 1, "one is not too many")
    house.text(pool, new_number(), MEDIUM)
    held = guest.take(deadline=SOON)
    house.kill()
    house.start()
    guest = house.sign_in(person).available()
    assert [c.id for c in guest.session.held] == [held.id]
    own = house.counselor(pool)
    other = own.take()
    assert other.id != held.id
    poll(lambda: not status_of(house, pool).overflow, SOON, "the end of it", every=0.2)
    guest.hang_up(guest.session.held[0])
    own.hang_up(other)
    house.check_states([pool])
    own.leave()
    guest.leave()


def test_an_offline_pool_is_helped_at_once(house):
    pool, helper = house.pools[2], house.pools[1]
    supervisor = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))
    guest = house.counselor(helper)
    supervisor.ask("set_pool", pool=pool.name, offline=True, reason="no power")
    poll(lambda: status_of(house, pool).overflow == "offline", SOON, "help", every=0.2)
    texter = house.text(pool, new_number(), MEDIUM)
    taken = guest.take(deadline=SOON)
    guest.reply(taken, "I am here.")
    poll(lambda: any(t.text == "I am here." for t in house.carrier.to(texter)), what="the reply")
    assert not any("cannot answer on this line" in t.text for t in house.carrier.to(texter))
    guest.hang_up(taken)
    supervisor.ask("set_pool", pool=pool.name, offline=False)
    poll(lambda: not status_of(house, pool).overflow, SOON, "the end of it", every=0.2)
    guest.leave()
    supervisor.leave()


def test_an_offline_pool_without_help_says_so(house):
    pool = house.pools[2]
    supervisor = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))
    supervisor.ask("set_pool", pool=pool.name, offline=True, reason="no power")
    texter = house.text(pool, new_number(), MEDIUM)
    poll(lambda: any("cannot answer on this line" in t.text for t in house.carrier.to(texter)), SOON, "that they are told", every=0.3)
    supervisor.leave()
