#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plants one mistake at a time into a copy of the tree and lets the simulator look for it: tests/sim/mutants.py [WORD…]

Each must be found within a million events, and QUICK_LEAST of them within QUICK. One that survives, or whose pattern is no longer in the
source, fails."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("HOLDFAST_BUILD", "build"))
SEEDS = range(1, 161)
STEPS = 25000  # with faults; and then everything must drain
QUICK, QUICK_LEAST = 100000, 20
LUA, FLOW, STORE = "server/store/lua/", "server/flow/", "server/store/"


@dataclass(frozen=True)
class Mutant:
    name: str
    file: str
    before: str | tuple
    after: str | tuple = ""

    def apply(self, text):
        """The text with the mistake in it; what is to be replaced must be there exactly once."""
        befores, afters = ((part,) if isinstance(part, str) else part for part in (self.before, self.after))
        for before, after in zip(befores, afters, strict=True):
            assert text.count(before) == 1, f"{self.name}: {text.count(before)} places in {self.file} look like {before!r}"
            text = text.replace(before, after)
        return text


TABLE = [
    Mutant("accept without the epoch", LUA + "accept.lua", " or c[3] ~= epoch or (c[1]", " or (c[1]"),
    Mutant("reply, close, release without the epoch", LUA + "include/holder.lua", "c[2] ~= name or c[3] ~= epoch", "c[2] ~= name"),
    Mutant("reply, close, release by anybody", LUA + "include/holder.lua", "if c[2] ~= name or c[3] ~= epoch then", "if false then"),
    Mutant("decline without the epoch", LUA + "unoffer.lua", " or c[3] ~= epoch then", " then"),
    Mutant("a release does not raise the epoch", LUA + "include/requeue.lua", "redis.call('HINCRBY', conversation, 'epoch', 1)",
           "redis.call('HINCRBY', conversation, 'epoch', 0)"),
    Mutant("an offer does not raise the epoch", LUA + "offer.lua", "redis.call('HINCRBY', conversation, 'epoch', 1)",
           "redis.call('HINCRBY', conversation, 'epoch', 0)"),
    Mutant("an offer's end is not in the ledger", LUA + "unoffer.lua",
           "custody(KEYS[#KEYS], id, now, 'unoffered', name, redis.call('HINCRBY', conversation, 'epoch', 1), reason)",
           "redis.call('HINCRBY', conversation, 'epoch', 1)"),
    Mutant("the ledger is written over", LUA + "include/custody.lua", "redis.call('RPUSH', key,",
           "redis.call('LTRIM', key, 0, -2) redis.call('RPUSH', key,"),
    Mutant("the ledger's hashes are no chain", LUA + "include/custody.lua", "local before = last and string.sub(last, 1, 40) or",
           "local before ="),
    Mutant("deletion leaves the key", LUA + "erase.lua", "STAYS.texter = true", "STAYS.texter, STAYS.key = true, true"),
    Mutant("a text is not marked as seen", LUA + "ingest.lua", "redis.call('SET', seen, ARGV[4], 'PX', ARGV[18])"),
    Mutant("a text is deduplicated by whoever asks first", LUA + "ingest.lua", "local earlier = redis.call('GET', seen)",
           "local earlier = redis.call('EXISTS', texter) == 1 and ARGV[4]"),
    Mutant("forgets the boost", LUA + "include/levels.lua", "return enqueued - boost[level]", "return enqueued"),
    Mutant("forgets the answer's timer", LUA + "ingest.lua",
           "redis.call('ZADD', due, answer_by, 'answer:' .. id)\n  rates_add(", "rates_add("),
    Mutant("a late text lowers the level", LUA + "ingest.lua", "level = math.max(old, level)"),
    Mutant("a late text leaves the slot taken", LUA + "include/reopen.lua", "staff_give_back(staff, hold, c[2], now, id)"),
    Mutant("a late text keeps the epoch", LUA + "include/reopen.lua", "redis.call('HINCRBY', conversation, 'epoch', 1)", "tonumber(c[3])"),
    Mutant("a late text leaves the end of wrap-up", LUA + "include/reopen.lua", "redis.call('ZREM', due, 'wrap_up:' .. id)"),
    Mutant("a transfer keeps the epoch", LUA + "transfer_take.lua", "redis.call('HINCRBY', conversation, 'epoch', 1)", "tonumber(epoch)"),
    Mutant("a transfer leaves the giver's slot taken", LUA + "transfer_take.lua", "staff_give_back(staff, hold_giver, giver, now, id)"),
    Mutant("a transfer is over without a timer", LUA + "include/transfer.lua", "redis.call('ZADD', due, int(till), 'transfer:' .. id)"),
    Mutant("who is silent at risk is closed by one", LUA + "include/close.lua", " or attention_has(conversation, 'texter_silent')", ""),
    Mutant("forgets the answer's timer after a release", LUA + "include/requeue.lua", "redis.call('ZADD', due, answer_by, 'answer:' .. id)"),
    Mutant("worse news move no timer", LUA + "ingest.lua", "redis.call('ZADD', due, int(answer_by), 'answer:' .. id)\n    elseif",
           "elseif"),
    Mutant("the level may fall", LUA + "ingest.lua", ("  level = math.max(level, old)\n", "if level > tonumber(c[2]) or"),
           ("", "if level ~= tonumber(c[2]) or")),
    Mutant("forgets to append the text", LUA + "ingest.lua", "redis.call('RPUSH', messages, ARGV[4])"),
    Mutant("forgets to queue it again after a release", LUA + "include/requeue.lua",
           "redis.call('ZADD', queue_of(level, keys[2], keys[3]), c[2], id)"),
    Mutant("forgets to queue it again after an offer", LUA + "unoffer.lua",
           "redis.call('ZADD', queue_of(tonumber(c[5]), imminent_queue, queue), c[6], id)"),
    Mutant("an accept leaves it among the waiting", LUA + "accept.lua", "redis.call('ZREM', KEYS[4 + tonumber(c[4])], id)"),
    Mutant("an offer beyond the capacity", LUA + "offer.lua", " or s.load + tonumber(ARGV[6]) >= staff_capacity(s, now)", ""),
    Mutant("a closed conversation stays the texter's", LUA + "include/close.lua", "redis.call('DEL', texter)"),
    Mutant("forgets the end of wrap-up", LUA + "include/close.lua", "redis.call('ZADD', due, till, 'wrap_up:' .. id)"),
    Mutant("one reply twice", LUA + "send.lua", "redis.call('HGET', client_ids, said)", "nil"),
    Mutant("a claim without a lease", LUA + "out_claim.lua", "if e[1] == 'sending' and not again and not lapsed then", "if false then"),
    Mutant("what may have been sent goes out again", LUA + "out_claim.lua",
           "(conversation ~= '' and lapsed and ARGV[8] ~= '1')", "(false)"),
    Mutant("an automatic text is said twice", LUA + "include/automatic.lua", "return mark ~= '' and", "return false and"),
    Mutant("a refused send is called sent", LUA + "out_done.lua", "failed = { 'done', FAILED }", "failed = { 'done', SENT }"),
    Mutant("an escalation without a timer", LUA + "page_open.lua", "redis.call('ZADD', due, int(now), 'page:' .. number)"),
    Mutant("an acknowledgement stops for ever", LUA + "page_ack.lua", "redis.call('ZADD', due, next_at, 'page:' .. number)",
           "redis.call('ZREM', due, 'page:' .. number)"),
    Mutant("the next step's timer is forgotten", LUA + "page_step.lua", "redis.call('ZADD', due, ARGV[6], 'page:' .. number)",
           "redis.call('ZREM', due, 'page:' .. number)"),
    Mutant("too few copies are enough", STORE + "redis_copies.c", "is_short ? REDIS_SHORT : REDIS_OK", "REDIS_OK"),
    Mutant("too few copies, or no outcome, are 2xx", FLOW + "text.c", "if (a->code == STORE_OK) {",
           "if (a->code == STORE_OK || a->code == STORE_SHORT || a->code == STORE_UNKNOWN) {"),
    Mutant("time that is over is 2xx", FLOW + "arrivals.c", "spooler_is_slow(a->flow->spooler);\n\tarrival_end(a, OUTCOME_UNAVAILABLE);",
           "spooler_is_slow(a->flow->spooler);\n\tarrival_end(a, OUTCOME_STORED);"),
    Mutant("2xx although the spool could not take it", FLOW + "arrivals.c", "if (on_disk)", "if (true)"),
    Mutant("a spooled text is done before it is stored", FLOW + "spooler.c", "if (o == OUTCOME_UNAVAILABLE) {", "if (false) {"),
    Mutant("the spool does not sync", STORE + "spool_writer.c",
           "if (!error)\n\t\terror = w->disk->sync(w->active.fd, w->disk->arg);", ""),
    Mutant("time follows the machine's clock", "server/base/steady_clock.c", "s->wall_ms += elapsed - s->elapsed_ms;",
           "s->wall_ms = clock_wall_ms(s->system);"),
]


