# SPDX-License-Identifier: Apache-2.0
"""`durability.copies`: what gateways were told is safe is on a replica or in the spool, whatever happens to Redis. The
servers run the samples of deploy/redis."""
import re
import subprocess
import threading
import time
import uuid
from pathlib import Path

import pytest

from house import House, new_number
from poll import poll, stays
from programs import PATIENCE, ROOT, Process
from redis_house import RedisHouse
from schema import pb


@pytest.fixture(scope="module")
def redis(authority):
    servers = RedisHouse(authority)
    try:
        yield servers.start()
    finally:
        servers.end()


@pytest.fixture(scope="module")
def house(authority, redis):
    h = House(authority, pools={"calm": 6}, edit=redis.configure)
    h.cli = redis.cli
    try:
        yield h.start()
    finally:
        h.end()


class Texter(threading.Thread):
    """A gateway's honest behaviour for one phone: each text is repeated, with the same id, until it is taken in."""

    def __init__(self, house, pool):
        super().__init__(daemon=True)
        self.house, self.pool = house, pool
        self.number = new_number()
        self.stop = threading.Event()
        self.accepted = []
        self.statuses = []
        self.slowest = 0.0

    def run(self):
        while not self.stop.is_set():
            text = f"{self.number[-4:]} text {len(self.accepted)}"
            provider_id = uuid.uuid4().hex
            while not self._deliver(text, provider_id):
                self.stop.wait(0.05)
            self.accepted.append(text)
            self.stop.wait(0.02)

    def _deliver(self, text, provider_id):
        began = time.monotonic()
        try:
            status = self.house.post(self.pool, self.number, text, provider_id, deadline=10).status
        except OSError:
            return False
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.statuses.append(status)
        return status in (200, 202)

    def end(self):
        self.stop.set()
        self.join(30)
        assert not self.is_alive()


def texters(house, pool, count=4):
    all_of_them = [Texter(house, pool) for _ in range(count)]
    for texter in all_of_them:
        texter.start()
    return all_of_them


def reckon(house, pool, phones):
    """Everything that was accepted is there, once and in order."""
    supervisor = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))

    def inbound():
        waiting = [e for e in supervisor.ask("get_queue", limit=500).entries if e.pool == pool.name]
        return sorted([m.text for m in supervisor.history(e.conversation).messages] for e in waiting)
    wanted = sorted(t.accepted for t in phones)
    try:
        poll(lambda: inbound() == wanted, 15 * PATIENCE, "all texts to be stored", every=0.3)
    except AssertionError:
        assert inbound() == wanted
    house.check_states([pool])
    supervisor.leave()
    return sum(map(len, wanted))


def conversations(server, pool):
    return len(server.cli("keys", f"\\{{{pool.name}\\}}:c:*"))


def test_what_is_accepted_is_on_a_replica(house, redis):
    pool = house.take()
    for i in range(20):
        house.text(pool, new_number(), f"text {i}")
        # With one copy demanded, one of the two has all that was acknowledged up to now.
        have = [conversations(r, pool) for r in redis.replicas()]
        assert max(have) == i + 1, have
    doctor = house.ctl("doctor", as_json=True, check=False)
    assert "role master, replicas 2, copies 1" in str(doctor)


class SlowFsync:
    """Every fdatasync of a process takes so much longer, while this lasts."""

    def __init__(self, member, seconds):
        self.member = member
        self.strace = Process(["strace", "-qq", "-p", member.process.pid, "-e", "trace=fdatasync",
                               "-e", f"inject=fdatasync:delay_enter={int(seconds * 1e6)}"], member.folder / "strace")

    def is_on(self):
        return "TracerPid:\t0" not in Path(f"/proc/{self.member.process.pid}/status").read_text()

    def end(self):
        self.strace.end()


def duration(action):
    began = time.monotonic()
    action()
    return time.monotonic() - began


