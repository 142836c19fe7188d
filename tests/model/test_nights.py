# SPDX-License-Identifier: Apache-2.0
"""Random nights of one pool against a model: people text, counselors accept, decline, reply, close, pass on, give back, go away, vanish and
come back, a supervisor takes over. After each step everything in Redis, read in one moment, must be as the model says: no orphan, one
owner, loads that add up, nobody passed over who comes first, and nobody waiting for whom somebody has room."""
import itertools
import json
import time
from collections import Counter

import pytest
from faults import many
from house import new_number
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from poll import poll
from programs import PATIENCE
from schema import pb

SECONDS = many(6, 300)  # a part that begins later does nothing
PARTS = many(60, 600)
STEPS = many(20, 60)
POOLS = {"calm": 2}


def edit(config):
    config["pools"][0]["reopen_s"] = 3600


TEXTERS, COUNSELORS, CAPACITY = 7, 3, 2
WORDS = {"low": "just wanted to say hello", "imminent": "i am going to kill myself tonight, i have the pills in my hand"}
WAITING, OFFERED, HELD, WRAP_UP, CLOSED = range(1, 6)
IMMINENT, ALL_UNITS = 5, 100
SUMMARY = "They are at home and calm; wants to talk about school."

AT = st.integers(0, 999)

# All of a pool at one moment: a script sees nothing half done.
LOOK = """
local function flat(list)
  local out = {}
  for i = 1, #list, 2 do out[list[i]] = list[i + 1] end
  return out
end
local function all(kind, command, ...)
  local out = {}
  local start = #ARGV[1] + #kind + 3
  for _, key in ipairs(redis.call('KEYS', '\\\\{' .. string.sub(ARGV[1], 2, -2) .. '\\\\}:' .. kind .. ':*')) do
    out[string.sub(key, start)] = flat(redis.call(command, key))
  end
  return out
end
local p = ARGV[1]
return cjson.encode({ conversations = all('c', 'HGETALL'), holds = all('hold', 'HGETALL'), staff = flat(redis.call('HGETALL', p .. ':staff')),
  imminent = redis.call('ZRANGE', p .. ':q0', 0, -1), others = redis.call('ZRANGE', p .. ':q', 0, -1),
  held = redis.call('ZRANGE', p .. ':held', 0, -1), wrap = redis.call('ZRANGE', p .. ':wrap', 0, -1),
  due = redis.call('ZRANGE', p .. ':due', 0, -1) })
"""


class Look:
    """What is in Redis, and what must be so at any moment."""

    def __init__(self, house, pool):
        data = json.loads(house.cli("eval", LOOK, 0, f"{{{pool.name}}}"))
        self.conversations = dict(data["conversations"] or {})
        self.holds = dict(data["holds"] or {})
        self.staff = {name: json.loads(text) for name, text in dict(data["staff"] or {}).items()}
        self.places = {state: list(data[key] or []) for state, key in ((HELD, "held"), (WRAP_UP, "wrap"))}
        self.imminent, self.others, self.due = (list(data[key] or []) for key in ("imminent", "others", "due"))
        for c in self.conversations.values():
            for field in ("state", "level", "enqueued", "epoch"):
                c[field] = int(c[field])
            c["excluded"] = set(filter(None, c.get("excluded", "").split(",")))

    def check(self):
        for name, c in self.conversations.items():
            state, level = c["state"], c["level"]
            where = (self.imminent.count(name), self.others.count(name), self.places[HELD].count(name), self.places[WRAP_UP].count(name))
            queue = (1, 0) if level == IMMINENT else (0, 1)
            assert where == {WAITING: (*queue, 0, 0), OFFERED: (0,) * 4, HELD: (0, 0, 1, 0), WRAP_UP: (0, 0, 0, 1),
                             CLOSED: (0,) * 4}[state], (name, state, level, where)
            owners = [who for who, hold in self.holds.items() if name in hold]
            assert owners == ([c["holder"]] if OFFERED <= state <= WRAP_UP else []), (name, state, owners, c["holder"])
            timers = {kind for kind in ("answer", "offer", "wrap_up", "silence") if f"{kind}:{name}" in self.due}
            assert timers >= {WAITING: {"answer"}, OFFERED: {"answer", "offer"}, HELD: {"silence"}, WRAP_UP: {"wrap_up"},
                              CLOSED: set()}[state], (name, state, timers)
        for who, s in self.staff.items():
            assert int(s["load"]) == sum(map(int, dict(self.holds.get(who) or {}).values())), (who, s, self.holds.get(who))

    def of(self, state, holder=None):
        return sorted(n for n, c in self.conversations.items() if c["state"] == state and holder in (None, c["holder"]))

    def has_room(self, who):
        s = self.staff.get(who)
        # After an imminent conversation they get less for a while.
        capacity = max(1, s["capacity"] - s["exposed_units"]) if s and s.get("exposed_until") else s and s["capacity"]
        return s and s["presence"] == "available" and s["load"] < capacity


