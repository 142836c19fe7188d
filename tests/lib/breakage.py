# SPDX-License-Identifier: Apache-2.0
"""Everything of a house that can be broken for a while and mended: two nodes, their Redis, their wires, their clocks, the carrier.
A soak chooses from KINDS; each is a context manager that breaks when entered and mends when left."""
import shutil
import signal
import tempfile
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable

from authority import Authority
from house import HOUR, House
from poll import pause, poll, stays
from preload import WallClock
from programs import PATIENCE
from proxy import CALM, ROUGH, Proxy
from redis_house import NODES, RedisHouse
from redis_server import RedisServer

WHOLE_WITHIN = 40 * PATIENCE
# Longer than Sentinel needs to notice what happened last.
SETTLED = 4


def pick(things, dice):
    """`dice` is in [0, 1)."""
    return things[int(dice * len(things))]


class PlainRedis:
    """One redis-server behind a wire."""

    def __init__(self, folder, seed):
        self.server = RedisServer(folder / "redis").start()
        self.wire = Proxy(self.server.socket, seed, path=folder / "r.sock")
        self.cli = self.server.cli

    def configure(self, config):
        config["redis"] = {"embedded": False, "socket": self.wire.path}

    def is_whole(self):
        return self.server.answers()

    def data(self, dice):
        """One that holds data, for signals and settings; start() brings it back."""
        return self.server

    def main(self):
        return self.server

    # Every write is refused, and nothing else.
    refusal = ("maxmemory", "1", "0")

    def end(self):
        self.wire.end()
        self.server.end()


class CopiedRedis:
    """A master, two replicas, three Sentinels, and `copies` of everything."""

    def __init__(self, authority, copies):
        self.house = RedisHouse(authority).start()
        self.copies = copies
        self.cli = self.house.cli

    def configure(self, config):
        self.house.configure(config, self.copies)

    def masters(self):
        return [m for m in self.house.redis if m.role() == "master"]

    def is_whole(self):
        """One master, whom all follow and have caught up with."""
        masters = self.masters()
        done = masters[0].command("wait", str(NODES - 1), "200") if len(masters) == 1 else None
        return bool(done) and done.stdout.strip() == str(NODES - 1)

    def main(self):
        return self.masters()[0]

    def data(self, dice):
        """A replica."""
        return pick([m for m in self.house.redis if m.role() == "slave"], dice)

    refusal = ("min-replicas-to-write", "3", "1")

    def end(self):
        self.house.end()


class World:
    """Two nodes of one house. `copies` 0 is a plain Redis."""

    def __init__(self, copies, pools, seed, behave):
        self.folder = Path(tempfile.mkdtemp(prefix="hf-soak-"))
        early = WallClock(self.folder, "early")
        early.set(-2 * HOUR)
        self.authority = Authority(self.folder, environment=early.environment)
        self.behave = behave
        self.injected = Counter()
        self._lock = threading.Lock()
        self.redis = CopiedRedis(self.authority, copies) if copies else PlainRedis(self.folder, seed)
        self.clocks = [WallClock(self.folder, f"clock{i}") for i in range(2)]
        self.houses = []
        self.wires = {}
        try:
            self._open(pools, seed)
        except BaseException:
            self.end()
            raise

    def _open(self, pools, seed):
        first = House(self.authority, pools=pools, edit=self.redis.configure, environment=self.clocks[0].environment)
        self.houses.append(first)
        self.carrier = first.carrier
        self.carrier.behave = self.behave
        to_carrier = Proxy(self.carrier.port, seed)
        send_url = f"http://127.0.0.1:{to_carrier.port}"
        first.config["gateways"][0]["send_url"] = send_url
        first.write_config()
        self.houses.append(House(self.authority, pools=pools, edit=self.redis.configure, beside=first, send_url=send_url,
                                 environment=self.clocks[1].environment))
        self.wires = {"carrier": [to_carrier], "gateways": [Proxy(h.gateways_port, seed) for h in self.houses],
                      "consoles": [Proxy(h.consoles_port, seed) for h in self.houses]}
        if isinstance(self.redis, PlainRedis):
            self.wires["redis"] = [self.redis.wire]
        for house in self.houses:
            house.cli = self.redis.cli
            house.start()

    def port(self, wire, house):
        return self.wires[wire][self.houses.index(house)].port

    def count(self, name):
        with self._lock:
            self.injected[name] += 1

    def wait_whole(self):
        """Nothing is broken any more, and nothing is about to move."""
        poll(self.redis.is_whole, WHOLE_WITHIN, "Redis to be whole", every=0.3)
        for house in self.houses:
            house.wait_ready(deadline=WHOLE_WITHIN)
        stays(lambda: all(h.is_ready() for h in self.houses), SETTLED, "nodes that stay ready", every=0.5)
        poll(self.redis.is_whole, WHOLE_WITHIN, "Redis to be whole", every=0.3)

    def end(self):
        try:
            for house in reversed(self.houses):
                house.end()
        finally:
            for wire in sum(self.wires.values(), []):
                wire.end()
            self.redis.end()
            shutil.rmtree(self.folder, ignore_errors=True)


# ---- what breaks

def must_live(process, what):
    """Whatever ended before we ended it has failed by itself."""
    assert process.alive(), f"{what} ended by itself with {process.child.returncode}"