def tree(to):
    """What the simulator is built of, with the objects that are there already. Their rules name the build's folder."""
    for name in ("Makefile", "server", "include", "proto", "tests/sim", "tests/lib_c"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name)
        elif source.exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / name)
    built = ROOT / BUILD
    for name in ("gen", "obj/server", "obj/gen", "obj/llhttp", "obj/tests/sim", "obj/tests/lib_c"):
        if (built / name).exists():
            shutil.copytree(built / name, to / BUILD.name / name)
    for library in built.glob("lib*.a"):
        shutil.copy2(library, to / BUILD.name / library.name)


def build(mutant, to):
    """The simulator's program with that mistake in it; without one when mutant is None."""
    to.mkdir(parents=True)
    tree(to)
    if mutant:
        source = to / mutant.file
        source.write_text(mutant.apply(source.read_text()))
    compiler = os.environ.get("CC") or ("ccache gcc" if shutil.which("ccache") else "cc")
    # A constant or variable that has lost its use is no mistake here.
    done = subprocess.run(["make", "-s", "-C", to, f"CC={compiler} -Wno-error", f"BUILD={BUILD.name}", f"{BUILD.name}/sim/holdfast-sim"],
                          capture_output=True, text=True, check=False, env={k: v for k, v in os.environ.items() if "MAKE" not in k})
    assert done.returncode == 0, f"it does not compile:\n{done.stderr[-3000:]}"
    return to / BUILD.name / "sim/holdfast-sim"


