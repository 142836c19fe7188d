# SPDX-License-Identifier: Apache-2.0
"""Canaries: text and numbers go through every path, and then nothing of them is found at rest or in a log."""
import base64
import subprocess

from house import OPERATOR_PASSWORD, PATH_SECRET, TWILIO_TOKEN
from poll import poll
from schema import pb
from web import KannelPost

POOLS = {"calm": 2, "urgent": 1}
LOG_LEVEL = "debug"

TEXT = "xylophone quagmire canary"
REPLY = "zeppelin marzipan canary"
TEXTER = "+15005558271"
ON_CALL = "+15005559364"


def forms(secret):
    """How a secret may look to somebody who greps: as it is, in base64 at any of its three offsets, in hex, as UTF-16."""
    raw = secret.encode()
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), secret.encode("utf-16-le"),
             secret.encode("utf-16-be")}
    for pad in range(3):
        coded = base64.b64encode(b"\0" * pad + raw)
        found.add(coded[(0, 2, 3)[pad]:-4])  # what depends on the neighbours is cut off
    return found


def needles():
    out = {}
    for secret in (TEXT, REPLY, TEXT.split()[0], TEXT.split()[1], REPLY.split()[0], REPLY.split()[1]):
        out[secret] = forms(secret)
    for number in (TEXTER, ON_CALL):
        for variant in (number, number[1:], number[2:], f"{number[2:5]}-{number[5:8]}-{number[8:]}", number.replace("+", "%2B")):
            out[variant] = forms(variant)
    for secret in (TWILIO_TOKEN, PATH_SECRET, OPERATOR_PASSWORD, "routerpw"):
        out[secret] = forms(secret)
    return out


def assert_clean(where, data):
    lowered = data.lower()
    for secret, shapes in needles().items():
        for shape in shapes:
            assert shape not in data, f"{secret!r} (as {shape[:40]!r}) in {where}"
        assert secret.lower().encode() not in lowered, f"{secret!r} in {where}"


def everything_in_redis(house):
    """Keys, and each value as Redis would dump it and as commands read it."""
    parts = []
    for key in house.cli("keys", "*"):
        parts.append(key.encode())
        kind = house.cli("type", key)
        read = {"string": ["get", key], "hash": ["hgetall", key], "list": ["lrange", key, 0, -1], "set": ["smembers", key],
                "zset": ["zrange", key, 0, -1, "withscores"], "stream": ["xrange", key, "-", "+"]}[kind]
        for command in (read, ["dump", key]):
            parts.append(subprocess.run(["redis-cli", "-s", str(house.redis_socket), "--raw", *map(str, command)],
                                        capture_output=True, check=True).stdout)
    assert len(parts) > 20
    return b"\n".join(parts)


def test_forms_find_what_they_should():
    hidden = {b"..." + TEXT.encode() + b"...", base64.b64encode(b"abc" + TEXT.encode() + b"def"),
              base64.b64encode(b"ab" + TEXT.encode() + b"def"), base64.b64encode(b"a" + TEXT.encode() + b"def"),
              TEXT.encode().hex().encode()}
    for data in hidden:
        assert any(shape in data for shape in forms(TEXT)), data


def test_no_text_and_no_number_rests_in_clear(house):
    pool, urgent = house.take(), house.take("urgent")
    console = house.counselor(pool)
    house.text(pool, TEXTER, TEXT)
    conversation = console.take()
    assert conversation.messages[0].text == TEXT
    reply = console.reply(conversation, REPLY)
    sent = house.carrier.wait(TEXTER)
    house.report(sent, 1)
    console.expect("delivery_change", lambda d: d.message == reply.id and d.delivery == pb.DELIVERY_DELIVERED)
    house.carrier.behave = lambda s: "refuse" if s.to == TEXTER else "accept"
    failing = console.reply(conversation, REPLY)
    console.expect("delivery_change", lambda d: d.message == failing.id and d.delivery == pb.DELIVERY_FAILED)
    house.carrier.behave = lambda s: "accept"

    # What is refused or unreadable says why, without saying what it was.
    house.post(pool, TEXTER, TEXT, gateway="nobody")
    KannelPost("id", TEXTER, pool.line, TEXT, secret="wrong").send(house.gateways_port, house.context)
    KannelPost("id2", TEXTER, "999999", TEXT, secret=PATH_SECRET).send(house.gateways_port, house.context)
    KannelPost("", TEXTER, "", TEXT, secret=PATH_SECRET).send(house.gateways_port, house.context)
    stranger = house.connect()
    assert stranger.refused("log_in", name="nobody", password=OPERATOR_PASSWORD + "x") == "bad_login"
    assert console.refused("reply", conversation=conversation.id, epoch=conversation.epoch + 5, client_id="c", text=TEXT) == "stale"

    # A page, from the text that nobody answers, acknowledged and then a wrong acknowledgement.
    house.hire(urgent, name=urgent.first, roles=[pb.ROLE_AUDITOR], phone=ON_CALL)
    house.text(urgent, TEXTER, TEXT)
    page = house.carrier.wait(ON_CALL)
    assert TEXT not in page.text and TEXTER not in page.text
    house.text(urgent, ON_CALL, "ok")
    poll(lambda: any(p.state == pb.PAGE_STATE_ACKNOWLEDGED for p in house.operator.ask("get_pages").pages))
    house.text(urgent, ON_CALL, "ACK 987654")

    for command in (["status"], ["queue"], ["page", "list"], ["staff", "list"], ["oncall"]):
        for as_json in ([], ["--json"]):
            done = house.ctl(*as_json, *command, check=False)
            assert_clean(f"holdfastctl {command}", (done.stdout + done.stderr).encode())

    assert_clean("/metrics", house.admin("/metrics").body)
    assert_clean("Redis", everything_in_redis(house))
    house.log_text()
    assert_clean("the log", house.log.read_bytes())
    assert len(house.log.read_bytes()) > 500, "there is a log to look at"
    files = [f for f in (house.folder / "state").rglob("*") if f.is_file() and "keys" not in f.parts]
    assert any("appendonly" in str(f) or f.suffix == ".aof" for f in files), files
    for file in files:
        assert_clean(file, file.read_bytes())
    arguments = open(f"/proc/{house.process.pid}/cmdline", "rb").read() + open(f"/proc/{house.process.pid}/environ", "rb").read()
    assert_clean("the process list", arguments)


def test_the_keys_are_needed(house):
    """Without the key-encryption key the data is of no use: the files are private, and not inside Redis' folder."""
    keys = sorted((house.folder / "state/keys").glob("*.key"))
    assert len(keys) >= 3
    dump = b"".join(f.read_bytes() for f in (house.folder / "state/redis").rglob("*") if f.is_file())
    for key in keys:
        assert key.stat().st_mode & 0o077 == 0
        assert key.read_bytes().strip() not in dump and bytes.fromhex(key.read_text().strip()) not in dump
