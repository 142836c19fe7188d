# SPDX-License-Identifier: Apache-2.0
"""The ledger of custody, read from Redis and replayed by what proto/PROTOCOL.md says: a second reader, to check the first."""
import hashlib

WAITING, OFFERED, HELD, WRAP_UP, CLOSED = range(1, 6)
OPEN = {WAITING, OFFERED, HELD}
# what: (from which states, to which, does WHO become the owner, or must they be)
MOVES = {
    "opened": ({0}, WAITING, None),
    "reopened": ({WRAP_UP, CLOSED}, WAITING, None),
    "offered": ({WAITING}, OFFERED, "becomes"),
    "accepted": ({OFFERED}, HELD, "is"),
    "unoffered": ({OFFERED}, WAITING, "was"),
    "released": ({HELD}, WAITING, "was"),
    "transferred": ({HELD}, HELD, "becomes"),
    "taken_over": (OPEN, HELD, "becomes"),
    "closed": ({HELD}, WRAP_UP, "is"),
    "finished": ({WRAP_UP}, CLOSED, "was"),
    "ended": ({WAITING}, CLOSED, None),
}
# One call for all ledgers.
READ = "local out = {} for i, key in ipairs(KEYS) do out[i] = redis.call('LRANGE', key, 0, -1) end return out"


def sha1(text):
    return hashlib.sha1(text.encode()).hexdigest()


def replay(conversation, lines):
    """(state, owner, epoch) after the last line; fails on what cannot be."""
    head, state, owner, epoch = sha1(conversation), 0, "", 0
    for number, line in enumerate(lines, 1):
        told, rest = line.split(" ", 1)
        head = sha1(f"{head} {rest}")
        count, _, what, who, now, why = rest.split(" ")
        where = (conversation, lines, number)
        assert told == head and int(count) == number, where
        if what == "repaired":
            state = int(why.removeprefix("state=").split(",")[0])
            owner = "" if state in (WAITING, CLOSED) else who
        else:
            assert epoch <= int(now) <= epoch + 1, where
        if what in MOVES:
            before, after, role = MOVES[what]
            assert state in before, where
            assert role not in ("is", "was") or who == owner, where
            assert role != "becomes" or int(now) == epoch + 1, where
            state, owner = after, {"becomes": who, "is": owner}.get(role, "")
        epoch = int(now)
    return state, owner, epoch


def check(house, pool_name, conversations):
    """Every ledger verifies, and ends with whose the conversation is. `conversations` is name -> fields."""
    names = sorted(conversations)
    for i in range(0, len(names), 200):
        part = names[i:i + 200]
        keys = [f"{{{pool_name}}}:custody:{name}" for name in part]
        for name, lines in zip(part, house.cli("eval", READ, len(keys), *keys), strict=True):
            c = conversations[name]
            owner = "" if int(c["state"]) == CLOSED else c["holder"]
            assert replay(name, lines) == (int(c["state"]), owner, int(c["epoch"])), (name, c, lines)
