# SPDX-License-Identifier: Apache-2.0
"""The ledger of custody: who had a conversation when, shown, verified, and held against the heads in the log."""
import json
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from custody import sha1
from house import new_number
from poll import poll
from programs import program
from schema import pb
from typed import Typed

POOLS = {"calm": 4}

LOW = "just wanted to say hello"
IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"
BROKEN = 3  # holdfastctl's exit code


def history(house, conversation, *options):
    """What the tool prints, and its exit code."""
    argv = [program("holdfastctl"), "--config", str(house.config_file), "--json", "conversation", "history", conversation, *options]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
    return json.loads(done.stdout), done.returncode


def ledger_key(pool, conversation):
    return f"{{{pool.name}}}:custody:{conversation}"


def head_logged(house, conversation):
    """(entries, head) of the latest."""
    line = re.compile(rf"conversation={re.escape(conversation)} event=custody entries=(\d+) head=(\w+)")
    return poll(lambda: line.findall(house.log_text()), what="a head in the log")[-1]


@contextmanager
def planted(house, pool, conversation, lines):
    """Another ledger in the place of the true one, for a while."""
    key = ledger_key(pool, conversation)
    true = house.cli("lrange", key, 0, -1)

    def put(now):
        house.cli("eval", "redis.call('DEL', KEYS[1]) return redis.call('RPUSH', KEYS[1], unpack(ARGV))", 1, key, *now)
    put(lines(true) if callable(lines) else lines)
    try:
        yield
    finally:
        put(true)


def chain(conversation, edit):
    """Edits the entries and hashes them anew."""
    def made(lines):
        out, head = [], sha1(conversation)
        for rest in edit([line.split(" ", 1)[1] for line in lines]):
            head = sha1(f"{head} {rest}")
            out.append(f"{head} {rest}")
        return out
    return made


@pytest.fixture(scope="module")
def life(house):
    """A conversation that was declined, lost its counselor, became worse, and was closed: (pool, id, who had it)."""
    pool = house.take()
    first, second = house.counselor(pool), house.counselor(pool)
    sender = house.text(pool, new_number(), LOW)
    here = next(c for c in poll(lambda: [c for c in (first, second) if c.has("offer")], what="an offer"))
    there = second if here is first else first
    offer = here.expect("offer")
    here.ask("decline", conversation=offer.conversation, epoch=offer.epoch, reason="busy")
    there.take()
    house.text(pool, sender, IMMINENT)
    there.expect("level_change")
    there.leave()
    again = here.take(deadline=15)
    supervisor = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))
    supervisor.ask("settle_flag", conversation=again.id)
    here.hang_up(again)
    return pool, again.id, here.session.name, there.session.name


def test_every_word_of_the_scripts_is_known():
    root = Path(__file__).parents[2]
    scripts = "\n".join(p.read_text() for p in (root / "server/store/lua").rglob("*.lua"))
    words = set(re.findall(r"\bcustody\(.*?, now, '(\w+)'", scripts))
    assert {"opened", "transferred", "repaired"} <= words
    reader, protocol = (root / "server/core/custody.c").read_text(), (root / "proto/PROTOCOL.md").read_text()
    table = protocol.split("### Custody\n")[1].split("\n### ")[0]
    for word in words:
        assert f'"{word}"' in reader and f"`{word}`" in table, word


def test_every_span_has_an_owner(house, life):
    pool, conversation, here, there = life
    told, code = history(house, conversation)
    assert code == 0
    assert [(e["what"], e.get("who", "")) for e in told["entries"]] == [
        ("opened", ""), ("offered", here), ("unoffered", here), ("offered", there), ("accepted", there), ("level", ""),
        ("flagged", ""), ("released", there), ("offered", here), ("accepted", here), ("settled", told["entries"][10]["who"]),
        ("closed", here), ("finished", here)]
    assert told["verified"] and told["entries"][7]["why"] == "lost" and told["entries"][11]["why"] == "done"
    spans = [(s["state"].removeprefix("STATE_"), s.get("owner", "")) for s in told["spans"]]
    assert spans == [("WAITING", ""), ("OFFERED", here), ("WAITING", ""), ("OFFERED", there), ("HELD", there), ("WAITING", ""),
                     ("OFFERED", here), ("HELD", here), ("WRAP_UP", here), ("CLOSED", "")]
    for before, after in zip(told["spans"], told["spans"][1:]):
        assert before["toMs"] == after["fromMs"]
    shown = house.ctl("conversation", "history", conversation).stdout
    assert "Verified: 13 entries" in shown and LOW not in shown
    rest = house.operator.ask("get_custody", conversation=conversation, after=11)
    assert [e.number for e in rest.entries] == [12, 13] and rest.verified
    house.check_states([pool])


