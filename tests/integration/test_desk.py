# SPDX-License-Identifier: Apache-2.0
"""The supervisor's desk and the ways in which a conversation changes hands."""
from house import new_number
from schema import pb
from typed import console_of

POOLS = {"calm": 14, "brisk": 1}

LOW = "just wanted to say hello"
IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"


def supervisor(house, pool, capacity=4):
    return house.sign_in(house.hire(pool, roles=(pb.ROLE_SUPERVISOR,), capacity=capacity))


def listed(console, **fields):
    return console.ask("list_conversations", **fields)


def test_supervisors_see_everybody_by_need(house):
    pool, other = house.take(), house.take()
    boss, ana = supervisor(house, pool), house.counselor(pool, capacity=1)
    house.text(other, new_number(), LOW)
    house.text(pool, new_number(), LOW)
    held = ana.take()
    house.text(pool, new_number(), LOW)
    house.text(pool, new_number(), IMMINENT)
    everybody = listed(boss)
    assert everybody.total == 3 and {c.pool for c in everybody.conversations} == {pool.name}
    assert [c.level for c in everybody.conversations] == [pb.LEVEL_IMMINENT] + [held.level] * 2
    assert [c.state for c in everybody.conversations] == [pb.STATE_WAITING, pb.STATE_HELD, pb.STATE_WAITING]
    assert everybody.conversations[1].holder == ana.session.name
    assert all(c.unanswered_since_ms and not c.messages for c in everybody.conversations)
    ana.reply(held, "I am here.")
    answered = next(c for c in listed(boss).conversations if c.id == held.id)
    assert answered.last_out_ms and not answered.unanswered_since_ms
    # Something to see to comes before all.
    house.cli("hset", f"{{{pool.name}}}:c:{held.id}", "attention", "flag,close_asked")
    first = listed(boss, limit=1)
    assert first.total == 3 and [(c.id, list(c.attention)) for c in first.conversations] == [(held.id, ["flag", "close_asked"])]
    assert [c.id for c in listed(boss, limit=5, offset=1).conversations] == [
        c.id for c in everybody.conversations if c.id != held.id]
    assert {c.id for c in listed(boss, states=[pb.STATE_HELD]).conversations} == {held.id}
    assert listed(boss, pool=other.name).total == 0
    assert boss.refused("list_conversations", limit=201) == "bad_request"
    assert boss.refused("list_conversations", states=[pb.STATE_CLOSED]) == "bad_request"
    # Counselors see their own, operators the same of every pool, and nobody a text.
    assert [c.id for c in listed(ana).conversations] == [held.id]
    assert listed(house.operator, pool=other.name).total == 1
    assert held.id in house.ctl("conversations", "--pool", pool.name).stdout


# ---- changing hands

SUMMARY = "Safe at home, sister is with them; wants to talk about work."


def held_by_one(house, capacity=2, kind="calm"):
    """A pool with two counselors, of whom the first holds a conversation."""
    pool = house.take(kind)
    ana = house.counselor(pool, capacity=capacity)
    texter = house.text(pool, new_number(), LOW)
    held = ana.take()
    return pool, ana, house.counselor(pool, capacity=1), texter, held


def transfer(console, held, to, summary=SUMMARY):
    return console.request("transfer", conversation=held.id, epoch=held.epoch, to=to, summary=summary)


def says(console, held, text, epoch=None):
    return console.request("reply", conversation=held.id, epoch=epoch or held.epoch, client_id=text[:60], text=text)


def test_a_supervisor_takes_over_and_the_late_reply_is_refused(house):
    pool, ana, ben, texter, held = held_by_one(house)
    boss = supervisor(house, pool)
    ana.reply(held, "I am here.")
    assert ana.refused("take_over", conversation=held.id, epoch=held.epoch, reason="mine") == "forbidden"
    assert boss.refused("take_over", conversation=held.id, epoch=held.epoch, reason="") == "bad_request"
    taken = boss.ask("take_over", conversation=held.id, epoch=held.epoch, reason="means at hand")
    assert taken.holder == boss.session.name and taken.epoch == held.epoch + 1
    assert [m.text for m in taken.messages] == [LOW, "I am here."]
    assert [(n.kind, n.author, n.text) for n in taken.notes] == [("taken_over", boss.session.name, "means at hand")]
    gone = ana.expect("released")
    assert (gone.conversation, gone.reason, gone.by) == (held.id, "taken_over", boss.session.name)
    late = says(ana, held, "one more thing")
    assert not late.ok and late.code == "stale" and late.text
    boss.reply(taken, "I take over from here.")
    assert house.carrier.wait(texter, 2).text == "I take over from here."
    assert [m.text for m in boss.history(held.id).messages] == [LOW, "I am here.", "I take over from here."]
    # From the queue as well.
    ana.away()
    ben.away()
    house.text(pool, new_number(), LOW)
    waits = next(c for c in listed(boss).conversations if c.id != held.id)
    boss.ask("take_over", conversation=waits.id, epoch=waits.epoch, reason="asked for me")
    house.check_states([pool])
    assert "means at hand" not in house.log_text()


