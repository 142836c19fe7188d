# SPDX-License-Identifier: Apache-2.0
"""Twilio: webhooks signed by Twilio's own SDK, sends to a stand-in of its Messages API."""
import json
import random
import threading
from urllib.parse import urlencode, urlsplit

import pytest

from house import TWILIO_ACCOUNT, TWILIO_TOKEN, TWILIO_URL, House, new_number
from poll import poll, stays
from schema import pb
from twilio import Signer, StandIn, inbound_form, new_sid, status_form
from web import call

IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"
MESSAGES = "/v1/gateways/twilio/messages"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


@pytest.fixture(scope="module")
def signer():
    s = Signer()
    yield s
    s.end()


@pytest.fixture(scope="module")
def api():
    a = StandIn(TWILIO_ACCOUNT, TWILIO_TOKEN)
    yield a
    a.end()


@pytest.fixture(scope="module")
def house(authority, api):
    def edit(config):
        for i, line in enumerate(config["lines"]):
            line["gateway"], line["number"] = "twilio", f"+1500555{9000 + i}"
        for policy, line in zip(config["policies"], config["lines"]):
            policy["line"] = line["number"]

    h = House(authority, pools={"calm": 15, "urgent": 1}, edit=edit, twilio_url=api.url)
    for pool, line in zip(h.pools, h.config["lines"]):
        pool.line = line["number"]
    try:
        h.start()
        yield h
    finally:
        h.end()


class Line:
    """A pool's line, seen from Twilio."""

    def __init__(self, house, signer, pool):
        self.house, self.signer, self.pool = house, signer, pool

    def form(self, sender, text, **more):
        return inbound_form(TWILIO_ACCOUNT, sender, self.pool.line, text, **more)

    def post(self, body, signature=None, url=TWILIO_URL, target=MESSAGES, headers=FORM, token=TWILIO_TOKEN):
        """Posts a form; without a signature given, with the SDK's."""
        if signature is None:
            signature = self.signer.form(token, url + target, body)
        signed = dict(headers, **({"X-Twilio-Signature": signature} if signature else {}))
        return call(self.house.gateways_port, "POST", target, body, signed, self.house.context)

    def text(self, sender, text, **more):
        answer = self.post(self.form(sender, text, **more))
        assert answer.status == 200, answer
        assert answer.headers.get_content_type() == "text/xml" and answer.text == "<Response></Response>"
        return sender

    def status(self, sent, status, error=None):
        target = sent.callback[len(TWILIO_URL):]
        assert sent.callback.startswith(TWILIO_URL + "/v1/gateways/twilio/receipts"), sent.callback
        answer = self.post(status_form(TWILIO_ACCOUNT, sent, status, error), target=target)
        assert answer.status in (200, 204), answer
        return answer


@pytest.fixture
def line(house, signer):
    return Line(house, signer, house.take())


def test_a_text_an_answer_and_its_delivery(house, line, api):
    console = house.counselor(line.pool)
    texter = line.text(new_number(), "I need help 😰 & more=less+?")
    conversation = console.take()
    assert conversation.messages[0].text == "I need help 😰 & more=less+?"
    reply = console.reply(conversation, "I’m here 💚 & I’ll stay")
    sent = api.wait(texter)
    assert sent.text == "I’m here 💚 & I’ll stay" and sent.sender == line.pool.line
    assert int(sent.form["ValidityPeriod"]) <= 600
    console.expect("delivery_change", lambda d: d.message == reply.id and d.delivery == pb.DELIVERY_SENT)
    line.status(sent, "sent")
    line.status(sent, "delivered")
    console.expect("delivery_change", lambda d: d.message == reply.id and d.delivery == pb.DELIVERY_DELIVERED)
    line.status(sent, "delivered")
    line.status(sent, "sent")
    line.text(texter, "thank you")
    second = console.expect("message", lambda m: m.direction == pb.DIRECTION_IN)
    assert second.conversation == conversation.id and second.sequence == 3
    history = console.history(conversation.id)
    assert history.messages[1].delivery == pb.DELIVERY_DELIVERED, "a late \"sent\" takes nothing back"


def test_undelivered_says_why(house, line, api):
    console = house.counselor(line.pool)
    texter = line.text(new_number(), "hello")
    reply = console.reply(console.take(), "are you there?")
    line.status(api.wait(texter), "undelivered", 30003)
    change = console.expect("delivery_change", lambda d: d.message == reply.id and d.delivery == pb.DELIVERY_FAILED)
    assert "30003" in change.note


def waiting(house, pool):
    return [e for e in house.operator.ask("get_queue", limit=500).entries if e.pool == pool.name]


