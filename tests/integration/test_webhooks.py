# SPDX-License-Identifier: Apache-2.0
"""The gateway listener: what is taken, what is refused, and that nothing is taken twice."""
import threading
import uuid
from urllib.parse import urlencode

import pytest

from house import PATH_SECRET, House, new_number
from poll import poll
from schema import pb
from web import call

POOLS = {"calm": 12}

FORM = {"Content-Type": 'text/plain; charset="UTF-8"'}


def test_a_hundred_posts_at_once_are_one_message(house):
    pool = house.take()
    console = house.counselor(pool)
    texter, provider_id = new_number(), uuid.uuid4().hex
    answers, gate = [], threading.Barrier(100)

    def post():
        gate.wait()
        answers.append(house.post(pool, texter, "only once", provider_id, deadline=30).status)

    threads = [threading.Thread(target=post) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 100 and set(answers) <= {200, 202}, answers
    conversation = console.take()
    assert [m.text for m in console.history(conversation.id).messages] == ["only once"]
    assert house.metric("holdfast_inbound_total", result="duplicate") >= 99


def test_two_equal_texts_are_two(house):
    pool = house.take()
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), "help")
    house.text(pool, texter, "help")
    conversation = console.take()
    poll(lambda: [m.text for m in console.history(conversation.id).messages] == ["help", "help"])


def test_first_texts_of_one_person_at_once_are_one_conversation(house):
    pool = house.take()
    console = house.counselor(pool, capacity=5)
    texter = new_number()
    threads = [threading.Thread(target=house.text, args=(pool, texter, f"part {i}")) for i in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    conversation = console.take()
    messages = poll(lambda: (lambda m: m if len(m) == 10 else None)(console.history(conversation.id).messages))
    assert sorted(m.text for m in messages) == sorted(f"part {i}" for i in range(10))
    assert [m.sequence for m in messages] == list(range(1, 11))
    assert not console.has("offer")


def test_ucs2_bodies_and_broken_ones(house):
    pool = house.take()
    console = house.counselor(pool)
    texter = new_number()
    house.text(pool, texter, "Привет 😰", coding=2, charset="UTF-16BE")
    conversation = console.take()
    assert conversation.messages[0].text == "Привет 😰" and not conversation.messages[0].damaged
    # An odd length and a lone surrogate: shown as far as it can be read, never refused.
    target = f"/v1/gateways/kannel/messages/{PATH_SECRET}?" + urlencode(
        {"id": uuid.uuid4().hex, "from": texter, "to": pool.line, "ts": 0, "coding": 2, "charset": "UTF-16BE"})
    answer = call(house.gateways_port, "POST", target, b"\x00h\xd8\x3d\x00i\x00",
                  {"Content-Type": 'text/plain; charset="UTF-16BE"'}, house.context)
    assert answer.status in (200, 202)
    message = console.expect("message")
    assert message.damaged and message.text.startswith("h") and "�" in message.text and "i" in message.text


def test_control_characters_and_bidi_pass_unchanged(house):
    pool = house.take()
    console = house.counselor(pool)
    text = "tab\there \u202e reversed \u200d zero \x1b[31m escape\r\nline"
    house.text(pool, new_number(), text)
    assert console.take().messages[0].text == text


@pytest.mark.parametrize("target, status", [
    (f"/v1/gateways/kannel/messages/{PATH_SECRET}x?id=1&from=%2B15005550001&to=741000&coding=0", {403}),
    ("/v1/gateways/kannel/messages/?id=1&from=%2B15005550001&to=741000&coding=0", {403, 404}),
    ("/v1/gateways/kannel/messages?id=1&from=%2B15005550001&to=741000&coding=0", {403}),
    (f"/v1/gateways/nobody/messages/{PATH_SECRET}", {404}),
    ("/v1/gateways/kannel/other", {404}),
    ("/v2/", {404}),
    ("/", {404}),
    ("/v1/console", {404}),
    ("/metrics", {404}),
])
def test_what_is_not_ours_is_refused(house, target, status):
    answer = call(house.gateways_port, "POST", target, b"hello", FORM, house.context)
    assert answer.status in status, answer


def test_an_unknown_line_goes_to_the_quarantine(house):
    target = f"/v1/gateways/kannel/messages/{PATH_SECRET}?id=1&from=%2B15005550001&to=999999&ts=0&coding=0&charset=UTF-8"
    before = house.metric("holdfast_inbound_total", result="quarantined")
    assert call(house.gateways_port, "POST", target, b"hello", FORM, house.context).status == 200
    assert house.metric("holdfast_inbound_total", result="quarantined") == before + 1
    assert "event=unknown_line" in house.log_text()


@pytest.mark.parametrize("query", ["coding=0", "id=1&from=%2B15005550001", "from=%2B15005550001&to=741000", "id=&from=&to=", "%zz"])
def test_authentic_but_unreadable_posts_are_kept(house, query):
    before = house.metric("holdfast_inbound_total", result="quarantined")
    answer = call(house.gateways_port, "POST", f"/v1/gateways/kannel/messages/{PATH_SECRET}?{query}", b"hello", FORM,
                  house.context)
    assert answer.status == 200
    assert house.metric("holdfast_inbound_total", result="quarantined") == before + 1
    assert "event=unparsable" in house.log_text()


def test_a_content_type_that_no_gateway_posts(house):
    answer = call(house.gateways_port, "POST", f"/v1/gateways/kannel/messages/{PATH_SECRET}?id=1", b"{}",
                  {"Content-Type": "application/json"}, house.context)
    assert answer.status == 415
    assert call(house.gateways_port, "DELETE", f"/v1/gateways/kannel/messages/{PATH_SECRET}", context=house.context).status == 405


def test_reports_for_texts_that_we_never_sent(house):
    answer = call(house.gateways_port, "GET", f"/v1/gateways/kannel/receipts/{PATH_SECRET}?id=p0.nothing&type=1&message=p0.x",
                  context=house.context)
    assert answer.status in (200, 202, 400, 404), answer
    assert call(house.gateways_port, "GET", "/v1/gateways/kannel/receipts/wrong?id=x&type=1",
                context=house.context).status == 403


def test_sending_is_retried_when_the_gateway_is_busy(house):
    pool = house.take()
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), "hello")
    conversation = console.take()
    left = [2]

    def busy_twice(sent):
        if sent.to == texter and left[0]:
            left[0] -= 1
            return "busy"
        return "accept"

    house.carrier.behave = busy_twice
    try:
        reply = console.reply(conversation, "patience")
        console.expect("delivery_change", lambda d: d.message == reply.id and d.delivery == pb.DELIVERY_SENT, deadline=20)
    finally:
        house.carrier.behave = lambda sent: "accept"
    assert [s.text for s in house.carrier.to(texter)] == ["patience"]


