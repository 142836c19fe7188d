# SPDX-License-Identifier: Apache-2.0
"""While Redis cannot answer, texts are kept in the local spool, and stored later: each once, in order, as old as they are."""
import shutil
import signal
import subprocess
import threading
import time
import uuid
from pathlib import Path

import pytest

import spool
from house import PATH_SECRET, House, new_number
from poll import poll, stays
from preload import WallClock
from programs import PATIENCE
from schema import pb
from test_secrets import forms
from web import call

IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"
IN_TIME = 5.5  # the answer comes within 5 s; the rest is the way


@pytest.fixture
def make(authority, redis):
    houses = []

    def make(start=True, **options):
        houses.append(House(authority, redis=redis, **{"pools": {"calm": 4}, **options}))
        return houses[-1].start() if start else houses[-1]
    yield make
    for h in houses:
        h.end()


def post_in_time(house, pool, sender, text, provider_id=None):
    begin = time.monotonic()
    answer = house.post(pool, sender, text, provider_id, deadline=15)
    assert answer.status == 200 and time.monotonic() - begin < IN_TIME * PATIENCE, (answer, time.monotonic() - begin)
    return sender


def several_people(house, pool, people=5, each=4):
    """Texts of several people in turns. Returns what each of them wrote, in order."""
    senders = [new_number() for _ in range(people)]
    for i in range(each):
        for sender in senders:
            post_in_time(house, pool, sender, f"{sender} {i}")
    return sorted([f"{sender} {i}" for i in range(each)] for sender in senders)


def test_down(make, redis):
    house = make()
    pool = house.take()
    before = post_in_time(house, pool, new_number(), "before")
    redis.kill()
    written = several_people(house, pool)
    assert spool.records(house) == 20
    assert house.admin("/readyz").status == 503 and house.admin("/healthz").status == 200
    redis.start()
    spool.wait_empty(house)
    house.wait_ready()
    assert sorted(spool.texts_of(house, pool)) == sorted(written + [["before"]])
    house.check_states()
    assert spool.sums(house)["spooled"] == 20
    assert house.metric("holdfast_spool_replayed_total", result="stored") == 20
    assert before


def test_hangs(make, redis):
    """Texts that Redis had, too, when it stopped, are one text each."""
    house = make()
    pool = house.take()
    redis.process.signal(signal.SIGSTOP)
    try:
        sender, threads = new_number(), []
        for i in range(3):
            threads.append(threading.Thread(target=post_in_time, args=(house, pool, sender, f"text {i}")))
            threads[-1].start()
            poll(lambda: house.metric("holdfast_received_total") == i + 1, 5, "the text to arrive")
        for thread in threads:
            thread.join(20)
        assert spool.records(house) == 3 and spool.sums(house)["spooled"] == 3
        post_in_time(house, pool, sender, "text 3")
    finally:
        redis.process.signal(signal.SIGCONT)
    spool.wait_empty(house)
    house.wait_ready()
    assert spool.texts_of(house, pool) == [["text 0", "text 1", "text 2", "text 3"]]
    spool.sums(house)


def test_what_went_to_the_spool_does_not_overtake_from_redis(make, redis):
    """Redis goes on when the first text's time there is over, and the second's is not."""
    house = make()
    pool, answers = house.take(), []
    sender = house.text(pool, new_number(), "first")  # so that both have to be sealed again for its conversation

    def write(text):
        thread = threading.Thread(target=lambda: answers.append(house.post(pool, sender, text, deadline=15)))
        thread.start()
        return thread
    redis.process.signal(signal.SIGSTOP)
    try:
        threads = [write("second")]
        stays(lambda: not answers, 1.5)
        threads.append(write("third"))
        poll(lambda: len(answers) == 2, 5 * PATIENCE, "both to be in the spool")
    finally:
        redis.process.signal(signal.SIGCONT)
    spool.wait_empty(house)
    assert [a.status for a in answers] == [200, 200]
    assert spool.texts_of(house, pool) == [["first", "second", "third"]]


def test_a_repetition_is_one_text(make, redis):
    house = make()
    pool, sender = house.take(), new_number()
    post_in_time(house, pool, sender, "stored", "a")
    redis.kill()
    for _ in range(3):
        post_in_time(house, pool, sender, "stored", "a")
        post_in_time(house, pool, sender, "spooled", "b")
    redis.start()
    spool.wait_empty(house)
    post_in_time(house, pool, sender, "spooled", "b")
    assert spool.texts_of(house, pool) == [["stored", "spooled"]]
    assert house.metric("holdfast_spool_replayed_total", result="duplicate") == 5