def test_a_transfer_is_an_offer_and_nobody_is_without_owner(house):
    pool, ana, ben, texter, held = held_by_one(house)
    assert transfer(ana, held, ben.session.name, "short").code == "bad_request"
    assert transfer(ana, held, ana.session.name).code == "conflict"
    assert transfer(ana, held, "nobody").code == "gone"
    assert transfer(ana, held, ben.session.name).ok
    offer = ben.expect("offer")
    assert getattr(offer, "from") == ana.session.name and offer.epoch == held.epoch
    open_one = ana.expect("conversation", lambda c: c.transfer_to)
    assert open_one.holder == ana.session.name and open_one.transfer_to == ben.session.name
    ana.reply(held, "A colleague will take over soon.")  # while it is open, the giver owns it
    house.text(pool, texter, "who?")
    taken = ben.accept(offer)
    assert taken.holder == ben.session.name and taken.epoch == held.epoch + 1
    assert [(n.kind, n.author, n.text) for n in taken.notes] == [("transfer", ana.session.name, SUMMARY)]
    assert [m.text for m in ben.whole(taken).messages] == [LOW, "A colleague will take over soon.", "who?"]
    gone = ana.expect("released")
    assert (gone.reason, gone.by) == ("transferred", ben.session.name)
    assert says(ana, held, "bye").code == "stale"
    house.text(pool, texter, "hello?")
    ben.expect("message", lambda m: m.text == "hello?")
    ben.reply(taken, "It is me now.")
    # ana has her place back: the next one is hers.
    house.text(pool, new_number(), LOW)
    assert ana.expect("offer").pool == pool.name
    house.check_states([pool])
    assert SUMMARY not in house.log_text()


def test_declined_or_gone_the_giver_keeps_it(house):
    pool, ana, ben, texter, held = held_by_one(house)
    assert transfer(ana, held, ben.session.name).ok
    offer = ben.expect("offer")
    ben.ask("decline", conversation=held.id, epoch=offer.epoch, reason="busy")
    over = ana.expect("transfer_over")
    assert (over.to, over.reason) == (ben.session.name, "declined")
    assert ben.refused("accept", conversation=held.id, epoch=offer.epoch) == "gone"
    assert transfer(ana, held, ben.session.name).ok
    ben.expect("offer")
    house.text(pool, texter, "are you there?")
    ben.cut()  # in the midst of it
    assert ana.expect("transfer_over").reason == "withdrawn"
    ana.expect("message", lambda m: m.text == "are you there?")
    ana.reply(held, "Yes.")
    house.check_states([pool])


def test_a_transfer_survives_a_reconnect_of_both(house):
    pool = house.take()
    people = [house.hire(pool, capacity=2) for _ in range(2)]
    ana = house.sign_in(people[0]).available()
    house.text(pool, new_number(), LOW)
    held = ana.take()
    ben = house.sign_in(people[1]).available()
    assert transfer(ana, held, people[1].name).ok
    ben.expect("offer")
    ben = house.sign_in(people[1])  # takes over from the first console
    [offer] = ben.session.offers
    assert getattr(offer, "from") == people[0].name
    ana.cut()  # the giver's console dies before the answer
    taken = ben.accept(offer)
    assert taken.holder == people[1].name and [n.text for n in taken.notes] == [SUMMARY]
    ana = house.sign_in(people[0])
    assert not ana.session.held and says(ana, held, "too late").code == "stale"
    ben.reply(taken, "Hello.")
    house.check_states([pool])


