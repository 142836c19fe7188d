# SPDX-License-Identifier: Apache-2.0
"""A whole Holdfast on loopback: configuration, keys, Redis, holdfastd, and the far side of its gateways.

A pool is the unit of consistency, so a test takes a pool of its own and shares the process with others."""
import copy
import itertools
import json
import re
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import custody
import programs
from carrier import Carrier
from console import Console, Refused
from poll import poll
from ports import free_port
from programs import PATIENCE, Process, program
from redis_server import redis_cli, redis_pid
from schema import pb
from web import DEADLINE, KannelPost, call
from yaml_text import to_yaml

PATH_SECRET = "path-secret-9f2c"
TWILIO_ACCOUNT = "AC" + "0123456789abcdef" * 2
TWILIO_TOKEN = "twilio-token-5d1e"
# What Twilio signs: the public name, which is not the one the test connects to.
TWILIO_URL = "https://sms.example.org"
OPERATOR = "operator"
OPERATOR_PASSWORD = "operator-password"

HOUR = 3600


def by_level(**seconds):
    return {f"{level}_s": value for level, value in seconds.items()}


def all_levels(value):
    return by_level(imminent=value, high=value, unknown=value, medium=value, low=value)


# calm: nothing happens by itself. brisk: offers and consoles are lost quickly. urgent: pages at once, in seconds.
KINDS = {
    "calm": dict(two_person_close="never", answer_within=all_levels(HOUR), offer_s=60, grace_s=2, wrap_up_s=60),
    "brisk": dict(two_person_close="never", answer_within=all_levels(HOUR), offer_s=2, grace_s=1, wrap_up_s=1),
    "urgent": dict(two_person_close="never", answer_within=all_levels(1), offer_s=2, grace_s=1, wrap_up_s=1),
    "urgent_again": dict(two_person_close="never", answer_within=all_levels(1), offer_s=2, grace_s=1, wrap_up_s=1),
}
# What a test counts at the carrier is what people wrote, and a closed conversation stays so: tests of automatic texts and of late ones turn
# them on.
for _kind in KINDS.values():
    _kind["automatic"] = False
    _kind["reopen_s"] = 0
ACKNOWLEDGE_S = {"urgent_again": 2}

_numbers = itertools.count(1000)


def new_number():
    """An invented phone number that no other test has."""
    return f"+1500555{next(_numbers):04d}"


class Pool:
    """`first`, `second` (by schedule) and `last` (catch-all) are the names its policy pages; nobody of them is hired yet."""

    def __init__(self, kind, name, line):
        self.kind = kind
        self.name = name
        self.line = line
        self.first, self.second, self.last = f"{name}-first", f"{name}-second", f"{name}-last"

    def configuration(self):
        rest = copy.deepcopy(KINDS[self.kind])
        pool = {"name": self.name, "policy": self.name, **rest}
        schedule = {"name": self.name, "zone": "Europe/Berlin", "shifts": [
            {"days": "daily", "from": "00:00", "to": "24:00", "people": [self.second]}]}
        policy = {"name": self.name, "line": self.line, "repeats": 1,
                  "levels": [{"targets": [f"person:{self.first}"], "delay_s": 1},
                             {"targets": [f"schedule:{self.name}"], "delay_s": 1}],
                  "acknowledge_s": ACKNOWLEDGE_S.get(self.kind, 600), "catch_all": [f"person:{self.last}"]}
        return pool, schedule, policy


class Person:
    def __init__(self, name, password, phone):
        self.name, self.password, self.phone = name, password, phone


