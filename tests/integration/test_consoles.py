# SPDX-License-Identifier: Apache-2.0
"""Consoles: offers in order of need, holding, vanishing, fencing, both encodings."""
import pytest

from console import Refused, encode
from house import OPERATOR, new_number
from poll import poll, stays
from schema import pb

POOLS = {"calm": 34, "brisk": 6}

LOW = "just wanted to say hello"
IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"


def queue_of(house, pool):
    return [e for e in house.operator.ask("get_queue", limit=500).entries if e.pool == pool.name]


# ---- signing in

def test_wrong_password_and_unknown_name_are_refused_alike(house):
    person = house.hire(house.take())
    console = house.connect()
    assert console.refused("log_in", name=person.name, password="wrong") == "bad_login"
    assert console.refused("log_in", name="nobody-here", password="wrong") == "bad_login"
    assert console.sign_in(person.name, person.password).name == person.name


def test_nothing_is_answered_before_sign_in(house):
    console = house.connect()
    for kind in ("set_presence", "get_status", "get_queue", "get_staff", "drain", "reply"):
        assert console.refused(kind) == "not_signed_in"


def test_session_says_who_one_is(house):
    pool = house.take()
    person = house.hire(pool, capacity=3)
    session = house.sign_in(person).session
    assert (session.name, list(session.pools), session.capacity) == (person.name, [pool.name], 3)
    assert list(session.roles) == [pb.ROLE_COUNSELOR]
    assert session.presence == pb.PRESENCE_AWAY
    assert session.now_ms > 1_700_000_000_000


def test_away_counselors_get_no_offers(house):
    pool = house.take()
    console = house.sign_in(house.hire(pool))
    house.text(pool, new_number(), LOW)
    stays(lambda: not console.has("offer"), 0.5)
    console.available()
    console.expect("offer")


# ---- from offer to close

@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_a_conversation_from_first_text_to_close(house, encoding):
    pool = house.take()
    console = house.counselor(pool, encoding=encoding)
    texter = house.text(pool, new_number(), "hello – is anybody there? 😰", at=1_750_000_000)
    offer = console.expect("offer")
    assert console.last_encoding == encoding
    assert offer.pool == pool.name and offer.messages == 1 and offer.line == f"Line {pool.name}"
    assert offer.until_ms > offer.enqueued_ms
    conversation = console.accept(offer)
    assert conversation.state == pb.STATE_HELD and conversation.epoch >= offer.epoch
    [first] = conversation.messages
    assert first.text == "hello – is anybody there? 😰" and first.direction == pb.DIRECTION_IN
    assert first.sequence == 1 and first.provider_at_ms == 1_750_000_000_000

    reply = console.reply(conversation, "I’m here. 💚")
    assert reply.sequence == 2 and reply.direction == pb.DIRECTION_OUT
    sent = house.carrier.wait(texter)
    assert sent.text == "I’m here. 💚" and sent.sender == pool.line
    console.expect("delivery_change", lambda d: d.message == reply.id and d.delivery == pb.DELIVERY_SENT)
    house.report(sent, 8)
    house.report(sent, 1)
    console.expect("delivery_change", lambda d: d.message == reply.id and d.delivery == pb.DELIVERY_DELIVERED)

    house.text(pool, texter, "thank you")
    more = console.expect("message", lambda m: m.direction == pb.DIRECTION_IN)
    assert more.conversation == conversation.id and more.sequence == 3 and more.text == "thank you"
    history = console.history(conversation.id)
    assert [m.sequence for m in history.messages] == [1, 2, 3]
    assert [m.text for m in history.messages] == ["hello – is anybody there? 😰", "I’m here. 💚", "thank you"]
    assert history.messages[1].delivery == pb.DELIVERY_DELIVERED
    after = console.ask("get_conversation", conversation=conversation.id, after_sequence=2)
    assert [m.sequence for m in after.messages] == [3]

    console.hang_up(conversation)
    console.expect("released", lambda r: r.conversation == conversation.id and r.reason == "closed")
    house.text(pool, texter, "one more thing")
    again = console.take()
    assert again.id != conversation.id and again.earlier_conversations == 1


def test_the_server_answers_in_the_encoding_it_was_last_spoken_to(house):
    pool = house.take()
    console = house.sign_in(house.hire(pool), "protobuf")
    assert console.last_encoding == "protobuf"
    console.encoding = "json"
    console.available()
    assert console.last_encoding == "json"
    house.text(pool, new_number(), LOW)
    console.expect("offer")
    assert console.last_encoding == "json"
    console.encoding = "protobuf"
    console.ask("ping")
    assert console.last_encoding == "protobuf"


