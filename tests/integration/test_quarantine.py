# SPDX-License-Identifier: Apache-2.0
"""What is authentic and cannot be taken as a text: kept sealed, once, and a supervisor makes a text of it or discards it."""
import os
import signal
import subprocess
import uuid
from urllib.parse import urlencode

import pytest

import spool
from house import PATH_SECRET, TWILIO_ACCOUNT, TWILIO_TOKEN, TWILIO_URL, House, new_number
from poll import poll
from programs import ROOT, program
from schema import pb
from test_secrets import everything_in_redis, forms
from twilio import Signer, inbound_form
from typed import Typed
from web import call

POOLS = {"calm": 15}

WORDS = "marmalade trombone canary"
KANNEL = f"/v1/gateways/kannel/messages/{PATH_SECRET}"
TWILIO = "/v1/gateways/twilio/messages"


@pytest.fixture(scope="module")
def signer():
    s = Signer()
    yield s
    s.end()


def send(house, query, body=WORDS, **headers):
    """A post of Kannel's, with whatever query."""
    return call(house.gateways_port, "POST", f"{KANNEL}?{query}", body if isinstance(body, bytes) else body.encode(),
                {"Content-Type": 'text/plain; charset="UTF-8"', **headers}, house.context)


def send_unreadable(house, body=WORDS, **headers):
    """Without an id nobody knows whether it was seen before. Returns what tells it from all others."""
    mark = uuid.uuid4().hex
    answer = send(house, urlencode({"from": new_number(), "mark": mark}), body, **headers)
    assert answer.status == 200, answer
    return mark


def supervisor(house, pool):
    return house.sign_in(house.hire(pool, roles=(pb.ROLE_COUNSELOR, pb.ROLE_SUPERVISOR)))


def entries(console):
    return console.ask("get_quarantine").entries


def read(console, entry):
    return console.ask("read_quarantined", id=entry.id)


def find(console, mark):
    """The entries whose request holds a mark."""
    return [e for e in entries(console) if mark.encode() in read(console, e).request]


def test_unreadable_once_however_often_it_is_repeated(house):
    chief = supervisor(house, house.take())
    query = urlencode({"from": "+15005558272", "mark": "repeated"})
    before = house.metric("holdfast_inbound_total", result="quarantined")
    for _ in range(5):
        answer = send(house, query)
        assert (answer.status, answer.body) == (200, b"")
    [entry] = find(chief, "repeated")
    shown = read(chief, entry)
    assert shown.request == (f'POST /v1/gateways/kannel/messages?{query}\nContent-Type: text/plain; charset="UTF-8"\n\n'
                             f"{WORDS}").encode()
    assert "id is missing" in shown.reason and shown.gateway == "kannel" and shown.size == len(shown.request)
    assert house.metric("holdfast_inbound_total", result="quarantined") == before + 1
    poll(lambda: house.metric("holdfast_quarantined") == len(entries(chief)), 15, "the gauge")
    log = house.log_text()
    assert "event=unparsable" in log and f"event=quarantined id={entry.id}" in log
    everything = everything_in_redis(house)
    for secret in (WORDS, *WORDS.split(), "+15005558272", "5005558272", PATH_SECRET):
        for shape in forms(secret):
            assert shape not in everything, secret
        assert secret not in log


def test_twilio_answers_as_twilio_wants(house, signer):
    chief = supervisor(house, house.take())
    form = inbound_form(TWILIO_ACCOUNT, "", house.pools[0].line, WORDS)  # nobody it came from
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
               "X-Twilio-Signature": signer.form(TWILIO_TOKEN, TWILIO_URL + TWILIO, form)}
    for _ in range(2):
        answer = call(house.gateways_port, "POST", TWILIO, form, headers, house.context)
        assert (answer.status, answer.text) == (200, "<Response></Response>")
    [entry] = [e for e in entries(chief) if e.gateway == "twilio"]
    shown = read(chief, entry)
    assert "From is missing" in shown.reason and form.encode() in shown.request
    assert headers["X-Twilio-Signature"].encode() not in shown.request
    assert call(house.gateways_port, "POST", TWILIO, form + "x", headers, house.context).status == 403
    assert len([e for e in entries(chief) if e.gateway == "twilio"]) == 1