class House:
    """`pools` says how many of each kind there are. `redis` is None for the embedded one, or a RedisServer that the
    caller minds. `beside` is a House of the same pools on the same Redis: this one becomes another node of it. `edit` may change the configuration, a dict, before it is written."""

    def __init__(self, authority, pools=None, redis=None, edit=None, log_level="info", send_url=None, twilio_url=None,
                 environment=None, beside=None):
        self.environment = environment  # of holdfastd, on top of ours
        self.authority = authority
        self.folder = Path(tempfile.mkdtemp(prefix="hf-"))
        self.carrier = Carrier()
        self.redis = redis
        self.context = authority.client()
        self.gateways_port, self.consoles_port, self.admin_port = free_port(), free_port(), free_port()
        self.config_file = self.folder / "holdfast.yaml"
        self.log = self.folder / "holdfastd.log"
        self.process = None
        self._may_end = False
        self.last_exit = None
        self._operator = None
        self._consoles = []
        self.pools = self._make_pools(pools or {"calm": 1})
        self._free = {kind: [p for p in self.pools if p.kind == kind] for kind in KINDS}
        self.beside = beside
        self.config = self._configuration(log_level, send_url or self.carrier.url, twilio_url or self.carrier.url)
        if beside:
            self.config.update(node=f"{beside.config['node']}2", key_dir=beside.folder / "state/keys")
        if edit:
            edit(self.config)
        self.write_config()
        if not beside:
            self.keys()

    @staticmethod
    def _make_pools(counts):
        kinds = [kind for kind, count in counts.items() for _ in range(count)]
        return [Pool(kind, f"p{i}", f"741{i:03d}") for i, kind in enumerate(kinds)]

    def _secret(self, name, value):
        path = self.folder / name
        path.write_text(value + "\n")
        path.chmod(0o600)
        return path

    def _configuration(self, log_level, send_url, twilio_url):
        tls = dict(address="127.0.0.1", certificate_file=self.authority.certificate, key_file=self.authority.key)
        pools, schedules, policies = zip(*(p.configuration() for p in self.pools))
        return {
            "node": "suite",
            "state_dir": self.folder / "state",
            "log_level": log_level,
            "listeners": {"gateways": dict(tls, port=self.gateways_port), "consoles": dict(tls, port=self.consoles_port),
                          "admin": {"address": "127.0.0.1", "port": self.admin_port}},
            "redis": {"embedded": True} if self.redis is None else {"embedded": False, "socket": self.redis.socket},
            "ctl": {"user": OPERATOR, "password_file": self._secret("operator.password", OPERATOR_PASSWORD),
                    "ca_file": self.authority.ca},
            "gateways": [
                {"name": "kannel", "provider": "kannel", "account": "router",
                 "secret_file": self._secret("kannel.password", "routerpw"),
                 "path_secret_file": self._secret("kannel.path", PATH_SECRET),
                 "public_url": f"https://127.0.0.1:{self.gateways_port}", "send_url": send_url},
                {"name": "twilio", "provider": "twilio", "account": TWILIO_ACCOUNT,
                 "secret_file": self._secret("twilio.token", TWILIO_TOKEN), "public_url": TWILIO_URL,
                 "send_url": twilio_url, "validity_s": 600},
            ],
            "lines": [{"number": p.line, "name": f"Line {p.name}", "gateway": "kannel", "pool": p.name} for p in self.pools],
            "pools": list(pools), "schedules": list(schedules), "policies": list(policies),
        }

    def write_config(self):
        self.config_file.write_text(to_yaml(self.config))

    # ---- the process

    def argv(self, *options):
        return [program("holdfastd"), "--config", str(self.config_file), *options]

    def keys(self):
        (self.folder / "state").mkdir(exist_ok=True, mode=0o700)
        done = subprocess.run([program("holdfastd"), "--generate-keys", self.folder / "state/keys"],
                              capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stderr

    def start(self, *options, wait=True):
        """With wait=False it may also end by itself, which is otherwise a failure."""
        self._may_end = not wait
        self.process = Process(self.argv(*options), self.log, cwd=self.folder, env=self.environment)
        if wait:
            self.wait_ready()
        return self

    def is_ready(self):
        try:
            return self.admin("/readyz").status == 200
        except OSError:
            return False

    def wait_ready(self, deadline=15.0):
        def ready():
            assert self.process.alive(), f"holdfastd ended by itself:\n{self.log_text()[-3000:]}"
            return self.is_ready()
        poll(ready, deadline * PATIENCE, "/readyz to answer 200")

    def died(self):
        """It ended, and nobody told it to."""
        if not self.process or self._may_end or self.process.alive():
            return False
        self.last_exit = self.process.child.returncode
        return True

    def kill(self):
        """kill -9. Consoles see their connection end."""
        self._may_end = True
        self.process.kill()
        self._operator = None

    def restart(self):
        self.start()

    def stop(self):
        """SIGTERM, and the exit code must be 0."""
        if not self.process or (not self.process.alive() and self._may_end):
            return
        code = self.process.end(15)
        assert code == 0, f"holdfastd ended with {code}:\n{self.log_text()[-3000:]}"

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def end(self):
        """Ends everything, and fails on what a sanitizer found or a SIGTERM could not end."""
        for console in self._consoles:
            console.leave()
        try:
            self.stop()
            reports = programs.sanitizer_reports(self.log_text())
            assert not reports, "\n".join(reports[:20])
        finally:
            programs.kill_children_of(self.folder)
            self.carrier.end()
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- looking in

    def admin(self, path):
        return call(self.admin_port, "GET", path)

    def metric(self, name, **labels):
        """The value of one series, 0 when there is none."""
        for line in self.admin("/metrics").text.splitlines():
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if match and match[1] == name:
                found = dict(re.findall(r'(\w+)="([^"]*)"', match[2] or ""))
                if found == {k: str(v) for k, v in labels.items()}:
                    return float(match[3])
        return 0.0

    @property
    def redis_socket(self):
        return self.redis.socket if self.redis else self.folder / "state/redis/redis.sock"

    def cli(self, *args):
        return redis_cli(self.redis_socket, *args)

    def redis_pid(self):
        return redis_pid(self.redis_socket)

    # ---- people

    def take(self, kind="calm"):
        assert self._free[kind], f"this module's house needs more pools of the kind {kind}"
        return self._free[kind].pop(0)

    def connect(self, encoding="protobuf", port=None):
        console = Console(f"wss://127.0.0.1:{port or self.consoles_port}/v1/console", self.context, encoding)
        self._consoles.append(console)
        return console

    @property
    def operator(self):
        if not self._operator or self._operator.closed is not None:
            self._operator = self._signed_in(OPERATOR, OPERATOR_PASSWORD)
        return self._operator

    def hire(self, pool, name=None, roles=(pb.ROLE_COUNSELOR,), capacity=1, phone=None):
        person = Person(name or f"c{uuid.uuid4().hex[:8]}", uuid.uuid4().hex, phone or new_number())
        pools = [p.name for p in (pool if isinstance(pool, (list, tuple)) else [pool])]
        self.operator.ask("put_staff", password=person.password, member=pb.StaffMember(
            name=person.name, roles=roles, pools=pools, capacity=capacity, phone=person.phone))
        poll(lambda: any(m.name == person.name for m in self.operator.ask("get_staff").members), what="the new record")
        return person

    def sign_in(self, person, encoding="protobuf"):
        return self._signed_in(person.name, person.password, encoding)

    def _signed_in(self, name, password, encoding="protobuf"):
        """Who signs in while the news of a Redis that has come back are taken up again is refused, or sent away, and comes again."""
        def try_once():
            console = self.connect(encoding)
            try:
                console.sign_in(name, password)
                return console
            except AssertionError as e:
                unavailable = isinstance(e, Refused) and e.code == "unavailable"
                if not unavailable and not any(frame.going_away.reason == "resync" for frame in console.seen):
                    raise
        return poll(try_once, DEADLINE * PATIENCE, f"{name} to be signed in")

    def counselor(self, pool, capacity=1, encoding="protobuf"):
        """A new counselor of that pool, signed in and available."""
        return self.sign_in(self.hire(pool, capacity=capacity), encoding).available()

    # ---- texts

    @staticmethod
    def kannel_post(pool, sender, text, provider_id=None, **options):
        return KannelPost(provider_id or uuid.uuid4().hex, sender, pool.line, text, secret=PATH_SECRET, **options)

    def post(self, pool, sender, text, provider_id=None, deadline=DEADLINE, **options):
        return self.kannel_post(pool, sender, text, provider_id, **options).send(self.gateways_port, self.context, deadline)

    def text(self, pool, sender, text, provider_id=None, **options):
        """A text that is taken in. Returns the sender."""
        answer = self.post(pool, sender, text, provider_id, **options)
        assert answer.status in (200, 202), answer
        return sender

    def report(self, sent, kind):
        """Kannel's delivery report for a text that the carrier has: 8 accepted, 1 delivered, 2 failed, 16 rejected."""
        target = sent.dlr_url.split("/", 3)[3]
        answer = call(self.gateways_port, "GET", "/" + target.replace("%d", str(kind)).replace("%F", uuid.uuid4().hex)
                      .replace("%A", ""), context=self.context)
        assert answer.status in (200, 202), answer
        return answer

    # ---- operators' tools

    def ctl(self, *args, as_json=False, check=True, stdin=None):
        argv = [program("holdfastctl"), "--config", str(self.config_file), *(["--json"] if as_json else []), *map(str, args)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, input=stdin)
        assert not programs.sanitizer_reports(done.stderr), done.stderr
        if check:
            assert done.returncode == 0, f"{args}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout) if as_json and check else done

    def check_config(self):
        return subprocess.run(self.argv("--check-config"), capture_output=True, text=True, timeout=20)

    # ---- promises that hold at any moment when nothing is under way

    def check_states(self, pools=None):
        """One owner, from the data itself: every open conversation is in exactly one state and place, and has at most one
        owner. Returns the conversations: id -> fields."""
        everything = {}
        for pool in pools or self.pools:
            everything.update(self._check_pool(f"{{{pool.name}}}"))
        return everything

    def clear(self, pool):
        """Takes and closes whatever waits in a pool, so that its pages end and tell the next test nothing."""
        console = self.counselor(pool, capacity=10)
        while any(e.pool == pool.name for e in self.operator.ask("get_queue", limit=500).entries):
            console.hang_up(console.take())
        console.away()
        console.leave()

    def _check_pool(self, tag):
        names = {k[len(tag) + 3:] for k in self.cli("keys", f"{tag}:c:*".replace("{", "\\{").replace("}", "\\}"))}
        queued = self.cli("zrange", f"{tag}:q", 0, -1) + self.cli("zrange", f"{tag}:q0", 0, -1)
        held = members(self, f"{tag}:held")
        wrap = members(self, f"{tag}:wrap")
        holders = {}
        for key in self.cli("keys", f"{tag}:hold:*".replace("{", "\\{").replace("}", "\\}")):
            for conversation in self.cli("hkeys", key):
                holders.setdefault(conversation, []).append(key.rsplit(":", 1)[1])
        found = {}
        for name in names:
            c = pairs(self.cli("hgetall", f"{tag}:c:{name}"))
            state = int(c["state"])
            places = queued.count(name), int(name in held), int(name in wrap)
            assert places == {1: (1, 0, 0), 2: (0, 0, 0), 3: (0, 1, 0), 4: (0, 0, 1), 5: (0, 0, 0)}[state], (name, state, places)
            owners = holders.get(name, [])
            assert owners == ([c["holder"]] if state in (2, 3, 4) else []), (name, state, owners, c["holder"])
            assert state != 1 or not c["holder"], (name, c["holder"])
            found[name] = c
        custody.check(self, tag[1:-1], found)
        assert set(queued) <= names and set(held) <= names and set(wrap) <= names
        return found


def pairs(value):
    """HGETALL as redis-cli --json gives it: an object under RESP3, a flat list under RESP2."""
    return value if isinstance(value, dict) else dict(zip(value[::2], value[1::2]))


def members(house, key):
    kind = house.cli("type", key)
    return {"zset": lambda: house.cli("zrange", key, 0, -1), "set": lambda: house.cli("smembers", key),
            "none": list}[kind]()