class Night(RuleBasedStateMachine):
    house = None  # set by the test
    boosts = None
    done = Counter()
    until = 0

    night = None  # goes on from one part to the next: hypothesis' examples are parts of one night
    KEPT = ("pool", "people", "boss_person", "consoles", "boss", "numbers", "open", "past", "owner", "texts", "epochs", "levels", "count",
            "looks", "now", "calm")

    def __init__(self):
        super().__init__()
        if Night.night:
            self.__dict__.update(Night.night)
        else:
            self.begin()

    @classmethod
    def is_over(cls):
        cls.until = cls.until or time.monotonic() + SECONDS
        return time.monotonic() > cls.until

    def rarely(self):
        """Of what takes seconds, one in eight."""
        self.calm -= 1
        if self.calm > 0:
            return False
        self.calm = 8
        return True

    def begin(self):
        self.pool = self.house.take()
        self.people = [self.house.hire(self.pool, capacity=CAPACITY) for _ in range(COUNSELORS)]
        self.boss_person = self.house.hire(self.pool, roles=(pb.ROLE_COUNSELOR, pb.ROLE_SUPERVISOR), capacity=CAPACITY)
        self.consoles = {p.name: self.house.sign_in(p).available() for p in self.people}
        self.boss = self.house.sign_in(self.boss_person)
        self.boss.away()
        self.numbers = [new_number() for _ in range(TEXTERS)]
        self.open, self.past = {}, {}  # number -> conversation
        self.owner = {}                # conversation -> who holds it; absent: nobody
        self.texts, self.epochs, self.levels = {}, {}, {}
        self.calm = 0  # until somebody may vanish
        self.count = itertools.count()
        self.looks = [Look(self.house, self.pool)]
        self.settle()

    # ---- what must be so

    def first_of(self, look, name):
        c = look.conversations[name]
        return (0, c["enqueued"]) if c["level"] == IMMINENT else (1, c["enqueued"] - self.boosts[c["level"]])

    def see(self):
        look = Look(self.house, self.pool)
        look.check()
        for name, c in look.conversations.items():
            assert c["epoch"] >= self.epochs.get(name, 0) and c["level"] >= self.levels.get(name, 0), (name, c)
            self.epochs[name], self.levels[name] = c["epoch"], c["level"]
            owner = self.owner.get(name)
            if name in self.open.values():
                assert (c["state"] == HELD and c["holder"] == owner) if owner else c["state"] in (WAITING, OFFERED), (name, owner, c)
            elif name in self.texts:
                assert c["state"] in (WRAP_UP, CLOSED), (name, c)
        self.in_order(look)
        self.looks = [*self.looks[-2:], look]
        return look

    def in_order(self, look):
        """Nobody who has been waiting since two looks ago is passed over for one who stands behind them."""
        if len(self.looks) < 2:
            return
        earlier, last = self.looks[-2:]
        for name in look.of(OFFERED):
            c, before = look.conversations[name], last.conversations.get(name)
            if before and before["epoch"] == c["epoch"]:
                continue
            for other in look.of(WAITING):
                then = [one.conversations.get(other) for one in (earlier, last, look)]
                if all(then) and len({(o["state"], o["epoch"], o["level"]) for o in then}) == 1 and not any(
                        c["holder"] in o["excluded"] for o in then):
                    assert self.first_of(look, name) <= self.first_of(look, other), (name, c, other, then[-1])

    def settle(self):
        """Somebody is asked for everybody for whom somebody has room, but for those whom that one has just declined."""
        def settled():
            look = self.see()
            waste = [(w, who) for w in look.of(WAITING) for who in look.staff
                     if look.has_room(who) and who not in look.conversations[w]["excluded"]]
            return look if not waste else None
        self.now = poll(settled, 10 * PATIENCE, "everybody to be offered for whom there is room")

    @staticmethod
    def pick(at, choices):
        """What there is to choose from depends on the server: hypothesis draws a number."""
        return choices[at % len(choices)] if choices and not Night.is_over() else None

    def held(self):
        return sorted((name, who) for name, who in self.owner.items() if who in self.consoles)

    def epoch(self, name):
        return self.epochs[name]

    # ---- what people do

    @rule(which=st.integers(0, TEXTERS - 1), kind=st.sampled_from(["low", "low", "low", "imminent"]))
    def text(self, which, kind):
        if not self.is_over():
            self.write(self.numbers[which], kind)

    def write(self, number, kind):
        words = f"{WORDS[kind]} {next(self.count)}"
        known = set(self.now.conversations)
        self.house.text(self.pool, number, words)
        look = Look(self.house, self.pool)
        new = set(look.conversations) - known
        # Who comes back goes on with the same conversation.
        assert len(new) == (number not in self.open and number not in self.past)
        if new:
            self.open[number] = new.pop()
        elif number not in self.open:
            self.open[number] = self.past[number]
            self.done["reopened"] += 1
        name = self.open[number]
        self.texts.setdefault(name, []).append(words)
        assert kind != "imminent" or look.conversations[name]["level"] == IMMINENT
        self.done["texts"] += 1
        self.settle()

    @rule(at=AT)
    def accept(self, at):
        name = self.pick(at, self.now.of(OFFERED))
        if not name:
            return
        who = self.now.conversations[name]["holder"]
        console, epoch = self.consoles[who], self.epoch(name)
        assert console.refused("accept", conversation=name, epoch=epoch + 1) == "gone"
        for other, theirs in self.consoles.items():
            assert other == who or theirs.refused("accept", conversation=name, epoch=epoch) == "gone"
        assert console.ask("accept", conversation=name, epoch=epoch).holder == who
        self.done["accepted"] += 1
        self.owner[name] = who
        self.settle()

    @rule(at=AT)
    def decline(self, at):
        name = self.pick(at, self.now.of(OFFERED))
        if name:
            who = self.now.conversations[name]["holder"]
            self.done["declined"] += 1
            self.consoles[who].ask("decline", conversation=name, epoch=self.epoch(name), reason="busy")
            self.settle()

    @rule(at=AT)
    def reply(self, at):
        one = self.pick(at, self.held())
        if not one:
            return
        name, who = one
        self.done["replied"] += 1
        fields = dict(conversation=name, epoch=self.epoch(name), text="I am here.")
        for other, console in self.consoles.items():
            answer = console.request("reply", client_id=f"{other}-{next(self.count)}", **fields)
            assert isinstance(answer, pb.ReplyQueued) == (other == who), (other, who, answer)

    @rule(at=AT, approve=st.booleans(), late=st.sampled_from([False, False, True]))
    def close(self, at, approve, late):
        one = self.pick(at, self.held())
        if not one:
            return
        name, who = one
        console, epoch = self.consoles[who], self.epoch(name)
        result = console.request("close", conversation=name, epoch=epoch, outcome="done")
        if not result.ok:
            assert result.code == "approval", result
            self.boss.ask("answer_close", conversation=name, epoch=epoch, approve=approve)
            if not approve:
                self.settle()
                return
        self.done["closed"] += 1
        number = next(n for n, c in self.open.items() if c == name)
        self.past[number] = self.open.pop(number)
        del self.owner[name]
        self.settle()
        if late:
            self.write(number, "low")
            assert console.refused("finish_wrap_up", conversation=name, epoch=epoch) == "stale"
            return
        console.ask("finish_wrap_up", conversation=name, epoch=epoch)
        self.settle()
        assert self.now.conversations[name]["state"] == CLOSED

    @rule(at=AT, take=st.booleans())
    def transfer(self, at, take):
        one = self.pick(at, self.held())
        if not one:
            return
        name, giver = one
        to = self.pick(at, sorted(set(self.consoles) - {giver}))
        result = self.consoles[giver].request("transfer", conversation=name, epoch=self.epoch(name), to=to, summary=SUMMARY)
        if not result.ok:
            # No room, away, or they have been asked before: nothing has changed.
            self.settle()
            return
        offer = self.consoles[to].expect("offer", lambda o: o.conversation == name and getattr(o, "from") == giver)
        self.settle()
        fields = dict(conversation=name, epoch=offer.epoch)
        if not take:
            self.consoles[to].ask("decline", reason="busy", **fields)
        elif isinstance(self.consoles[to].request("accept", **fields), pb.Conversation):
            self.done["transferred"] += 1
            self.owner[name] = to
        self.settle()

    @rule(at=AT)
    def give_back(self, at):
        one = self.pick(at, self.held())
        if one:
            self.done["given_back"] += 1
            name, giver = one
            self.consoles[giver].ask("transfer", conversation=name, epoch=self.epoch(name), to="", summary=SUMMARY)
            del self.owner[name]
            self.settle()

    @rule(at=AT)
    def take_over(self, at):
        name = self.pick(at, sorted(self.open.values()))
        if name and self.owner.get(name) != self.boss_person.name:
            self.done["taken_over"] += 1
            old = self.owner.get(name)
            fields = dict(conversation=name, epoch=self.epoch(name))
            self.boss.ask("take_over", reason="to see how it is done", **fields)
            self.owner[name] = self.boss_person.name
            if old in self.consoles:
                assert self.consoles[old].refused("reply", text="late", client_id=f"l{next(self.count)}", **fields) == "stale"
            self.settle()

    @rule(at=AT)
    def go_away_and_come_back(self, at):
        who = self.pick(at, sorted(self.consoles))
        if not who:
            return
        self.consoles[who].away()
        self.settle()
        self.consoles[who].available()
        self.settle()

    @rule(at=AT)
    def vanish_and_return(self, at):
        """Within the grace nothing is lost."""
        if self.is_over() or not self.rarely():
            return
        person = self.pick(at, self.people)
        self.done["returned"] += 1
        self.consoles[person.name].cut()
        console = self.consoles[person.name] = self.house.sign_in(person)
        assert {c.id for c in console.session.held} >= {n for n, who in self.owner.items() if who == person.name}
        console.available()
        self.settle()

    @rule(at=AT)
    def vanish(self, at):
        """After it everything is somebody else's."""
        if self.is_over() or not self.rarely():
            return
        person = self.pick(at, self.people)
        self.done["vanished"] += 1
        lost = [n for n, who in self.owner.items() if who == person.name]
        self.consoles[person.name].cut()
        poll(lambda: not Look(self.house, self.pool).holds.get(person.name), 10 * PATIENCE, "the grace to be over")
        for name in lost:
            del self.owner[name]
        self.consoles[person.name] = self.house.sign_in(person).available()
        self.settle()

    def teardown(self):
        Night.night = {name: getattr(self, name) for name in self.KEPT}

    def reckon(self):
        self.settle()
        for name, words in self.texts.items():
            theirs = [m.text for m in self.boss.history(name).messages if m.direction == pb.DIRECTION_IN]
            assert theirs == words, (name, theirs, words)
        self.house.check_states([self.pool])


