# SPDX-License-Identifier: Apache-2.0
"""Texts that come soon after the end of a conversation."""
import pytest

from house import House, new_number
from poll import poll
from schema import pb

MEDIUM = "my grandma died last week"
HIGH = "i want to die, i have a plan"


@pytest.fixture(scope="module")
def house(authority):
    def edit(config):
        for pool in config["pools"]:
            pool["reopen_s"] = 600
        config["pools"][1].update(automatic=True, reopen_s=600)
        config["pools"][2].update(reopen_s=1)
    h = House(authority, pools={"calm": 3}, edit=edit)
    try:
        yield h.start()
    finally:
        h.end()


def close(console, conversation):
    console.ask("close", conversation=conversation.id, epoch=conversation.epoch, outcome="helped", sequence=0)
    assert console.expect("released", lambda r: r.conversation == conversation.id).reason == "closed"


def test_out_of_wrap_up_the_same_counselor_is_asked_first(house):
    pool = house.pools[0]
    ana, ben = house.counselor(pool), house.counselor(pool)
    texter = house.text(pool, new_number(), MEDIUM)
    for had, other in ((ana, ben), (ben, ana)):
        if poll(lambda: ana.has("offer") or ben.has("offer")) and had.has("offer"):
            break
    taken = had.take()
    had.reply(taken, "I am here.")
    house.carrier.wait(texter)
    close(had, taken)
    house.text(pool, texter, HIGH)
    released = had.expect("released")
    assert (released.conversation, released.reason) == (taken.id, "reopened")
    again = had.take()
    assert again.id == taken.id and again.epoch == taken.epoch + 2 and again.level == pb.LEVEL_HIGH
    assert again.reopened == 1 and not other.has("offer")
    assert had.refused("finish_wrap_up", conversation=taken.id, epoch=taken.epoch) == "stale"
    assert [m.text for m in had.history(taken.id).messages] == [MEDIUM, "I am here.", HIGH]
    had.hang_up(again)
    house.check_states([pool])


def test_whoever_is_there_when_the_same_is_not(house):
    pool = house.pools[1]
    first = house.counselor(pool)
    texter = house.text(pool, new_number(), MEDIUM)
    house.carrier.wait(texter)
    taken = first.take()
    first.hang_up(taken)
    first.ask("set_presence", presence=pb.PRESENCE_AWAY)
    house.text(pool, texter, "one more thing")
    # Their console may not have heard of the end of wrap-up.
    assert first.expect("released", lambda r: r.reason == "reopened").conversation == taken.id
    poll(lambda: len(house.carrier.to(texter)) >= 2, what="that they hear that it has arrived")
    assert house.carrier.to(texter)[1].text.startswith("Good to hear from you again.")
    second = house.counselor(pool)
    again = second.take()
    assert again.id == taken.id
    assert [m.text for m in second.history(taken.id).messages if m.direction == pb.DIRECTION_IN] == [MEDIUM, "one more thing"]
    told = house.operator.ask("get_custody", conversation=taken.id)
    assert told.verified and [e.what for e in told.entries][-4:-1] == ["finished", "reopened", "offered"]
    second.hang_up(again)
    house.check_states([pool])


def test_later_a_new_conversation_begins(house):
    pool = house.pools[2]
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), MEDIUM)
    taken = console.take()
    console.hang_up(taken)
    poll(lambda: not [k for k in house.cli("keys", f"{{{pool.name}}}:late:*") if k], what="the end of that time")
    house.text(pool, texter, "hello again")
    again = console.take()
    assert again.id != taken.id and again.earlier_conversations == 1
    console.hang_up(again)
    house.check_states([pool])
