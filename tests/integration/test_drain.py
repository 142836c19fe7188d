# SPDX-License-Identifier: Apache-2.0
"""SIGTERM drains, and the next start has everything."""
import signal

import pytest

from house import House, new_number
from poll import poll
from programs import PATIENCE
from schema import pb
from web import Raw


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


def served(house):
    with Raw(house.gateways_port, house.context) as raw:
        return raw.socket.getpeercert()["serialNumber"]


def test_certificates_are_read_again_and_a_bad_one_is_not_taken(drained):
    house = drained
    console = house.counselor(house.take())
    tls = house.config["listeners"]["gateways"]
    kept = {key: tls[key].read_bytes() for key in ("certificate_file", "key_file")}
    old = served(house)
    certificate, key = house.authority.issue("renewed")
    try:
        tls["certificate_file"].write_bytes(certificate.read_bytes())
        tls["key_file"].write_bytes(key.read_bytes())
        house.process.signal(signal.SIGHUP)
        poll(lambda: served(house) != old, 5 * PATIENCE, "the new certificate to be served")
        new = served(house)
        tls["certificate_file"].write_bytes(b"no certificate")
        house.process.signal(signal.SIGHUP)
        poll(lambda: "event=certificates_kept" in house.log_text(), 5 * PATIENCE, "the refusal in the log")
        assert served(house) == new and house.is_ready()
    finally:
        for key, data in kept.items():
            tls[key].write_bytes(data)
    console.ask("ping")
    house.process.signal(signal.SIGHUP)
    poll(lambda: served(house) == old, 5 * PATIENCE, "the first certificate again")
