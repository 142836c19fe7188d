# SPDX-License-Identifier: Apache-2.0
"""Malformed input at all three listeners: it never crashes anything, and never delays anybody else."""
import base64
import os
import socket
import ssl
import struct
import threading
import time

import pytest

from house import PATH_SECRET, new_number
from poll import poll
from programs import PATIENCE, ROOT, sanitizer_reports
from web import Raw, call, status_of

POOLS = {"calm": 7}

GOOD_TARGET = f"/v1/gateways/kannel/messages/{PATH_SECRET}?id=ID&from=%2B15005550001&to=741000&ts=0&coding=0&charset=UTF-8"
UPGRADE = (b"GET /v1/console HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: holdfast.v1\r\nSec-WebSocket-Key: KEY\r\n\r\n")


def head(method=b"POST", target=GOOD_TARGET.encode(), version=b"HTTP/1.1", lines=(), host=b"Host: 127.0.0.1\r\n"):
    return method + b" " + target + b" " + version + b"\r\n" + host + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


# Each must be refused, with a 4xx or 5xx or by ending the connection, and none may pass for a request.
MALFORMED = {
    "transfer_encoding_identity": head(lines=[b"Transfer-Encoding: identity"]) + b"hello",
    "transfer_encoding_unknown": head(lines=[b"Transfer-Encoding: xchunked"]) + b"0\r\n\r\n",
    "both_lengths": head(lines=[b"Content-Length: 5", b"Transfer-Encoding: chunked"]) + b"0\r\n\r\n",
    "two_lengths": head(lines=[b"Content-Length: 5", b"Content-Length: 6"]) + b"hello!",
    "signed_length": head(lines=[b"Content-Length: +5"]) + b"hello",
    "negative_length": head(lines=[b"Content-Length: -5"]),
    "huge_length": head(lines=[b"Content-Length: 99999999999999999999999"]),
    "hex_length": head(lines=[b"Content-Length: 0x5"]) + b"hello",
    "space_before_colon": head(lines=[b"Content-Length : 5"]) + b"hello",
    "folded_header": head(lines=[b"X-A: b", b" c", b"Content-Length: 5"]) + b"hello",
    "nul_in_header": head(lines=[b"X-A: b\0c", b"Content-Length: 5"]) + b"hello",
    "empty_name": head(lines=[b": value", b"Content-Length: 5"]) + b"hello",
    "no_host": head(host=b"", lines=[b"Content-Length: 5"]) + b"hello",
    "two_hosts": head(lines=[b"Host: elsewhere", b"Content-Length: 5"]) + b"hello",
    "http_1_9": head(version=b"HTTP/1.9", lines=[b"Content-Length: 5"]) + b"hello",
    "http_2_0": head(version=b"HTTP/2.0", lines=[b"Content-Length: 5"]) + b"hello",
    "preface_h2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no_version": b"GET /\r\n\r\n",
    "bare_lf": b"POST " + GOOD_TARGET.encode() + b" HTTP/1.1\nHost: x\nContent-Length: 5\n\nhello",
    "bad_method": head(method=b"P(ST", lines=[b"Content-Length: 5"]) + b"hello",
    "space_in_target": head(target=b"/v1/a b"),
    "control_in_target": head(target=b"/v1/\x01"),
    "bad_chunk_size": head(lines=[b"Transfer-Encoding: chunked"]) + b"zz\r\nhello\r\n0\r\n\r\n",
    "chunk_size_0x": head(lines=[b"Transfer-Encoding: chunked"]) + b"0x5\r\nhello\r\n0\r\n\r\n",
    "huge_chunk": head(lines=[b"Transfer-Encoding: chunked"]) + b"ffffffffffffffff\r\n",
    "binary": bytes(range(256)) * 4,
    "long_target": head(target=b"/" + b"a" * 20000),
    "long_header": head(lines=[b"X-Long: " + b"a" * 20000]),
    "many_headers": head(lines=[b"X-%d: y" % i for i in range(1600)]),
}