def test_a_line_that_nobody_serves(house):
    chief = supervisor(house, house.take())
    mark = uuid.uuid4().hex
    assert send(house, urlencode({"id": mark, "from": new_number(), "to": "999999", "ts": 0})).status == 200
    [entry] = find(chief, mark)
    assert "no line" in entry.reason and "999999" not in entry.reason


def test_only_supervisors(house):
    pool = house.take()
    chief = supervisor(house, pool)
    mark = send_unreadable(house)
    [entry] = find(chief, mark)
    others = [house.operator, house.counselor(pool), house.sign_in(house.hire(pool, roles=(pb.ROLE_AUDITOR,)))]
    for console in others:
        assert console.refused("get_quarantine") == "forbidden"
        assert console.refused("read_quarantined", id=entry.id) == "forbidden"
        assert console.refused("release_quarantined", id=entry.id, line=pool.line, **{"from": new_number()},
                               text="x") == "forbidden"
        assert console.refused("discard_quarantined", id=entry.id, reason="x") == "forbidden"
    assert [e.id for e in find(chief, mark)] == [entry.id]


def test_released_it_is_a_text_like_any_other(house):
    pool, other = house.take(), house.take()
    chief, counselor = supervisor(house, pool), house.counselor(pool)
    texter = new_number()
    mark = send_unreadable(house, f"{WORDS} for a human")
    [entry] = find(chief, mark)
    good = {"id": entry.id, "line": pool.line, "from": texter, "text": WORDS}
    for wrong in ({"line": other.line}, {"line": "999999"}, {"from": "a friend"}, {"from": ""}, {"text": ""},
                  {"text": " \n"}, {"text": "x" * 4097}):
        assert chief.refused("release_quarantined", **{**good, **wrong}) == "bad_request", wrong
    assert find(chief, mark)
    chief.ask("release_quarantined", **good)
    conversation = counselor.take()
    assert [m.text for m in conversation.messages] == [WORDS]
    counselor.reply(conversation, "I am here")
    assert house.carrier.wait(texter).text == "I am here"
    assert not find(chief, mark)
    assert chief.refused("release_quarantined", **good) == "conflict"
    assert chief.refused("discard_quarantined", id=entry.id, reason="late") == "conflict"
    assert chief.refused("read_quarantined", id=entry.id) == "conflict"
    assert [m.text for m in counselor.history(conversation.id).messages] == [WORDS, "I am here"]
    assert f"event=quarantine_released id={entry.id} staff=" in house.log_text()
    assert "request" not in house.cli("hkeys", f"{{quarantine}}:e:{entry.id}")


def test_two_supervisors_at_once_are_one_text(house):
    pool = house.take()
    chiefs, counselor = [supervisor(house, pool) for _ in range(2)], house.counselor(pool)
    [entry] = find(chiefs[0], send_unreadable(house))
    texter = new_number()
    asked = [(c, c.begin("release_quarantined", id=entry.id, line=pool.line, text=WORDS, **{"from": texter}))
             for c in chiefs]
    for console, number in asked:
        result = console.answer(number)
        assert result.ok or result.code == "conflict"
    conversation = counselor.take()
    assert [m.text for m in counselor.history(conversation.id).messages] == [WORDS]


def test_discarded_and_thought_better_of(house):
    pool = house.take()
    chief, counselor = supervisor(house, pool), house.counselor(pool)
    mark = send_unreadable(house)
    [entry] = find(chief, mark)
    for reason in ("", "  ", "x" * 201):
        assert chief.refused("discard_quarantined", id=entry.id, reason=reason) == "bad_request"
    chief.ask("discard_quarantined", id=entry.id, reason="looks like a test")
    chief.ask("discard_quarantined", id=entry.id, reason="looks like a test")
    assert not find(chief, mark)
    assert mark.encode() in read(chief, entry).request
    assert 'reason="looks like a test"' in house.log_text()
    chief.ask("release_quarantined", id=entry.id, line=pool.line, text=WORDS, **{"from": new_number()})
    assert counselor.take().messages[0].text == WORDS


