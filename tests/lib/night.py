# SPDX-License-Identifier: Apache-2.0
"""Texters and counselors at work, on one node or several, while something is broken; and the reckoning by history.py."""
import threading
import uuid

from history import History, check, summary
from house import new_number
from poll import pause, poll
from programs import PATIENCE
from schema import pb

# A send that was under way when its node died is nobody's until its lease is over: then it is known to be in doubt.
LEASE = 30
STATES = {pb.STATE_WAITING: "waiting", pb.STATE_OFFERED: "offered", pb.STATE_HELD: "held", pb.STATE_WRAP_UP: "wrap_up",
          pb.STATE_CLOSED: "closed"}


def delivery_name(delivery):
    return pb.Delivery.Name(delivery).removeprefix("DELIVERY_").lower()


class Texter(threading.Thread):
    """A provider's honest behaviour for one phone: each text is repeated, with the same id, until it is taken in; through any
    node, and now and then once more than needed."""

    def __init__(self, night, number):
        super().__init__(daemon=True)
        self.night, self.number = night, number
        self.count = 0
        self.nodes = set()  # that the text under way was posted to; repeats after the 2xx count, too
        self.statuses = set()

    def run(self):
        chance = self.night.chance
        while not self.night.stop_texters.is_set():
            text = f"{self.number[-4:]} text {self.count}"
            provider_id = uuid.uuid4().hex
            self.night.history.add("received", texter=self.number, text=text)
            self.nodes = set()
            while not self.deliver(text, provider_id):
                self.night.stop_texters.wait(0.05)
            self.night.history.add("acknowledged", texter=self.number, text=text, nodes=self.nodes)
            self.count += 1
            if chance.random() < 0.1:
                self.deliver(text, provider_id)
            self.night.stop_texters.wait(chance.uniform(*self.night.every))

    def deliver(self, text, provider_id):
        house = self.night.any_house()
        self.nodes.add(house.config["node"])
        try:
            post = house.kannel_post(self.night.pool, self.number, text, provider_id)
            if self.night.chance.random() < 0.1:
                post.send_and_leave(self.night.gateways_port(house), house.context)
                return False
            status = post.send(self.night.gateways_port(house), house.context, 8 * PATIENCE).status
        except OSError:
            return False
        self.statuses.add(status)
        return status in (200, 202)


class Worker(threading.Thread):
    """A counselor at a console that reconnects, takes whoever is offered, and answers each text once."""

    def __init__(self, night, person):
        super().__init__(daemon=True)
        self.night, self.person = night, person
        self.held = {}
        self.replied = set()  # ids of messages
        self.shifts = 0
        self.failure = None

    def run(self):
        while not self.night.stop_workers.is_set():
            try:
                self.shift()
            except (AssertionError, OSError) as e:
                self.failure = e  # the connection went with the process: sign in again
                self.night.stop_workers.wait(0.1)

    def shift(self):
        house = self.night.any_house()
        console = house.connect(port=self.night.consoles_port(house))
        self.shifts += 1
        self.shown = set()
        try:
            console.sign_in(self.person.name, self.person.password)
            self.held = {c.id: c for c in console.session.held}
            for conversation in console.session.held:
                self.hold(conversation)
                self.answer_all(console, conversation)
            console.available()
            for offer in console.session.offers:
                self.take(console, offer)
            while not self.night.stop_workers.is_set() and console.closed is None:
                self.next(console)
        finally:
            console.leave()

    def next(self, console):
        if console.has("offer"):
            self.take(console, console.expect("offer"))
        elif console.has("released"):
            released = console.expect("released")
            if self.held.pop(released.conversation, None):
                self.night.history.add("let_go", conversation=released.conversation, name=self.person.name,
                                       epoch=released.epoch)
        elif console.has("message"):
            self.answer(console, console.expect("message"))
        else:
            self.night.stop_workers.wait(0.02)

    def hold(self, conversation):
        self.held[conversation.id] = conversation
        self.night.history.add("held", conversation=conversation.id, name=self.person.name, epoch=conversation.epoch)

    def take(self, console, offer):
        answer = console.request("accept", conversation=offer.conversation, epoch=offer.epoch)
        if isinstance(answer, pb.Conversation):
            self.hold(answer)
            self.answer_all(console, answer)

    def answer_all(self, console, conversation):
        """What the counselor before has answered is answered."""
        messages = console.whole(conversation).messages
        said = {m.text for m in messages if m.direction == pb.DIRECTION_OUT}
        self.replied |= {m.id for m in messages if f"re: {m.text}" in said}
        for message in messages:
            self.answer(console, message)

    def show(self, message):
        """A text that comes with the conversation and again as news is one appearance: a console knows messages by their id."""
        if message.id not in self.shown:
            self.shown.add(message.id)
            self.night.history.add("shown", console=f"{self.person.name} {self.shifts}", name=self.person.name,
                                   conversation=message.conversation, text=message.text)

    def answer(self, console, message):
        conversation = self.held.get(message.conversation)
        if message.direction != pb.DIRECTION_IN:
            return
        self.show(message)
        if not conversation or message.id in self.replied:
            return
        fields = dict(name=self.person.name, conversation=conversation.id, epoch=conversation.epoch, text=f"re: {message.text}")
        self.night.history.add("replying", **fields)
        answer = console.request("reply", conversation=conversation.id, epoch=conversation.epoch,
                                 client_id=f"re-{message.id}"[:64], text=fields["text"])
        if isinstance(answer, pb.ReplyQueued):
            self.replied.add(message.id)
            self.night.history.add("replied", **fields)
        elif answer.code == "stale":
            self.held.pop(conversation.id, None)


