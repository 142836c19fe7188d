# SPDX-License-Identifier: Apache-2.0
"""A crowd of consoles on one pool: people come and go, pass each other conversations, join, take over and close, while texts keep
coming. Then everything is reckoned: texts, owners, ledgers of custody, orphans."""
import threading
from collections import Counter

from faults import many
from night import Night, Worker
from poll import poll
from programs import PATIENCE
from schema import pb

POOLS = {"calm": 1}
CONSOLES = many(20, 200)
SUPERVISORS = many(2, 5)
TEXTERS = many(25, 220)
EVERY = many((0.2, 1.5), (2.0, 8.0))  # seconds between the texts of one
SECONDS = many(4, 300)
SUMMARY = "They are at home and calm; wants to talk about school."
MUST_HAPPEN = ("transfer", "join", "close")


class Colleague(Worker):
    """Answers like any, and now and then passes on, gives back, closes, or is gone without a word."""

    def __init__(self, crowd, person, supervisor=False):
        super().__init__(crowd, person)
        self.supervisor = supervisor
        self.seen = {}  # conversation -> sequence of the last message that was shown

    def next(self, console):
        """Waits for the next word from the server; two hundred who look all the time would keep the machine busy."""
        chance = self.night.chance
        while console.has("message"):
            self.answer(console, console.expect("message"))
        if console.has("offer") or console.has("released"):
            super().next(console)
            return
        with console._changed:
            if console.closed is None and not any(
                    f.WhichOneof("body") in ("offer", "released", "message") for f in console.news):
                console._changed.wait(chance.uniform(0.2, 0.6))
            console.news[:] = [f for f in console.news if f.WhichOneof("body") in ("offer", "released", "message")]
            del console.seen[:-20]
        if self.night.restless.is_set():
            self.something(console)

    def show(self, message):
        super().show(message)
        self.seen[message.conversation] = max(message.sequence, self.seen.get(message.conversation, 0))

    def something(self, console):
        roll = self.night.chance.random()
        held = list(self.held.values())
        if roll < 0.003:
            self.count("vanished")
            console.cut()
        elif roll < 0.06 and self.supervisor:
            self.visit(console)
        elif roll < 0.09 and held:
            self.hand_on(console, self.night.chance.choice(held))
        elif roll < 0.14 and held:
            self.close(console, self.night.chance.choice(held))

    def count(self, what):
        with self.night.lock:
            self.night.did[what] += 1

    def went(self, what, answer):
        """Was it done? Somebody else may have been faster."""
        ok = not isinstance(answer, pb.Result) or answer.ok
        self.count(what if ok else f"{what}: {answer.code}")
        return ok

    def hand_on(self, console, conversation):
        to = self.night.chance.choice(self.night.workers).person.name if self.night.chance.random() < 0.8 else ""
        if to == self.person.name:
            return
        self.went("transfer" if to else "give back", console.request(
            "transfer", conversation=conversation.id, epoch=conversation.epoch, to=to, summary=SUMMARY))

    def close(self, console, conversation):
        """Nothing that the counselor has not seen is closed; where it takes two, a supervisor is asked."""
        self.answer_all(console, conversation)
        if self.went("close", console.request("close", conversation=conversation.id, epoch=conversation.epoch,
                                              outcome="done", sequence=self.seen.get(conversation.id, 0))):
            self.held.pop(conversation.id, None)
            console.request("finish_wrap_up", conversation=conversation.id, epoch=conversation.epoch)

    def visit(self, console):
        """A supervisor looks at somebody else's conversation: joins it and leaves, or takes it over."""
        listed = console.ask("list_conversations", limit=200).conversations
        others = [c for c in listed if c.holder != self.person.name and c.state in (pb.STATE_WAITING, pb.STATE_HELD)]
        if not others:
            return
        one = self.night.chance.choice(others)
        if self.night.chance.random() < 0.7:
            if self.went("join", console.request("join", conversation=one.id)):
                self.went("leave", console.request("leave", conversation=one.id))
        elif len(self.held) < 8:
            answer = console.request("take_over", conversation=one.id, epoch=one.epoch, reason="to see how it is done")
            if self.went("take over", answer):
                self.hold(answer)
                self.answer_all(console, answer)


class Crowd(Night):
    def __init__(self, house, chance):
        super().__init__(house, chance, texters=TEXTERS, workers=0, every=EVERY)
        self.did = Counter()
        self.lock = threading.Lock()
        self.restless = threading.Event()
        hire = self.first.hire
        both = (pb.ROLE_COUNSELOR, pb.ROLE_SUPERVISOR)
        self.workers = [Colleague(self, hire(self.pool, capacity=4)) for _ in range(CONSOLES - SUPERVISORS)]
        self.workers += [Colleague(self, hire(self.pool, roles=both, capacity=4), True) for _ in range(SUPERVISORS)]

    def here(self):
        return int(self.first.cli("hlen", f"{{{self.pool.name}}}:staff"))

    def wait_here(self, count):
        poll(lambda: self.here() >= count, 60 * PATIENCE, f"{count} to be signed in", every=0.1)

    def __enter__(self):
        """Not all at the same moment: passwords take their time to check."""
        for started, worker in enumerate(self.workers):
            if started % 8 == 0:
                self.wait_here(started)
            worker.start()
        self.wait_here(CONSOLES)
        for texter in self.texters:
            texter.start()
        self.restless.set()
        return self


def test_a_crowd(house, seeded):
    with Crowd(house, seeded) as crowd:
        crowd.stop_texters.wait(SECONDS)
        poll(lambda: all(crowd.did[what] for what in MUST_HAPPEN), 60 * PATIENCE, lambda: f"all of it to happen: {crowd.did}")
        crowd.restless.clear()
        crowd.settle()
        history = crowd.reckon()
    did = ", ".join(f"{count} {what}" for what, count in sorted(crowd.did.items()))
    print(f"{CONSOLES} consoles for {SECONDS} s: {did}")
    assert len({e.conversation for e in history.of("held")}) > 0
    wrong = [c.text for c in house.operator.ask("run_checks").checks if not c.ok]
    print(f"checks: {wrong}")
    assert house.metric("holdfast_orphans") == 0
    assert house.metric("holdfast_ledger_difference", sum="texts") == 0
    assert house.log_text().count("event=orphan") == 0
    assert "event=custody_broken" not in house.log_text()