def test_a_replica_acknowledges_after_its_own_fsync(house, redis):
    """Redis documents no such thing before 7.2: everything that `copies` promises rests on it."""
    pool = house.take()
    slow = [SlowFsync(r, 0.6) for r in redis.replicas()]
    try:
        poll(lambda: all(s.is_on() for s in slow), 5 * PATIENCE, "strace to be attached")
        assert duration(lambda: house.text(pool, new_number(), "slow disks")) >= 0.6
        slow.pop().end()
        # One of the two is enough, once it has caught up.
        poll(lambda: duration(lambda: house.text(pool, new_number(), "one slow disk")) < 0.3, 5 * PATIENCE, "a quick copy")
        slow.pop().end()
    finally:
        for s in slow:
            s.end()


def test_each_command_that_we_send_is_permitted(redis):
    lua = "".join(p.read_text() for p in (ROOT / "server/store/lua").rglob("*.lua"))
    c = "".join(p.read_text() for p in (ROOT / "server/store").glob("*.c"))
    commands = set(re.findall(r"redis\.call\(\s*'(\w+)'", lua)) | set(re.findall(r"call_command\(&\w+, \w+, \"(\w+)\"", c))
    commands |= set(re.findall(r"read_\w+\([^;]*?\"([A-Z]+)\"", c))
    assert len(commands) > 20, commands
    master = redis.master()
    for command in sorted(commands):
        [info] = master.cli("command", "info", command)
        arguments = ["{p}:x"] * (abs(info[1]) - 1)
        assert master.cli("acl", "dryrun", "holdfast", command, *arguments) == "OK", command
    for command, *arguments in (("keys", "*"), ("flushall",), ("config", "set", "x", "y"), ("monitor",), ("shutdown",),
                                ("debug", "sleep", "0"), ("eval", "return 0", "0"), ("replicaof", "no", "one"), ("save",),
                                ("restore", "k", "0", "x"), ("acl", "list"), ("client", "list"), ("script", "flush")):
        assert master.cli("acl", "dryrun", "holdfast", command, *arguments) != "OK", command


def test_the_password_is_never_shown(house, redis):
    for secret in ("holdfast-password", "admin-password"):
        assert secret not in house.log_text()
        for pid in [house.process.pid]:
            assert secret not in open(f"/proc/{pid}/cmdline", encoding="latin-1").read()


def alarms(house):
    return {name for name in ("redis_down", "copies_short") if house.metric("holdfast_alarm", alarm=name)}


def test_replicas_that_stop(house, redis):
    pool = house.take()
    house.text(pool, new_number(), "before")
    before = conversations(redis, pool)
    spooled = house.metric("holdfast_inbound_total", result="spooled")
    stopped = redis.replicas()
    for replica in stopped:
        replica.stop_for_a_while()
    sent = []
    try:
        # First WAIT comes back short, then, after 2 s, Redis refuses.
        end = time.monotonic() + 3
        while time.monotonic() < end:
            phone, provider_id = new_number(), uuid.uuid4().hex
            answer = house.post(pool, phone, "while alone", provider_id, deadline=10)
            sent.append((phone, provider_id, answer.status))
            assert answer.status in (200, 202), answer
            kept = house.metric("holdfast_inbound_total", result="spooled") - spooled
            assert kept == len(sent), "2xx, and only a master without replicas has it"
        # Those who read are not held up.
        assert duration(lambda: house.operator.ask("get_queue", limit=500)) < 1 * PATIENCE
        poll(lambda: alarms(house) == {"redis_down", "copies_short"}, 3 * PATIENCE, "both alarms")
    finally:
        for replica in stopped:
            replica.go_on()
    # All of them once, whether the gateway repeats them or the spool has them.
    for phone, provider_id, status in sent:
        poll(lambda: house.post(pool, phone, "while alone", provider_id, deadline=10).status in (200, 202), 15 * PATIENCE,
             "a repeated text to be taken in", every=0.1)
    poll(lambda: conversations(redis, pool) == before + len(sent), 15 * PATIENCE, "each text to be there once", every=0.2)
    house.check_states([pool])
    assert len(sent) >= 3
    poll(lambda: not alarms(house), 10 * PATIENCE, "the alarms to end")


