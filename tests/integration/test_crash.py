# SPDX-License-Identifier: Apache-2.0
"""kill -9, of holdfastd and of Redis, in the middle of everything: what was accepted is there, once, in order, with one owner."""
import os
import signal
import threading
import time
import uuid
from pathlib import Path
import tempfile

import pytest

from house import House, new_number
from poll import pause, poll
from programs import PATIENCE
from redis_server import RedisServer
from schema import pb

IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"
KILLS = 20
# A send that was under way when its node died is nobody's until its lease is over: then it is known to be in doubt.
LEASE = 30


class Texter(threading.Thread):
    """A gateway's honest behaviour for one phone: each text is repeated, with the same id, until it is taken in."""

    def __init__(self, house, pool, stop, chance):
        super().__init__()
        self.house, self.pool, self.stop, self.chance = house, pool, stop, chance
        self.number = new_number()
        self.accepted = []
        self.statuses = set()

    def run(self):
        while not self.stop.is_set():
            text = f"{self.number[-4:]} text {len(self.accepted)}"
            provider_id = uuid.uuid4().hex
            while not self.deliver(text, provider_id):
                self.stop.wait(0.05)
            self.accepted.append(text)
            self.stop.wait(self.chance.uniform(0.03, 0.25))

    def deliver(self, text, provider_id):
        try:
            if self.chance.random() < 0.1:
                self.house.kannel_post(self.pool, self.number, text, provider_id).send_and_leave(
                    self.house.gateways_port, self.house.context)
                return False
            status = self.house.post(self.pool, self.number, text, provider_id, deadline=5).status
        except OSError:
            return False
        self.statuses.add(status)
        return status in (200, 202)


class Worker(threading.Thread):
    """A counselor at a console that reconnects, takes whoever is offered, and answers each text once."""

    def __init__(self, house, pool, stop, capacity=10):
        super().__init__()
        self.house, self.stop = house, stop
        self.person = house.hire(pool, capacity=capacity)
        self.held = {}
        self.replied = set()
        self.queued = {}  # client id -> text, once the server has said that it has it
        self.failure = None

    def run(self):
        while not self.stop.is_set():
            try:
                self.shift()
            except (AssertionError, OSError) as e:
                self.failure = e  # the connection went with the process: sign in again
                self.stop.wait(0.1)

    def shift(self):
        console = self.house.connect()
        try:
            console.sign_in(self.person.name, self.person.password)
            self.held = {c.id: c for c in console.session.held}
            for conversation in console.session.held:
                self.answer_all(console, conversation)
            console.available()
            for offer in console.session.offers:
                self.take(console, offer)
            while not self.stop.is_set() and console.closed is None:
                if console.has("offer"):
                    self.take(console, console.expect("offer"))
                elif console.has("message"):
                    self.answer(console, console.expect("message"))
                else:
                    self.stop.wait(0.02)
        finally:
            console.leave()

    def take(self, console, offer):
        answer = console.request("accept", conversation=offer.conversation, epoch=offer.epoch)
        if isinstance(answer, pb.Conversation):
            self.held[answer.id] = answer
            self.answer_all(console, answer)

    def answer_all(self, console, conversation):
        for message in conversation.messages:
            self.answer(console, message)

    def answer(self, console, message):
        conversation = self.held.get(message.conversation)
        if message.direction != pb.DIRECTION_IN or not conversation or message.id in self.replied:
            return
        client_id = f"re-{message.id}"[:64]
        text = f"re: {message.text}"
        answer = console.request("reply", conversation=conversation.id, epoch=conversation.epoch, client_id=client_id,
                                 text=text)
        if isinstance(answer, pb.ReplyQueued):
            self.replied.add(message.id)
            self.queued[client_id] = text
        elif answer.code == "stale":
            self.held.pop(conversation.id, None)