@contextmanager
def kill_nodes(world, dice, everyone=False):
    houses = world.houses if everyone else [pick(world.houses, dice)]
    for house in houses:
        must_live(house.process, "a node")
        house.kill()
    yield
    for house in houses:
        house.start(wait=False)  # what it needs may be broken as well


@contextmanager
def stopped(process):
    process.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.signal(signal.SIGCONT)


def stop_node(world, dice):
    return stopped(pick(world.houses, dice).process)


def redis_member(world, dice, main):
    """Two of three copies that break one after the other, before the third has caught up, are more than `copies: 1` promises."""
    poll(world.redis.is_whole, WHOLE_WITHIN, "Redis to be whole before it is broken", every=0.3)
    return world.redis.main() if main else world.redis.data(dice)


@contextmanager
def kill_redis(world, dice, main):
    member = redis_member(world, dice, main)
    must_live(member.process, "redis-server")
    member.kill()
    yield
    member.start()


def stop_redis(world, dice, main):
    return stopped(redis_member(world, dice, main).process)


@contextmanager
def refuse_writes(world, dice):
    name, broken, mended = world.redis.refusal
    member = redis_member(world, dice, main=True)
    member.cli("config", "set", name, broken)
    try:
        yield
    finally:
        member.cli("config", "set", name, mended)


@contextmanager
def kill_sentinel(world, dice):
    sentinel = pick(world.redis.house.sentinels, dice)
    must_live(sentinel.process, "a Sentinel")
    sentinel.kill()
    yield
    sentinel.start()


def stop_sentinel(world, dice):
    return stopped(pick(world.redis.house.sentinels, dice).process)


@contextmanager
def rough_wire(world, dice, name):
    for wire in world.wires[name]:
        wire.faults = pick(ROUGH, dice)
    try:
        yield
    finally:
        for wire in world.wires[name]:
            wire.faults = CALM
            wire.cut_all()  # whatever was silenced must be opened anew


@contextmanager
def shift_clock(world, dice):
    clock = pick(world.clocks, dice)
    clock.set(HOUR if (dice * 2 % 1) < 0.5 else -HOUR)
    try:
        yield
    finally:
        clock.set(0)


@contextmanager
def bad_carrier(world, dice, fate):
    """It does so to half of what it gets."""
    def behave(sent):
        usual = world.behave(sent)
        with world.lock_of_fates:
            world.fates += 1
            return fate if world.fates % 2 else usual
    world.fates, world.lock_of_fates = 0, threading.Lock()
    world.carrier.behave = behave
    try:
        yield
    finally:
        world.carrier.behave = world.behave


@dataclass(frozen=True)
class Kind:
    name: str
    scope: str      # no two of one scope at once
    weight: int
    longest: float  # seconds
    make: Callable
    where: str = "both"  # or "plain", or "copies"


KINDS = [
    Kind("kill node", "node", 5, 3, kill_nodes),
    Kind("kill all nodes", "node", 1, 2, partial(kill_nodes, everyone=True)),
    Kind("stop node", "node", 3, 25, stop_node),
    Kind("kill master", "redis", 4, 12, partial(kill_redis, main=True)),
    Kind("stop master", "redis", 3, 25, partial(stop_redis, main=True)),
    Kind("kill replica", "redis", 2, 6, partial(kill_redis, main=False), "copies"),
    Kind("stop replica", "redis", 2, 15, partial(stop_redis, main=False), "copies"),
    Kind("refuse writes", "redis", 2, 8, refuse_writes),
    Kind("kill Sentinel", "sentinel", 2, 10, kill_sentinel, "copies"),
    Kind("stop Sentinel", "sentinel", 2, 25, stop_sentinel, "copies"),
    Kind("wire of gateways", "gateways", 2, 6, partial(rough_wire, name="gateways")),
    Kind("wire of consoles", "consoles", 2, 6, partial(rough_wire, name="consoles")),
    Kind("wire of the carrier", "carrier", 2, 6, partial(rough_wire, name="carrier")),
    Kind("wire of Redis", "redis", 2, 6, partial(rough_wire, name="redis"), "plain"),
    Kind("clock", "clock", 3, 12, shift_clock),
    Kind("carrier is busy", "carrier", 2, 6, partial(bad_carrier, fate="busy")),
    Kind("carrier drops", "carrier", 2, 6, partial(bad_carrier, fate="drop")),
]


@dataclass(frozen=True)
class Fault:
    kind: Kind
    after: float    # seconds, from the moment when the one before is over
    seconds: float
    dice: float

    def inject(self, world):
        pause(self.after)
        with self.kind.make(world, self.dice):
            world.count(self.kind.name)
            pause(self.seconds)


def choose(chance, kinds):
    kind = chance.choices(kinds, [k.weight for k in kinds])[0]
    return Fault(kind, chance.uniform(0.0, 1.5), 0.1 + (kind.longest - 0.1) * chance.random() ** 2, chance.random())


def plan(chance, copies, seconds):
    """What breaks in the next `seconds` or a little more: a list of lists of what breaks side by side. It depends on chance alone."""
    kinds = [k for k in KINDS if k.where in ("both", "copies" if copies else "plain")]
    steps = []
    while seconds > 0:
        step = [choose(chance, kinds)]
        if chance.random() < 0.3:
            step.append(choose(chance, [k for k in kinds if k.scope != step[0].kind.scope]))
        steps.append(step)
        seconds -= max(f.after + f.seconds for f in step)
    return steps