def test_killed_with_a_filled_spool(make, redis):
    house = make()
    pool = house.take()
    redis.kill()
    written = several_people(house, pool)
    house.kill()
    house.start(wait=False)
    poll(lambda: "event=spool_scanned records=20 people=5" in house.log_text(), 10 * PATIENCE, "the spool to be found")
    redis.start()
    spool.wait_empty(house)
    house.wait_ready()
    assert sorted(spool.texts_of(house, pool)) == written
    spool.sums(house)
    assert house.metric("holdfast_spool_found_total") == 20


def test_drained_with_a_filled_spool(make, redis):
    """A node that is told to go while Redis is away keeps what it has for its next start."""
    house = make()
    pool = house.take()
    redis.kill()
    written = several_people(house, pool, people=2, each=2)
    house.stop()
    house.start(wait=False)
    redis.start()
    house.wait_ready()
    spool.wait_empty(house)
    assert sorted(spool.texts_of(house, pool)) == written


def test_a_drain_costs_no_text(make, redis):
    """One that waits for a Redis that hangs, when the node is told to go, is still kept."""
    house = make()
    pool, answers = house.take(), []
    redis.process.signal(signal.SIGSTOP)
    try:
        writer = threading.Thread(target=lambda: answers.append(house.post(pool, new_number(), "just before", deadline=15)))
        writer.start()
        poll(lambda: house.metric("holdfast_received_total") == 1, 5, "the text to arrive")
        house.stop()
        writer.join(20)
    finally:
        redis.process.signal(signal.SIGCONT)
    assert [a.status for a in answers] == [200]
    house.start()
    spool.wait_empty(house)
    assert spool.texts_of(house, pool) == [["just before"]]


def test_moved_to_another_node(make, redis):
    """The runbook for a machine that does not come back."""
    gone, other = make(), make(start=False)
    pool = gone.take()
    redis.kill()
    written = several_people(gone, pool, people=3, each=3)
    gone.kill()
    other.config["node"] = "other"
    other.write_config()
    for folder in ("keys", "spool"):
        shutil.rmtree(other.folder / "state" / folder, ignore_errors=True)
        shutil.copytree(gone.folder / "state" / folder, other.folder / "state" / folder)
    redis.start()
    other.start()
    spool.wait_empty(other)
    assert sorted(spool.texts_of(other, pool)) == written


def test_started_without_redis(make, redis):
    house = make().stop() or make(start=False)
    pool = house.take()
    redis.kill()
    house.start(wait=False)
    poll(lambda: "listener=gateways" in house.log_text(), 10 * PATIENCE, "it to listen")
    written = several_people(house, pool, people=3, each=2)
    redis.start()
    spool.wait_empty(house)
    house.wait_ready()
    assert sorted(spool.texts_of(house, pool)) == written


def test_nobodys_texts_overtake_each_other(make, redis):
    """Somebody writes and writes, while Redis goes and comes."""
    house = make()
    pool, sender, done = house.take(), new_number(), threading.Event()
    written = []

    def write():
        while not done.is_set():
            post_in_time(house, pool, sender, str(len(written)))
            written.append(str(len(written)))
    others = [new_number() for _ in range(3)]
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(4):
            count = len(written)
            poll(lambda: len(written) > count + 10, 20 * PATIENCE, "some texts")
            redis.kill()
            for other in others:
                post_in_time(house, pool, other, "from somebody else")
            redis.start()
            spool.wait_empty(house)
    finally:
        done.set()
        writer.join(20)
    house.wait_ready()
    [found] = [texts for texts in spool.texts_of(house, pool) if texts[0].isdigit()]
    assert found == written, [t for i, t in enumerate(found) if t != str(i)][:10]
    assert spool.sums(house)["spooled"] > 3 * 4


def test_full(make, redis):
    def small(config):
        config["spool"] = {"size_mb": 8}
    house = make(edit=small)
    pool = house.take()
    redis.kill()
    taken = []
    for i in range(400):
        text = f"{i} " + "long " * 10000
        answer = house.post(pool, new_number(), text)
        if answer.status != 200:
            break
        taken.append([text])
    assert answer.status == 503 and answer.headers["Retry-After"] and 50 < len(taken) < 200, (answer, len(taken))
    poll(lambda: spool.alarm(house, "spool_refuses") and spool.alarm(house, "spool_half"), 5, "the alarms")
    redis.start()
    spool.wait_empty(house, 40)
    house.wait_ready()
    poll(lambda: not spool.alarm(house, "spool_refuses"), 20, "the alarm to end")
    house.text(pool, new_number(), "short")
    assert sorted(spool.texts_of(house, pool)) == sorted(taken + [["short"]])
    assert spool.sums(house)["unavailable"] == 1


