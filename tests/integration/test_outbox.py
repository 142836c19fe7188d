# SPDX-License-Identifier: Apache-2.0
"""What goes out: in order, by urgency, at the provider's pace, once; and what is left to the counselor."""
import signal
import tempfile
import threading
import time
from pathlib import Path

import pytest

from carrier import Carrier
from house import TWILIO_ACCOUNT, TWILIO_TOKEN, TWILIO_URL, House, new_number
from poll import poll, stays
from programs import PATIENCE, program
from redis_server import RedisServer
from schema import pb
from twilio import Signer, StandIn, inbound_form
from typed import Typed
from web import call

# Pools by the gateway of their line. Each of these gateways is a Kannel but the last.
GATEWAYS = ["kannel"] * 2 + ["slow", "stuck", "brief", "brief", "lazy"] + ["asked"] * 3
RATE = 4


@pytest.fixture(scope="module")
def slow():
    carrier = Carrier()
    yield carrier
    carrier.end()


@pytest.fixture(scope="module")
def stuck():
    """Takes connections and does not answer before it is told to."""
    carrier = Carrier()
    carrier.free = threading.Event()
    carrier.behave = lambda sent: "accept" if carrier.free.wait(60) else "refuse"
    yield carrier
    carrier.free.set()
    carrier.end()


@pytest.fixture(scope="module")
def api():
    stand_in = StandIn(TWILIO_ACCOUNT, TWILIO_TOKEN)
    yield stand_in
    stand_in.end()


@pytest.fixture(scope="module")
def house(authority, slow, stuck, api):
    def edit(config):
        kannel, twilio = config["gateways"]
        for name, more in {"slow": {"send_url": slow.url, "rate_per_s": RATE}, "stuck": {"send_url": stuck.url},
                           "brief": {"validity_s": 1}, "lazy": {}}.items():
            config["gateways"].append({**kannel, "name": name, **more})
        twilio["send_url"] = api.url
        for line, gateway in zip(config["lines"], GATEWAYS):
            line["gateway"] = "twilio" if gateway == "asked" else gateway
        # Pages of the pool whose replies are stuck go through a gateway that works.
        config["policies"][GATEWAYS.index("stuck")]["line"] = config["lines"][0]["number"]
        config["pools"][GATEWAYS.index("stuck")]["answer_within"] = {f"{level}_s": 2 for level in (
            "imminent", "high", "unknown", "medium", "low")}

    h = House(authority, pools={"calm": len(GATEWAYS)}, edit=edit)
    h.spare = {}
    for pool, gateway in zip(h.pools, GATEWAYS):
        pool.gateway = gateway
        h.spare.setdefault(gateway, []).append(pool)
    try:
        h.start()
        yield h
    finally:
        stuck.free.set()
        h.end()


def take(house, gateway):
    return house.spare[gateway].pop()


def held_conversation(house, pool, console=None):
    console = console or house.counselor(pool, capacity=10)
    texter = house.text(pool, new_number(), "hello", gateway=pool.gateway)
    return console, console.take(), texter


def delivery(console, conversation, message):
    """What the counselor sees of a reply now."""
    return next(m for m in console.history(conversation.id).messages if m.id == message.id).delivery


def becomes(console, message, wanted, deadline=5.0):
    return console.expect("delivery_change", lambda d: d.message == message.id and d.delivery == wanted,
                          deadline=deadline * PATIENCE)


def test_order_is_kept_when_the_first_is_tried_again(house):
    pool = take(house, "kannel")
    console, conversation, texter = held_conversation(house, pool)
    refusals = []

    def busy_thrice(sent):
        if sent.to == texter and sent.text == "one" and len(refusals) < 3:
            refusals.append(sent)
            return "busy"
        return "accept"

    house.carrier.behave = busy_thrice
    try:
        for text in ("one", "two", "three"):
            console.reply(conversation, text)
        house.carrier.wait(texter, 3, deadline=20)
    finally:
        house.carrier.behave = lambda sent: "accept"
    assert [s.text for s in house.carrier.to(texter)] == ["one", "two", "three"]
    assert [s.text for s in house.carrier.tries if s.to == texter] == ["one"] * 4 + ["two", "three"]


