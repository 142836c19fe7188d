# SPDX-License-Identifier: Apache-2.0
"""What happened in a night, as the people outside saw it, and whether that keeps the promises.

Texters, counselors, the carrier and a supervisor who reads everything at the end write down events; check() looks at nothing
else. Times are of this machine's monotonic clock. tests/fault/test_history.py plants faults and sees that each is found."""
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Event:
    at: float
    kind: str
    fields: dict = field(hash=False)

    def __getattr__(self, name):
        try:
            return self.fields[name]
        except KeyError:
            raise AttributeError(name) from None


# kind -> what it must say. A text is named by what it says: no two of a night say the same.
KINDS = {
    "received": ("texter", "text"),                        # a texter's provider posts it, once or more often
    "acknowledged": ("texter", "text", "nodes"),           # … and was answered 2xx; all that it was ever posted to
    "held": ("conversation", "name", "epoch"),             # a console was told that its accept stands
    "let_go": ("conversation", "name", "epoch"),           # … that it holds it no longer
    "shown": ("console", "name", "conversation", "text"),  # a text appeared on that sign-in of a console
    "replying": ("name", "conversation", "epoch", "text"),  # a counselor presses enter
    "replied": ("name", "conversation", "epoch", "text"),  # … and was told that it is queued
    "sent": ("text",),                                     # the carrier has it
    "closed": ("conversation", "name", "epoch"),
    "due": ("texter",),                                    # answer_by of somebody whom nobody takes
    "paged": ("person",),
    "outage": ("seconds",),                                # nothing could be expected of us for so long, from here on
    # at the end, by a supervisor: one for each message of each conversation, in order
    "stored": ("conversation", "sequence", "inbound", "text", "delivery"),
    "state": ("conversation", "state", "holder"),
}
SENT = {"sent", "delivered"}


class History:
    def __init__(self):
        self.events = []
        self._lock = threading.Lock()

    def add(self, kind, at=None, **fields):
        assert set(fields) == set(KINDS[kind]), (kind, fields)
        with self._lock:
            self.events.append(Event(time.monotonic() if at is None else at, kind, fields))

    def of(self, kind):
        with self._lock:
            return [e for e in self.events if e.kind == kind]

    def count(self, kind):
        return len(self.of(kind))


def nothing_lost(h):
    stored = {e.text for e in h.of("stored") if e.inbound}
    for e in h.of("acknowledged"):
        if e.text not in stored:
            yield f"lost: {e.text!r} was acknowledged and is in no conversation"


def nothing_twice(h):
    for text, times in Counter(e.text for e in h.of("stored") if e.inbound).items():
        if times > 1:
            yield f"twice: {text!r} is stored {times} times"
    for (console, text), times in Counter((e.console, e.text) for e in h.of("shown")).items():
        if times > 1:
            yield f"shown twice: {text!r} on {console}, {times} times"
    for text, times in Counter(e.text for e in h.of("stored") if not e.inbound).items():
        if times > 1:
            yield f"reply twice: {text!r} is stored {times} times"


def nothing_invented(h):
    received = {e.text for e in h.of("received")}
    replied = {e.text for e in h.of("replying")}
    for e in h.of("stored"):
        if e.text not in (received if e.inbound else replied):
            yield f"invented: {e.text!r} was never written"


def nothing_unseen(h):
    """Of a conversation that somebody holds at the end, they have seen every text."""
    shown = {(e.name, e.conversation, e.text) for e in h.of("shown")}
    holders = {e.conversation: e.holder for e in h.of("state") if e.state == "held"}
    for e in h.of("stored"):
        holder = holders.get(e.conversation)
        if e.inbound and holder and (holder, e.conversation, e.text) not in shown:
            yield f"unseen: {holder} holds {e.conversation} and was never shown {e.text!r}"


def in_order(h):
    """A texter who waits for each answer before the next text finds them in that order, without a gap in the sequence. What waits
    in one node's spool is not known to another: texts that went different ways may overtake each other."""
    conversations = defaultdict(list)
    for e in h.of("stored"):
        conversations[e.conversation].append(e)
    wrote = {e.text: (e.texter, i, frozenset(e.nodes)) for i, e in enumerate(h.of("acknowledged"))}
    for name, messages in conversations.items():
        sequences = [m.sequence for m in messages]
        if sequences != list(range(1, len(messages) + 1)):
            yield f"sequence: {name} has {sequences}"
        theirs = [wrote[m.text] for m in messages if m.inbound and m.text in wrote]
        if len({texter for texter, _, _ in theirs}) > 1:
            yield f"mixed: {name} holds texts of several people"
        for node in {nodes for _, _, nodes in theirs if len(nodes) == 1}:
            through = [i for _, i, nodes in theirs if nodes == node]
            if through != sorted(through):
                yield f"order: {name} has its texts in another order than they were written"


def one_owner(h):
    """Epochs only rise, each is one counselor's, and who has lost a conversation can change nothing in it."""
    owners = {}
    latest = defaultdict(list)  # conversation -> (told at, epoch)
    for e in h.of("held"):
        if owners.setdefault((e.conversation, e.epoch), e.name) != e.name:
            yield f"two owners: {e.conversation} epoch {e.epoch} of {owners[e.conversation, e.epoch]} and {e.name}"
        latest[e.conversation].append((e.at, e.epoch))
    began = {e.text: e.at for e in h.of("replying")}
    for e in h.of("replied"):
        later = [epoch for at, epoch in latest[e.conversation] if at < began.get(e.text, e.at) and epoch > e.epoch]
        if later:
            yield f"stale: {e.name} replied in {e.conversation} with epoch {e.epoch}, which {max(later)} had followed"
    held = Counter(e.conversation for e in h.of("state"))
    for conversation, times in held.items():
        if times > 1:
            yield f"states: {conversation} is in {times} states"


def replies_kept(h):
    stored = {e.text: e for e in h.of("stored") if not e.inbound}
    sent = Counter(e.text for e in h.of("sent"))
    for e in h.of("replied"):
        if e.text not in stored:
            yield f"reply lost: {e.text!r} was called queued"
    for text, times in sent.items():
        if times > 1 and text in stored:
            yield f"sent twice: {text!r}, {times} times"
    for text, e in stored.items():
        if e.delivery in SENT and not sent[text]:
            yield f"not sent: {text!r} is called {e.delivery} and the carrier never had it"
        if e.delivery in ("failed", "held", "queued") and sent[text]:
            yield f"sent after all: {text!r} is called {e.delivery} and the carrier has it"


# From answer_by to the page at the carrier.
PAGE_WITHIN = 5.0


def nobody_waits_in_silence(h, within=PAGE_WITHIN):
    paged = sorted(e.at for e in h.of("paged"))
    outages = h.of("outage")
    for e in h.of("due"):
        by = e.at + within
        for outage in outages:
            if outage.at <= by and outage.at + outage.seconds >= e.at:
                by += outage.seconds
        if not any(e.at <= at <= by for at in paged):
            yield f"silence: {e.texter} was due and nobody was paged within {by - e.at:.1f} s"


RULES = [nothing_lost, nothing_twice, nothing_invented, nothing_unseen, in_order, one_owner, replies_kept,
         nobody_waits_in_silence]


def check(history):
    """Every violation, in words; an empty list is a good night."""
    return [violation for rule in RULES for violation in rule(history)]


def summary(history):
    return ", ".join(f"{history.count(kind)} {kind}" for kind in KINDS if history.count(kind))