def test_what_is_not_authentic_is_refused(house, line, signer):
    body = line.form(new_number(), "forged")
    good = signer.form(TWILIO_TOKEN, TWILIO_URL + MESSAGES, body)
    wrong = {
        "missing": dict(signature=""),
        "of another token": dict(token="another-token"),
        "of another host": dict(url="https://sms.example.com"),
        "of another scheme": dict(url="http://sms.example.org"),
        "of another path": dict(signature=signer.form(TWILIO_TOKEN, TWILIO_URL + "/v1/gateways/twilio/receipts", body)),
        "not base64": dict(signature="!" * 28),
        "cut": dict(signature=good[:-1]),
        "endless": dict(signature=good * 300),
        "other case": dict(signature=good.swapcase()),
    }
    for what, how in wrong.items():
        answer = line.post(body, **how)
        assert answer.status in ((403,) if what != "endless" else (403, 431, 400)), (what, answer)
        assert TWILIO_TOKEN not in answer.text
    assert line.post(body, signature=good, target=MESSAGES + "?x=1").status == 403
    assert not waiting(house, line.pool)
    assert line.post(body, signature=good).status == 200
    assert len(waiting(house, line.pool)) == 1


def test_a_body_changed_by_one_byte_is_refused(house, line, signer, seeded):
    body = line.form(new_number(), "do not change me").encode()
    signature = signer.form(TWILIO_TOKEN, TWILIO_URL + MESSAGES, body.decode())
    places = seeded.sample(range(len(body)), 40)
    for at in places:
        changed = bytearray(body)
        changed[at] = seeded.choice([b for b in b"abcdefghijklmnopqrstuvwxyz0123456789" if b != body[at:at + 1].lower()[0]])
        answer = line.post(bytes(changed), signature=signature)
        assert answer.status == 403, (at, body[max(0, at - 5):at + 5], changed[at], answer)
    for changed in (body + b"&Extra=1", body + b"1", body[:-1], b"", body.replace(b"&Body=", b"&body=")):
        assert line.post(changed, signature=signature).status == 403
    assert not waiting(house, line.pool)


def test_what_means_the_same_is_accepted(house, line, signer):
    """Parameters in another order and spelt otherwise, the default port in what was signed, a query in the URL."""
    console = house.counselor(line.pool)
    texter = new_number()
    pairs = [p.split("=", 1) for p in line.form(texter, "one").split("&")]
    random.Random(4).shuffle(pairs)
    shuffled = "&".join("=".join(p) for p in pairs)
    assert line.post(shuffled).status == 200
    body = line.form(texter, "two")
    assert line.post(body, signature=signer.form(TWILIO_TOKEN, TWILIO_URL + ":443" + MESSAGES, body)).status == 200
    assert line.post(line.form(texter, "three"), target=MESSAGES + "?foo=1&bar=it%27s").status == 200
    twice = line.form(texter, "four") + "&Digits=5678&Digits=1234&Digits=5678"
    assert line.post(twice).status == 200
    assert [m.text for m in console.take().messages][:1] == ["one"]
    poll(lambda: [m.text for m in house_history(house, console)] == ["one", "two", "three", "four"])


def house_history(house, console):
    held = [f.conversation for f in console.seen if f.WhichOneof("body") == "conversation"]
    return console.history(held[0].id).messages


def test_json_bodies_are_signed_by_their_digest(house, line, signer):
    console = house.counselor(line.pool)
    body = json.dumps({"MessageSid": new_sid(), "AccountSid": TWILIO_ACCOUNT, "From": new_number(), "To": line.pool.line,
                       "Body": "in JSON"})
    url, signature = signer.json(TWILIO_TOKEN, TWILIO_URL + MESSAGES, body)
    target = url[len(TWILIO_URL):]
    headers = {"Content-Type": "application/json", "X-Twilio-Signature": signature}
    changed = body.replace("in JSON", "IN JSON")
    assert call(house.gateways_port, "POST", target, changed, headers, house.context).status == 403
    assert call(house.gateways_port, "POST", target, body, headers, house.context).status == 200
    assert console.take().messages[0].text == "in JSON"


