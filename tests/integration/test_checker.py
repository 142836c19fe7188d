# SPDX-License-Identifier: Apache-2.0
"""The orphan checker at work in a live house: nothing wrong stays wrong, and nothing right is touched."""
import pytest

from house import new_number
from poll import poll, stays
from programs import PATIENCE

POOLS = {"calm": 4}
PASS = 20  # seconds: of four small pools


def check(house):
    return next(c for c in house.operator.ask("run_checks").checks if c.name == "orphans")


def repaired(house, fault):
    return house.metric("holdfast_orphans_repaired_total", fault=fault)


def test_a_healthy_house_has_no_orphans(house):
    pool = house.take()
    console = house.counselor(pool, capacity=3)
    for i in range(3):
        house.text(pool, new_number(), f"hello {i}")
    one, _, two = console.take(), console.expect("offer"), console.take()
    console.reply(one, "hi")
    console.hang_up(two)
    poll(lambda: house.metric("holdfast_checked") > 0, PASS * PATIENCE, "the first pass")
    assert house.metric("holdfast_orphans") == 0
    assert "holdfast_orphans_repaired_total{" not in house.admin("/metrics").text
    assert check(house).ok and "0 orphans, 0 put right" in check(house).text


@pytest.mark.parametrize("command,fault", [
    (("zrem", "q"), "queue"), (("zrem", "w:3"), "waiting"), (("zadd", "held", 1), "held")])
def test_damage_is_put_right_and_told(house, command, fault):
    pool = house.take()
    house.text(pool, new_number(), "is anybody there")
    [entry] = [e for e in house.operator.ask("get_queue", limit=500).entries if e.pool == pool.name]
    before = repaired(house, fault)
    verb, key, *rest = command
    house.cli(verb, f"{{{pool.name}}}:{key}", *rest, entry.conversation)
    poll(lambda: repaired(house, fault) > before, 2 * PASS * PATIENCE, "the repair")
    house.check_states([pool])
    assert f"conversation={entry.conversation} event=orphan_repaired fault={fault}" in house.log_text()
    assert house.counselor(pool).take().id == entry.conversation