@pytest.mark.parametrize("fault", [
    ("zrem", "{}:q", "{}"), ("zadd", "{}:held", "1", "{}"), ("hset", "{}:hold:ana", "{}", "1"), ("zrem", "{}:due", "answer:{}")])
def test_faults_are_seen(house, fault):
    """What is looked at after each step is not always right."""
    pool = house.pools[-1]
    house.text(pool, new_number(), WORDS["low"])
    look = Look(house, pool)
    look.check()
    name, tag = look.of(WAITING)[0], f"{{{pool.name}}}"

    def is_seen():
        """The house mends it at its next round, which may be before the look."""
        house.cli(*(part.replace("{}", tag if part.startswith("{}:") else name) for part in fault))
        try:
            Look(house, pool).check()
        except AssertionError:
            return True
        return False
    poll(is_seen, what="a look that sees it")
    house.ctl("doctor", check=False)
    poll(lambda: not house.cli("del", f"{tag}:hold:ana"), what="what was planted to be gone")
    poll(lambda: right(house, pool), 30, "what was planted to be put right")


def right(house, pool):
    try:
        Look(house, pool).check()
        return True
    except AssertionError:
        return False


def test_nights(house, request):
    config = next(p for p in house.config["pools"] if p["name"] == house.pools[0].name)
    boost = {"low_s": 0, "medium_s": 600, "unknown_s": 1200, "high_s": 2700, **config.get("boost", {})}
    Night.house = house
    Night.boosts = {level: boost[f"{word}_s"] * 1000 for level, word in enumerate(("low", "medium", "unknown", "high"), 1)}
    run_state_machine_as_test(seed(request.config.holdfast_seed)(Night), settings=settings(
        max_examples=PARTS, stateful_step_count=STEPS, deadline=None, database=None, print_blob=True,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck)))
    Night().reckon()
    print(f"HOLDFAST_SEED={request.config.holdfast_seed}:", ", ".join(f"{n} {what}" for what, n in sorted(Night.done.items())))
    # A slow machine may come to no close in a few seconds.
    for what in ("texts", "accepted", *many((), ("closed",))):
        assert Night.done[what] > 0, Night.done