def test_an_old_imminent_text_escalates_at_once(make, redis):
    within = 4

    def soon(config):
        for pool in config["pools"]:
            pool["answer_within"] = {f"{level}_s": within if level == "imminent" else 3600
                                     for level in ("imminent", "high", "unknown", "medium", "low")}
    house = make(pools={"urgent": 1}, edit=soon)
    pool = house.take("urgent")
    doctor = house.hire(pool, name=pool.first, roles=[pb.ROLE_AUDITOR])
    redis.kill()
    arrived = time.time() * 1000
    post_in_time(house, pool, new_number(), IMMINENT)
    stays(lambda: spool.records(house) == 1, within + 0.5, "the text in the spool")
    redis.start()
    house.wait_ready()
    spool.wait_empty(house)
    kept = spool.conversation(house, pool)
    assert abs(int(kept["enqueued"]) - arrived) < 1000 and int(kept["answer_by"]) == int(kept["enqueued"]) + within * 1000
    assert time.time() * 1000 > int(kept["answer_by"])
    house.carrier.wait(doctor.phone, deadline=2 * PATIENCE)


def test_an_old_record_raises_an_alarm(make, redis):
    def soon(config):
        config["spool"] = {"page_after_s": 1}
    house = make(edit=soon)
    pool = house.take()
    redis.kill()
    post_in_time(house, pool, new_number(), "hello")
    poll(lambda: spool.alarm(house, "spool_old"), 5 * PATIENCE, "the alarm")
    assert house.metric("holdfast_spool_oldest_seconds") >= 1
    redis.start()
    spool.wait_empty(house)
    poll(lambda: not spool.alarm(house, "spool_old"), 5 * PATIENCE, "the alarm to end")


def test_nothing_in_clear(make, redis):
    house = make()
    pool, words, sender = house.take(), "xylophone quagmire canary", "+15005558271"
    redis.kill()
    post_in_time(house, pool, sender, words)
    found = spool.files(house)
    assert any(p.stat().st_size > 4096 for p in found)
    for path in found:
        data = path.read_bytes()
        for secret in (words, words.split()[0], sender, sender[1:], sender[2:]):
            for form in forms(secret):
                assert form not in data, (path, secret)
    for secret in (words.split()[0], sender, sender[2:]):
        assert secret not in house.log_text()