def test_a_reply_waits_for_its_copy(house, redis):
    """What only the master knows could be forgotten, and sent a second time: nothing goes out before a replica has it."""
    pool = house.take()
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), "hello")
    conversation = console.take()
    spooled = house.metric("holdfast_inbound_total", result="spooled")
    stopped = redis.replicas()
    for replica in stopped:
        replica.stop_for_a_while()
    try:
        answer = console.request("reply", conversation=conversation.id, epoch=conversation.epoch, client_id="one", text="hi")
        assert answer.code == "unavailable", answer
        stays(lambda: not house.carrier.to(texter), 2.5, "nothing goes out")
    finally:
        for replica in stopped:
            replica.go_on()
    poll(lambda: not alarms(house), 10 * PATIENCE, "the alarms to end")
    supervisor = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))

    def outbound():
        return [m for m in supervisor.history(conversation.id).messages if m.direction == pb.DIRECTION_OUT]

    assert [m.client_id for m in outbound()] == ["one"], "it was stored, and its repetition would be the same one"
    assert house.carrier.wait(texter, deadline=10).text == "hi"
    poll(lambda: [m.delivery for m in outbound()] == [pb.DELIVERY_SENT], 10 * PATIENCE, "it to be called sent")
    stays(lambda: len(house.carrier.to(texter)) == 1, 1.2, "once")


def test_the_master_dies(house, redis):
    pool = house.take()
    phones = texters(house, pool)
    poll(lambda: all(len(t.accepted) > 20 for t in phones), 10 * PATIENCE, "texts before")
    old = redis.master()
    began = time.monotonic()
    old.kill()
    poll(lambda: redis.master() is not old, 20 * PATIENCE, "the Sentinels to name another", every=0.1)
    named = time.monotonic() - began
    house.wait_ready()
    ready = time.monotonic() - began
    old.start()  # as the master that it was
    so_far = [len(t.accepted) for t in phones]
    poll(lambda: all(len(t.accepted) > n + 20 for t, n in zip(phones, so_far)), 20 * PATIENCE, "texts after")
    for t in phones:
        t.end()
    stored = reckon(house, pool, phones)
    refused = sum(s == 503 for t in phones for s in t.statuses)
    print(f"{stored} texts, {refused} times 503, the new master named after {named:.1f} s, ready after {ready:.1f} s")
    assert ready - named < 3 * PATIENCE
    assert refused == 0, "the spool takes what Redis cannot"
    poll(lambda: redis.master().role() == "master", 5 * PATIENCE, "its role")
    # The old one has become a replica, and took nothing with it.
    poll(lambda: old.role() == "slave", 20 * PATIENCE, "the old master to follow the new one", every=0.1)
    assert reckon(house, pool, phones) == stored


def test_all_end_at_once_and_find_everything_in_their_files(house, redis):
    """What a script wrote is a transaction in the file, and Redis reads it with the rights of the user `default`."""
    pool = house.take()
    phones = texters(house, pool)
    poll(lambda: all(len(t.accepted) > 20 for t in phones), 10 * PATIENCE, "texts before")
    for t in phones:
        t.end()
    stored = reckon(house, pool, phones)
    members = [redis.master(), *redis.replicas()]
    for member in members:
        member.kill()
    for member in members:
        member.start()
    poll(lambda: any(m.role() == "master" for m in members), 20 * PATIENCE, "a master", every=0.1)
    house.wait_ready()
    assert reckon(house, pool, phones) == stored
    assert not any("CRITICAL" in m.log.read_text() for m in members)


def test_bad_rights_are_named(authority, redis):
    def edit(config):
        redis.configure(config)
        config["redis"]["user"] = "nobody-canary"
    h = House(authority, edit=edit)
    try:
        h.start(wait=False)
        assert h.process.wait_exit() == 1
        assert "event=redis_refused" in h.log_text() and "redis.password_file" in h.log_text()
        assert "holdfast-password" not in h.log_text()
    finally:
        h.end()


def test_each_server_starts_with_the_samples_only():
    """What the samples leave to whoever sets them up is marked, and refused until it is filled in."""
    for name in ("users.acl", "sentinel.acl"):
        text = (ROOT / "deploy/redis" / name).read_text()
        assert not re.search(r"#[0-9a-f]{64}|nopass|>", text), "no password of ours"
    done = subprocess.run(["redis-server", str(ROOT / "deploy/redis/redis.conf"), "--port", "0", "--dir", "/tmp"],
                          capture_output=True, text=True, timeout=10)
    assert done.returncode == 1
