# SPDX-License-Identifier: Apache-2.0
"""The forecast as supervisors and operators see it."""
from house import new_number
from poll import poll
from schema import pb


POOLS = {"calm": 3}


def look(console, pool, **fields):
    return console.ask("get_forecast", pool=pool.name, **fields)


def levels(forecast):
    return {one.level: one for one in forecast.levels}


def test_nobody_on_duty_then_somebody(house):
    pool = house.take("calm")
    operator = house.operator
    empty = poll(lambda: (f := operator.request("get_forecast", pool=pool.name)) and isinstance(f, pb.Forecast) and f, what="a first look")
    assert empty.on_duty == 0 and not empty.measured and empty.handling_ms == 45 * 60000
    assert levels(empty)[pb.LEVEL_IMMINENT].p50_ms == 4 * 3600000
    rows = {row.extra: row for row in empty.rows}
    assert sorted(rows) == list(range(-5, 11))
    # Somebody who came would be asked at once.
    assert {one.p90_ms for one in rows[1].levels} == {0}

    house.counselor(pool, capacity=2)
    staffed = poll(lambda: (f := look(operator, pool)).on_duty == 1 and f, what="the counselor to be seen")
    assert staffed.units_on_duty == 2 and staffed.units_taken == 0
    assert {one.p90_ms for one in staffed.levels} == {0}
    assert {one.p50_ms for one in next(r for r in staffed.rows if r.extra == -1).levels} == {4 * 3600000}
    assert house.metric("holdfast_expected_wait_p90_ms", level="low") >= 0


def test_who_waits_makes_others_wait(house):
    pool = house.take("calm")
    supervisor = house.sign_in(house.hire(pool, roles=(pb.ROLE_SUPERVISOR,)))
    counselor = house.counselor(pool)
    for _ in range(4):
        house.text(pool, new_number(), "hello there")
    held = counselor.take()
    busy = poll(lambda: (f := look(supervisor, pool, extra=25)).units_taken == 1 and
                sum(one.waiting for one in f.levels) == 3 and f, what="one held, three waiting")
    low, imminent = levels(busy)[pb.LEVEL_LOW], levels(busy)[pb.LEVEL_IMMINENT]
    # Three before them, of three quarters of an hour each, and one goes before all.
    assert low.p50_ms > 90 * 60000 and imminent.p50_ms < 60 * 60000
    assert low.p50_ms <= low.p90_ms
    assert sum(one.arrivals_per_day for one in busy.levels) > 100
    rows = {row.extra: row for row in busy.rows}
    assert {one.p90_ms for one in rows[25].levels} == {0}
    assert busy.needed > 1
    supervisor.leave()
    assert held

    table = house.ctl("forecast", "--pool", pool.name, "--plus", "25").stdout
    assert "as now" in table and "+25" in table and "at once" in table
    assert "typical" in table
    status = house.ctl("status").stdout
    assert "WHO COMES NOW WAITS" in status


def test_who_may_ask(house):
    pool, other = house.take("calm"), "no-such-pool"
    counselor = house.counselor(pool)
    assert counselor.refused("get_forecast", pool=pool.name) == "forbidden"
    supervisor = house.sign_in(house.hire(pool, roles=(pb.ROLE_SUPERVISOR,)))
    assert supervisor.refused("get_forecast", pool=other) == "not_found"
    assert supervisor.refused("get_forecast", pool=pool.name, extra=201) == "bad_request"
    assert look(supervisor, pool).pool == pool.name
    assert supervisor.ask("get_forecast").pool == pool.name
