# SPDX-License-Identifier: Apache-2.0
"""Twilio's two sides: requests signed by its own SDK, and a stand-in that speaks the Messages API's wire format.

https://www.twilio.com/docs/messaging/api/message-resource, https://www.twilio.com/docs/usage/webhooks/webhooks-security"""
import base64
import json
import subprocess
import threading
import time
import uuid
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from poll import poll
from programs import PATIENCE


def new_sid(kind="SM"):
    return kind + uuid.uuid4().hex


class Signer:
    """One node process for a whole session."""

    def __init__(self):
        script = Path(__file__).with_name("sign_twilio.js")
        self._node = subprocess.Popen(["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._lock = threading.Lock()

    def _ask(self, **question):
        with self._lock:
            self._node.stdin.write(json.dumps(question).encode() + b"\n")
            self._node.stdin.flush()
            answer = self._node.stdout.readline().decode().strip()
        assert answer, "node ended: are the npm packages of the tests installed (deploy/setup --tests)?"
        return answer

    def form(self, token, url, body):
        return self._ask(token=token, url=url, body=body, form=True)

    def json(self, token, url, body):
        """(url, signature): a body that is no form is signed by its digest in the URL."""
        answer = json.loads(self._ask(token=token, url=url, body=body, form=False))
        return answer["url"], answer["signature"]

    def end(self):
        self._node.stdin.close()
        self._node.wait()


def inbound_form(account, sender, line, text, sid=None, **more):
    """What Twilio posts for one text, with the parameters that nobody asked for."""
    sid = sid or new_sid()
    return urlencode({
        "ToCountry": "US", "ToState": "", "SmsMessageSid": sid, "NumMedia": "0", "ToCity": "", "FromZip": "", "SmsSid": sid,
        "FromState": "NY", "SmsStatus": "received", "FromCity": "", "Body": text, "FromCountry": "US", "To": line,
        "ToZip": "", "NumSegments": "1", "MessageSid": sid, "AccountSid": account, "From": sender,
        "ApiVersion": "2010-04-01", **more})


def status_form(account, sent, status, error=None):
    """What Twilio posts to the status callback."""
    form = {"SmsSid": sent.sid, "SmsStatus": status, "MessageStatus": status, "To": sent.to, "MessageSid": sent.sid,
            "AccountSid": account, "From": sent.sender, "ApiVersion": "2010-04-01"}
    if error:
        form["ErrorCode"] = str(error)
    return urlencode(form)


class Sent:
    def __init__(self, form):
        self.form = form
        self.sid = new_sid()
        self.created = time.time()
        self.status = "sent"
        self.to, self.sender, self.text = form.get("To", ""), form.get("From", ""), form.get("Body", "")
        self.callback = form.get("StatusCallback", "")

    def __repr__(self):
        return f"<{self.sender} -> {self.to}: {self.text!r}>"


def _created(account, sent):
    return 201, _resource(account, sent, "queued")


def _resource(account, sent, status):
    created = formatdate(sent.created).replace("-0000", "+0000")
    return {"sid": sent.sid, "account_sid": account, "api_version": "2010-04-01", "body": sent.text, "status": status,
            "to": sent.to, "from": sent.sender, "num_segments": "1", "num_media": "0", "direction": "outbound-api",
            "date_created": created, "date_updated": created, "date_sent": None if status == "queued" else created,
            "error_code": None, "error_message": None, "price": None, "price_unit": "USD", "messaging_service_sid": None,
            "uri": f"/2010-04-01/Accounts/{account}/Messages/{sent.sid}.json", "subresource_uris": {}}


def _error(status, code, message):
    return status, {"code": code, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{code}",
                    "status": status}


class StandIn:
    """The Messages API. `behave` decides: "accept", "drop" (taken, then the connection is cut), "busy" (429), "broken"
    (500, taken), or an error code as a number (400). Its list of messages is that of the texts taken."""

    def __init__(self, account, token):
        stand_in = self
        self.account = account
        self._expected = "Basic " + base64.b64encode(f"{account}:{token}".encode()).decode()
        self.sent = []
        self.refused = []
        self.asked = 0
        self.behave = lambda sent: "accept"
        self._lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                stand_in._take(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def do_GET(self):
                stand_in._answer(self, *stand_in._list(self))

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _take(self, handler, body):
        answer = self._judge(handler, body)
        if answer is None:
            handler.close_connection = True
            return
        self._answer(handler, *answer)

    @staticmethod
    def _answer(handler, status, content):
        data = json.dumps(content).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json;charset=utf-8")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def _list(self, handler):
        parts = urlsplit(handler.path)
        if parts.path != f"/2010-04-01/Accounts/{self.account}/Messages.json":
            return _error(404, 20404, "The requested resource was not found")
        if handler.headers.get("Authorization") != self._expected:
            return _error(401, 20003, "Authenticate")
        wanted = {k: v[0] for k, v in parse_qs(parts.query).items()}
        size = int(wanted.get("PageSize", 50))
        with self._lock:
            self.asked += 1
            found = [s for s in reversed(self.sent) if s.to == wanted.get("To") and s.sender == wanted.get("From")
                     and time.strftime("%Y-%m-%d", time.gmtime(s.created)) >= wanted.get("DateSent>", "")]
        return 200, {"messages": [_resource(self.account, s, s.status) for s in found[:size]], "page": 0, "page_size": size,
                     "first_page_uri": handler.path, "previous_page_uri": None, "uri": handler.path, "start": 0,
                     "end": len(found[:size]) - 1, "next_page_uri": handler.path + "&Page=1" if len(found) > size else None}

    def _judge(self, handler, body):
        if handler.path != f"/2010-04-01/Accounts/{self.account}/Messages.json":
            return _error(404, 20404, "The requested resource was not found")
        if handler.headers.get("Authorization") != self._expected:
            return _error(401, 20003, "Authenticate")
        if handler.headers.get_content_type() != "application/x-www-form-urlencoded":
            return _error(415, 20415, "Unsupported Media Type")
        sent = Sent({k: v[0] for k, v in parse_qs(body.decode(), keep_blank_values=True).items()})
        if not sent.text:
            return _error(400, 21602, "Message body is required")
        if len(sent.text) > 1600:
            return _error(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        return self._fate(sent)

    def _fate(self, sent):
        fate = self.behave(sent)
        with self._lock:
            (self.sent if fate in ("accept", "drop", "broken") else self.refused).append(sent)
        if isinstance(fate, int):
            return _error(400, fate, "Attempt to send to unsubscribed recipient" if fate == 21610 else "Refused")
        return {"accept": lambda: _created(self.account, sent), "drop": lambda: None,
                "busy": lambda: _error(429, 20429, "Too Many Requests"),
                "broken": lambda: _error(500, 20500, "Internal Server Error")}[fate]()

    def to(self, number):
        with self._lock:
            return [s for s in self.sent if s.to == number]

    def wait(self, number, count=1, deadline=8.0):
        poll(lambda: len(self.to(number)) >= count, deadline * PATIENCE, f"{count} texts to {number[-4:]}")
        return self.to(number)[count - 1]

    def end(self):
        self._server.shutdown()
        self._server.server_close()
