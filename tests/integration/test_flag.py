# SPDX-License-Identifier: Apache-2.0
"""Who is at risk is nobody's alone: closes that take two."""
import pytest

from house import House, new_number
from poll import poll
from schema import pb

UNKNOWN = "just wanted to say hello"
MEDIUM = "my grandma died last week"
HIGH = "i want to die"


@pytest.fixture(scope="module")
def house(authority):
    def edit(config):
        for pool in config["pools"]:
            pool["two_person_close"] = "unknown"
            pool["flag_acknowledge_s"] = 1
    h = House(authority, pools={"calm": 4}, edit=edit)
    try:
        yield h.start()
    finally:
        h.end()


def supervisor_of(house, pool):
    return house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))


def close(console, conversation):
    return dict(kind="close", conversation=conversation.id, epoch=conversation.epoch, outcome="safe_for_now")


def test_a_close_takes_two(house):
    pool = house.take()
    console, supervisor = house.counselor(pool, capacity=9), supervisor_of(house, pool)
    texter = house.text(pool, new_number(), UNKNOWN)
    held = console.take()
    assert console.refused(**close(console, held)) == "approval"
    told = supervisor.expect("attention")
    assert (told.kind, told.conversation, told.name) == ("close_asked", held.id, console.session.name)
    assert console.refused("answer_close", conversation=held.id, epoch=held.epoch, approve=True) == "forbidden"
    supervisor.ask("answer_close", conversation=held.id, epoch=held.epoch, approve=False, reason="not_yet")
    for one in console, supervisor:
        answered = one.expect("close_answered")
        assert (answered.verdict, answered.by, answered.reason) == ("refused", supervisor.session.name, "not_yet")
    # A text that comes meanwhile cancels it.
    assert console.refused(**close(console, held)) == "approval"
    house.text(pool, texter, "wait")
    assert console.expect("close_answered").verdict == "cancelled"
    assert supervisor.refused("answer_close", conversation=held.id, epoch=held.epoch, approve=True) == "conflict"
    assert console.refused(**close(console, held)) == "approval"
    supervisor.ask("answer_close", conversation=held.id, epoch=held.epoch, approve=True)
    assert console.expect("released").reason == "closed"
    console.ask("finish_wrap_up", conversation=held.id, epoch=held.epoch)
    house.check_states([pool])


def test_below_it_a_counselor_decides(house):
    pool = house.take()
    console = house.counselor(pool)
    house.text(pool, new_number(), MEDIUM)
    console.hang_up(console.take())


def test_a_supervisor_needs_another_one_if_there_is_one(house):
    pool = house.take()
    first, second = supervisor_of(house, pool).available(), supervisor_of(house, pool)
    house.text(pool, new_number(), UNKNOWN)
    held = first.take()
    assert first.refused(**close(first, held)) == "approval"
    assert first.refused("answer_close", conversation=held.id, epoch=held.epoch, approve=True) == "forbidden"
    second.leave()

    def closed_alone():
        return first.request(**close(first, held)).ok
    poll(closed_alone, what="to be the only one")
    assert "close_approved" in "".join(house.cli("lrange", f"{{{pool.name}}}:custody:{held.id}", 0, -1))


def page_of(house, conversation):
    return next((p for p in house.operator.ask("get_pages").pages if p.conversation == conversation.id), None)


def test_a_flag_pages_until_a_supervisor_has_seen_to_it(house):
    pool = house.take()
    console, supervisor = house.counselor(pool, capacity=9), supervisor_of(house, pool)
    on_call = house.hire(pool, name=pool.first, roles=[pb.ROLE_AUDITOR])
    text = "i am so sad about my grandma"
    texter = house.text(pool, new_number(), text)
    held = console.take()
    console.ask("set_risk", conversation=held.id, epoch=held.epoch, thoughts=pb.RISK_ANSWER_YES)
    console.ask("flag", conversation=held.id, epoch=held.epoch)
    assert console.expect("level_change").level == pb.LEVEL_IMMINENT
    told = supervisor.expect("attention", lambda a: a.kind == "flag")
    assert (told.conversation, told.name) == (held.id, console.session.name)
    paged = house.carrier.wait(on_call.phone)
    assert "FLAGGED" in paged.text and "grandma" not in paged.text
    page = poll(lambda: page_of(house, held), what="its page")
    assert (page.cause, page.level) == ("flag", pb.LEVEL_IMMINENT)
    supervisor.ask("acknowledge_page", number=page.number)
    assert page_of(house, held).state == pb.PAGE_STATE_ACKNOWLEDGED
    seen = console.history(held.id)
    assert seen.flagged_ms and seen.risk.thoughts == pb.RISK_ANSWER_YES
    assert console.refused("set_level", conversation=held.id, level=pb.LEVEL_LOW) == "forbidden"
    assert console.refused("settle_flag", conversation=held.id) == "forbidden"
    # Acknowledged is not settled: it rings again after a second.
    assert "FLAGGED" in house.carrier.wait(on_call.phone).text
    supervisor.ask("settle_flag", conversation=held.id)
    poll(lambda: page_of(house, held) is None, what="its end")
    # A text that tells of it pages as well.
    supervisor.ask("set_level", conversation=held.id, level=pb.LEVEL_HIGH, reason="calmer")
    house.text(pool, texter, "i am going to kill myself tonight, i have the pills in my hand")
    page = poll(lambda: page_of(house, held), what="another page")
    assert page.cause == "imminent"
    assert console.refused(**close(console, held)) == "approval"
    supervisor.ask("answer_close", conversation=held.id, epoch=held.epoch, approve=True)
    poll(lambda: page_of(house, held) is None, what="its end")