def test_the_log_proves_that_nothing_was_cut_off(house, life):
    pool, conversation, here, there = life
    count, head = head_logged(house, conversation)
    told, code = history(house, conversation, "--head", head)
    assert (told["count"], told["headNumber"], told["head"], code) == (count, count, head, 0)
    # Made up anew, every hash right: only what was noted elsewhere speaks against it.
    with planted(house, pool, conversation, chain(conversation, lambda lines: [x.replace(here, there) for x in lines])):
        assert house.operator.ask("get_custody", conversation=conversation).verified
        told, code = history(house, conversation, "--head", head)
        assert code == BROKEN and "written anew" in told["fault"]
        shown = house.ctl("conversation", "history", conversation, "--head", head, check=False)
        assert shown.returncode == BROKEN and "NOT TO BE TRUSTED" in shown.stdout
    assert house.operator.refused("get_custody", conversation=conversation, head="ab") == "bad_request"
    assert house.operator.refused("get_custody", conversation=f"{pool.name}.{'0' * 26}") == "not_found"


@pytest.mark.parametrize("what", ["changed", "removed", "moved", "put in", "cut off", "binary"])
def test_tampering_shows(house, life, what):
    pool, conversation, *_ = life
    lines = house.cli("lrange", ledger_key(pool, conversation), 0, -1)
    bad = {"changed": lines[:3] + [lines[3].replace("offered", "accepted")] + lines[4:],
           "removed": lines[:2] + lines[4:],
           "moved": lines[:3] + [lines[4], lines[3]] + lines[5:],
           "put in": lines[:5] + [lines[4]] + lines[5:],
           "cut off": lines[:-1],
           "binary": lines[:4] + ["\x01\x7f"] + lines[4:]}[what]
    with planted(house, pool, conversation, bad):
        told = house.operator.ask("get_custody", conversation=conversation)
        assert told.fault and not told.verified and told.count == len(bad)
    assert house.operator.ask("get_custody", conversation=conversation).verified


def test_a_broken_ledger_is_reported_at_the_close(house):
    pool = house.take()
    console = house.counselor(pool)
    house.text(pool, new_number(), LOW)
    conversation = console.take()
    key = ledger_key(pool, conversation.id)
    line = house.cli("lindex", key, 0)
    house.cli("lset", key, 0, line.replace("level=", "level=9"))
    console.hang_up(conversation)
    poll(lambda: f"conversation={conversation.id} event=custody_broken" in house.log_text(), what="the report")
    assert house.metric("holdfast_custody_total", result="broken") == 1
    house.cli("lset", key, 0, line)
    house.check_states([pool])


def test_who_may_see_it(house, life):
    pool, conversation, *_ = life
    other = house.take()
    stranger = house.sign_in(house.hire(other, roles=(pb.ROLE_COUNSELOR, pb.ROLE_SUPERVISOR)))
    assert stranger.refused("get_custody", conversation=conversation) == "not_found"
    for role in (pb.ROLE_COUNSELOR, pb.ROLE_SUPERVISOR):
        assert house.sign_in(house.hire(pool, roles=(role,))).ask("get_custody", conversation=conversation).verified
    auditor = house.sign_in(house.hire(other, roles=(pb.ROLE_AUDITOR,)))
    assert auditor.ask("get_custody", conversation=conversation).verified


def test_the_terminal_shows_it(house, life):
    pool, conversation, here, there = life
    person = house.hire(pool, roles=(pb.ROLE_SUPERVISOR,))
    password = house.folder / "custody.password"
    password.write_text(person.password)
    password.chmod(0o600)
    typed = Typed([program("holdfast-console"), "--config", house.config_file, "--user", person.name, "--password-file", password],
                  house.folder / "custody.console")
    typed.wait(person.name)
    typed.type("/custody")
    typed.wait("which one")
    typed.type(f"/custody {conversation}")
    typed.wait(f"{re.escape(conversation)}: 13 entries, verified")
    typed.wait(f"held {there}, ")
    typed.wait(f"held {here}, ")
    typed.type(f"/custody {pool.name}.{'0' * 26}")
    typed.wait("not done: There is no such conversation")
    typed.type("/quit")
    assert typed.end() == 0