def test_a_provider_says_when_to_come_again(house):
    pool = take(house, "kannel")
    console, conversation, texter = held_conversation(house, pool)
    house.carrier.behave = lambda sent: ("busy", {"Retry-After": "4"}) if len(tries()) == 1 else "accept"

    def tries():
        return [s for s in house.carrier.tries if s.to == texter]

    try:
        console.reply(conversation, "patience")
        house.carrier.wait(texter, deadline=15)
    finally:
        house.carrier.behave = lambda sent: "accept"
    first, second = tries()
    assert second.at - first.at >= 3.9


def test_a_provider_who_wants_a_day_is_asked_again_in_minutes(house):
    pool = take(house, "lazy")
    console, conversation, texter = held_conversation(house, pool)
    house.carrier.behave = lambda sent: ("busy", {"Retry-After": "86400"}) if sent.to == texter else "accept"

    def due():
        (_, score), = house.cli("ZRANGE", f"{{{pool.name}}}:out:lazy:reply", 0, -1, "WITHSCORES")
        return float(score) / 1000 - time.time()
    try:
        reply = console.reply(conversation, "patience")
        console.expect("delivery_change", lambda d: d.message == reply.id and d.note)
    finally:
        house.carrier.behave = lambda sent: "accept"
    assert 200 < due() <= 300


def test_a_stuck_gateway_delays_no_page(house, stuck):
    pool = take(house, "stuck")
    doctor = house.hire(pool, name=pool.last, roles=[pb.ROLE_AUDITOR])
    held = []
    for _ in range(3):
        console = house.counselor(pool, capacity=10)
        held += [(console, held_conversation(house, pool, console)[1]) for _ in range(10)]
    for i in range(17):
        for console, conversation in held:
            console.reply(conversation, f"reply {i}")
        if i == 0:
            poll(lambda: len(stuck.tries) >= 16, what="all slots to be taken")
            stays(lambda: len(stuck.tries) == 16, 1.2, "no call beyond the slots")
    paged = len(house.carrier.to(doctor.phone))
    house.text(pool, new_number(), "is anybody there?", gateway="stuck")
    page = house.carrier.wait(doctor.phone, paged + 1, deadline=6)
    assert "ACK" in page.text
    health = {g.name: g.outbox for g in house.operator.ask("get_status").gateways}
    assert health["stuck"] >= 400 and health["slow"] == 0
    poll(lambda: house.metric("holdfast_outbox", kind="reply") >= 400, 8 * PATIENCE, "the gauge to say so")
    assert house.metric("holdfast_outbox_oldest_ms", kind="reply") >= 1000
    stuck.free.set()
    poll(lambda: len(stuck.sent) == 510, 30 * PATIENCE, "all replies to go out when it works again", every=0.1)
    by_person = {}
    for sent in stuck.sent:
        by_person.setdefault(sent.to, []).append(sent.text)
    assert all(texts == [f"reply {i}" for i in range(17)] for texts in by_person.values())


def test_replies_go_before_notices_and_the_rate_is_kept(house, slow):
    pool = take(house, "slow")
    doctor = house.hire(pool, roles=[pb.ROLE_AUDITOR])
    console, conversation, texter = held_conversation(house, pool)
    for _ in range(16):
        house.text(pool, doctor.phone, "ACK 9999", gateway="slow")  # each is answered by a notice
    slow.wait(doctor.phone)
    before = len(slow.sent)
    replies = [console.reply(conversation, f"reply {i}") for i in range(4)]
    for reply in replies:
        becomes(console, reply, pb.DELIVERY_SENT, 10)
    among = [s.to for s in slow.sent[before:] if s.at <= slow.to(texter)[-1].at]
    # One notice may be on its way when a reply comes, and between two replies, which go one by one.
    assert among.count(doctor.phone) <= 5, among
    slow.wait(doctor.phone, 16, deadline=15)
    times = [s.at for s in slow.sent]
    for i, start in enumerate(times):
        within = [t for t in times[i:] if t < start + 1.0]
        assert len(within) <= RATE + 2, f"{len(within)} texts in a second"
    assert times[-1] - times[0] >= (len(times) - 2) / RATE * 0.9