class Night:
    """Texters and counselors at work while something is killed, and the reckoning."""

    def __init__(self, house, chance, texters=5):
        self.house = house
        self.pool = house.take()
        self.stop_texters, self.stop_workers = threading.Event(), threading.Event()
        self.texters = [Texter(house, self.pool, self.stop_texters, chance) for _ in range(texters)]
        self.workers = [Worker(house, self.pool, self.stop_workers) for _ in range(2)]
        self.supervisor = house.hire(self.pool, roles=[pb.ROLE_SUPERVISOR])

    def __enter__(self):
        for thread in self.texters + self.workers:
            thread.start()
        return self

    def __exit__(self, *_):
        for event, threads in ((self.stop_texters, self.texters), (self.stop_workers, self.workers)):
            event.set()
            for thread in threads:
                thread.join(30)

    def settle(self):
        """No more texts; all that are in are answered."""
        self.stop_texters.set()
        for texter in self.texters:
            texter.join(30)
            assert not texter.is_alive()

        texts = sum(len(t.accepted) for t in self.texters)
        poll(lambda: len(set().union(*(w.replied for w in self.workers))) >= texts, 20 * PATIENCE, "every text to be answered")

    def histories(self):
        console = self.house.sign_in(self.supervisor)
        ids = sorted({i for w in self.workers for i in w.held})
        return [console.history(i) for i in ids]

    def reckon(self):
        conversations = self.histories()
        by_texter = {}
        for c in conversations:
            assert [m.sequence for m in c.messages] == list(range(1, len(c.messages) + 1)), "sequences have no gap"
            inbound = [m.text for m in c.messages if m.direction == pb.DIRECTION_IN]
            by_texter.setdefault(inbound[0][:4], []).append((c, inbound))
        for texter in self.texters:
            [(conversation, inbound)] = by_texter[texter.number[-4:]]
            assert inbound == texter.accepted, "each text once, in the order in which it was sent"
            assert conversation.state == pb.STATE_HELD
            assert conversation.holder in [w.person.name for w in self.workers]
        states = self.house.check_states()
        assert len([c for c in states.values() if c["state"] == "3"]) >= len(self.texters)
        self.reckon_replies(conversations)
        return conversations

    def reckon_replies(self, conversations):
        out = [m for c in conversations for m in c.messages if m.direction == pb.DIRECTION_OUT]
        ids = [m.client_id for m in out]
        assert len(ids) == len(set(ids)), "no reply is stored twice"
        assert {i for w in self.workers for i in w.queued} <= set(ids), "every reply that was called queued is there"
        self.deliveries(conversations)

    def deliveries(self, conversations):
        sent = [s.text for t in self.texters for s in self.house.carrier.to(t.number)]
        assert len(sent) == len(set(sent)), "no reply went out twice"
        for c in conversations:
            for m in c.messages:
                if m.direction == pb.DIRECTION_OUT and m.delivery == pb.DELIVERY_SENT:
                    assert m.text in sent, "what is called sent was sent"

    def all_replies_settled(self):
        return all(m.delivery in (pb.DELIVERY_SENT, pb.DELIVERY_UNKNOWN) for c in self.histories()
                   for m in c.messages if m.direction == pb.DIRECTION_OUT)


@pytest.fixture
def redis():
    server = RedisServer(Path(tempfile.mkdtemp(prefix="hf-redis-"))).start()
    yield server
    server.end()


@pytest.fixture
def night_house(authority):
    houses = []

    def make(**options):
        houses.append(House(authority, pools={"calm": 1, "urgent": 1}, **options))
        return houses[-1].start()
    yield make
    for h in houses:
        h.end()


def on_call(house):
    [pool] = [p for p in house.pools if p.kind == "urgent"]
    return pool, house.hire(pool, name=pool.first, roles=[pb.ROLE_AUDITOR])


def slow_carrier(sent):
    """Long enough for a kill to fall into the middle of a send."""
    pause(0.03)
    return "accept"