def test_an_ambiguous_send_is_shown_and_never_repeated(house):
    pool = house.take()
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), "hello")
    conversation = console.take()
    house.carrier.behave = lambda sent: "drop" if sent.to == texter else "accept"
    try:
        reply = console.reply(conversation, "perhaps")
        console.expect("delivery_change", lambda d: d.message == reply.id and d.delivery == pb.DELIVERY_UNKNOWN, deadline=15)
    finally:
        house.carrier.behave = lambda sent: "accept"
    later = console.reply(conversation, "again")
    console.expect("delivery_change", lambda d: d.message == later.id and d.delivery == pb.DELIVERY_SENT)
    assert [s.text for s in house.carrier.to(texter)] == ["perhaps", "again"]
    house.report(house.carrier.to(texter)[0], 1)
    console.expect("delivery_change", lambda d: d.message == reply.id and d.delivery == pb.DELIVERY_DELIVERED)


def test_a_refused_send_is_shown_with_its_reason(house):
    pool = house.take()
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), "hello")
    conversation = console.take()
    house.carrier.behave = lambda sent: "refuse" if sent.to == texter else "accept"
    try:
        reply = console.reply(conversation, "never arrives")
        change = console.expect("delivery_change", lambda d: d.message == reply.id and d.delivery == pb.DELIVERY_FAILED)
        assert change.note
    finally:
        house.carrier.behave = lambda sent: "accept"


def test_reports_set_failed_and_never_go_back(house):
    pool = house.take()
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), "hello")
    conversation = console.take()
    reply = console.reply(conversation, "one")
    sent = house.carrier.wait(texter)
    house.report(sent, 1)
    console.expect("delivery_change", lambda d: d.message == reply.id and d.delivery == pb.DELIVERY_DELIVERED)
    house.report(sent, 8)
    house.report(sent, 1)
    assert console.history(conversation.id).messages[-1].delivery == pb.DELIVERY_DELIVERED
    failing = console.reply(conversation, "two")
    house.report(house.carrier.wait(texter, 2), 2)
    console.expect("delivery_change", lambda d: d.message == failing.id and d.delivery == pb.DELIVERY_FAILED)


def test_a_gateway_that_must_show_its_certificate(authority):
    def edit(config):
        config["listeners"]["gateways"]["client_ca_file"] = authority.ca
        config["gateways"][0]["require_client_certificate"] = True

    house = House(authority, edit=edit)
    try:
        house.start()
        [pool] = house.pools
        assert house.post(pool, new_number(), "who am I?").status == 403
        house.context = authority.client(*authority.issue("smsbox"))
        assert house.post(pool, new_number(), "it is me").status == 200
    finally:
        house.end()