def test_json_takes_the_other_spellings(house):
    console = house.connect("json")
    person = house.hire(house.take())
    console.send_raw(f'{{"id": 7, "log_in": {{"name": "{person.name}", "password": "{person.password}"}}}}')
    assert isinstance(console.answer(7), pb.Session)
    console.send_raw('{"id": "8", "setPresence": {"presence": 2}}')
    assert console.answer(8).ok


def test_what_is_no_frame_is_named_and_costs_nothing(house):
    for data in ("{", '{"id": 1, "nonsense": {}}', b"\xff\xff\xff", '{"id":1,"ping":{},"ping":{}}', "null"):
        console = house.connect()
        console.send_raw(data)
        result = console.expect("result")
        assert result.code == "bad_request" and result.text
        assert console.ask("ping").ok


def test_a_request_without_an_id_is_refused(house):
    console = house.connect()
    console.send_raw(encode(pb.Frame(id=0, ping=pb.Ping()), "protobuf"))
    assert console.expect("result").code == "bad_request"


def test_bodies_that_a_server_does_not_take(house):
    console = house.sign_in(house.hire(house.take()))
    assert console.refused("offer") in ("bad_request", "unsupported", "forbidden")


# ---- order of need

def test_offers_come_in_order_of_need(house):
    pool = house.take()
    low = house.text(pool, new_number(), LOW)
    unknown = house.text(pool, new_number(), "qwrt zzxv plmk")
    imminent = house.text(pool, new_number(), IMMINENT)
    entries = poll(lambda: (lambda q: q if len(q) == 3 else None)(queue_of(house, pool)), what="three waiting")
    levels = [e.level for e in entries]
    assert levels == sorted(levels, reverse=True) and levels[0] == pb.LEVEL_IMMINENT, levels
    assert entries[0].reasons
    console = house.counselor(pool, capacity=3)
    taken = [console.take()]
    stays(lambda: not console.has("offer"), 0.3, "an imminent conversation takes all")
    console.hang_up(taken[0])
    taken += [console.take() for _ in range(2)]
    assert [c.id for c in taken] == [e.conversation for e in entries]
    assert taken[0].messages[0].text == IMMINENT
    assert len({low, unknown, imminent}) == 3


def test_a_second_text_can_raise_the_level_and_the_place(house):
    pool = house.take()
    first = house.text(pool, new_number(), LOW)
    second = house.text(pool, new_number(), LOW)
    before = poll(lambda: (lambda q: q if len(q) == 2 else None)(queue_of(house, pool)), what="two waiting")
    house.text(pool, second, IMMINENT)
    after = poll(lambda: (lambda q: q if q[0].level == pb.LEVEL_IMMINENT else None)(queue_of(house, pool)))
    assert after[0].conversation == before[1].conversation
    assert after[0].enqueued_ms == before[1].enqueued_ms
    assert after[0].answer_by_ms <= before[1].answer_by_ms
    console = house.counselor(pool)
    conversation = console.take()
    assert [m.text for m in conversation.messages] == [LOW, IMMINENT]
    house.text(pool, second, LOW)
    console.expect("message")
    assert console.history(conversation.id).level == pb.LEVEL_IMMINENT, "triage may only raise"
    assert first != second


def test_a_rise_while_held_is_news(house):
    pool = house.take()
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), LOW)
    conversation = console.take()
    house.text(pool, texter, IMMINENT)
    change = console.expect("level_change", lambda c: c.conversation == conversation.id)
    assert change.level == pb.LEVEL_IMMINENT and change.reasons


# ---- declining, missing, being late

def test_decline_goes_to_the_next_counselor(house):
    pool = house.take()
    consoles = [house.counselor(pool), house.counselor(pool)]
    house.text(pool, new_number(), LOW)
    first = poll(lambda: next((c for c in consoles if c.has("offer")), None), what="an offer")
    [second] = [c for c in consoles if c is not first]
    offer = first.expect("offer")
    first.ask("decline", conversation=offer.conversation, epoch=offer.epoch, reason="busy")
    passed_on = second.expect("offer")
    assert passed_on.conversation == offer.conversation and passed_on.epoch > offer.epoch
    assert passed_on.enqueued_ms == offer.enqueued_ms
    assert first.refused("accept", conversation=offer.conversation, epoch=offer.epoch) in ("gone", "stale")
    second.accept(passed_on)


