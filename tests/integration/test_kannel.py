# SPDX-License-Identifier: Apache-2.0
"""Kannel, both ways: Debian's bearerbox, smsbox and fakesmsc, with TLS to our gateway listener."""
import re
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest

from house import PATH_SECRET, House, new_number
from kannel import Kannel
from poll import poll, stays
from schema import pb

IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"


@pytest.fixture(scope="module")
def kannel():
    folder = Path(tempfile.mkdtemp(prefix="hf-kannel-"))
    k = Kannel(folder)
    yield k
    k.end()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def house(authority, kannel):
    h = House(authority, pools={"calm": 5, "urgent": 3}, send_url=kannel.send_url)
    try:
        kannel.start(f"https://127.0.0.1:{h.gateways_port}/v1/gateways/kannel/messages/{quote(PATH_SECRET)}"
                     "?id=%I&from=%p&to=%P&ts=%T&coding=%c&charset=%C", authority.ca)
        h.start()
        yield h
    finally:
        h.end()


def test_a_text_an_answer_and_its_delivery(house, kannel):
    pool = house.take()
    console = house.counselor(pool)
    handset = kannel.handset(new_number())
    handset.text(pool.line, "I need help")
    conversation = console.take(deadline=10)
    [first] = conversation.messages
    assert first.text == "I need help" and first.provider_at_ms > 1_700_000_000_000

    reply = console.reply(conversation, "I’m here 😰💚")
    assert handset.wait() == "I’m here 😰💚"
    console.expect("delivery_change", lambda d: d.message == reply.id and d.delivery == pb.DELIVERY_DELIVERED, deadline=10)

    handset.text(pool.line, "thank you")
    second = console.expect("message", lambda m: m.text == "thank you", deadline=10)
    assert second.conversation == conversation.id and second.sequence == 3
    assert not console.has("offer"), "the same handset is the same conversation"
    history = console.history(conversation.id)
    assert [m.text for m in history.messages] == ["I need help", "I’m here 😰💚", "thank you"]
    assert history.messages[1].delivery == pb.DELIVERY_DELIVERED


def test_ucs2_from_the_handset(house, kannel):
    pool = house.take()
    console = house.counselor(pool, encoding="json")
    handset = kannel.handset(new_number())
    handset.text(pool.line, "Помогите 😰 ’quoted’")
    assert console.take(deadline=10).messages[0].text == "Помогите 😰 ’quoted’"


def test_plain_replies_go_as_gsm_and_arrive_whole(house, kannel):
    pool = house.take()
    console = house.counselor(pool)
    handset = kannel.handset(new_number())
    handset.text(pool.line, "hello")
    conversation = console.take(deadline=10)
    console.reply(conversation, "Take your time, I am listening.")
    assert handset.wait() == "Take your time, I am listening."


def test_a_long_reply_arrives_whole(house, kannel):
    pool = house.take()
    console = house.counselor(pool)
    handset = kannel.handset(new_number())
    handset.text(pool.line, "hello")
    conversation = console.take(deadline=10)
    long = "You are not alone with this, and it is good that you wrote. " * 6
    console.reply(conversation, long.strip())
    assert handset.wait() == long.strip()
    too_long = console.reply(conversation, "😰" * 800)
    note = console.expect("delivery_change", lambda d: d.message == too_long.id and d.delivery == pb.DELIVERY_FAILED).note
    assert "too long" in note, "better told than cut without a word"


def test_texts_wait_while_holdfast_is_down(house, kannel):
    pool = house.take()
    person = house.hire(pool)
    console = house.sign_in(person).available()
    handset = kannel.handset(new_number())
    handset.text(pool.line, "first")
    conversation = console.take(deadline=10)
    house.kill()
    handset.text(pool.line, "while you were out")
    poll(lambda: "while you were out" in kannel.logs()["smsbox.log"], 5, "smsbox to try")
    house.restart()
    console = house.sign_in(person)
    texts = poll(lambda: (lambda t: t if len(t) > 1 else None)(
        [m.text for m in console.history(conversation.id).messages]), 10, "smsbox to try again")
    assert texts == ["first", "while you were out"]


@pytest.fixture
def urgent(house):
    pool = house.take("urgent")
    yield pool
    house.clear(pool)


def start_paging(house, kannel, pool):
    doctor = house.hire(pool, name=pool.first, roles=[pb.ROLE_AUDITOR])
    phone = kannel.handset(doctor.phone)
    handset = kannel.handset(new_number())
    handset.text(pool.line, IMMINENT)
    page = phone.wait(deadline=10)
    assert IMMINENT not in page
    return phone, page


def pages(phone):
    """What a handset got that asks for an ACK: confirmations do not."""
    return [text for text in phone.inbox() if re.search(r"(?i)\back\W*\d", text)]


def assert_paging_ends(house, phone, pool):
    poll(lambda: any(p.pool == pool.name and p.state == pb.PAGE_STATE_ACKNOWLEDGED
                     for p in house.operator.ask("get_pages").pages), 8, "the page to be acknowledged")
    count = len(pages(phone))  # and one may be on its way
    stays(lambda: len(pages(phone)) <= count + 1, 2.5, "no more pages")


def test_an_unanswered_text_pages_until_ack(house, kannel, urgent):
    phone, page = start_paging(house, kannel, urgent)
    phone.wait(2, deadline=10)  # nobody answered: the policy begins again
    phone.text(urgent.line, "ACK " + re.search(r"(?i)ack\W*(\d+)", page)[1])
    assert_paging_ends(house, phone, urgent)


def test_ok_is_an_acknowledgement_too(house, kannel, urgent):
    phone, _ = start_paging(house, kannel, urgent)
    phone.text(urgent.line, "ok")
    assert_paging_ends(house, phone, urgent)


def test_a_counselor_who_takes_it_ends_the_paging(house, kannel, urgent):
    phone, _ = start_paging(house, kannel, urgent)
    console = house.counselor(urgent)
    conversation = console.take()
    console.reply(conversation, "I am here now")
    poll(lambda: not [p for p in house.operator.ask("get_pages").pages if p.pool == urgent.name], what="the page to be over")
    count = len(pages(phone))
    stays(lambda: len(pages(phone)) <= count + 1, 2.2, "no more pages")