@pytest.fixture(scope="module")
def quick(house):
    """A good request every 50 ms while the module runs. One that had to wait for another connection would take the seconds
    of that one's deadline; the tests' own work costs them a little, too."""
    stop, took, failures = threading.Event(), [], []
    pid = house.process.pid
    pool = house.take()

    def run():
        while not stop.wait(0.05):
            begin = time.monotonic()
            try:
                answer = house.post(pool, "+15005559999", "still there", deadline=5)
                if answer.status not in (200, 202):
                    failures.append(answer.status)
            except OSError as e:
                failures.append(repr(e))
            took.append(time.monotonic() - begin)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    stop.set()
    thread.join()
    assert not failures, failures[:5]
    took.sort()
    assert len(took) > 20 and took[len(took) * 99 // 100] < 1.0 * PATIENCE and took[-1] < 2.5 * PATIENCE, took[-5:]
    assert house.process.alive() and house.process.pid == pid
    assert not sanitizer_reports(house.log_text())


def listener(house, name):
    return {"gateways": (house.gateways_port, house.context), "consoles": (house.consoles_port, house.context),
            "admin": (house.admin_port, None)}[name]


@pytest.mark.parametrize("where", ["gateways", "consoles", "admin"])
def test_malformed_http_is_refused(house, quick, where):
    port, context = listener(house, where)
    wrong = []
    for name, data in MALFORMED.items():
        with Raw(port, context, deadline=5) as raw:
            raw.send(data)
            try:
                raw.socket.shutdown(socket.SHUT_WR) if context is None else None
            except OSError:
                pass
            answer = raw.read_head()
        status = status_of(answer)
        if not (status == 0 and not answer) and not 400 <= status < 600:
            wrong.append((name, answer[:60]))
    assert not wrong, wrong


def test_a_smuggled_second_request_is_not_run(house, quick):
    before = house.metric("holdfast_inbound_total", result="stored")
    pool = house.take()
    inner = GOOD_TARGET.replace("741000", pool.line).encode()
    smuggled = head(target=inner, lines=[b"Content-Length: 9"]) + b"smuggled!"
    for lines in ([b"Transfer-Encoding: identity"], [b"Transfer-Encoding: xchunked"],
                  [b"Content-Length: 0", b"Transfer-Encoding: chunked"],
                  [b"Content-Length: 0", b"Content-Length: %d" % len(smuggled)]):
        with Raw(*listener(house, "gateways"), deadline=5) as raw:
            raw.send(head(target=b"/v1/gateways/kannel/messages/none", lines=lines) + smuggled)
            raw.read()
    assert not [e for e in house.operator.ask("get_queue", limit=500).entries if e.pool == pool.name]
    assert house.metric("holdfast_inbound_total", result="stored") >= before


def test_bodies_are_bounded_before_they_are_read(house, quick):
    for lines in ([b"Content-Length: 10000000"], [b"Content-Length: 1000000000000"]):
        with Raw(*listener(house, "gateways"), deadline=5) as raw:
            raw.send(head(lines=lines))
            assert status_of(raw.read_head()) == 413, "refused from the header alone"
    with Raw(*listener(house, "gateways"), deadline=5) as raw:
        raw.send(head(lines=[b"Transfer-Encoding: chunked"]))
        chunk = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
        for _ in range(64):
            if not raw.send(chunk):
                break
        assert status_of(raw.read_head()) in (0, 413)


def test_random_damage_never_kills_it(house, quick, seeded):
    good = head(lines=[b"Content-Type: text/plain", b"Content-Length: 5"]) + b"hello"
    end = time.monotonic() + 2
    sent = 0
    while time.monotonic() < end:
        data = bytearray(good if sent % 2 else UPGRADE)
        for _ in range(seeded.randrange(1, 8)):
            at = seeded.randrange(len(data))
            action = seeded.randrange(3)
            if action == 0:
                data[at] = seeded.randrange(256)
            elif action == 1:
                del data[at:at + seeded.randrange(1, 20)]
            else:
                data[at:at] = seeded.randbytes(seeded.randrange(1, 20))
        where = ("gateways", "consoles", "admin")[sent % 3]
        port, context = listener(house, where)
        try:
            with Raw(port, context, deadline=0.2) as raw:
                raw.send(bytes(data))
                raw.send(seeded.randbytes(seeded.randrange(64)))
        except OSError:
            pass
        sent += 1
    assert sent > 50
    assert house.admin("/healthz").status == 200


def test_what_is_no_tls(house, quick, seeded):
    for port in (house.gateways_port, house.consoles_port):
        for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 300, seeded.randbytes(2000), b""):
            with Raw(port, deadline=2) as raw:
                raw.send(data)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the old versions, which is the point
