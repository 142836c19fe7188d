# SPDX-License-Identifier: Apache-2.0
"""Deletion at a texter's word, at an operator's, and by age: what goes, what it waits for, and that nothing stops it half-way."""
import re
import time

import pytest

from house import House, new_number
from poll import poll, stays
from programs import PATIENCE
from schema import pb

MEDIUM = "my grandma died last week"
HIGH = "i want to die, i have a plan"
DAY_MS = 86400000
# Every value of every key, in hex: "KEY VALUE".
ALL_VALUES = """
local out = {}
local function hex(s)
  return (string.gsub(s, '.', function(c) return string.format('%02x', string.byte(c)) end))
end
local read = { string = { 'GET' }, list = { 'LRANGE', 0, -1 }, set = { 'SMEMBERS' }, zset = { 'ZRANGE', 0, -1 }, hash = { 'HGETALL' } }
for _, key in ipairs(redis.call('KEYS', '*')) do
  local how = read[redis.call('TYPE', key).ok]
  local value = redis.call(how[1], key, unpack(how, 2))
  for _, v in ipairs(type(value) == 'table' and value or { value }) do
    out[#out + 1] = key .. ' ' .. hex(v)
  end
end
return out
"""


@pytest.fixture(scope="module")
def house(authority):
    def edit(config):
        for pool in config["pools"]:
            pool.update(automatic=True, reopen_s=0, retain_days=30)
        config["pools"][3].update(automatic=False, delete_words=[{"language": "fr", "words": ["OUBLIEZ-MOI"]}])
    h = House(authority, pools={"calm": 4}, edit=edit)
    try:
        yield h.start()
    finally:
        h.end()


def everything(house):
    """(key, value in hex) of all there is."""
    return [line.split(" ") for line in house.cli("eval", ALL_VALUES, 0)]


def secrets_of(house, conversations):
    """What is sealed of them: keys, numbers, texts, notes."""
    ids = {m for c in conversations for m in house.cli("lrange", key_of(c, "ms"), 0, -1)} | set(conversations)
    found = {value for key, value in everything(house) if key.rsplit(":", 1)[1] in ids and len(value) >= 2 * 29
             and not re.fullmatch("([2-7][0-9a-f])+", value)}
    assert len(found) >= 5 * len(conversations), found  # two keys and numbers, text, reply, note, welcome
    return found


def on_disk(house, secrets):
    """Those that are in Redis' append-only files."""
    files = b"".join(f.read_bytes() for f in (house.folder / "state/redis/appendonlydir").iterdir())
    return {s for s in secrets if bytes.fromhex(s) in files}


def key_of(conversation, kind="c"):
    return f"{{{conversation.split('.')[0]}}}:{kind}:{conversation}"


def field(house, conversation, name):
    return house.cli("hget", key_of(conversation), name)


def wishes(house, pool):
    return house.cli("keys", f"\\{{{pool.name}\\}}:erase:*")


def look_now(house, pool):
    for member in house.cli("zrange", f"{{{pool.name}}}:due", 0, -1):
        if member.startswith("erase:"):
            house.cli("zadd", f"{{{pool.name}}}:due", "XX", 1, member)


def fulfilled(house, pool):
    def over():
        look_now(house, pool)
        return not wishes(house, pool)
    poll(over, 20 * PATIENCE, "that the wish is fulfilled", every=0.2)


def staff(house, pool):
    """A supervisor who also takes people."""
    return house.sign_in(house.hire(pool, roles=[pb.ROLE_COUNSELOR, pb.ROLE_SUPERVISOR], capacity=3)).available()


def converse(house, pool, console, texter, text=MEDIUM):
    """A whole conversation. Returns its id."""
    house.text(pool, texter, text)
    taken = console.take()
    console.reply(taken, "I am here.")
    console.ask("whisper", conversation=taken.id, text="ask about her")
    poll(lambda: house.cli("exists", key_of(taken.id, "replies")) == 0, what="that the reply is sent")
    console.hang_up(taken)
    assert field(house, taken.id, "state") == "5"
    return taken.id


