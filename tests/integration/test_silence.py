# SPDX-License-Identifier: Apache-2.0
"""Silence in held conversations: of the counselor, and of the texter."""
import pytest

from house import House, by_level, new_number
from poll import stays
from schema import pb

MEDIUM = "my grandma died last week"
HIGH = "i want to die"


@pytest.fixture(scope="module")
def house(authority):
    def edit(config):
        quick, patient = config["pools"]
        quick["counselor_silence"] = {"nudge_s": 1, "supervisor_s": 2, "reroute_s": 3}
        patient["counselor_silence"] = {"nudge_s": 0, "supervisor_s": 0, "reroute_s": 0}
        patient["texter_silence"] = by_level(imminent=1, high=1, unknown=1, medium=1, low=1)
        patient["close_silent_s"] = 2
    h = House(authority, pools={"calm": 2}, edit=edit)
    try:
        yield h.start()
    finally:
        h.end()


def test_a_silent_counselor_is_reminded_reported_and_relieved(house):
    pool = house.pools[0]
    supervisor = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))
    silent = house.counselor(pool)
    # There before the first second counts: who comes too late finds it offered to the silent one again.
    other = house.sign_in(house.hire(pool))
    texter = house.text(pool, new_number(), MEDIUM)
    conversation = silent.take()
    other.available()
    nudge = silent.expect("nudge")
    assert (nudge.conversation, nudge.kind) == (conversation.id, "counselor_silent")
    told = supervisor.expect("attention")
    assert (told.kind, told.conversation, told.name) == ("counselor_silent", conversation.id, silent.session.name)
    released = silent.expect("released")
    assert released.reason == "silent"
    taken = other.take()
    assert taken.id == conversation.id and taken.epoch > conversation.epoch
    assert taken.enqueued_ms == conversation.enqueued_ms
    assert silent.refused("reply", conversation=conversation.id, epoch=conversation.epoch, client_id="late",
                          text="Sorry, I was away.") == "stale"
    other.reply(taken, "I am here.")
    house.carrier.wait(texter)
    other.hang_up(taken)
    house.check_states([pool])


def test_a_silent_texter(house):
    pool = house.pools[1]
    supervisor = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))
    console = house.counselor(pool, capacity=2)
    house.text(pool, new_number(), MEDIUM)
    medium = console.take()
    house.text(pool, new_number(), HIGH)
    high = console.take()
    for conversation in (medium, high):
        console.reply(conversation, "What happened?")
    for conversation in (medium, high):
        console.expect("nudge", lambda n, c=conversation: (n.conversation, n.kind) == (c.id, "texter_silent"))
    told = supervisor.expect("attention", lambda a: a.kind == "texter_silent")
    assert told.conversation == high.id
    # Only what is not at risk ends by itself.
    released = console.expect("released")
    assert (released.conversation, released.reason) == (medium.id, "closed")
    stays(lambda: not console.has("released"), 1, "who is at risk")
    assert not supervisor.has("attention", lambda a: a.conversation == medium.id)
    assert console.history(high.id).state == pb.STATE_HELD