def test_only_current_tls(house, quick):
    for port in (house.gateways_port, house.consoles_port):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = house.authority.client()
            context.minimum_version = context.maximum_version = version
            with Raw(port, context) as raw:
                assert raw.socket.cipher()[0].endswith(("GCM_SHA256", "GCM_SHA384", "GCM-SHA256", "GCM-SHA384",
                                                        "POLY1305", "POLY1305_SHA256")), raw.socket.cipher()
        for attempt in (dict(maximum_version=ssl.TLSVersion.TLSv1_1), dict(ciphers="AES128-SHA:AES256-SHA256:ECDHE-ECDSA-AES128-SHA256")):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_ciphers((attempt.get("ciphers") or "ALL") + ":@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = attempt.get("maximum_version", ssl.TLSVersion.TLSv1_2)
            with pytest.raises((ssl.SSLError, OSError)):
                Raw(port, context)


# ---- WebSocket

def upgraded(house):
    raw = Raw(house.consoles_port, house.context, deadline=5)
    raw.send(UPGRADE.replace(b"KEY", base64.b64encode(os.urandom(16))))
    assert status_of(raw.read_head()) == 101
    return raw


def ws_frame(opcode, payload=b"", fin=True, masked=True, length=None, rsv=0):
    size = len(payload) if length is None else length
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    bit = 0x80 if masked else 0
    if size < 126:
        out = struct.pack("!BB", first, bit | size)
    elif size < 65536:
        out = struct.pack("!BBH", first, bit | 126, size)
    else:
        out = struct.pack("!BBQ", first, bit | 127, size)
    if masked:
        mask = os.urandom(4)
        return out + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return out + payload


def close_code(raw):
    """The code of the first close frame that the server sends; None when the connection ends without one."""
    data = b""
    while True:
        while len(data) >= 4:
            opcode, size, at = data[0] & 15, data[1] & 127, 2
            if size == 126:
                size, at = struct.unpack_from("!H", data, 2)[0], 4
            if len(data) < at + size:
                break
            if opcode == 8:
                return struct.unpack_from("!H", data, at)[0]
            data = data[at + size:]
        try:
            part = raw.socket.recv(4096)
        except OSError:
            return None
        if not part:
            return None
        data += part


BAD_FRAMES = {
    "unmasked": (ws_frame(2, b"\x08\x01", masked=False), {1002, None}),
    "reserved_bits": (ws_frame(2, b"\x08\x01", rsv=4), {1002, None}),
    "reserved_opcode": (ws_frame(3, b"x"), {1002, None}),
    "continuation_of_nothing": (ws_frame(0, b"x"), {1002, None}),
    "fragmented_ping": (ws_frame(9, b"x", fin=False), {1002, None}),
    "long_ping": (ws_frame(9, b"x" * 200), {1002, None}),
    "close_code_1": (ws_frame(8, b"\x00\x01"), {1002, 1007, None}),
    "short_close": (ws_frame(8, b"\x03"), {1002, None}),
    "text_in_text": (ws_frame(1, b"{", fin=False) + ws_frame(1, b"}"), {1002, None}),
    "bad_utf8": (ws_frame(1, b'{"id":"1","ping":\xff}'), {1007}),
    "too_large": (ws_frame(2, b"x" * 10, length=65537), {1009}),
    "far_too_large": (ws_frame(2, b"x" * 10, length=2**62), {1009}),
}

# Well-formed messages that are no frame of the protocol: each is answered, and the connection stays.
NO_FRAMES = {
    "empty_text": "",
    "nul_in_text": '{"id":"1","logIn":{"name":"a\\u0000b"}}',
    "deep_json": "[" * 30000,
    "deep_member": '{"a":' * 6000,
    "big_number": '{"id":' + "9" * 400 + ',"ping":{}}',
    "fraction": '{"id":1.5,"ping":{}}',
    "lone_surrogate": '{"id":"1","logIn":{"name":"\\ud83d"}}',
    "two_bodies": '{"id":"1","ping":{},"getStatus":{}}',
    "truncated_field": b"\x52\x7f\x0a",
    "endless_varint": b"\x08" + b"\xff" * 20,
    "group": b"\x0b\x0b\x0c",
    "field_zero": b"\x00\x00",
    "wrong_wire_type": b"\x0d\x01\x00\x00\x00",
    "bad_utf8_in_a_string": b"\x08\x01\x52\x03\x0a\x01\xff",
}


def test_malformed_websocket_ends_its_connection_only(house, quick):
    bystander = house.counselor(house.take())
    wrong = []
    for name, (data, codes) in BAD_FRAMES.items():
        with upgraded(house) as raw:
            raw.send(data)
            code = close_code(raw)
        if code not in codes:
            wrong.append((name, code))
    assert not wrong, wrong
    with upgraded(house) as raw:
        raw.send(ws_frame(2, b"\x08", fin=False))
        for _ in range(80):
            if not raw.send(ws_frame(0, b"\x01", fin=False)):
                break
        assert close_code(raw) in (1009, None)
    bystander.ask("ping")


def test_what_is_no_frame_is_answered_and_forgotten(house, quick):
    console = house.connect()
    for name, data in NO_FRAMES.items():
        console.send_raw(data)
        result = console.expect("result")
        assert (result.ok, result.code) == (False, "bad_request") and result.text, name
        assert console.ask("ping").ok, name


def test_random_frames_never_harm(house, quick, seeded):
    """Golden frames with damaged bytes, on signed-in consoles."""
    vectors = sorted((ROOT / "proto/vectors").glob("*.hex"))
    golden = [bytes.fromhex(f.read_text()) for f in vectors if f.stem != "drain"]
    golden += [f.with_suffix(".json").read_bytes() for f in vectors if f.stem != "drain"]
    pool = house.take()
    person = house.hire(pool)
    console = house.sign_in(person)
    end = time.monotonic() + 2
    while time.monotonic() < end:
        data = bytearray(seeded.choice(golden))
        for _ in range(seeded.randrange(4)):
            if data:
                at = seeded.randrange(len(data))
                data[at:at + seeded.randrange(3)] = seeded.randbytes(seeded.randrange(3))
        if console.closed is not None:
            console = house.sign_in(person)
        try:
            console.send_raw(data.decode("utf-8", "replace") if data[:1] == b"{" else bytes(data))
        except AssertionError:
            pass
    house.sign_in(person).ask("ping")


@pytest.mark.parametrize("change, statuses", [
    ((b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 12"), {400, 426}),
    ((b"Sec-WebSocket-Protocol: holdfast.v1\r\n", b""), {400, 403, 426}),
    ((b"holdfast.v1", b"holdfast.v9"), {400, 403, 426}),
    ((b"Sec-WebSocket-Key: KEY\r\n", b""), {400}),
    ((b"KEY", b"c2hvcnQ="), {400}),
    ((b"GET", b"POST"), {400, 404, 405}),
    ((b"/v1/console", b"/v1/elsewhere"), {404}),
    ((b"Upgrade: websocket\r\n", b""), {400, 404, 426}),
    ((b"\r\n\r\n", b"\r\nOrigin: https://evil.example\r\n\r\n"), {403}),
])
def test_upgrades_that_are_none(house, quick, change, statuses):
    request = UPGRADE.replace(*change).replace(b"KEY", base64.b64encode(os.urandom(16)))
    with Raw(house.consoles_port, house.context, deadline=5) as raw:
        raw.send(request)
        assert status_of(raw.read_head()) in statuses


# ---- time

def _drip(raw, data, every, until):
    """Sends byte by byte; the seconds until the peer cut the connection."""
    begin = time.monotonic()
    stop = threading.Event()
    for i in range(10**6):
        if time.monotonic() - begin > until or not raw.send(data[i % len(data):i % len(data) + 1]):
            break
        stop.wait(every)
        raw.socket.setblocking(False)
        try:
            if raw.socket.recv(1024) == b"":
                break
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        except OSError:
            break
        finally:
            raw.socket.settimeout(5)
    return time.monotonic() - begin


def test_slow_peers_are_cut_at_an_absolute_time(house, quick):
    """Every peer sends a little all the time, so only a deadline on the whole can catch it. All run at once."""
    took, threads = {}, []
    pool = house.take()
    frozen = house.counselor(pool)
    house.text(pool, new_number(), "do not lose me")
    frozen.take()
    frozen.freeze()

    def run(name, make):
        try:
            took[name] = make()
        except OSError as e:
            took[name] = repr(e)

    def slow_handshake():
        with Raw(house.gateways_port) as raw:
            return _drip(raw, b"\x16\x03\x01\x02\x00" + b"\x01" * 512, 0.5, 16)

    def slow_header():
        with Raw(house.gateways_port, house.context) as raw:
            raw.send(b"POST / HTTP/1.1\r\nX-Slow: ")
            return _drip(raw, b"a", 0.5, 16)

    def slow_body():
        with Raw(house.gateways_port, house.context) as raw:
            raw.send(head(lines=[b"Content-Length: 1000"]))
            return _drip(raw, b"a", 0.5, 16)

    def slow_upgrade():
        with Raw(house.consoles_port, house.context) as raw:
            raw.send(b"GET /v1/console HTTP/1.1\r\nX-Slow: ")
            return _drip(raw, b"a", 0.5, 16)

    def slow_admin():
        with Raw(house.admin_port) as raw:
            raw.send(b"GET /metrics HTTP/1.1\r\nX-Slow: ")
            return _drip(raw, b"a", 0.5, 16)

    def never_signs_in():
        begin = time.monotonic()
        with upgraded(house) as raw:
            raw.socket.settimeout(16)
            code = close_code(raw)
            assert code == 1008, code
            return time.monotonic() - begin

    def frozen_console():
        """Hangs without closing anything: silence alone gives its people back."""
        begin = time.monotonic()
        poll(lambda: any(e.pool == pool.name for e in house.operator.ask("get_queue", limit=500).entries), 30,
             "the frozen console's conversation in the queue", every=0.2)
        return time.monotonic() - begin

    def silent():
        begin = time.monotonic()
        with Raw(house.gateways_port, deadline=16) as raw:
            raw.read()
            return time.monotonic() - begin

    for make in (slow_handshake, slow_header, slow_body, slow_upgrade, slow_admin, never_signs_in, silent, frozen_console):
        threads.append(threading.Thread(target=run, args=(make.__name__, make)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    # Twenty seconds of silence and two of grace; ten for the longest of the others.
    limits = {name: (25 if name == "frozen_console" else 13) * PATIENCE for name in took}
    assert all(isinstance(t, float) and t < limits[name] for name, t in took.items()) and len(took) == len(threads), took


def test_a_console_that_does_not_read_delays_nobody(house, quick):
    pool = house.take()
    person = house.hire(pool, capacity=1)
    stuck = house.sign_in(person).available()
    texter = house.text(pool, new_number(), "x")
    stuck.take()
    stuck.freeze()
    for i in range(30):
        house.text(pool, texter, f"more {i}")
    assert house.admin("/healthz").status == 200


def test_many_idle_connections_delay_nobody(house, quick):
    raws = [Raw(house.gateways_port, house.context) for _ in range(40)] + [Raw(house.gateways_port) for _ in range(40)]
    try:
        begin = time.monotonic()
        assert call(house.admin_port, "GET", "/healthz").status == 200
        assert time.monotonic() - begin < 1.0 * PATIENCE
    finally:
        for raw in raws:
            raw.close()
    poll(lambda: house.metric("holdfast_connections", listener="gateways") < 40, 10, "connections to be let go")