class Night:
    """`houses` are the nodes of one house. `gateways_port` and `consoles_port` may lead through a proxy."""

    def __init__(self, houses, chance, texters=5, workers=2, every=(0.03, 0.25), gateways_port=None,
                 consoles_port=None):
        self.houses = houses if isinstance(houses, list) else [houses]
        self.first = self.houses[0]
        self.chance, self.every = chance, every
        self.gateways_port = gateways_port or (lambda house: house.gateways_port)
        self.consoles_port = consoles_port or (lambda house: house.consoles_port)
        self.history = History()
        self.pool = self.first.take()
        self.stop_texters, self.stop_workers = threading.Event(), threading.Event()
        self.texters = [Texter(self, new_number()) for _ in range(texters)]
        self.workers = [Worker(self, self.first.hire(self.pool, capacity=10)) for _ in range(workers)]
        self.supervisor = self.first.hire(self.pool, roles=[pb.ROLE_SUPERVISOR])

    def any_house(self):
        return self.chance.choice(self.houses)

    def __enter__(self):
        for thread in self.texters + self.workers:
            thread.start()
        return self

    def __exit__(self, *_):
        for event, threads in ((self.stop_texters, self.texters), (self.stop_workers, self.workers)):
            event.set()
            for thread in threads:
                thread.join(30)

    # ---- the end of the night

    def texts(self):
        return sum(t.count for t in self.texters)

    def settle(self):
        """No more texts; all that are in are answered, and every reply's fate is known."""
        self.stop_texters.set()
        for texter in self.texters:
            texter.join(30 * PATIENCE)
            assert not texter.is_alive()
        poll(lambda: len(set().union(*(w.replied for w in self.workers))) >= self.texts(), 60 * PATIENCE,
             lambda: f"every text to be answered: {self.unanswered()}")
        # They go out one at a time, and each that a node died with holds the next ones up for a lease: what counts is progress.
        left = len(self.unsettled())
        while left:
            poll(lambda: len(self.unsettled()) < left, LEASE + 30 * PATIENCE,
                 lambda: f"a reply to be sent or known to be in doubt: {self.unsettled()[:10]}", every=0.5)
            left = len(self.unsettled())

    def unanswered(self):
        replied = {e.text for e in self.history.of("replied")}
        return [e.text for e in self.history.of("acknowledged") if f"re: {e.text}" not in replied][:10]

    def conversations(self):
        console = self.first.sign_in(self.supervisor)
        try:
            return [console.history(i) for i in sorted(self.first.check_states([self.pool]))]
        finally:
            console.leave()

    def unsettled(self):
        """Replies that are queued still: their texts, with what is noted about them."""
        return [(m.text, m.delivery_note) for c in self.conversations() for m in c.messages
                if m.direction == pb.DIRECTION_OUT and m.delivery == pb.DELIVERY_QUEUED]

    def reckon(self):
        """Reads everything, judges, and returns the history; the violations are the failure."""
        for conversation in self.conversations():
            for m in conversation.messages:
                self.history.add("stored", conversation=conversation.id, sequence=m.sequence, text=m.text,
                                 inbound=m.direction == pb.DIRECTION_IN, delivery=delivery_name(m.delivery))
            self.history.add("state", conversation=conversation.id, state=STATES[conversation.state],
                             holder=conversation.holder)
        for texter in self.texters:
            for sent in self.first.carrier.to(texter.number):
                self.history.add("sent", text=sent.text)
        violations = check(self.history)
        print(summary(self.history))
        assert not violations, "\n".join(violations[:50])
        return self.history


def slow_carrier(sent):
    """Long enough for a kill to fall into the middle of a send."""
    pause(0.03)
    return "accept"
