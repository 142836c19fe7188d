# SPDX-License-Identifier: Apache-2.0
"""A stand-in for Twilio: takes sends in the Messages API's wire format, and posts signed texts and status callbacks.

    with TwilioStandIn("AC...", "token") as twilio:
        twilio.script(Answer(429, 20429))      # the next send fails so; later ones are accepted
        ...                                    # holdfastd's send_url is twilio.url
        message = twilio.messages[-1]
        twilio.report(message, "delivered", connect="https://127.0.0.1:8443", cafile="ca.pem")

Signatures are made by Twilio's own SDK (sign_twilio.cjs; `npm ci --ignore-scripts` in tests/). As a script it listens,
prints a line of JSON for each send, and reports nothing by itself:

    /usr/bin/python3 twilio_stand_in.py --account AC... --token T [--port N] [--certificate F --key F]
"""
import argparse
import base64
import collections
import dataclasses
import hmac
import http.client
import http.server
import itertools
import json
import pathlib
import ssl
import subprocess
import sys
import threading
import urllib.parse
from email.utils import formatdate

HERE = pathlib.Path(__file__).resolve().parent
API = "/2010-04-01"
BODY_MAX = 64 * 1024
PATIENCE = 15
FORM = "application/x-www-form-urlencoded"

REASONS = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    21211: "Invalid 'To' Phone Number",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
}


@dataclasses.dataclass
class Answer:
    """What becomes of one send. Without a status the connection is cut after the request was read."""

    status: int = 201
    code: int = 0
    delay: float = 0.0
    body: bytes = None  # instead of Twilio's JSON
    taken: bool = False  # an error, but the message goes out all the same: what makes a send ambiguous


@dataclasses.dataclass
class Message:
    sid: str
    form: dict
    to: str
    sender: str
    text: str
    callback: str
    validity: str


@dataclasses.dataclass
class Request:
    method: str
    path: str
    headers: dict
    body: bytes
    status: int = 0


@dataclasses.dataclass
class Response:
    status: int
    headers: dict
    body: bytes


class Signer:
    """Twilio's SDK in a process of its own."""

    def __init__(self):
        self._lock = threading.Lock()
        self._node = subprocess.Popen(["node", str(HERE / "sign_twilio.cjs")], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True, encoding="utf-8", bufsize=1)

    def sign(self, url, token, params):
        """`params`: a dict whose values are strings, or lists of strings for a key that comes more than once."""
        with self._lock:
            self._node.stdin.write(json.dumps({"url": url, "token": token, "params": params}) + "\n")
            self._node.stdin.flush()
            line = self._node.stdout.readline()
        if not line:
            raise RuntimeError("sign_twilio.cjs ended: is `npm ci --ignore-scripts` done in tests/?")
        answer = json.loads(line)
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["signature"]

    def close(self):
        self._node.stdin.close()
        self._node.wait(PATIENCE)
        self._node.stdout.close()


def params_of(pairs):
    """A form's pairs as the SDK takes them."""
    params = {}
    for name, value in pairs:
        if name not in params:
            params[name] = value
        elif isinstance(params[name], list):
            params[name].append(value)
        else:
            params[name] = [params[name], value]
    return params