def test_the_provider_is_asked_about_what_may_have_been_sent(house, api, signer):
    pool = take(house, "asked")
    console, conversation, texter = asked_conversation(house, pool, signer)
    api.behave = lambda sent: "drop" if sent.text == "in doubt" else "accept"
    doubtful = console.reply(conversation, "in doubt")
    later = console.reply(conversation, "and then")
    becomes(console, doubtful, pb.DELIVERY_UNKNOWN)
    becomes(console, later, pb.DELIVERY_SENT)  # what is in doubt holds up nobody
    assert api.asked == 0
    ask_now(house, pool, doubtful)
    becomes(console, doubtful, pb.DELIVERY_SENT)
    assert [s.text for s in api.to(texter)] == ["in doubt", "and then"]
    entry = house.cli("hget", f"{{{pool.name}}}:o:{doubtful.id}", "provider_id")
    assert entry == api.to(texter)[0].sid
    assert house.cli("zscore", f"{{{pool.name}}}:due", f"ask:{doubtful.id}") is None


def test_what_the_provider_does_not_know_stays_in_doubt(house, api, signer):
    pool = take(house, "asked")
    console, conversation, texter = asked_conversation(house, pool, signer)
    api.behave = lambda sent: "drop"
    doubtful = console.reply(conversation, "into the void")
    becomes(console, doubtful, pb.DELIVERY_UNKNOWN)
    api.behave = lambda sent: "accept"
    del api.sent[[s.to for s in api.sent].index(texter)]  # Twilio never had it
    for asked in range(1, 4):
        before = api.asked
        ask_now(house, pool, doubtful)
        poll(lambda: api.asked == before + 1, what=f"question {asked}")
    change = console.expect("delivery_change", lambda d: d.message == doubtful.id and "does not know" in d.note)
    assert change.delivery == pb.DELIVERY_UNKNOWN
    assert house.cli("zscore", f"{{{pool.name}}}:due", f"ask:{doubtful.id}") is None
    assert not api.to(texter), "nothing is sent again by itself"


@pytest.fixture(scope="module")
def signer():
    s = Signer()
    yield s
    s.end()


