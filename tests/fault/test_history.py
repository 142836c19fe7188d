# SPDX-License-Identifier: Apache-2.0
"""The judge of the fault tests is judged: a good night passes, and each planted fault is found, by the rule that is meant to."""
import pytest

from history import Event, History, check, summary


def good():
    """Two texters, a counselor who loses one of them to another, a page."""
    h = History()
    t = iter(range(1000))

    def add(kind, **fields):
        h.add(kind, at=float(next(t)), **fields)
    for texter, text in (("ann", "a1"), ("ann", "a2"), ("bea", "b1")):
        add("received", texter=texter, text=text)
        add("acknowledged", texter=texter, text=text, nodes=frozenset(["one"]))
    add("received", texter="bea", text="b2")  # never acknowledged, and there all the same: allowed
    add("held", conversation="c1", name="kim", epoch=1)
    add("shown", console="k1", name="kim", conversation="c1", text="a1")
    add("shown", console="k1", name="kim", conversation="c1", text="a2")
    add("replying", name="kim", conversation="c1", epoch=1, text="r1")
    add("replied", name="kim", conversation="c1", epoch=1, text="r1")
    add("sent", text="r1")
    add("let_go", conversation="c1", name="kim", epoch=1)
    add("held", conversation="c1", name="lee", epoch=3)
    for text in ("a1", "a2"):
        add("shown", console="l1", name="lee", conversation="c1", text=text)
    add("replying", name="lee", conversation="c1", epoch=3, text="r2")
    add("replied", name="lee", conversation="c1", epoch=3, text="r2")
    h.add("due", at=100.0, texter="bea")
    h.add("paged", at=101.0, person="doc")
    for sequence, (inbound, text, delivery) in enumerate(
            [(True, "a1", ""), (True, "a2", ""), (False, "r1", "sent"), (False, "r2", "unknown")], 1):
        add("stored", conversation="c1", sequence=sequence, inbound=inbound, text=text, delivery=delivery)
    for sequence, text in ((1, "b1"), (2, "b2")):
        add("stored", conversation="c2", sequence=sequence, inbound=True, text=text, delivery="")
    add("state", conversation="c1", state="held", holder="lee")
    add("state", conversation="c2", state="waiting", holder="")
    return h


def find(h, kind, **wanted):
    return next(i for i, e in enumerate(h.events) if e.kind == kind and all(e.fields[k] == v for k, v in wanted.items()))


def drop(kind, **wanted):
    def fault(h):
        del h.events[find(h, kind, **wanted)]
    return fault


def repeat(kind, **wanted):
    def fault(h):
        h.events.append(h.events[find(h, kind, **wanted)])
    return fault


def change(kind, wanted, **new):
    def fault(h):
        i = find(h, kind, **wanted)
        e = h.events[i]
        h.events[i] = Event(new.pop("at", e.at), e.kind, {**e.fields, **new})
    return fault


def swap_texts(h):
    one, two = find(h, "stored", text="a1"), find(h, "stored", text="a2")
    change("stored", {"text": "a1"}, text="x")(h)
    change("stored", {"text": "a2"}, text="a1")(h)
    change("stored", {"text": "x"}, text="a2")(h)
    assert one != two


FAULTS = {
    "an acknowledged text is gone": (drop("stored", text="a2"), "lost"),
    "a text is stored twice": (repeat("stored", text="b1"), "twice"),
    "a text is shown twice on one console": (repeat("shown", console="l1", text="a1"), "shown twice"),
    "a reply is stored twice": (repeat("stored", text="r1"), "reply twice"),
    "a text that nobody wrote": (change("stored", {"text": "b2"}, text="zzz"), "invented"),
    "the holder never saw a text": (drop("shown", console="l1", text="a2"), "unseen"),
    "two texts change places": (swap_texts, "order"),
    "a gap in the sequence": (change("stored", {"text": "b2"}, sequence=3), "sequence"),
    "one person's text in another's conversation": (change("stored", {"text": "b1"}, conversation="c1", sequence=5), "mixed"),
    "two counselors are told the same epoch": (change("held", {"name": "lee"}, epoch=1), "two owners"),
    "a reply of somebody who had lost the conversation": (change("replying", {"text": "r1"}, at=500.0), "stale"),
    "a conversation in two states": (repeat("state", conversation="c2"), "states"),
    "a queued reply is gone": (drop("stored", text="r2"), "reply lost"),
    "a reply is sent twice": (repeat("sent", text="r1"), "sent twice"),
    "a reply is called sent and was not": (drop("sent", text="r1"), "not sent"),
    "a reply is called failed and was sent": (change("stored", {"text": "r1"}, delivery="failed"), "sent after all"),
    "nobody is paged": (drop("paged"), "silence"),
    "the page comes late": (change("paged", {}, at=160.0), "silence"),
}


def test_a_good_night_passes():
    assert check(good()) == []
    assert "3 acknowledged" in summary(good())


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name):
    fault, rule = FAULTS[name]
    h = good()
    fault(h)
    violations = check(h)
    assert any(v.startswith(rule + ":") for v in violations), violations


def test_texts_through_different_nodes_may_overtake_each_other():
    h = good()
    swap_texts(h)
    change("acknowledged", {"text": "a2"}, nodes=frozenset(["two"]))(h)
    assert check(h) == []
    change("acknowledged", {"text": "a1"}, nodes=frozenset(["two"]))(h)
    assert [v.split(":")[0] for v in check(h)] == ["order"]


def test_an_outage_excuses_a_late_page_by_its_length_only():
    h = good()
    change("paged", {}, at=110.0)(h)
    assert check(h)
    h.add("outage", at=99.0, seconds=8.0)
    assert check(h) == []
    change("paged", {}, at=130.0)(h)
    assert check(h)