def test_a_damaged_record_is_put_aside(make, redis):
    house = make()
    pool = house.take()
    redis.kill()
    sent = [post_in_time(house, pool, new_number(), f"text {i}") for i in range(3)]
    house.kill()
    segment = max(spool.files(house), key=lambda p: len(p.read_bytes().strip(b"\0")))
    data = bytearray(segment.read_bytes())
    data[len(data.rstrip(b"\0")) // 2] ^= 1
    segment.write_bytes(data)
    house.start(wait=False)
    redis.start()
    house.wait_ready()
    spool.wait_empty(house)
    assert spool.alarm(house, "spool_damaged") and [p for p in spool.files(house) if p.suffix in (".damaged", ".refused")]
    assert len(spool.texts_of(house, pool)) == 2 and sent
    spool.sums(house)


def test_what_another_key_sealed_is_put_aside(make, redis):
    house = make()
    pool = house.take()
    redis.kill()
    post_in_time(house, pool, new_number(), "sealed by a key that is gone")
    house.kill()
    for key in (house.folder / "state/keys").iterdir():
        key.unlink()
    house.keys()
    house.start(wait=False)
    redis.start()
    house.wait_ready()
    spool.wait_empty(house)
    poll(lambda: spool.alarm(house, "spool_damaged"), 5, "the alarm")
    assert [p for p in spool.files(house) if p.suffix == ".refused"]
    spool.sums(house)


def test_the_unreadable_is_spooled_too(make, redis):
    house = make()
    redis.kill()
    target = f"/v1/gateways/kannel/messages/{PATH_SECRET}?from=%2B15005550001"
    for _ in range(2):
        answer = call(house.gateways_port, "POST", target, b"marmalade", {"Content-Type": "text/plain"}, house.context)
        assert answer.status == 200, answer
    assert spool.records(house) == 2
    redis.start()
    spool.wait_empty(house)
    poll(lambda: house.metric("holdfast_quarantined") == 1, 10 * PATIENCE, "the entry")
    spool.sums(house)


def test_a_key_that_cannot_be_read(make, redis):
    """The text is kept for a supervisor, and others go on."""
    house = make()
    pool = house.take()
    sender = house.text(pool, new_number(), "first")
    [texter] = house.cli("keys", f"{{{pool.name}}}:texter:*")
    house.cli("hset", texter, "key", "garbage")
    post_in_time(house, pool, sender, "second")
    redis.kill()
    post_in_time(house, pool, sender, "third")
    redis.start()
    spool.wait_empty(house)
    console = spool.supervisor(house, pool)
    held = [console.ask("read_quarantined", id=e.id).request for e in console.ask("get_quarantine").entries]
    assert sorted(r.rsplit(b"\n", 1)[1] for r in held) == [b"second", b"third"] and all(sender.encode() in r for r in held)
    assert spool.sums(house)["quarantined"] == 1


def test_what_can_never_be_stored_stands_in_nobodys_way(make, redis, tmp_path):
    """A conversation whose data is broken: after ten minutes of trying its text is for a supervisor."""
    clock = WallClock(tmp_path)
    house = make(environment=clock.environment)
    pool = house.take()
    sender = house.text(pool, new_number(), "first")
    [key] = house.cli("keys", f"{{{pool.name}}}:ms:*")
    house.cli("set", key, "no list")  # of messages
    for i in range(70):  # more than are taken at a time
        post_in_time(house, pool, sender, f"second {i}")
    house.text(pool, new_number(), "somebody else")
    stays(lambda: spool.records(house) == 70, 1)
    clock.pass_time(11 * 60)
    house.wait_ready()
    poll(lambda: house.post(pool, new_number(), "and another").status == 200, 10 * PATIENCE, "the link to be back")
    spool.wait_empty(house, 60)
    console = spool.supervisor(house, pool)
    entries = console.ask("get_quarantine").entries
    assert {e.reason for e in entries} == {"it could not be stored, while others could"}
    kept = [console.ask("read_quarantined", id=e.id).request.rsplit(b"\n", 1)[1] for e in entries]
    assert sorted(kept) == sorted(b"second %d" % i for i in range(70))
    spool.sums(house)


def test_long_refused_is_not_hopeless(make, redis, tmp_path):
    """Redis refuses everybody for longer than a record may fail alone, and then stores somebody else's text first."""
    clock = WallClock(tmp_path)
    house = make(environment=clock.environment)
    pool = house.take()
    house.cli("config", "set", "maxmemory", "1")
    several_people(house, pool)
    poll(lambda: house.log_text().count("event=not_stored") > 20, 10 * PATIENCE, "the records to fail")
    clock.pass_time(11 * 60)
    house.cli("config", "set", "maxmemory", "0")
    poll(lambda: house.post(pool, new_number(), "somebody else").status == 200, 10 * PATIENCE, "the link to be back")
    spool.wait_empty(house, 60)
    assert spool.sums(house)["quarantined"] == 0
    assert house.metric("holdfast_spool_replayed_total", result="quarantined") == 0
    assert house.metric("holdfast_spool_replayed_total", result="stored") >= 20


def test_a_line_that_is_gone(make, redis):
    house = make()
    pool, other = house.take(), house.take()
    redis.kill()
    post_in_time(house, pool, new_number(), "to a line that will be gone")
    post_in_time(house, other, new_number(), "to one that stays")
    house.kill()
    house.config["lines"] = [entry for entry in house.config["lines"] if entry["number"] != pool.line]
    for policy in house.config["policies"]:
        policy["line"] = other.line
    house.write_config()
    house.start(wait=False)
    redis.start()
    house.wait_ready()
    spool.wait_empty(house)
    assert spool.texts_of(house, other) == [["to one that stays"]]
    poll(lambda: house.metric("holdfast_quarantined") == 1, 10 * PATIENCE, "the entry")


def test_an_acknowledgement_from_the_spool(make, redis):
    house = make(pools={"urgent": 1})
    pool = house.take("urgent")
    doctor = house.hire(pool, name=pool.first, roles=[pb.ROLE_AUDITOR])
    house.text(pool, new_number(), IMMINENT)
    house.carrier.wait(doctor.phone)
    redis.kill()
    post_in_time(house, pool, doctor.phone, "ok")
    redis.start()
    spool.wait_empty(house)
    house.wait_ready()
    [page] = house.operator.ask("get_pages").pages
    assert page.acknowledged_by == doctor.name
    assert house.metric("holdfast_spool_replayed_total", result="acknowledgement") == 1


def test_doctor_and_status_say_it(make, redis):
    house = make()
    pool = house.take()
    post_in_time(house, pool, new_number(), uuid.uuid4().hex)
    operator = house.operator

    def check(name):
        [found] = [c for c in operator.ask("run_checks").checks if c.name == name]
        return found
    assert check("spool").ok and not check("spool").warning and "empty" in check("spool").text
    assert check("ledger").ok and "1 received = 1 stored" in check("ledger").text
    assert any("Twilio" in c.text and "fallback" in c.text for c in operator.ask("run_checks").checks)
    redis.kill()
    post_in_time(house, pool, new_number(), "kept")
    assert check("spool").warning and "1 records wait for Redis" in check("spool").text
    assert "1 spooled" in check("ledger").text and check("ledger").ok
    assert not check("redis").ok and "local spool" in check("redis").text
    poll(lambda: any("kept in the local spool" in a for a in operator.ask("get_status").alarms), 20, "status to say so")
    redis.start()
    spool.wait_empty(house)


# ---- a disk that does not do its part


class Faulty:
    """While it lives, the calls of a running holdfastd to its disk fail or are late, as strace's `inject` says."""

    def __init__(self, house, fault):
        self.house = house
        self.strace = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", house.folder / "trace", "-e", "trace=fdatasync", "-e", f"inject=fdatasync:{fault}",
             "-p", str(house.process.pid)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        status = Path(f"/proc/{self.house.process.pid}/task")
        poll(lambda: all("TracerPid:\t0\n" not in (t / "status").read_text() for t in status.iterdir()), 10, "strace to attach")
        return self

    def __exit__(self, *_):
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait(20)


def test_a_disk_that_fails(make, redis):
    house = make()
    pool = house.take()
    redis.kill()
    with Faulty(house, "error=EIO"):
        answer = house.post(pool, new_number(), "nobody could keep it", deadline=15)
        assert answer.status == 503 and answer.headers["Retry-After"], answer
        poll(lambda: spool.alarm(house, "spool_refuses"), 5 * PATIENCE, "the alarm")
        redis.start()
        house.wait_ready()
        house.text(pool, new_number(), "Redis is enough")
        redis.kill()
    poll(lambda: not spool.alarm(house, "spool_refuses"), 20 * PATIENCE, "a try that shows that it is over")
    post_in_time(house, pool, new_number(), "kept")
    redis.start()
    spool.wait_empty(house)
    house.wait_ready()
    texts = sorted(spool.texts_of(house, pool))
    # What the disk said no to may be on it all the same, and is found at the next start at the latest.
    assert [t for t in texts if t != ["nobody could keep it"]] == [["Redis is enough"], ["kept"]]
    assert spool.sums(house)["unavailable"] == 1


def test_a_disk_that_hangs(make, redis):
    house = make()
    pool, sender = house.take(), new_number()
    redis.kill()
    with Faulty(house, "delay_enter=8000000:when=1"):
        begin = time.monotonic()
        answer = house.post(pool, sender, "once", "the-same-id", deadline=15)
        assert answer.status == 503 and 4.9 < time.monotonic() - begin < IN_TIME * PATIENCE, answer
        assert house.admin("/healthz").status == 200
        poll(lambda: spool.alarm(house, "spool_refuses"), 3, "the alarm")
        poll(lambda: spool.records(house) == 1, 20 * PATIENCE, "the disk to go on")
    post_in_time(house, pool, sender, "once", "the-same-id")
    poll(lambda: not spool.alarm(house, "spool_refuses"), 5 * PATIENCE, "the alarm to end")
    redis.start()
    spool.wait_empty(house)
    house.wait_ready()
    assert spool.texts_of(house, pool) == [["once"]]
    counts = spool.sums(house)
    assert (counts["unavailable"], counts["spooled"]) == (1, 1)


def test_redis_is_asked_again_when_the_spool_refuses(make, redis):
    """It only hangs for a while, and there is time left."""
    house = make()
    pool = house.take()
    with Faulty(house, "error=EIO"):
        redis.process.signal(signal.SIGSTOP)
        try:
            answers = []
            writer = threading.Thread(target=lambda: answers.append(house.post(pool, new_number(), "late", deadline=15)))
            writer.start()
            poll(lambda: house.metric("holdfast_received_total") == 1, 5, "the text to arrive")
            stays(lambda: not answers, 3.5)
        finally:
            redis.process.signal(signal.SIGCONT)
        writer.join(20)
        assert [a.status for a in answers] == [200]
    counts = spool.sums(house)
    assert counts["stored"] + counts["duplicate"] == 1  # Redis may have had it from the first time