def test_decline_wants_a_known_reason(house):
    pool = house.take()
    console = house.counselor(pool)
    house.text(pool, new_number(), LOW)
    offer = console.expect("offer")
    assert console.refused("decline", conversation=offer.conversation, epoch=offer.epoch, reason="x" * 200) == "bad_request"
    console.accept(offer)


def test_an_offer_expires_and_two_misses_make_away(house):
    pool = house.take("brisk")
    console = house.counselor(pool)
    supervisor = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))
    texter = house.text(pool, new_number(), LOW)
    offer = console.expect("offer")
    over = console.expect("offer_over", lambda o: o.conversation == offer.conversation)
    assert over.reason == "expired" and over.epoch == offer.epoch
    assert console.refused("accept", conversation=offer.conversation, epoch=offer.epoch) in ("gone", "stale")
    second = console.expect("offer")
    assert second.conversation == offer.conversation and second.enqueued_ms == offer.enqueued_ms
    change = console.expect("presence_change")
    assert change.presence == pb.PRESENCE_AWAY and change.reason == "missed_offers"
    told = supervisor.expect("attention")
    assert (told.kind, told.name, told.pool) == ("missed_offers", console.session.name, pool.name)
    [entry] = queue_of(house, pool)
    assert entry.state == pb.STATE_WAITING and entry.enqueued_ms == offer.enqueued_ms
    console.available()
    conversation = console.take()
    console.reply(conversation, "Here now.")
    house.carrier.wait(texter)


def test_going_away_withdraws_the_offer_at_once(house):
    pool = house.take()
    first = house.counselor(pool)
    house.text(pool, new_number(), LOW)
    offer = first.expect("offer")
    first.away()
    assert first.expect("offer_over").reason == "withdrawn"
    second = house.counselor(pool)
    assert second.take().id == offer.conversation


# ---- capacity

def test_capacity_bounds_how_many_one_holds(house):
    pool = house.take()
    for _ in range(3):
        house.text(pool, new_number(), LOW)
    console = house.counselor(pool, capacity=2)
    first, second = console.take(), console.take()
    stays(lambda: not console.has("offer"), 0.5, "no third offer at capacity 2")
    house.operator.ask("get_status")
    console.hang_up(first)
    third = console.take()
    assert len({first.id, second.id, third.id}) == 3
    status = next(p for p in house.operator.ask("get_status").pools if p.name == pool.name)
    assert status.held == 2 and status.counselors_available == 1


def test_wrap_up_takes_a_place_until_it_is_finished(house):
    pool = house.take()
    console = house.counselor(pool)
    house.text(pool, new_number(), LOW)
    house.text(pool, new_number(), LOW)
    conversation = console.take()
    console.ask("close", conversation=conversation.id, epoch=conversation.epoch, outcome="done")
    stays(lambda: not console.has("offer"), 0.4, "no offer in wrap-up")
    assert console.refused("reply", conversation=conversation.id, epoch=conversation.epoch, client_id="x", text="y") in (
        "conflict", "stale")
    console.ask("finish_wrap_up", conversation=conversation.id, epoch=conversation.epoch)
    console.expect("offer")


def test_wrap_up_ends_by_itself(house):
    pool = house.take("brisk")
    console = house.counselor(pool)
    house.text(pool, new_number(), LOW)
    conversation = console.take()
    console.ask("close", conversation=conversation.id, epoch=conversation.epoch, outcome="done")
    assert console.expect("released").reason == "closed"


def test_a_text_in_wrap_up_begins_a_new_conversation(house):
    pool = house.take()
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), LOW)
    conversation = console.take()
    console.ask("close", conversation=conversation.id, epoch=conversation.epoch, outcome="done")
    house.text(pool, texter, "wait, something else")
    console.ask("finish_wrap_up", conversation=conversation.id, epoch=conversation.epoch)
    again = console.take()
    assert again.id != conversation.id and again.earlier_conversations == 1
    assert [m.text for m in again.messages] == ["wait, something else"]


# ---- fencing and idempotence

def test_the_same_client_id_is_one_reply(house):
    pool = house.take()
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), LOW)
    conversation = console.take()
    first = console.reply(conversation, "once", client_id="reply-1")
    again = console.reply(conversation, "once", client_id="reply-1")
    assert (again.id, again.sequence) == (first.id, first.sequence)
    other = console.reply(conversation, "twice", client_id="reply-2")
    assert other.sequence == first.sequence + 1
    house.carrier.wait(texter, 2)
    assert [s.text for s in house.carrier.to(texter)] == ["once", "twice"]