def test_ids_of_nothing(house):
    chief = supervisor(house, house.take())
    for name in ("", "x", "kannel.", "kannel.x", ".", "kannel." + "0" * 26, "x" * 500, f"kannel.{'0' * 25}\n"):
        assert chief.refused("read_quarantined", id=name) == "not_found", name
        assert chief.refused("discard_quarantined", id=name, reason="x") == "not_found", name


def test_from_the_command_line(house):
    pool = house.take()
    person = house.hire(pool, roles=(pb.ROLE_SUPERVISOR,))
    chief, counselor = house.sign_in(person), house.counselor(pool)
    evil = b"\x1b[2J\x1b]0;owned\x07 \xff\xfe caf\xc3\xa9 \xe2\x80\xaeback"
    mark = send_unreadable(house, evil, **{"X-Kannel-From": "+15005558273"})
    [entry] = find(chief, mark)
    chief.leave()
    files = {}
    for name, content in (("password", person.password), ("text", WORDS + "\n"), ("from", "+15005558273\n")):
        files[name] = house.folder / f"quarantine.{name}"
        files[name].write_text(content)
        files[name].chmod(0o600)
    me = ("--user", person.name, "--password-file", files["password"])
    assert entry.id in house.ctl("quarantine", "list", *me).stdout
    shown = house.ctl("quarantine", "read", entry.id, *me).stdout
    assert not any(c in shown for c in "\x1b\x07\u202e\ufffd")
    assert r"\x1b[2J\x1b]0;owned\x07 \xff\xfe café \xe2\x80\xaeback" in shown
    assert f"mark: {mark}" in shown and "X-Kannel-From: +15005558273" in shown
    assert house.ctl("quarantine", "list", check=False).returncode == 1  # the operator
    assert house.ctl("quarantine", "release", entry.id, *me, check=False).returncode == 2
    house.ctl("quarantine", "release", entry.id, "--line", pool.line, "--from-file", files["from"], "--text-file",
              files["text"], *me)
    assert counselor.take().messages[0].text == WORDS
    chief = house.sign_in(person)
    [entry] = find(chief, send_unreadable(house))
    chief.leave()
    assert house.ctl("quarantine", "discard", entry.id, *me, check=False).returncode == 2
    house.ctl("quarantine", "discard", entry.id, "--reason", "a test", *me)
    listed = house.ctl("quarantine", "list", *me, as_json=True)
    assert entry.id not in [e["id"] for e in listed.get("entries", [])]
    assert len(listed.get("entries", [])) == int(listed.get("total", 0))


def test_from_a_supervisors_terminal(house):
    pool = house.take()
    person = house.hire(pool, roles=(pb.ROLE_SUPERVISOR,))
    counselor, chief = house.counselor(pool), house.sign_in(person)
    texter = new_number()
    mark = send_unreadable(house, "hello\nFrom: nobody\x1b[2J")
    [entry] = find(chief, mark)
    chief.leave()
    password = house.folder / f"{person.name}.password"
    password.write_text(person.password + "\n")
    password.chmod(0o600)
    typed = Typed([program("holdfast-console"), "--config", house.config_file, "--user", person.name, "--password-file",
                   password], house.folder / f"{person.name}.log")
    typed.type("/quarantine")
    typed.wait(rf"{entry.id}  id is missing")
    typed.type(f"/read {entry.id}")
    typed.wait(r"    hello\n    From: nobody\\x1b\[2J\n")
    typed.wait(f"  mark: {mark}")
    typed.type("/release")
    typed.wait(r"\[error\] type /release ID LINE NUMBER TEXT")
    typed.type(f"/release {entry.id} 999999 {texter} {WORDS}")
    typed.wait(r"\[error\] not done: line must be")
    typed.type(f"/release {entry.id} {pool.line} {texter} {WORDS}")
    typed.wait(r"\[you\] released")
    assert counselor.take().messages[0].text == WORDS
    typed.type(f"/discard {entry.id} too late")
    typed.wait(r"\[error\] not done: .* has released it already")
    typed.type("/quit")
    assert typed.end() == 0


