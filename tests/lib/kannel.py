# SPDX-License-Identifier: Apache-2.0
"""Debian's bearerbox, smsbox and fakesmsc: a gateway and handsets that none of us wrote."""
import re
import socket
import subprocess
from urllib.parse import unquote_to_bytes

from poll import poll
from ports import free_port
from programs import PATIENCE, Process

FAKESMSC = "/usr/lib/kannel/test/fakesmsc"

CONFIG = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = adminpw
status-password = statpw
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
store-type = spool
store-location = "{folder}/spool"
dlr-storage = internal
sms-combine-concatenated-mo = true
sms-combine-concatenated-mo-timeout = 60
ssl-trusted-ca-file = "{ca}"

group = smsc
smsc = fake
smsc-id = FAKE
host = 127.0.0.1
port = {smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
http-request-retry = 30
http-queue-delay = 1
http-timeout = 15

group = sendsms-user
username = router
password = {password}
user-allow-ip = "127.0.0.1"
concatenation = true
max-messages = 10

group = sms-service
keyword = default
catch-all = yes
max-messages = 0
omit-empty = true
post-url = "{post_url}"
"""

GOT = re.compile(r"Got message \d+: <(.*)>\s*$", re.S)
WHOLE = re.compile(r"(\S+) (\S+) (text|ucs-2|data) (.*)", re.S)
PART = re.compile(r"(\S+) (\S+) udh (\S+) data (.*)", re.S)


def _listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def _bytes(coded):
    return unquote_to_bytes(coded.replace("+", " "))


def _decode(kind, payload):
    if kind == "text":
        return payload
    return _bytes(payload).decode("utf-16-be" if kind == "ucs-2" else "utf-8", "replace")


class _Parts:
    """Concatenated messages, put together by reference, total and number (3GPP TS 23.040, 9.2.3.24.1)."""

    def __init__(self):
        self._parts = {}

    def add(self, sender, to, header, payload):
        """The whole text when this was its last part, or None."""
        reference, total, number = _bytes(header)[-3:]
        parts = self._parts.setdefault((sender, to, reference), {})
        parts[number] = _bytes(payload)
        if len(parts) < total:
            return None
        whole = b"".join(parts[i] for i in sorted(parts))
        return whole.decode("utf-16-be" if b"\0" in whole else "utf-8", "replace")


class Kannel:
    """`post_url` is where texts go; send_url() is where replies are taken. One fakesmsc plays all handsets: it serves one
    client at a time."""

    def __init__(self, folder, password="routerpw"):
        self.folder = folder
        self.password = password
        self.sendsms = free_port()
        self._ports = dict(admin=free_port(), boxes=free_port(), smsc=free_port(), sendsms=self.sendsms)
        self._processes = []
        folder.mkdir(exist_ok=True)
        (folder / "spool").mkdir(exist_ok=True)

    def start(self, post_url, ca):
        config = self.folder / "kannel.conf"
        config.write_text(CONFIG.format(folder=self.folder, ca=ca, post_url=post_url, password=self.password, **self._ports))
        self._run("bearerbox", ["bearerbox", "-v", "1", config])
        poll(lambda: _listens(self._ports["boxes"]), 10 * PATIENCE, "bearerbox to listen")
        self._run("smsbox", ["smsbox", "-v", "1", config])
        poll(lambda: _listens(self.sendsms), 10 * PATIENCE, "smsbox to listen")
        self._air = self._run("fakesmsc", [FAKESMSC, "-H", "127.0.0.1", "-r", str(self._ports["smsc"])], subprocess.PIPE)
        poll(lambda: "fakesmsc starting" in self._air.output(), 10 * PATIENCE, "fakesmsc to start")
        return self

    def _run(self, name, argv, stdin=None):
        process = Process(argv, self.folder / f"{name}.log", stdin=stdin, cwd=self.folder)
        self._processes.append(process)
        return process

    @property
    def send_url(self):
        return f"http://127.0.0.1:{self.sendsms}"

    def handset(self, number):
        return Handset(self, number)

    def transmit(self, line):
        self._air.child.stdin.write(line.encode() + b"\n")
        self._air.child.stdin.flush()

    def received(self):
        """All that came over the air: (from, to, text)."""
        out, parts = [], _Parts()
        for entry in re.split(r"(?m)^(?=\d{4}-\d\d-\d\d )", self._air.output()):
            got = GOT.search(entry)
            whole, part = (WHOLE.fullmatch(got[1]), PART.fullmatch(got[1])) if got else (None, None)
            if whole:
                out.append([whole[1], whole[2], _decode(whole[3], whole[4])])
            elif part:
                text = parts.add(*part.groups())
                out += [[part[1], part[2], text]] if text is not None else []
            elif got and out:
                out[-1][2] += "\n" + got[1]  # fakesmsc cuts at line ends
        return out

    def logs(self):
        return {p.log.name: p.output() for p in self._processes}

    def end(self):
        for process in reversed(self._processes):
            if process.child.stdin:
                process.child.stdin.close()
            process.end()


class Handset:
    def __init__(self, kannel, number):
        self.kannel = kannel
        self.number = number

    def text(self, line, text):
        if text.isascii():
            self.kannel.transmit(f"{self.number} {line} text {text}")
        else:
            coded = "".join(f"%{b:02X}" for b in text.encode("utf-16-be"))
            self.kannel.transmit(f"{self.number} {line} ucs2 {coded}")

    def inbox(self):
        return [text for _, to, text in self.kannel.received() if to == self.number]

    def wait(self, count=1, deadline=10.0):
        """The count-th text that arrived."""
        poll(lambda: len(self.inbox()) >= count, deadline * PATIENCE, f"{count} texts at a handset; it has {self.inbox()}")
        return self.inbox()[count - 1]
