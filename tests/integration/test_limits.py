# SPDX-License-Identifier: Apache-2.0
"""Who texts very often, or is reported for abuse, comes later; nobody is refused, and nobody in danger waits for it."""
import pytest

from house import House, new_number
from poll import poll
from schema import pb

MEDIUM = "my grandma died last week"
HIGH = "i want to die, i have a plan"
IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"
LATER_S = 1800


@pytest.fixture(scope="module")
def house(authority):
    def edit(config):
        config["pools"][0].update(automatic=True, limits={"conversations": 1, "per_hours": 1, "later_s": LATER_S})
    h = House(authority, pools={"calm": 3}, edit=edit)
    try:
        yield h.start()
    finally:
        h.end()


def waiting(supervisor):
    return list(supervisor.ask("list_conversations").conversations)


def supervisor_of(house, pool):
    return house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))


def test_who_texts_very_often_comes_later_and_danger_does_not(house):
    pool = house.pools[0]
    supervisor = supervisor_of(house, pool)
    console = house.counselor(pool)
    often = house.text(pool, new_number(), MEDIUM)
    console.hang_up(console.take())
    console.away()
    house.text(pool, often, MEDIUM)
    again, = poll(lambda: waiting(supervisor), what="that they wait")
    assert again.limited == "often" and again.answer_by_ms == again.enqueued_ms + 3600 * 1000
    house.text(pool, new_number(), MEDIUM)
    poll(lambda: len(waiting(supervisor)) == 2, what="both")
    console.available()
    other = console.take()
    assert other.id != again.id and not other.limited
    console.away()
    console.hang_up(other)
    # They are told, once they have been welcomed, and not for how long: nobody knows.
    tend, key = f"{{{pool.name}}}:tend", f"{{{pool.name}}}:c:{again.id}"

    def told():
        house.cli("hset", key, "said_at", 0)
        house.cli("zadd", tend, "XX", 1, again.id)
        return any("texted us a lot lately" in t.text for t in house.carrier.to(often))
    poll(lambda: "welcome" in (house.cli("hget", key, "said") or ""), what="the welcome")
    house.cli("hincrby", key, "enqueued", -60000)
    house.cli("zincrby", f"{{{pool.name}}}:w:2", -60000, again.id)
    poll(told, what="that they are told", every=0.2)
    house.text(pool, often, HIGH)
    poll(lambda: [c.limited for c in waiting(supervisor)] == [""], what="that it is lifted")
    assert house.metric("holdfast_limits_total", result="often") == 1
    assert house.metric("holdfast_limits_total", result="lifted") == 1
    ledger = [e.what for e in supervisor.ask("get_custody", conversation=again.id).entries]
    assert ledger[:2] == ["opened", "limited"] and "limit_lifted" in ledger
    console.available()
    console.hang_up(console.take())
    console.leave()
    supervisor.leave()
    house.check_states([pool])


def test_a_report_is_decided_by_another_and_expires(house):
    pool = house.pools[1]
    supervisor = supervisor_of(house, pool)
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), MEDIUM)
    taken = console.take()
    about = dict(conversation=taken.id, epoch=taken.epoch)
    assert console.refused("report_abuse", **about, reason="rude") == "bad_request"
    assert console.refused("report_abuse", **about, reason="prank", note="x" * 601) == "bad_request"
    assert console.refused("settle_abuse", conversation=taken.id, uphold=True) == "forbidden"
    assert supervisor.refused("settle_abuse", conversation=taken.id, uphold=True) == "conflict"
    console.ask("report_abuse", **about, reason="threats", note="Wants my name.", recuse=True)
    assert console.expect("released", lambda r: r.conversation == taken.id).reason == "reported"
    supervisor.expect("attention", lambda a: (a.kind, a.conversation, a.name) == ("abuse_report", taken.id, console.session.name))
    # It goes to somebody else, and never to who reported it.
    other = house.counselor(pool)
    theirs = other.take()
    assert theirs.id == taken.id
    assert not console.has("offer", lambda o: o.conversation == taken.id and o.epoch > taken.epoch)
    report, = supervisor.ask("list_abuse").reports
    assert (report.conversation, report.name, report.reason) == (taken.id, console.session.name, "threats")
    assert [(n.kind, n.text) for n in supervisor.ask("get_conversation", conversation=taken.id).notes] == [("abuse", "Wants my name.")]
    assert supervisor.refused("settle_abuse", conversation=taken.id, uphold=True, hours=721) == "bad_request"
    supervisor.ask("settle_abuse", conversation=taken.id, uphold=True, hours=2)
    assert not supervisor.ask("list_abuse").reports
    other.hang_up(theirs)
    other.away()
    limit, = house.cli("keys", f"{{{pool.name}}}:abuse:*")
    assert 0 < house.cli("pttl", limit) <= 2 * 3600 * 1000
    house.text(pool, texter, MEDIUM)
    again, = poll(lambda: waiting(supervisor), what="that they wait")
    assert again.limited == "abuse"
    # A supervisor may think better of it.
    supervisor.ask("settle_abuse", conversation=again.id)
    assert [c.limited for c in waiting(supervisor)] == [""]
    assert house.cli("exists", limit) == 0
    assert supervisor.refused("settle_abuse", conversation=again.id) == "conflict"
    other.available()
    other.hang_up(other.take())
    house.check_states([pool])


def test_who_is_limited_for_abuse_is_in_danger_all_the_same(house):
    pool = house.pools[2]
    supervisor = supervisor_of(house, pool)
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), MEDIUM)
    taken = console.take()
    console.ask("report_abuse", conversation=taken.id, epoch=taken.epoch, reason="prank")
    supervisor.ask("settle_abuse", conversation=taken.id, uphold=True)
    console.hang_up(taken)
    console.away()
    house.text(pool, texter, IMMINENT)
    again, = poll(lambda: waiting(supervisor), what="that they wait")
    assert again.level == pb.LEVEL_IMMINENT and not again.limited
    console.available()
    assert console.take().id == again.id
    house.check_states([pool])