def test_doctor_and_status_say_so(house):
    chief = supervisor(house, house.take())
    send_unreadable(house)
    waiting = len(entries(chief))
    poll(lambda: any(c.name == "quarantine" and not c.ok and str(waiting) in c.text
                     for c in house.operator.ask("run_checks").checks), 15, "doctor to tell")
    assert any(f"quarantine for a supervisor. {waiting} wait" in a for a in house.operator.ask("get_status").alarms)
    assert house.metric("holdfast_alarm", alarm="quarantine") == 1
    for entry in entries(chief):
        chief.ask("discard_quarantined", id=entry.id, reason="the tests are over")
    poll(lambda: house.metric("holdfast_alarm", alarm="quarantine") == 0, 15, "the alarm to end")
    assert house.metric("holdfast_quarantined") == 0


def test_each_supervisor_sees_the_gateways_of_their_pools(authority):
    def edit(config):
        config["lines"][1]["gateway"] = "twilio"
        config["gateways"].append(dict(config["gateways"][0], name="spare"))

    house = House(authority, pools={"calm": 2}, edit=edit)
    try:
        house.start()
        chiefs = [supervisor(house, pool) for pool in house.pools]
        send_unreadable(house)
        target = f"/v1/gateways/spare/messages/{PATH_SECRET}?from=x"
        assert call(house.gateways_port, "POST", target, b"?", {"Content-Type": "text/plain"}, house.context).status == 200
        seen = [{e.gateway: e for e in entries(console)} for console in chiefs]
        # No pool has a line on the spare one, so it is everybody's.
        assert [sorted(s) for s in seen] == [["kannel", "spare"], ["spare"]]
        mine, theirs = seen[0]["kannel"], chiefs[1]
        assert theirs.ask("get_quarantine").total == 1
        assert theirs.refused("read_quarantined", id=mine.id) == "not_found"
        assert theirs.refused("discard_quarantined", id=mine.id, reason="x") == "not_found"
        assert theirs.refused("release_quarantined", id=mine.id, line=house.pools[1].line, text="x",
                              **{"from": new_number()}) == "not_found"
        assert mine.id in [e.id for e in entries(chiefs[0])]
    finally:
        house.end()


FILL = """for i = 1, ARGV[1] do
  local id = 'kannel.' .. string.format('%026d', i)
  redis.call('ZADD', KEYS[1], i, id)
  redis.call('HSET', '{quarantine}:e:' .. id, 'at', i, 'gateway', 'kannel', 'reason', 'filled', 'size', 1,
    'request', 'x', 'outcome', '', 'by', '')
end"""


def test_a_full_one_refuses_and_says_so(authority):
    house = House(authority)
    try:
        house.start()
        chief = supervisor(house, house.pools[0])
        house.cli("eval", FILL, 1, "{quarantine}:entries", 9999)
        send_unreadable(house)
        answer = send(house, "mark=one-too-many")
        assert answer.status == 503 and answer.headers["Retry-After"]
        assert "event=not_quarantined gateway=kannel code=FULL" in house.log_text()
        listed = chief.ask("get_quarantine")
        assert (len(listed.entries), listed.total) == (200, 10000)
        assert [e.at_ms for e in listed.entries] == list(range(1, 201))
        poll(lambda: any("full" in a for a in house.operator.ask("get_status").alarms), 15, "the alarm")
        # Bytes that our keys did not seal are an error of the server, and shown to nobody.
        assert chief.refused("read_quarantined", id=listed.entries[0].id) == "internal"
        chief.ask("discard_quarantined", id=listed.entries[0].id, reason="a test")
        assert send(house, "mark=one-too-many").status == 200
    finally:
        house.end()