def asked_conversation(house, pool, signer):
    console, texter, target = house.counselor(pool), new_number(), "/v1/gateways/twilio/messages"
    body = inbound_form(TWILIO_ACCOUNT, texter, pool.line, "hello")
    answer = call(house.gateways_port, "POST", target, body, {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": signer.form(TWILIO_TOKEN, TWILIO_URL + target, body)}, house.context)
    assert answer.status == 200, answer
    return console, console.take(), texter


def ask_now(house, pool, message):
    """The question is due: it would be half a minute from now."""
    key, timer = f"{{{pool.name}}}:due", f"ask:{message.id}"
    assert house.cli("zscore", key, timer) is not None
    house.cli("zadd", key, "XX", 1, timer)


def test_a_late_reply_is_held_and_sent_when_asked_for(house):
    pool = take(house, "brief")
    console, conversation, texter = held_conversation(house, pool)
    house.carrier.behave = lambda sent: "busy" if sent.to == texter else "accept"
    late = console.reply(conversation, "hours too late")
    change = becomes(console, late, pb.DELIVERY_HELD, 10)
    assert "in time" in change.note
    house.carrier.behave = lambda sent: "accept"
    stays(lambda: not house.carrier.to(texter), 1.2, "what is held stays held")
    ask = {"conversation": conversation.id, "message": late.id}
    assert console.refused("send_held", **ask, epoch=conversation.epoch + 1) == "stale"
    assert console.refused("send_held", conversation=conversation.id, epoch=conversation.epoch, message="x") == "not_found"
    for _ in range(2):
        answer = console.ask("send_held", **ask, epoch=conversation.epoch)
        assert answer.message.id == late.id and answer.message.text == "hours too late"
        assert answer.message.delivery in (pb.DELIVERY_QUEUED, pb.DELIVERY_SENT)
    becomes(console, late, pb.DELIVERY_SENT)
    console.ask("send_held", **ask, epoch=conversation.epoch)
    assert [s.text for s in house.carrier.to(texter)] == ["hours too late"]
    house.carrier.behave = lambda sent: "busy" if sent.to == texter else "accept"
    never = console.reply(conversation, "never")
    becomes(console, never, pb.DELIVERY_HELD, 10)
    house.carrier.behave = lambda sent: "accept"
    console.hang_up(conversation)
    body = console.request("send_held", conversation=conversation.id, epoch=conversation.epoch, message=never.id)
    assert body.code == "conflict" and "closed" in body.text
    assert len(house.carrier.to(texter)) == 1


def test_the_terminal_shows_and_sends_what_is_held(house):
    pool = take(house, "brief")
    person = house.hire(pool)
    password = house.folder / f"{person.name}.password"
    password.write_text(person.password + "\n")
    password.chmod(0o600)
    console = Typed([program("holdfast-console"), "--config", house.config_file, "--user", person.name, "--password-file",
                     password], house.folder / f"{person.name}.log")
    console.wait(r"\[you\] signed in")
    console.type("/available")
    texter = house.text(pool, new_number(), "hello", gateway=pool.gateway)
    console.wait(r"\[offer\]")
    console.type("/accept")
    console.wait(r"texter: hello")
    console.type("/sendheld")
    console.wait("no reply of this conversation is held")
    house.carrier.behave = lambda sent: "busy" if sent.to == texter else "accept"
    console.type("a late word")
    console.wait(r"you: a late word \(HELD: .*in time; NOT SENT, /sendheld")
    house.carrier.behave = lambda sent: "accept"
    console.type("/sendheld")
    assert house.carrier.wait(texter).text == "a late word"
    console.wait(r"you: a late word \(sent\)")
    assert console.end() == 0


# ---- a gateway goes out of the configuration


@pytest.fixture
def changing_house(authority):
    def edit(config):
        config["gateways"].append({**config["gateways"][0], "name": "old"})
        config["lines"][0]["gateway"] = "old"

    h = House(authority, edit=edit)
    try:
        yield h.start()
    finally:
        h.end()


def test_what_waits_for_a_gateway_that_is_gone(changing_house):
    """Nothing is stranded: doctor tells, and late replies are held, to go out through the line's new gateway."""
    house = changing_house
    [pool] = house.pools
    person = house.hire(pool)
    console = house.sign_in(person).available()
    house.text(pool, new_number(), "hello", gateway="old")
    conversation = console.take()
    house.carrier.behave = lambda sent: "busy"
    waiting = console.reply(conversation, "still there?")
    poll(lambda: house.carrier.tries, what="a first try")
    house.stop()
    house.config["gateways"].pop()
    house.config["lines"][0]["gateway"] = "kannel"
    house.write_config()
    house.carrier.behave = lambda sent: "accept"
    house.start()
    console = house.sign_in(person)
    poll(lambda: "old: 1 texts wait for it, and it is not configured" in house.ctl("doctor", check=False).stdout,
         10 * PATIENCE, "doctor to say so", every=0.2)
    key = f"{{{pool.name}}}"
    house.cli("hset", f"{key}:o:{waiting.id}", "created", 1)  # hours pass
    house.cli("zadd", f"{key}:out:old:reply", 1, f"{waiting.id} {conversation.id}")
    becomes(console, waiting, pb.DELIVERY_HELD, 10)
    assert not house.carrier.sent
    [held] = console.session.held
    console.ask("send_held", conversation=held.id, epoch=held.epoch, message=waiting.id)
    becomes(console, waiting, pb.DELIVERY_SENT)
    assert [s.text for s in house.carrier.sent] == ["still there?"]


# ---- two nodes


@pytest.fixture
def nodes(authority):
    redis = RedisServer(Path(tempfile.mkdtemp(prefix="hf-redis-"))).start()

    def meter(config):
        config["gateways"].append({**config["gateways"][0], "name": "metered", "rate_per_s": RATE})
        config["lines"][1]["gateway"] = "metered"
    first = House(authority, pools={"calm": 2}, redis=redis, edit=meter)

    def join(config):
        meter(config)
        config["node"] = "second"
        config["key_dir"] = first.folder / "state/keys"
    second = House(authority, pools={"calm": 2}, redis=redis, edit=join)
    try:
        yield first.start(), second.start(), redis
    finally:
        second.end()
        first.end()
        redis.end()


def test_a_node_stopped_in_mid_send(nodes):
    """SIGSTOP between the request and its answer, for longer than the lease: at most once out, and known in the end."""
    first, second, redis = nodes
    stopped, armed, answer = [], threading.Event(), threading.Event()

    def stop(house):
        def behave(sent):
            if not stopped:
                stopped.append(house)
                armed.wait(10)
                house.process.child.send_signal(signal.SIGSTOP)
                answer.wait(30)
            return "accept"
        return behave

    for house in nodes[:2]:
        house.carrier.behave = stop(house)
    pool = first.take()
    console = first.counselor(pool)
    texter = first.text(pool, new_number(), "hello")
    conversation = console.take()
    one = console.reply(conversation, "one")
    two = console.reply(conversation, "two")
    poll(lambda: stopped, what="a send")
    armed.set()
    [victim] = stopped
    other = second if victim is first else first
    # Its lease is over: half a minute passes at once.
    assert redis_hget(first, pool, one, "state") == "sending"
    first.cli("hset", f"{{{pool.name}}}:o:{one.id}", "lease_until", 1)
    first.cli("zadd", f"{{{pool.name}}}:out:kannel:reply", 1, f"{one.id} {conversation.id}")
    poll(lambda: redis_hget(first, pool, one, "state") == "unknown", 5 * PATIENCE, "the other node to see it")
    other.carrier.wait(texter, deadline=5)  # the next one goes out
    answer.set()
    victim.process.child.send_signal(signal.SIGCONT)
    poll(lambda: redis_hget(first, pool, one, "delivery") == "2", 10 * PATIENCE, "the stopped node to say what it knows")
    assert redis_hget(first, pool, two, "delivery") == "2"
    sent = [s.text for h in (first, second) for s in h.carrier.to(texter)]
    assert sorted(sent) == ["one", "two"]


def redis_hget(house, pool, message, field):
    return house.cli("hget", f"{{{pool.name}}}:o:{message.id}", field)


def test_nodes_share_a_rate(nodes):
    first, second, _ = nodes
    pool = first.pools[1]
    doctor = first.hire(pool, roles=[pb.ROLE_AUDITOR])

    def beats():
        counts = first.cli("hvals", "{nodes}:beats")
        return len(counts) == 2 and all(int(c) >= 3 for c in counts)

    poll(beats, 10 * PATIENCE, "each node to have seen the other")
    for _ in range(14):
        first.text(pool, doctor.phone, "ACK 9999", gateway="metered")

    def sent():
        return sorted(s.at for h in (first, second) for s in h.carrier.to(doctor.phone))

    poll(lambda: len(sent()) == 14, 15 * PATIENCE, "all notices")
    times = sent()
    most = max(len([t for t in times[i:] if t < start + 1.0]) for i, start in enumerate(times))
    assert most <= RATE + 3, f"{most} texts in a second"