def hunt(program):
    """(seed, events over all seeds, what) of the first violation, or None."""
    for i, seed in enumerate(SEEDS):
        done = subprocess.run([program, "--seed", str(seed), "--steps", str(STEPS)], capture_output=True, text=True,
                              timeout=300, check=False)
        found = re.search(r"^VIOLATION seed=\d+ step=(\d+): (.*)$", done.stdout, re.MULTILINE)
        assert found or done.returncode == 0, f"seed {seed}: ended with {done.returncode}\n{done.stdout[-500:]}{done.stderr[-500:]}"
        if found:
            return seed, i * STEPS + int(found[1]), found[2]
    return None


def attempt(mutant):
    """(is as it must be, was found quickly, line for the table)"""
    folder = Path(tempfile.mkdtemp(prefix="hf-mutant-"))
    started = time.monotonic()
    try:
        found = hunt(build(mutant, folder / "tree"))
        where = "seed {}, after {} events: {}".format(*found) if found else "nothing found"
        quick = bool(found) and found[1] <= QUICK
        return bool(found) == bool(mutant), quick, f"{where} ({time.monotonic() - started:.0f} s)"
    except AssertionError as trouble:
        return False, False, str(trouble)
    finally:
        shutil.rmtree(folder)


def main():
    words = sys.argv[1:]
    # First without a mistake: what is found then is no find.
    chosen = [None] + [m for m in TABLE if not words or any(w in m.name for w in words)]
    good = swift = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for mutant, (as_it_must_be, quick, text) in zip(chosen, pool.map(attempt, chosen), strict=True):
            good += as_it_must_be
            swift += quick
            print(f"{'ok' if as_it_must_be else 'FAILED':6} {mutant.name if mutant else 'no mistake'}: {text}", flush=True)
    print(f"{good} of {len(chosen)} as they must be, {swift} found within {QUICK} events")
    return 0 if good == len(chosen) > 1 and (words or swift >= QUICK_LEAST) else 1


if __name__ == "__main__":
    sys.exit(main())