def test_a_transfer_expires(house):
    pool, ana, ben, _, held = held_by_one(house, kind="brisk")
    assert transfer(ana, held, ben.session.name).ok
    offer = ben.expect("offer")
    assert ana.expect("transfer_over").reason == "expired"
    ben.expect("offer_over", lambda o: o.conversation == held.id)
    assert ben.refused("accept", conversation=held.id, epoch=offer.epoch) == "gone"
    ana.reply(held, "Still me.")
    house.check_states([pool])


def test_to_the_queue_with_a_summary_or_a_reason(house):
    pool, ana, ben, texter, held = held_by_one(house)
    assert transfer(ana, held, "").ok
    assert ana.expect("released").reason == "transfer"
    taken = ben.take()  # not ana, who has room too
    assert taken.id == held.id and [n.text for n in taken.notes] == [SUMMARY]
    assert ben.refused("release", conversation=held.id, epoch=taken.epoch, reason="") == "bad_request"
    ben.ask("release", conversation=held.id, epoch=taken.epoch, reason="fire alarm here")
    again = ana.take()
    assert [(n.kind, n.text) for n in again.notes] == [("transfer", SUMMARY), ("given_back", "fire alarm here")]
    house.check_states([pool])


# ---- company

def test_watching_sees_all_and_changes_nothing(house):
    pool, ana, _, texter, held = held_by_one(house)
    boss, stranger = supervisor(house, pool), supervisor(house, house.take())
    assert ana.refused("watch", conversation=held.id, on=True) == "forbidden"
    assert stranger.refused("watch", conversation=held.id, on=True) == "not_found"
    seen = boss.ask("watch", conversation=held.id, on=True)
    assert seen.holder == ana.session.name and [m.text for m in seen.messages] == [LOW]
    house.text(pool, texter, IMMINENT)
    boss.expect("message", lambda m: m.text == IMMINENT)
    boss.expect("level_change", lambda c: c.level == pb.LEVEL_IMMINENT)
    reply = ana.reply(held, "I am here.")
    boss.expect("message", lambda m: m.id == reply.id)
    boss.expect("delivery_change", lambda d: d.message == reply.id)
    assert says(boss, held, "not mine").code == "stale"
    ana.ask("release", conversation=held.id, epoch=held.epoch, reason="must go")
    boss.expect("conversation", lambda c: c.state != pb.STATE_HELD)
    boss.ask("watch", conversation=held.id, on=False)
    house.text(pool, texter, "hello?")
    ana.away()
    assert f"event=watch staff={boss.session.name} conversation={held.id}" in house.log_text()
    assert not boss.has("message", lambda m: m.text == "hello?")


def test_who_joins_writes_and_whispers_and_the_holder_stays(house):
    pool, ana, ben, texter, held = held_by_one(house)
    boss = supervisor(house, pool)
    assert ben.refused("join", conversation=held.id) == "forbidden"
    joined = boss.ask("join", conversation=held.id)
    assert joined.holder == ana.session.name
    name = f"{boss.session.name}=supervisor"
    ana.expect("conversation", lambda c: list(c.present) == [name])
    assert says(boss, held, "I am Dee, I am here as well.").message.author == boss.session.name
    ana.expect("message", lambda m: m.author == boss.session.name)
    assert "Dee" in house.carrier.wait(texter).text
    house.text(pool, texter, "thank you both")
    boss.expect("message", lambda m: m.text == "thank you both")
    assert boss.refused("close", conversation=held.id, epoch=held.epoch, outcome="done") == "stale"
    # A word among them.
    boss.ask("whisper", conversation=held.id, text="ask about the balcony")
    for console in (ana, boss):
        heard = console.expect("whispered")
        assert (heard.conversation, heard.note.author, heard.note.text) == (held.id, boss.session.name, "ask about the balcony")
    ana.ask("whisper", conversation=held.id, text="will do")
    boss.expect("whispered", lambda w: w.note.text == "will do")
    assert ben.refused("whisper", conversation=held.id, text="hey") == "forbidden"
    assert [n.text for n in ana.history(held.id).notes] == ["ask about the balcony", "will do"]
    assert len(ana.history(held.id).messages) == 3 and not any("balcony" in s.text for s in house.carrier.to(texter))
    # Somebody who is asked by name; who vanishes has left.
    assert ana.refused("invite", conversation=held.id, epoch=held.epoch) == "bad_request"
    assert ana.refused("invite", conversation=held.id, epoch=held.epoch, name="nobody") == "not_found"
    assert ana.refused("invite", conversation=held.id, epoch=held.epoch, language="tlh") == "not_found"
    ana.ask("invite", conversation=held.id, epoch=held.epoch, name=ben.session.name)
    assert getattr(ben.expect("invited"), "from") == ana.session.name
    ben.ask("join", conversation=held.id)
    ana.expect("conversation", lambda c: len(c.present) == 2)
    boss.ask("leave", conversation=held.id)
    ana.expect("conversation", lambda c: list(c.present) == [f"{ben.session.name}=counselor"])
    assert says(boss, held, "and one thing").code == "stale"
    ben.cut()
    ana.expect("conversation", lambda c: not c.present)
    house.check_states([pool])
    log = house.log_text()
    assert "balcony" not in log and "will do" not in log