def test_an_old_epoch_changes_nothing(house):
    pool = house.take()
    console = house.counselor(pool)
    texter = house.text(pool, new_number(), LOW)
    conversation = console.take()
    old = dict(conversation=conversation.id, epoch=conversation.epoch - 1)
    assert console.refused("reply", client_id="x", text="no", **old) == "stale"
    assert console.refused("close", outcome="done", **old) == "stale"
    assert console.refused("finish_wrap_up", **old) in ("stale", "conflict")
    assert console.history(conversation.id).state == pb.STATE_HELD
    assert not house.carrier.to(texter)


def test_replies_are_bounded(house):
    pool = house.take()
    console = house.counselor(pool)
    house.text(pool, new_number(), LOW)
    conversation = console.take()
    ids = dict(conversation=conversation.id, epoch=conversation.epoch)
    assert console.refused("reply", client_id="a", text="", **ids) == "bad_request"
    assert console.refused("reply", client_id="a", text="я" * 1601, **ids) == "bad_request"
    assert console.refused("reply", client_id="", text="hi", **ids) == "bad_request"
    assert console.refused("reply", client_id="i" * 65, text="hi", **ids) == "bad_request"
    assert console.reply(conversation, "я" * 1600, client_id="i" * 64).sequence == 2


# ---- one owner

def test_another_counselors_conversation_is_out_of_reach(house):
    pool = house.take()
    mine, other = house.counselor(pool), house.sign_in(house.hire(pool))
    texter = house.text(pool, new_number(), LOW)
    conversation = mine.take()
    ids = dict(conversation=conversation.id, epoch=conversation.epoch)
    assert other.refused("reply", client_id="x", text="intruder", **ids) == "stale"
    assert other.refused("close", outcome="done", **ids) == "stale"
    assert other.refused("get_conversation", conversation=conversation.id) == "forbidden"
    assert other.refused("get_conversation", conversation="no-such-thing") == "not_found"
    assert not house.carrier.to(texter)


def test_signing_in_elsewhere_takes_over(house):
    pool = house.take()
    person = house.hire(pool)
    old = house.sign_in(person).available()
    house.text(pool, new_number(), LOW)
    conversation = old.take()
    new = house.sign_in(person)
    assert old.expect("presence_change").reason == "elsewhere"
    assert old.expect("going_away").reason == "elsewhere"
    old.wait_closed()
    [held] = new.session.held
    assert held.id == conversation.id and held.epoch == conversation.epoch and held.messages[0].text == LOW
    new.reply(held, "still here")


# ---- vanishing

def test_a_vanished_console_gives_its_people_back_at_their_old_place(house):
    pool = house.take("brisk")
    lost = house.counselor(pool)
    first = house.text(pool, new_number(), LOW)
    conversation = lost.take()
    lost.reply(conversation, "before the cable was pulled")
    house.carrier.wait(first)
    house.text(pool, new_number(), LOW)
    lost.cut()
    back = poll(lambda: (lambda q: q if len(q) == 2 else None)(queue_of(house, pool)), what="both in the queue")
    assert back[0].conversation == conversation.id, "its old place is the first"
    assert back[0].enqueued_ms == conversation.enqueued_ms
    house.check_states([pool])
    other = house.counselor(pool)
    again = other.take()
    assert again.id == conversation.id and again.epoch > conversation.epoch
    assert [m.text for m in again.messages] == [LOW, "before the cable was pulled"]


def test_an_offer_to_a_vanished_console_goes_back_at_once(house):
    pool = house.take()
    lost = house.counselor(pool)
    house.text(pool, new_number(), LOW)
    offer = lost.expect("offer")
    other = house.counselor(pool)
    lost.cut()
    assert other.take(deadline=3).id == offer.conversation


def test_back_within_grace_keeps_everything(house):
    pool = house.take()
    person = house.hire(pool)
    console = house.sign_in(person).available()
    texter = house.text(pool, new_number(), LOW)
    conversation = console.take()
    console.cut()
    house.text(pool, texter, "are you still there?")
    console = house.sign_in(person)
    [held] = console.session.held
    assert held.epoch == conversation.epoch
    assert [m.text for m in held.messages] == [LOW, "are you still there?"]
    assert console.session.presence == pb.PRESENCE_AVAILABLE
    console.reply(held, "yes")
    stays(lambda: not console.has("released"), 2.5, "nothing is taken after the grace of the old connection")
    assert console.history(conversation.id).holder == person.name


