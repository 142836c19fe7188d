# SPDX-License-Identifier: Apache-2.0
"""The far side of Kannel's sendsms for tests that do not need all of Kannel: takes texts, and reports on their delivery."""
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from poll import poll
from programs import PATIENCE


class Sent:
    """One text as it was handed to us."""

    def __init__(self, fields):
        self.at = time.monotonic()
        self.fields = fields
        self.to = fields.get("to", "")
        self.sender = fields.get("from", "")
        self.text = fields.get("text", "")
        self.dlr_url = fields.get("dlr-url", "")

    def __repr__(self):
        return f"<{self.sender} -> {self.to}: {self.text!r}>"


def _decode(body, headers):
    charset = headers.get_content_charset() or headers.get("X-Kannel-Charset") or "utf-8"
    return body.decode({"utf-16be": "utf-16-be", "ucs-2": "utf-16-be"}.get(charset.lower(), charset))


_HEADERS = {"X-Kannel-To": "to", "X-Kannel-From": "from", "X-Kannel-DLR-Url": "dlr-url", "X-Kannel-DLR-Mask": "dlr-mask",
            "X-Kannel-Username": "username", "X-Kannel-Password": "password", "X-Kannel-Coding": "coding"}


class Carrier:
    """`behave` decides on a text's fate: "accept", "busy" (503, nothing taken), "drop" (taken, the connection cut),
    "refuse" (400); or on such a word and header fields for the answer. It may take its time: each text has a thread."""

    def __init__(self):
        carrier = self
        self.sent = []
        self.tries = []  # those that were not taken, too
        self.behave = lambda sent: "accept"
        self._lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                carrier._take(self, b"")

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                if len(body) < length:
                    self.close_connection = True  # cut in the middle: half a text is none
                    return
                carrier._take(self, body)

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass  # a peer that was killed in mid-request is this suite's daily bread

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _take(self, handler, body):
        query = {k: v[0] for k, v in parse_qs(urlsplit(handler.path).query, keep_blank_values=True).items()}
        for header, field in _HEADERS.items():
            if header in handler.headers:
                query.setdefault(field, handler.headers[header])
        if "form-urlencoded" in handler.headers.get("Content-Type", ""):
            query.update({k: v[0] for k, v in parse_qs(body.decode(), keep_blank_values=True).items()})
        elif body:
            query["text"] = _decode(body, handler.headers)
        sent = Sent(query)
        with self._lock:
            self.tries.append(sent)
        fate = self.behave(sent)
        fate, more = fate if isinstance(fate, tuple) else (fate, {})
        if fate in ("accept", "drop"):
            with self._lock:
                self.sent.append(sent)
        if fate == "drop":
            handler.close_connection = True
            return
        status, text = {"accept": (202, b"0: Accepted for delivery"), "busy": (503, b"Temporal failure, try again later."),
                        "refuse": (400, b"Invalid destination number")}[fate]
        handler.send_response(status)
        handler.send_header("Content-Type", "text/plain")
        handler.send_header("Content-Length", str(len(text)))
        for name, value in more.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text)

    def to(self, number):
        with self._lock:
            return [s for s in self.sent if s.to == number]

    def wait(self, number, count=1, deadline=5.0):
        """The count-th text to that number."""
        poll(lambda: len(self.to(number)) >= count, deadline * PATIENCE, f"{count} texts to {number[-4:]}")
        return self.to(number)[count - 1]

    def end(self):
        self._server.shutdown()
        self._server.server_close()