def test_a_full_one_holds_no_spooled_text_up(authority, redis):
    house = House(authority, redis=redis)
    try:
        house.start()
        [pool] = house.pools
        house.cli("eval", FILL, 1, "{quarantine}:entries", 10000)
        redis.kill()
        for _ in range(70):  # more than are on their way into Redis at a time
            send_unreadable(house)
        house.text(pool, new_number(), WORDS)
        assert spool.records(house) == 71
        redis.start()
        spool.wait_empty(house)
        poll(house.is_ready, 15, "readiness")
        counselor = house.counselor(pool)
        assert counselor.take().messages[0].text == WORDS
        # What the quarantine could not take is beside the spool, and people are told.
        poll(lambda: len([p for p in spool.files(house) if p.suffix == ".refused"]) == 70, 15, "the last of the files")
        poll(lambda: spool.alarm(house, "spool_damaged"), 15, "the alarm")
        spool.sums(house)
    finally:
        house.end()


# ---- crashes


@pytest.fixture(scope="module")
def crash(tmp_path_factory):
    """A library that makes holdfastd crash on a magic word (tests/lib/crash.c)."""
    library = tmp_path_factory.mktemp("crash") / "crash.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-Wno-deprecated-declarations", "-o", library,
                    ROOT / "tests/lib/crash.c"], check=True)
    return library


class Fragile:
    """A house whose holdfastd crashes on some texts, and is started again as systemd would."""

    def __init__(self, house, library, monkeypatch):
        self.house = house
        monkeypatch.setenv("LD_PRELOAD", str(library))
        monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0")
        house.start()

    def crash(self, post):
        """A post on which it dies, without an answer."""
        self.house._may_end = True
        with pytest.raises(OSError):
            post()
        assert self.house.process.wait_exit() == -signal.SIGABRT
        self.house._operator = None
        self.house.start()


@pytest.fixture
def fragile(authority, crash, monkeypatch):
    h = House(authority, pools={"calm": 1})
    try:
        yield Fragile(h, crash, monkeypatch)
    finally:
        h.end()


def test_what_crashes_the_parser_twice_is_not_parsed_again(fragile):
    house = fragile.house
    [pool] = house.pools
    poison, texter = "poison pill " + WORDS, new_number()
    post = house.kannel_post(pool, texter, poison, "poison-1")

    def deliver():
        return post.send(house.gateways_port, house.context)

    fragile.crash(deliver)
    fragile.crash(deliver)
    for _ in range(2):
        assert deliver().status == 200
    chief, counselor = supervisor(house, pool), house.counselor(pool)
    [entry] = entries(chief)
    assert "crashed" in entry.reason
    assert poison.encode() in read(chief, entry).request
    # Without the right secret it is refused, as ever.
    forged = f"/v1/gateways/kannel/messages/wrong?{post.target.split('?')[1]}"
    assert call(house.gateways_port, "POST", forged, post.body, post.headers, house.context).status == 403
    house.text(pool, new_number(), "all is well")
    assert counselor.take().messages[0].text == "all is well"
    assert poison not in house.log_text() and texter not in house.log_text()


def test_an_innocent_neighbour_is_not_blamed(fragile):
    house = fragile.house
    [pool] = house.pools
    fragile.crash(lambda: house.post(pool, new_number(), "poison pill one"))
    fragile.crash(lambda: house.post(pool, new_number(), "poison pill two"))
    fragile.crash(lambda: house.post(pool, new_number(), "poison pill three"))
    counselor = house.counselor(pool)
    house.text(pool, new_number(), "hello")
    assert counselor.take().messages[0].text == "hello"
    assert not entries(supervisor(house, pool))


def test_what_crashes_the_check_twice_is_refused(fragile, signer):
    """Nobody knows who sent it: it must not fill the quarantine."""
    house = fragile.house
    form = inbound_form(TWILIO_ACCOUNT, new_number(), house.pools[0].line, "x", Mark="poison check")
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "A" * 27 + "="}

    def deliver():
        return call(house.gateways_port, "POST", TWILIO, form, headers, house.context)

    fragile.crash(deliver)
    fragile.crash(deliver)
    for _ in range(2):
        assert deliver().status == 400
    assert not entries(supervisor(house, house.pools[0]))
    assert "event=crashed_twice" in house.log_text()
    assert any("crashed" in a and "twilio" in a for a in house.operator.ask("get_status").alarms)
    assert house.admin("/healthz").status == 200
