# SPDX-License-Identifier: Apache-2.0
"""Two nodes on one Redis: they share the work, and one that was stopped changes nothing when it goes on."""
import signal
import time

import pytest

from house import House, new_number
from poll import poll, stays
from programs import PATIENCE
from schema import pb

TAKE_OVER = 20


@pytest.fixture
def nodes(authority, redis):
    """The first and the second node of one house, with one carrier."""
    counts = {"calm": 2, "urgent": 1}
    first = House(authority, pools=counts, redis=redis)
    second = House(authority, pools=counts, redis=redis, beside=first, send_url=first.carrier.url, twilio_url=first.carrier.url)
    try:
        first.start()
        second.start()
        yield first, second
    finally:
        second.end()
        first.end()


def alarms(house):
    return list(house.operator.ask("get_status").alarms)


def test_a_text_to_one_node_reaches_a_console_on_the_other(nodes):
    first, second = nodes
    pool = first.take()
    console = second.counselor(pool)
    texter = first.text(pool, new_number(), "is anybody there")
    conversation = console.take()
    first.text(pool, texter, "hello?")
    assert console.expect("message").text == "hello?"
    console.ask("reply", conversation=conversation.id, epoch=conversation.epoch, client_id="r1", text="i am here")
    first.carrier.wait(texter)
    assert [s.text for s in first.carrier.to(texter)] == ["i am here"]


def test_a_node_that_has_no_embedded_redis_makes_its_state_folder_and_has_a_spool(nodes, redis):
    _, second = nodes
    assert (second.folder / "state/spool").is_dir()
    assert "event=no_spool" not in second.log_text() and "event=no_crash_guard" not in second.log_text()
    redis.kill()
    second.text(second.take(), new_number(), "is anybody there")


def test_a_stopped_node_is_taken_over_and_changes_nothing_later(nodes):
    first, second = nodes
    pool = first.take()
    slow = first.counselor(pool, capacity=2)
    texter = first.text(pool, new_number(), "please answer")
    was = slow.take()
    offered = first.text(pool, new_number(), "me too")
    slow.expect("offer")
    first.process.signal(signal.SIGSTOP)
    begin = time.monotonic()
    try:
        quick = second.counselor(pool, capacity=2)
        taken = [quick.take(deadline=TAKE_OVER + 5 * PATIENCE) for _ in range(2)]
        assert time.monotonic() - begin < TAKE_OVER * PATIENCE, "its people are taken over in time"
        now = next(c for c in taken if c.id == was.id)
        assert now.epoch > was.epoch
        late = slow.begin("reply", conversation=was.id, epoch=was.epoch, client_id="late", text="sorry, i was away")
    finally:
        first.process.signal(signal.SIGCONT)
    answers = poll(lambda: slow.answers.get(late) or slow.closed is not None, 10 * PATIENCE, "the late reply to be refused")
    assert answers is True or answers[0].result.code == "stale", answers
    quick.ask("reply", conversation=now.id, epoch=now.epoch, client_id="r1", text="i am here")
    first.carrier.wait(texter)
    stays(lambda: [s.text for s in first.carrier.to(texter)] == ["i am here"], 1)
    states = second.check_states([pool])
    assert {c["holder"] for c in states.values()} == {quick.session.name}
    assert not first.carrier.to(offered)
    first.wait_ready()


def test_a_killed_nodes_timers_run_on_the_other(nodes):
    first, second = nodes
    [pool] = [p for p in first.pools if p.kind == "urgent"]
    doctor = first.hire(pool, name=pool.first, roles=[pb.ROLE_AUDITOR])
    first.text(pool, new_number(), "i am going to kill myself tonight, i have the pills in my hand")
    first.kill()
    first.carrier.wait(doctor.phone, deadline=5)
    assert second.is_ready()


def test_two_processes_of_one_name_are_noticed_and_live(nodes, authority, redis):
    first, second = nodes
    pool = first.take()
    console = second.counselor(pool)
    twin = House(authority, pools={"calm": 2, "urgent": 1}, redis=redis, beside=first,
                 edit=lambda config: config.update(node=second.config["node"]))
    try:
        twin.start()
        poll(lambda: any("same name" in a for a in alarms(second)), 10 * PATIENCE, "the alarm")
        assert any("same name" in a for a in alarms(twin))
        console = second.counselor(pool)
        stays(lambda: console.closed is None, 5, "a console of the namesake to live")
    finally:
        twin.end()
    poll(lambda: not any("same name" in a for a in alarms(second)), 30 * PATIENCE, "the alarm to end")