def test_a_replayed_request_is_one_message(house, line):
    console = house.counselor(line.pool)
    body = line.form(new_number(), "only once")
    answers = [line.post(body) for _ in range(3)]
    threads = [threading.Thread(target=lambda: answers.append(line.post(body))) for _ in range(17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {a.status for a in answers} == {200} and len(answers) == 20
    assert {a.text for a in answers} == {"<Response></Response>"}
    conversation = console.take()
    assert [m.text for m in console.history(conversation.id).messages] == ["only once"]


def test_pictures_are_announced(house, line):
    console = house.counselor(line.pool)
    line.text(new_number(), "", NumMedia="2", MediaUrl0="http://127.0.0.1:1/a", MediaContentType0="image/png",
              MediaUrl1="file:///etc/passwd", MediaContentType1="image/png")
    [message] = console.take().messages
    assert message.media == 2 and message.text == ""


def test_opted_out_is_shown(house, line, api):
    console = house.counselor(line.pool)
    texter = line.text(new_number(), "hello")
    conversation = console.take()
    api.behave = lambda sent: 21610 if sent.to == texter else "accept"
    try:
        reply = console.reply(conversation, "never arrives")
        change = console.expect("delivery_change", lambda d: d.message == reply.id and d.delivery == pb.DELIVERY_FAILED)
    finally:
        api.behave = lambda sent: "accept"
    assert "opted out" in change.note or "21610" in change.note
    assert console.history(conversation.id).messages[-1].delivery_note == change.note
    assert len([s for s in api.refused if s.to == texter]) == 1, "it is not tried again"


@pytest.mark.parametrize("fate", ["drop", "broken"])
def test_an_ambiguous_send_is_shown_and_not_repeated(house, signer, api, fate):
    line = Line(house, signer, house.take())
    console = house.counselor(line.pool)
    texter = line.text(new_number(), "hello")
    conversation = console.take()
    api.behave = lambda sent: fate if sent.to == texter else "accept"
    try:
        reply = console.reply(conversation, "perhaps")
        console.expect("delivery_change", lambda d: d.message == reply.id and d.delivery == pb.DELIVERY_UNKNOWN, deadline=15)
        stays(lambda: len(api.to(texter)) == 1, 1.5, "it is not sent twice")
    finally:
        api.behave = lambda sent: "accept"
    line.status(api.to(texter)[0], "delivered")
    console.expect("delivery_change", lambda d: d.message == reply.id and d.delivery == pb.DELIVERY_DELIVERED)


def test_a_busy_provider_gets_it_later(house, line, api):
    console = house.counselor(line.pool)
    texter = line.text(new_number(), "hello")
    conversation = console.take()
    left = [1]

    def busy_once(sent):
        if sent.to == texter and left[0]:
            left[0] -= 1
            return "busy"
        return "accept"

    api.behave = busy_once
    try:
        console.reply(conversation, "patience")
        assert api.wait(texter, deadline=15).text == "patience"
    finally:
        api.behave = lambda sent: "accept"
    assert len(api.to(texter)) == 1


def test_a_forged_receipt_changes_nothing(house, line, api):
    console = house.counselor(line.pool)
    texter = line.text(new_number(), "hello")
    conversation = console.take()
    console.reply(conversation, "hi")
    sent = api.wait(texter)
    target = urlsplit(sent.callback)
    body = status_form(TWILIO_ACCOUNT, sent, "failed", 30003)
    assert line.post(body, signature="A" * 28, target=f"{target.path}?{target.query}").status == 403
    assert console.history(conversation.id).messages[-1].delivery in (pb.DELIVERY_QUEUED, pb.DELIVERY_SENT)


def test_an_unanswered_text_pages_until_acknowledged(house, signer, api):
    urgent = house.take("urgent")
    line = Line(house, signer, urgent)
    doctor = house.hire(urgent, name=urgent.first, roles=[pb.ROLE_AUDITOR])
    line.text(new_number(), IMMINENT)
    page = api.wait(doctor.phone)
    assert IMMINENT not in page.text and "ACK" in page.text and page.sender == urgent.line
    api.wait(doctor.phone, 2)
    line.text(doctor.phone, "Ok.")
    poll(lambda: [p.state for p in house.operator.ask("get_pages").pages] == [pb.PAGE_STATE_ACKNOWLEDGED])
    count = len(api.to(doctor.phone))
    stays(lambda: len(api.to(doctor.phone)) <= count + 1, 2.2, "no more pages")
    console = house.counselor(urgent)
    assert console.take().messages[0].text == IMMINENT


def test_odd_forms_never_harm(house, line):
    for body in ("", "&&&", "=", "a=" + "b" * 60000, "&".join(f"k{i}=v" for i in range(500)), "Body=%zz", "Body=%00%ff%fe",
                 urlencode({"Body": "x" * 2000})):
        assert 200 <= line.post(body).status < 600
    for sender in ("262966", "MTN", "whatsapp:+15005550001", "", "+1 (500) 555-0100", "anonymous", "+" + "1" * 40):
        assert line.post(line.form(sender, "from somebody odd")).status in (200, 400)
    assert house.admin("/healthz").status == 200
