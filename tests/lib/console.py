# SPDX-License-Identifier: Apache-2.0
"""A console, written from proto/PROTOCOL.md and console.proto alone.

One event loop in a thread carries all consoles; the tests call plain functions with deadlines."""
import asyncio
import itertools
import threading
import time
import uuid

import websockets
from google.protobuf import json_format

from poll import Late
from programs import PATIENCE
from schema import pb

DEADLINE = 5.0 * PATIENCE


class Refused(AssertionError):
    """A Result that is not ok, where something else was expected."""

    def __init__(self, result):
        super().__init__(f"{result.code}: {result.text}")
        self.code = result.code


class _Loop:
    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def run(self, coroutine, deadline=DEADLINE):
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result(deadline)
        except TimeoutError:
            future.cancel()
            raise AssertionError(f"nothing happened on the connection for {deadline} s") from None


_loop = None


def _shared_loop():
    global _loop
    _loop = _loop or _Loop()
    return _loop


def encode(frame, encoding):
    if encoding == "json":
        return json_format.MessageToJson(frame, indent=None)
    return frame.SerializeToString()


def decode(data):
    if isinstance(data, str):
        return json_format.Parse(data, pb.Frame(), ignore_unknown_fields=True), "json"
    frame = pb.Frame()
    frame.ParseFromString(data)
    return frame, "protobuf"


