# SPDX-License-Identifier: Apache-2.0
"""What tests ask about the local spool and the texts that went through it."""
from house import pairs
from poll import poll
from programs import PATIENCE
from schema import pb


def records(house):
    return int(house.metric("holdfast_spool_records"))


def wait_empty(house, deadline=20):
    poll(lambda: records(house) == 0, deadline * PATIENCE, lambda: f"the spool to empty: {records(house)} left")


def alarm(house, name):
    return house.metric("holdfast_alarm", alarm=name) == 1


def files(house):
    return [p for p in (house.folder / "state/spool").iterdir() if p.is_file()]


def supervisor(house, pool):
    return house.sign_in(house.hire(pool, roles=(pb.ROLE_COUNSELOR, pb.ROLE_SUPERVISOR)))


def history(console, conversation):
    """All messages, in the pieces in which they come."""
    messages, after = [], 0
    while True:
        piece = console.ask("get_conversation", conversation=conversation, after_sequence=after).messages
        if not piece:
            return messages
        messages += piece
        after = piece[-1].sequence


def texts_of(house, pool, console=None):
    """The texts of every conversation of a pool, each in its order: a list of lists."""
    console = console or supervisor(house, pool)
    ids = [key.rsplit(":", 1)[1] for key in house.cli("keys", f"{{{pool.name}}}:c:*")]
    return [[m.text for m in history(console, i) if m.direction == pb.DIRECTION_IN] for i in ids]


def conversation(house, pool):
    """The fields of the one conversation of a pool."""
    [key] = house.cli("keys", f"{{{pool.name}}}:c:*")
    return pairs(house.cli("hgetall", key))


def sums(house):
    """The numbers of the ledger, and that they are right."""
    assert house.metric("holdfast_ledger_difference", sum="texts") == 0
    assert house.metric("holdfast_ledger_difference", sum="spool") == 0
    assert not alarm(house, "ledger")
    return {name: int(house.metric("holdfast_inbound_total", result=name))
            for name in ("stored", "duplicate", "acknowledgement", "rating", "quarantined", "spooled", "unavailable")}