class TwilioStandIn:
    def __init__(self, account, token, port=0, certificate=None, key=None, signer=None, on_message=None):
        self.account, self.token = account, token
        self.requests, self.messages = [], []
        self.behave = lambda message: Answer()  # for sends that nothing is scripted for
        self.on_message = on_message
        self._script = collections.deque()
        self._lock = threading.Lock()
        self._sids = itertools.count(1)
        self._signer, self._own_signer = signer, False
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.stand_in = self
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                      do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        if self._own_signer:
            self._signer.close()

    # ---- sends

    def script(self, *answers):
        """The fate of the next sends, in order."""
        with self._lock:
            self._script.extend(answers)

    def answer(self, request):
        """Answer and JSON for one request of the client."""
        answer, message = self._judge(request)
        with self._lock:
            request.status = answer.status
            self.requests.append(request)
            accepted = message and (answer.status == 201 or answer.taken)
            if accepted:
                self.messages.append(message)
        if accepted and self.on_message:
            self.on_message(message)
        if answer.body is not None:
            return answer, answer.body
        document = self._accepted(message) if answer.status == 201 else _error(answer)
        return answer, json.dumps(document).encode()

    def _judge(self, request):
        if not self._authenticated(request):
            return Answer(401, 20003), None
        if request.method != "POST" or request.path != f"{API}/Accounts/{self.account}/Messages.json":
            return Answer(404, 20404), None
        pairs = urllib.parse.parse_qsl(request.body.decode("utf-8"), keep_blank_values=True, strict_parsing=True)
        form = dict(pairs)
        message = Message(f"SM{next(self._sids):032x}", form, form.get("To", ""), form.get("From", ""),
                          form.get("Body", ""), form.get("StatusCallback", ""), form.get("ValidityPeriod", ""))
        code = _refusal(message)
        if code:
            return Answer(400, code), message
        with self._lock:
            scripted = self._script.popleft() if self._script else None
        return scripted or self.behave(message), message

    def _authenticated(self, request):
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        expected = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        return scheme.lower() == "basic" and hmac.compare_digest(credentials.strip(), expected)

    def _accepted(self, message):
        now = formatdate(usegmt=False)
        uri = f"{API}/Accounts/{self.account}/Messages/{message.sid}"
        return {
            "account_sid": self.account, "api_version": API[1:], "body": message.text, "date_created": now,
            "date_sent": None, "date_updated": now, "direction": "outbound-api", "error_code": None,
            "error_message": None, "from": message.sender, "messaging_service_sid": None, "num_media": "0",
            "num_segments": "1", "price": None, "price_unit": "USD", "sid": message.sid, "status": "queued",
            "subresource_uris": {"media": f"{uri}/Media.json"}, "to": message.to, "uri": f"{uri}.json",
        }

    # ---- webhooks

    def sign(self, url, pairs, token=None):
        if not self._signer:
            self._signer, self._own_signer = Signer(), True
        return self._signer.sign(url, token or self.token, params_of(pairs))

    def post(self, url, pairs, connect=None, cafile=None, token=None, signature=None, body=None):
        """Posts a signed form. `url` is what is signed, the public one; `connect` is scheme://host:port to go to
        instead of its own. `signature` and `body` replace the right ones, to be wrong on purpose."""
        pairs = list(pairs)
        headers = {"Content-Type": f"{FORM}; charset=UTF-8", "User-Agent": "TwilioProxy/1.1",
                   "X-Twilio-Signature": self.sign(url, pairs, token) if signature is None else signature}
        content = urllib.parse.urlencode(pairs).encode() if body is None else body
        there, path = urllib.parse.urlsplit(connect or url), urllib.parse.urlsplit(url)
        connection = _connection(there, cafile)
        try:
            target = path.path + (f"?{path.query}" if path.query else "")
            connection.request("POST", target, content, headers)
            response = connection.getresponse()
            return Response(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def text(self, url, sender, to, text, sid=None, extra=(), **how):
        """A text that comes in."""
        sid = sid or f"SM{next(self._sids):032x}"
        pairs = [("ToCountry", "US"), ("ToState", ""), ("SmsMessageSid", sid), ("NumMedia", "0"), ("ToCity", ""),
                 ("FromZip", ""), ("SmsSid", sid), ("FromState", ""), ("SmsStatus", "received"), ("FromCity", ""),
                 ("Body", text), ("FromCountry", "US"), ("To", to), ("ToZip", ""), ("NumSegments", "1"),
                 ("MessageSid", sid), ("AccountSid", self.account), ("From", sender), ("ApiVersion", API[1:])]
        return self.post(url, pairs + list(extra), **how)

    def report(self, message, status, error_code=None, **how):
        """A status callback for a message that was sent here."""
        pairs = [("SmsSid", message.sid), ("SmsStatus", status), ("MessageStatus", status), ("To", message.to),
                 ("MessageSid", message.sid), ("AccountSid", self.account), ("From", message.sender),
                 ("ApiVersion", API[1:])]
        if error_code:
            pairs.append(("ErrorCode", str(error_code)))
        return self.post(message.callback, pairs, **how)


def _connection(there, cafile):
    if there.scheme == "http":
        return http.client.HTTPConnection(there.hostname, there.port or 80, timeout=PATIENCE)
    context = ssl.create_default_context(cafile=cafile)
    return http.client.HTTPSConnection(there.hostname, there.port or 443, timeout=PATIENCE, context=context)


def _refusal(message):
    """The code with which the API refuses this message by itself, or 0."""
    if not message.to:
        return 21604
    if not message.sender:
        return 21603
    if not message.text:
        return 21602
    return 21617 if len(message.text) > 1600 else 0


def _error(answer):
    return {"code": answer.code or 20500, "message": REASONS.get(answer.code, "Error"),
            "more_info": f"https://www.twilio.com/docs/errors/{answer.code or 20500}", "status": answer.status}


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a client that went away


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE

    def _take(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_MAX:
            self.send_error(413)
            return
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer, content = self.server.stand_in.answer(Request(self.command, self.path, headers, body))
        threading.Event().wait(answer.delay)
        if not answer.status:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        if answer.status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="Twilio API"')
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _take

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description="A stand-in for Twilio's Messages API.")
    parser.add_argument("--account", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    options = parser.parse_args()

    def show(message):
        print(json.dumps({"sid": message.sid, **message.form}), flush=True)

    with TwilioStandIn(options.account, options.token, options.port, options.certificate, options.key,
                       on_message=show) as twilio:
        print(json.dumps({"url": twilio.url}), flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