class Console:
    """`news` holds what the server said by itself and no test has asked for yet."""

    def __init__(self, url, context, encoding="protobuf"):
        self.url = url
        self.encoding = encoding
        self.news = []
        self.answers = {}
        self.closed = None  # close code, once the connection has ended
        self.frozen = False
        self.session = None
        self.last_encoding = None
        self.seen = []  # every frame, for failure messages
        self._ids = itertools.count(1)
        self._changed = threading.Condition()
        self._socket = _shared_loop().run(self._connect(context))
        assert self._socket.subprotocol == "holdfast.v1"
        asyncio.run_coroutine_threadsafe(self._read(), _shared_loop().loop)

    async def _connect(self, context):
        try:
            return await websockets.connect(
                self.url, ssl=context, subprotocols=["holdfast.v1"], compression=None, ping_interval=None,
                max_size=2**20, open_timeout=DEADLINE, close_timeout=2)
        except websockets.InvalidMessage as e:  # the process was killed in mid-handshake
            raise ConnectionResetError("cut in the handshake") from e

    async def _read(self):
        try:
            async for data in self._socket:
                frame, encoding = decode(data)
                with self._changed:
                    self.last_encoding = encoding
                    self.seen.append(frame)
                    if frame.id:
                        self.answers.setdefault(frame.id, []).append(frame)
                    else:
                        self.news.append(frame)
                    self._changed.notify_all()
        except websockets.ConnectionClosed:
            pass
        finally:
            with self._changed:
                self.closed = self._socket.close_code or 1006
                self._changed.notify_all()

    def _wait(self, find, deadline, what):
        end = time.monotonic() + deadline
        with self._changed:
            while True:
                found = find()
                if found is not None:
                    return found
                left = end - time.monotonic()
                if self.closed is not None:
                    raise AssertionError(f"{what}: connection closed with {self.closed}; last frames: {self.seen[-5:]}")
                if left <= 0:
                    raise Late(f"{what}: not within {deadline} s; last frames: {self.seen[-5:]}")
                self._changed.wait(left)

    # ---- frames

    def send_raw(self, data):
        try:
            _shared_loop().run(self._socket.send(data))
        except websockets.ConnectionClosed as e:
            raise AssertionError(f"connection closed: {e}") from None

    def begin(self, kind, **fields):
        """Sends a request and returns its id."""
        number = next(self._ids)
        frame = pb.Frame(id=number)
        body = getattr(frame, kind)
        body.SetInParent()
        body.MergeFrom(type(body)(**fields))
        self.send_raw(encode(frame, self.encoding))
        return number

    def answer(self, number, deadline=DEADLINE, what=""):
        frame = self._wait(lambda: (self.answers.get(number) or [None])[0], deadline, f"answer to {what or number}")
        return getattr(frame, frame.WhichOneof("body"))

    def request(self, kind, deadline=DEADLINE, **fields):
        """The answer's body: a Result or the message that the protocol names."""
        return self.answer(self.begin(kind, **fields), deadline, kind)

    def ask(self, kind, **fields):
        """Like request(), and a refusal raises."""
        body = self.request(kind, **fields)
        if isinstance(body, pb.Result) and not body.ok:
            raise Refused(body)
        return body

    def refused(self, kind, **fields):
        """The code with which a request is refused."""
        body = self.request(kind, **fields)
        assert isinstance(body, pb.Result) and not body.ok, f"{kind} was not refused: {body}"
        assert body.text
        return body.code

    def expect(self, kind, predicate=lambda body: True, deadline=DEADLINE):
        """The next news of that kind for which the predicate holds; it is taken off the list."""
        def find():
            for i, frame in enumerate(self.news):
                if frame.WhichOneof("body") == kind and predicate(getattr(frame, kind)):
                    return getattr(self.news.pop(i), kind)
            return None
        return self._wait(find, deadline, f"news {kind}")

    def has(self, kind, predicate=lambda body: True):
        with self._changed:
            return any(f.WhichOneof("body") == kind and predicate(getattr(f, kind)) for f in self.news)

    # ---- what people do

    def sign_in(self, name, password):
        self.session = self.ask("log_in", name=name, password=password, client="suite/1")
        assert isinstance(self.session, pb.Session)
        return self.session

    def available(self):
        self.ask("set_presence", presence=pb.PRESENCE_AVAILABLE)
        return self

    def away(self):
        self.ask("set_presence", presence=pb.PRESENCE_AWAY)
        return self

    def accept(self, offer):
        return self.ask("accept", conversation=offer.conversation, epoch=offer.epoch)

    def take(self, deadline=DEADLINE):
        """Waits for an offer and accepts it."""
        return self.accept(self.expect("offer", deadline=deadline))

    def reply(self, conversation, text, client_id=None):
        queued = self.ask("reply", conversation=conversation.id, epoch=conversation.epoch,
                          client_id=client_id or uuid.uuid4().hex, text=text)
        assert queued.message.delivery == pb.DELIVERY_QUEUED or client_id
        return queued.message

    def hang_up(self, conversation):
        """Close and finish: the place is free again."""
        self.ask("close", conversation=conversation.id, epoch=conversation.epoch, outcome="done")
        result = self.request("finish_wrap_up", conversation=conversation.id, epoch=conversation.epoch)
        # With wrap_up_s 0 the limit may have passed before the request came.
        assert result.ok or result.code in ("conflict", "stale", "not_found"), result

    def history(self, conversation):
        return self.whole(self.ask("get_conversation", conversation=conversation))

    def whole(self, conversation):
        """Any answer holds a bounded part of a conversation, and says up to which sequence there is more."""
        part = conversation
        while part.messages and part.messages[-1].sequence < part.sequence:
            part = self.ask("get_conversation", conversation=part.id, after_sequence=part.messages[-1].sequence)
            conversation.messages.extend(part.messages)
        return conversation

    # ---- ways to go

    def wait_closed(self, deadline=DEADLINE):
        end = time.monotonic() + deadline
        with self._changed:
            while self.closed is None:
                left = end - time.monotonic()
                assert left > 0, f"the server did not close the connection within {deadline} s"
                self._changed.wait(left)
        return self.closed

    def leave(self):
        """A clean close."""
        if self.frozen and self.closed is None:
            self.cut()
        elif self.closed is None:
            try:
                _shared_loop().run(self._socket.close())
            except AssertionError:
                self.cut()

    def cut(self):
        """The connection ends without a word, as when a laptop is closed or a cable pulled."""
        async def abort():
            self._socket.transport.abort()
        _shared_loop().run(abort())
        self.wait_closed()

    def freeze(self):
        """Reads nothing more, answers no ping: a machine that hangs."""
        async def pause():
            self._socket.transport.pause_reading()
        _shared_loop().run(pause())
        self.frozen = True
