# SPDX-License-Identifier: Apache-2.0
"""HTTP as gateways, monitors and hostile peers speak it."""
import http.client
import json
import socket
import ssl
from urllib.parse import quote, urlencode

from programs import PATIENCE

DEADLINE = 10.0 * PATIENCE


class Answer:
    def __init__(self, status, body, headers):
        self.status = status
        self.body = body
        self.headers = headers

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:80]!r}>"


def call(port, method, target, body=None, headers=None, context=None, deadline=DEADLINE):
    """One request on a connection of its own."""
    if context:
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=deadline)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=deadline)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        reply = connection.getresponse()
        return Answer(reply.status, reply.read(), reply.headers)
    finally:
        connection.close()


class KannelPost:
    """What smsbox posts for one text (facts: docs of Kannel, user guide, post-url): raw body, the rest in the query."""

    def __init__(self, provider_id, sender, line, text, coding=0, charset="UTF-8", gateway="kannel", secret="", at=0):
        query = urlencode({"id": provider_id, "from": sender, "to": line, "ts": at, "coding": coding, "charset": charset})
        self.target = f"/v1/gateways/{gateway}/messages/{quote(secret)}?{query}"
        self.body = text.encode("utf-16-be" if coding == 2 else "utf-8")
        self.headers = {"Content-Type": f'text/plain; charset="{charset}"', "X-Kannel-From": sender}

    def send(self, port, context, deadline=DEADLINE):
        return call(port, "POST", self.target, self.body, self.headers, context, deadline)

    def send_and_leave(self, port, context):
        """The gateway's connection breaks before it has read the answer, so it must repeat the text."""
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=DEADLINE)
        try:
            connection.request("POST", self.target, body=self.body, headers=self.headers)
        finally:
            connection.close()


class Raw:
    """A socket that says exactly what it is told, over TLS or plain."""

    def __init__(self, port, context=None, deadline=DEADLINE):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=deadline)
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname="127.0.0.1")

    def send(self, data):
        """False once the peer has cut the connection."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def read(self, limit=65536):
        """What comes until the peer ends the connection, `limit` bytes, or the deadline."""
        parts, size = [], 0
        try:
            while size < limit:
                part = self.socket.recv(limit - size)
                if not part:
                    break
                parts.append(part)
                size += len(part)
        except (OSError, ssl.SSLError):
            pass
        return b"".join(parts)

    def read_head(self):
        data = b""
        try:
            while b"\r\n\r\n" not in data:
                part = self.socket.recv(4096)
                if not part:
                    break
                data += part
        except OSError:
            pass
        return data

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def status_of(head):
    """Status code of a raw HTTP answer; 0 when there was none."""
    parts = head.split(b" ", 2)
    return int(parts[1]) if len(parts) > 1 and parts[0].startswith(b"HTTP/1.") else 0