def receipts(house, texter, word="Receipt"):
    return re.findall(word + r": ([0-9A-Z]{8})\b", " ".join(s.text for s in house.carrier.to(texter)))


@pytest.fixture(scope="module")
def aged(house):
    """(old, recent): closed conversations, one of them longer ago than the pool keeps them."""
    pool = house.pools[0]
    console = staff(house, pool)
    old, recent = (converse(house, pool, console, new_number()) for _ in range(2))
    console.leave()
    ago = int(time.time() * 1000) - 31 * DAY_MS
    assert house.cli("zadd", f"{{{pool.name}}}:closed", "XX", "CH", ago, old) == 1
    return old, recent


def test_all_of_it_goes_and_a_receipt_comes(house, aged):
    pool = house.pools[1]
    console = staff(house, pool)
    texter = new_number()
    theirs = [converse(house, pool, console, texter) for _ in range(2)]
    kept = converse(house, pool, console, new_number())
    who, secrets = field(house, theirs[0], "texter"), secrets_of(house, theirs)
    for _ in range(2):
        house.text(pool, texter, " Delete MY data!", provider_id="forget-1")
    code, = poll(lambda: receipts(house, texter), 20 * PATIENCE, "the receipt")
    fulfilled(house, pool)
    for key, value in everything(house):
        assert value not in secrets, key
        assert who not in key and who.encode().hex() not in value, key
    log = house.log_text()
    assert f"event=deletion_asked pool={pool.name} receipt={code}" in log
    assert f"event=deletion_done pool={pool.name} receipt={code}" in log
    for conversation in theirs:
        shown = console.ask("get_conversation", conversation=conversation)
        assert shown.deleted_ms > 0 and shown.state == pb.STATE_CLOSED
        assert not shown.messages and not shown.reasons and not shown.notes
        ledger = house.operator.ask("get_custody", conversation=conversation)
        assert ledger.verified and (ledger.entries[-1].what, ledger.entries[-1].why) == ("deleted", f"receipt={code}")
    assert "deleted" in house.ctl("conversation", theirs[0]).stdout
    assert [m.text for m in console.history(kept).messages if not m.automatic] == [MEDIUM, "I am here."]
    stays(lambda: receipts(house, texter) == [code], 0.6, "one receipt")
    assert house.metric("holdfast_inbound_total", result="deletion") == 1
    # Who comes back is somebody new.
    house.text(pool, texter, MEDIUM)
    back = console.take()
    assert back.earlier_conversations == 0 and back.id not in theirs
    console.hang_up(back)
    console.leave()
    house.check_states([pool])


def test_nobody_in_danger_is_cut_off(house):
    pool = house.pools[2]
    console, texter = staff(house, pool), new_number()
    before = converse(house, pool, console, texter)
    house.text(pool, texter, HIGH)
    taken = console.take()
    house.text(pool, texter, "¡Borrar mis datos!")
    assert console.expect("message", lambda m: m.text == "¡Borrar mis datos!").conversation == taken.id
    assert console.expect("attention", lambda a: a.kind == "deletion_asked").conversation == taken.id
    assert console.expect("message", lambda m: m.automatic == "deleted_later").conversation == taken.id
    poll(lambda: [s for s in house.carrier.to(texter) if s.text.startswith("As you asked, what you write here will be")],
         what="the word that it will be deleted")
    house.text(pool, texter, "delete my data")
    for _ in range(3):
        look_now(house, pool)
        stays(lambda: not receipts(house, texter, "Comprobante"), 0.4, "nothing is deleted while they are talked with")
    shown = console.history(taken.id)
    assert shown.state == pb.STATE_HELD and shown.level == pb.LEVEL_HIGH and shown.deletion_asked_ms > 0
    assert [m.text for m in shown.messages if not m.author and not m.automatic] == [HIGH, "¡Borrar mis datos!", "delete my data"]
    assert console.history(before).messages[0].text == MEDIUM
    console.reply(taken, "Stay with me.")
    console.ask("close", conversation=taken.id, epoch=taken.epoch, outcome="done")
    look_now(house, pool)
    stays(lambda: console.history(taken.id).messages, 0.6, "nor while there are notes to be written")
    console.ask("finish_wrap_up", conversation=taken.id, epoch=taken.epoch)
    fulfilled(house, pool)
    assert len(receipts(house, texter)) == 1  # in the language of their latest word
    assert not console.ask("get_conversation", conversation=before).messages
    assert not console.ask("get_conversation", conversation=taken.id).messages
    console.leave()