def test_a_reply_repeated_after_a_reconnect_is_one_reply(house):
    pool = house.take()
    person = house.hire(pool)
    console = house.sign_in(person).available()
    texter = house.text(pool, new_number(), LOW)
    conversation = console.take()
    console.begin("reply", conversation=conversation.id, epoch=conversation.epoch, client_id="typed", text="I am here")
    console.cut()
    console = house.sign_in(person)
    [held] = console.session.held
    message = console.reply(held, "I am here", client_id="typed")
    house.carrier.wait(texter)
    assert [m.text for m in console.history(held.id).messages] == [LOW, "I am here"]
    assert len(house.carrier.to(texter)) == 1 and message.sequence == 2


# ---- roles

def test_operators_see_no_text(house):
    pool = house.take()
    console = house.counselor(pool)
    house.text(pool, new_number(), LOW)
    conversation = console.take()
    seen = house.operator.history(conversation.id)
    assert seen.id == conversation.id and not seen.messages and LOW not in str(seen)
    auditor = house.sign_in(house.hire(pool, roles=[pb.ROLE_AUDITOR]))
    assert not auditor.history(conversation.id).messages
    supervisor = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))
    assert supervisor.history(conversation.id).messages[0].text == LOW
    outsider = house.sign_in(house.hire(house.take(), roles=[pb.ROLE_SUPERVISOR]))
    assert outsider.refused("get_conversation", conversation=conversation.id) in ("not_found", "forbidden")


def test_each_role_does_its_own(house):
    pool = house.take()
    counselor = house.sign_in(house.hire(pool))
    auditor = house.sign_in(house.hire(pool, roles=[pb.ROLE_AUDITOR]))
    supervisor = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))
    watching = ("get_status", "get_queue", "get_pages", "get_on_call", "run_checks", "get_staff")
    for kind in watching:
        assert counselor.refused(kind) == "forbidden", kind
        assert auditor.refused(kind) == "forbidden", kind
        supervisor.ask(kind)
        house.operator.ask(kind)
    for kind in ("put_staff", "remove_staff", "drain"):
        for console in (counselor, auditor, supervisor):
            assert console.refused(kind) == "forbidden", kind
    for kind in ("set_presence", "accept", "decline", "reply", "close", "finish_wrap_up"):
        assert house.operator.refused(kind) == "forbidden", kind
        assert auditor.refused(kind) == "forbidden", kind


# ---- staff

def test_staff_records_hide_the_phone_and_are_checked(house):
    pool = house.take()
    person = house.hire(pool, capacity=4)
    [record] = [m for m in house.operator.ask("get_staff").members if m.name == person.name]
    assert record.capacity == 4 and list(record.pools) == [pool.name]
    digits = person.phone[1:]
    assert digits not in record.phone and record.phone.endswith(digits[-2:]), record.phone
    bad = dict(name="someone", roles=[pb.ROLE_COUNSELOR], pools=[pool.name], capacity=1)
    for change in (dict(name="No Such Name"), dict(roles=[]), dict(pools=[]), dict(grade=9), dict(capacity=11),
                   dict(phone="call me")):
        member = pb.StaffMember(**dict(bad, **change))
        assert house.operator.refused("put_staff", member=member, password="long enough password") == "bad_request", change


def test_a_person_can_sign_in_as_soon_as_the_operator_is_told(house):
    pool = house.take()
    for i in range(5):
        member = pb.StaffMember(name=f"new-{pool.name}-{i}", roles=[pb.ROLE_COUNSELOR], pools=[pool.name], capacity=1)
        house.operator.ask("put_staff", member=member, password="first password")
        house.connect().sign_in(member.name, "first password")
        house.operator.ask("put_staff", member=member, password="second password")
        house.connect().sign_in(member.name, "second password")
        assert house.connect().refused("log_in", name=member.name, password="first password") == "bad_login"


def test_removing_a_person_returns_their_people(house):
    pool = house.take()
    person = house.hire(pool)
    console = house.sign_in(person).available()
    house.text(pool, new_number(), LOW)
    conversation = console.take()
    house.operator.ask("remove_staff", name=person.name)
    assert console.expect("going_away").reason == "removed"
    console.wait_closed()
    [entry] = poll(lambda: queue_of(house, pool), what="the conversation in the queue")
    assert entry.conversation == conversation.id
    fresh = house.connect()
    assert fresh.refused("log_in", name=person.name, password=person.password) == "bad_login"
    assert house.operator.refused("remove_staff", name=person.name) == "not_found"


def test_operator_exists_from_the_first_start(house):
    assert OPERATOR in [m.name for m in house.operator.ask("get_staff").members]


def test_every_state_is_in_order_at_the_end(house):
    assert house.check_states()
    with pytest.raises(Refused):
        house.operator.ask("accept", conversation="x", epoch=1)