def test_announcements_reach_all_and_who_comes_later(house):
    pool = house.take()
    boss, ana = supervisor(house, pool), house.counselor(pool)
    assert ana.refused("announce", pool=pool.name, text="hello") == "forbidden"
    assert boss.refused("announce", pool=house.take().name, text="hello") == "not_found"
    assert boss.refused("announce", pool=pool.name, text="x" * 501) == "bad_request"
    boss.ask("announce", pool=pool.name, text="The bridge line is down tonight.")
    later = house.counselor(pool)
    for console in (ana, boss, later):
        said = console.expect("announced")
        assert (said.author, said.text) == (boss.session.name, "The bridge line is down tonight.")
    assert "bridge" not in house.log_text() and not house.cli("keys", "*bridge*")


def test_the_terminal_does_it_all(house):
    pool = house.take()
    ana, ben, dee = (house.hire(pool, capacity=2, roles=(role,)) for role in (
        pb.ROLE_COUNSELOR, pb.ROLE_COUNSELOR, pb.ROLE_SUPERVISOR))
    first, second, boss = (console_of(house, person) for person in (ana, ben, dee))
    first.type("/available")
    first.wait(r"\[you\] available")
    texter = house.text(pool, new_number(), LOW)
    first.wait(r"\[offer\]")
    first.type("/accept")
    first.wait(f"texter: {LOW}")
    boss.type("/list all")
    boss.wait(rf"1 open\n  1  \w+  held {ana.name}  unanswered for")
    boss.type("/watch 1")
    boss.wait(r"\[1\] watched; .*")
    boss.wait(f"texter: {LOW}")
    boss.type("not meant for the texter")
    boss.wait("you only watch it: NOT SENT")
    boss.type("/whisper ask who is with them")
    first.wait(rf"\[1\] whisper of {dee.name}: ask who is with them")
    boss.type("/join")
    first.wait(rf"\[1\] with {ana.name}; in it too: {dee.name}=supervisor")
    boss.type("Hello from both of us.")
    first.wait(rf"\[1\] {dee.name}: Hello from both of us\.")
    assert house.carrier.wait(texter).text == "Hello from both of us."
    boss.type("/leave")
    first.wait(rf"\[1\] with {ana.name}\n")
    second.type("/available")
    second.wait(r"\[you\] available")
    first.type(f"/transfer {ben.name} {SUMMARY}")
    second.wait(rf"\[offer\] .*to be taken on from {ana.name} - /accept")
    second.type("/accept")
    second.wait(rf"\[1\] summary of {ana.name}: {SUMMARY}")
    first.wait(rf"\[1\] passed on: {ben.name}")
    second.type(f"/invite {ana.name}")
    first.wait(rf"\[offer\] \w+, {ben.name} asks you to join - /join")
    first.type("/join")
    second.wait(rf"in it too: {ana.name}=counselor")
    boss.type("/list all")
    boss.wait("1 open")
    boss.type("/takeover 1 asked for a supervisor")
    second.wait(rf"\[1\] taken over: {dee.name}")
    boss.wait(rf"\[1\] taken over by {dee.name}: asked for a supervisor")
    boss.type(f"/announce {pool.name} back in ten minutes")
    first.wait(rf"{dee.name} to everybody of {pool.name}: back in ten minutes")
    boss.type("/giveback the meeting begins")
    boss.wait("back in the queue")
    for console in (first, second, boss):
        assert console.end() == 0