def test_kill_of_holdfastd_at_random_moments(night_house, redis, seeded):
    house = night_house(redis=redis)
    lonely, doctor = on_call(house)
    house.carrier.behave = slow_carrier
    with Night(house, seeded) as night:
        for i in range(KILLS):
            pause(seeded.uniform(0.0, 0.5))
            if i == KILLS // 2:
                house.text(lonely, new_number(), IMMINENT)  # falls due while nothing runs
            house.kill()
            if i == KILLS // 2:
                pause(1.2)
                assert not house.carrier.to(doctor.phone)
            elif seeded.random() < 0.25:
                house.start(wait=False)
                pause(seeded.uniform(0.0, 0.15))
                house.kill()  # while it starts
            house.restart()
            if i == KILLS // 2:
                house.carrier.wait(doctor.phone, deadline=5)
        paged = len(house.carrier.to(doctor.phone))
        house.carrier.wait(doctor.phone, paged + 1, deadline=10)
        night.settle()
        poll(night.all_replies_settled, LEASE + 15 * PATIENCE, "every reply to be sent or known to be in doubt", every=0.3)
        out = [m for c in night.reckon() for m in c.messages if m.direction == pb.DIRECTION_OUT]
    texts = sum(len(t.accepted) for t in night.texters)
    print(f"{texts} texts, {len(out)} replies, {sum(m.delivery == pb.DELIVERY_UNKNOWN for m in out)} of them in doubt")
    assert texts > 2 * KILLS and len(out) >= texts, "texters and counselors were at work"


def test_kill_of_an_external_redis(night_house, redis, seeded):
    house = night_house(redis=redis)
    lonely, doctor = on_call(house)
    with Night(house, seeded, texters=3) as night:
        for i in range(4):
            pause(seeded.uniform(0.2, 0.8))
            redis.kill()
            answer = house.post(night.pool, new_number(), "while it is down", deadline=10)
            assert answer.status == 503, answer
            assert poll(lambda: house.admin("/readyz").status == 503, 5, "/readyz to say so")
            assert house.admin("/healthz").status == 200, "the process itself is well"
            redis.start()
            house.wait_ready()
            if i == 1:
                house.text(lonely, new_number(), IMMINENT)
        house.carrier.wait(doctor.phone, deadline=8)
        night.settle()
        poll(night.all_replies_settled, LEASE + 15 * PATIENCE, "every reply to be sent or known to be in doubt", every=0.3)
        night.reckon()
        assert set().union(*(t.statuses for t in night.texters)) <= {200, 202, 503}
    assert house.process.alive()


def test_a_redis_that_hangs(night_house, redis):
    """No answer is not a yes: the gateway hears 503 in time, and its repetition is one message."""
    house = night_house(redis=redis)
    pool = house.take()
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), "first")
    conversation = console.take()
    redis.process.signal(signal.SIGSTOP)
    try:
        begin = time.monotonic()
        answer = house.post(pool, texter, "second", "the-same-id", deadline=15)
        assert answer.status == 503 and time.monotonic() - begin < 6 * PATIENCE, answer
        assert house.admin("/healthz").status == 200
        poll(lambda: house.admin("/readyz").status == 503, 10 * PATIENCE, "/readyz to say so")
    finally:
        redis.process.signal(signal.SIGCONT)
    house.wait_ready()
    for _ in range(2):
        house.text(pool, texter, "second", "the-same-id")
    house.text(pool, texter, "third")
    supervisor = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))
    assert [m.text for m in supervisor.history(conversation.id).messages] == ["first", "second", "third"]


def test_kill_of_the_embedded_redis(night_house, seeded):
    house = night_house()
    with Night(house, seeded, texters=3) as night:
        for _ in range(3):
            pause(seeded.uniform(0.2, 0.8))
            pid = house.redis_pid()
            os.kill(pid, signal.SIGKILL)
            poll(lambda: not house.is_ready() or redis_is_another(house, pid), 5, "the loss to be noticed")
            house.wait_ready()
            poll(lambda: redis_is_another(house, pid), 10, "another redis-server")
        night.settle()
        poll(night.all_replies_settled, LEASE + 15 * PATIENCE, "every reply to be sent or known to be in doubt", every=0.3)
        night.reckon()
        assert set().union(*(t.statuses for t in night.texters)) <= {200, 202, 503}


def redis_is_another(house, pid):
    return house.redis_pid() not in (0, pid)


def test_kill_of_both(night_house, seeded):
    house = night_house()
    with Night(house, seeded, texters=2) as night:
        for _ in range(2):
            pause(seeded.uniform(0.2, 0.6))
            pid = house.redis_pid()
            house.kill()
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it ended with its parent
            house.restart()
        night.settle()
        poll(night.all_replies_settled, LEASE + 15 * PATIENCE, "every reply to be sent or known to be in doubt", every=0.3)
        night.reckon()