def test_killed_in_the_middle_it_goes_on(house):
    pool = house.pools[1]
    console, texter = staff(house, pool), new_number()
    first, second = (converse(house, pool, console, texter) for _ in range(2))
    secrets = secrets_of(house, [first, second])
    assert on_disk(house, secrets)
    # As if a reply of the second were not sent yet: there it stops for a while.
    house.cli("rpush", key_of(second, "replies"), "nothing")
    house.carrier.behave = lambda sent: "busy" if "Receipt" in sent.text else "accept"
    try:
        house.text(pool, texter, "loofah")
        poll(lambda: field(house, first, "erased_at"), 20 * PATIENCE, "the first half")
        assert not field(house, second, "erased_at")
        house.kill()
        house.restart()
        house.cli("del", key_of(second, "replies"))
        look_now(house, pool)
        # And once more, when all that is left is to tell them.
        poll(lambda: [s for s in house.carrier.tries if s.to == texter and "Receipt" in s.text], 20 * PATIENCE, "a try")
        house.kill()
    finally:
        house.carrier.behave = lambda sent: "accept"
    house.restart()
    assert field(house, second, "erased_at")
    code, = poll(lambda: receipts(house, texter), 60 * PATIENCE, "the receipt")
    fulfilled(house, pool)
    left = {value for _, value in everything(house)}
    assert not left & secrets
    # The first deletion of this process: the files are written anew without it.
    poll(lambda: not on_disk(house, secrets), 20 * PATIENCE, "append-only files without them", every=0.2)
    stays(lambda: receipts(house, texter) == [code], 0.6, "one receipt")
    house.check_states([pool])


def test_an_operator_writes_it_down(house):
    pool = house.pools[3]
    console, texter = staff(house, pool), new_number()
    conversation = converse(house, pool, console, texter)
    texts = len(house.carrier.to(texter))
    receipt = house.ctl("conversation", "forget", conversation, as_json=True)["receipt"]
    fulfilled(house, pool)
    assert console.ask("get_conversation", conversation=conversation).deleted_ms > 0
    last = house.operator.ask("get_custody", conversation=conversation).entries[-1]
    assert (last.what, last.who, last.why) == ("deleted", "operator", f"receipt={receipt}")
    assert len(house.carrier.to(texter)) == texts
    assert house.operator.refused("forget_conversation", conversation=conversation) == "gone"
    assert house.operator.refused("forget_conversation", conversation=f"{pool.name}.nothing") == "not_found"
    assert console.refused("forget_conversation", conversation=conversation) == "forbidden"
    # While it is open, it waits; and the pool's own word, where texters get no automatic texts.
    house.text(pool, texter, MEDIUM)
    taken = console.take()
    assert "when that is over" in house.ctl("conversation", "forget", taken.id).stdout
    house.text(pool, texter, "delete my data")
    stays(lambda: console.history(taken.id).messages, 0.5, "it waits")
    console.hang_up(taken)
    fulfilled(house, pool)
    house.text(pool, new_number(), "Oubliez moi")
    fulfilled(house, pool)
    assert len(house.carrier.to(texter)) == texts
    console.leave()
    house.check_states([pool])


def test_by_age(house, aged):
    old, recent = aged
    poll(lambda: field(house, old, "erased_at"), 20 * PATIENCE, "that it is deleted by age")
    assert not field(house, old, "key") and field(house, recent, "key")
    assert house.operator.ask("get_custody", conversation=old).entries[-1].why == "retention"
    assert house.operator.ask("get_conversation", conversation=recent).sequence > 0
    house.check_states([house.pools[0]])
