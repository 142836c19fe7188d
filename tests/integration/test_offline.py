# SPDX-License-Identifier: Apache-2.0
"""A supervisor takes a pool offline: texters and staff are told, and nobody is forgotten."""
import pytest

from house import House, new_number
from poll import poll
from schema import pb
from typed import console_of

LOW = "just wanted to say hello"
REASON = "no power in the building"


@pytest.fixture(scope="module")
def house(authority):
    def edit(config):
        for pool in config["pools"]:
            pool["automatic"] = True
    h = House(authority, pools={"calm": 2}, edit=edit)
    try:
        yield h.start()
    finally:
        h.end()


def supervisor(house, pool):
    person = house.hire(pool, roles=(pb.ROLE_SUPERVISOR,))
    return person, house.sign_in(person)


def status_of(house, pool):
    return next(p for p in house.operator.ask("get_status").pools if p.name == pool.name)


def test_offline_tells_everybody_and_forgets_nobody(house, tmp_path):
    pool, other = house.pools
    person, boss = supervisor(house, pool)
    _, second = supervisor(house, pool)
    _, stranger = supervisor(house, other)
    ana = house.counselor(pool, capacity=1)
    texter = house.text(pool, new_number(), LOW)
    held = ana.take()
    # Only a supervisor of that pool, and not without a reason.
    assert ana.refused("set_pool", pool=pool.name, offline=True, reason=REASON) == "forbidden"
    assert house.operator.refused("set_pool", pool=pool.name, offline=True, reason=REASON) == "forbidden"
    assert stranger.refused("set_pool", pool=pool.name, offline=True, reason=REASON) == "not_found"
    assert boss.refused("set_pool", pool=pool.name, offline=True) == "bad_request"
    assert boss.refused("set_pool", pool=pool.name, offline=True, reason="x" * 201) == "bad_request"
    assert not status_of(house, pool).offline

    password = tmp_path / "password"
    password.write_text(person.password)
    password.chmod(0o600)
    me = ("--user", person.name, "--password-file", password)
    house.ctl("pool", "offline", pool.name, "--reason", REASON, *me)
    change = ana.expect("pool_change", lambda c: c.offline)
    assert (change.pool, change.by, change.reason) == (pool.name, person.name, REASON) and change.at_ms
    assert second.expect("attention", lambda a: a.kind == "pool_offline").name == person.name
    assert not ana.has("attention") and not stranger.has("pool_change")
    shown = status_of(house, pool)
    assert (shown.offline, shown.offline_by, shown.offline_since_ms, shown.offline_reason) == \
        (True, person.name, change.at_ms, REASON)
    assert f"OFFLINE, by {person.name}: {REASON}" in house.ctl("status").stdout
    assert second.refused("set_pool", pool=pool.name, offline=True, reason="me too") == "conflict"

    # Who is held stays held; who comes is told, waits, and is offered as soon as somebody has room.
    ana.reply(held, "I am here.")
    poll(lambda: any(s.text == "I am here." for s in house.carrier.to(texter)), what="the reply")
    late = house.text(pool, new_number(), LOW)
    poll(lambda: any(s.text.startswith("We cannot answer on this line") for s in house.carrier.to(late)), what="that they are told")
    ana.hang_up(held)
    taken = ana.take()
    assert taken.id != held.id
    ana.hang_up(taken)
    # Who signs in later hears of it.
    house.counselor(pool).expect("pool_change", lambda c: c.offline and c.reason == REASON)

    second.ask("set_pool", pool=pool.name, offline=False)
    ana.expect("pool_change", lambda c: not c.offline)
    assert not status_of(house, pool).offline and "OFFLINE" not in house.ctl("status").stdout


def test_offline_outlives_the_node(house):
    pool = house.pools[1]
    person, boss = supervisor(house, pool)
    boss.ask("set_pool", pool=pool.name, offline=True, reason=REASON)
    house.kill()
    house.restart()
    poll(lambda: status_of(house, pool).offline_by == person.name, what="that it is known again")


def test_on_the_terminal(house):
    pool = house.pools[0]
    person = house.hire(pool, roles=(pb.ROLE_SUPERVISOR,))
    boss = console_of(house, person)
    boss.type(f"/offline {pool.name}")
    boss.wait("/offline POOL REASON")
    boss.type(f"/offline {pool.name} {REASON}")
    boss.wait(f"{pool.name} is OFFLINE, by {person.name}: {REASON}")
    boss.type(f"/online {pool.name}")
    boss.wait(f"{pool.name} is online, by {person.name}")
    assert boss.end() == 0
