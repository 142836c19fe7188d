# SPDX-License-Identifier: Apache-2.0
"""SIGTERM drains, and the next start has everything."""
import signal

import pytest

from house import House, new_number
from poll import poll
from programs import PATIENCE
from schema import pb


@pytest.fixture
def drained(authority):
    house = House(authority, pools={"calm": 1, "urgent": 1}).start()
    yield house
    house.end()


def test_drain_and_resume(drained):
    house = drained
    pool, urgent = house.take(), house.take("urgent")
    doctor = house.hire(urgent, name=urgent.first, roles=[pb.ROLE_AUDITOR])
    person = house.hire(pool)
    console = house.sign_in(person).available()
    held_texter = house.text(pool, new_number(), "I am held")
    conversation = console.take()
    waiting = [house.text(pool, new_number(), f"waiting {i}") for i in range(3)]
    house.text(urgent, new_number(), "i am going to kill myself tonight, i have the pills in my hand")
    house.carrier.wait(doctor.phone)
    operator = house.operator
    before = [e.conversation for e in operator.ask("get_queue").entries]

    house.process.signal(signal.SIGTERM)
    assert console.expect("going_away").reason == "draining"
    assert operator.expect("going_away").reason == "draining"
    assert house.process.wait_exit(12) == 0
    assert console.wait_closed() == 1001

    count = len(house.carrier.to(doctor.phone))
    house.restart()
    assert [e.conversation for e in house.operator.ask("get_queue").entries] == before
    console = house.sign_in(person)
    [held] = console.session.held
    assert held.id == conversation.id and held.epoch == conversation.epoch and held.messages[0].text == "I am held"
    console.reply(held, "I am back")
    house.carrier.wait(held_texter)
    house.carrier.wait(doctor.phone, count + 1, deadline=8)
    assert len(waiting) + 2 == len([c for c in house.check_states().values()])


def test_drain_on_request(drained):
    house = drained
    house.ctl("drain")
    poll(lambda: not house.process.alive(), 12 * PATIENCE, "the node to end")
    assert house.process.child.returncode == 0
    house.restart()
    house.process.signal(signal.SIGINT)
    assert house.process.wait_exit(12) == 0


def test_reload_keeps_the_old_configuration_when_the_new_is_wrong(drained):
    house = drained
    kept = house.config_file.read_text()
    house.config_file.write_text(kept.replace("offer_s", "offer_seconds"))
    house.process.signal(signal.SIGHUP)
    poll(lambda: "offer_seconds" in house.log_text(), 5 * PATIENCE, "the log to name the key")
    assert house.is_ready()
    house.text(house.take(), new_number(), "still served")
