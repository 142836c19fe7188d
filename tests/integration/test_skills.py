# SPDX-License-Identifier: Apache-2.0
"""Who gets whom: skills that are asked for and wished for, rings that relax, entry keywords, trainees, and nobody held up by others."""
import pytest

from house import House, new_number
from poll import poll, stays
from schema import pb

LOW, HIGH = "what are your hours", "i want to die, i have a plan"
QUIET = 0.3
KEYWORDS = [
    {"word": "HOLA", "language": "es"},
    {"word": "TRIBE", "partner": "tribe", "require": ["partner:tribe"]},
    {"word": "TEEN", "want": ["youth"]},
    {"word": "RARE", "require": ["rare"]},
]


@pytest.fixture(scope="module")
def house(authority):
    def edit(config):
        for pool in config["pools"]:
            pool.update(rings=[{"after_s": 2, "drop": ["partner:"]}], trainee_up_to="medium")
        for line in config["lines"]:
            line["keywords"] = KEYWORDS
    h = House(authority, pools={"calm": 13}, edit=edit)
    h.start()
    yield h
    h.end()


def somebody(house, pool, *skills, capacity=5):
    person = house.hire(pool, capacity=capacity)
    [member] = [m for m in house.operator.ask("get_staff").members if m.name == person.name]
    member.skills.extend(skills)
    member.phone = ""
    house.operator.ask("put_staff", member=member)
    return house.sign_in(person).available()


def taken_by(consoles, what="an offer"):
    console = poll(lambda: next((c for c in consoles if c.has("offer")), None), what=what)
    conversation = console.take()
    return console, conversation


def test_a_language_is_asked_for_and_never_given_up(house):
    pool = house.take()
    other = somebody(house, pool)
    supervisor = house.sign_in(house.hire(pool, roles=[pb.ROLE_SUPERVISOR]))
    house.text(pool, new_number(), "hola, necesito hablar")
    told = supervisor.expect("attention")
    assert told.kind == "no_speaker" and told.conversation
    stays(lambda: not other.has("offer"), 2.5, "nobody speaks Spanish")
    assert not supervisor.has("attention"), "it is said once"
    speaker = somebody(house, pool, "lang:es")
    speaker.hang_up(speaker.take())


def test_a_partners_counselors_first_and_anybody_after_a_while(house):
    pool = house.take()
    other = somebody(house, pool)
    house.text(pool, new_number(), "tribe")
    other.hang_up(other.take())  # nobody of the partner's is there: it is not asked for
    theirs = somebody(house, pool, "partner:tribe", capacity=1)
    house.text(pool, new_number(), "Tribe, I need help")
    first = theirs.take()
    house.text(pool, new_number(), "tribe please")
    stays(lambda: not other.has("offer"), 1, "somebody of the partner's is there, though busy")
    other.hang_up(other.take())  # after the ring
    theirs.hang_up(first)


def test_a_keyword_may_come_with_a_later_text(house):
    pool = house.take()
    theirs = somebody(house, pool, "partner:tribe", capacity=1)
    busy = house.text(pool, new_number(), LOW)
    held = theirs.take()
    texter = house.text(pool, new_number(), LOW)
    house.text(pool, texter, "tribe")
    other = somebody(house, pool)
    stays(lambda: not other.has("offer"), QUIET, "it asks for the partner's now")
    theirs.hang_up(held)
    theirs.hang_up(theirs.take())
    assert busy


def test_a_wish_chooses_among_those_who_are_free(house):
    pool = house.take()
    plain, young = somebody(house, pool), somebody(house, pool, "youth")
    held = []
    for _ in range(2):
        house.text(pool, new_number(), "teen")
        console, conversation = taken_by([plain, young])
        assert console is young, "although the other has fewer"
        held.append(conversation)
    for conversation in held:
        young.hang_up(conversation)


def test_trainees_get_whom_they_can_help(house):
    pool = house.take()
    trainee = somebody(house, pool, "trainee")
    house.text(pool, new_number(), HIGH)
    stays(lambda: not trainee.has("offer"), QUIET, "above a trainee")
    house.text(pool, new_number(), LOW)
    conversation = trainee.take()
    assert conversation.level <= pb.LEVEL_MEDIUM
    trainee.hang_up(conversation)
    anybody = somebody(house, pool)
    anybody.hang_up(anybody.take())


def test_whom_nobody_may_take_holds_up_nobody(house):
    """Asterisk 1561: an eligible one far behind many others is offered all the same."""
    pool = house.take()
    rare = somebody(house, pool, "rare", capacity=1)
    house.text(pool, new_number(), "rare")
    held = rare.take()
    for _ in range(45):
        house.text(pool, new_number(), "rare, please")
    other = somebody(house, pool)
    house.text(pool, new_number(), LOW)
    other.hang_up(other.take())
    rare.hang_up(held)


def test_skills_are_checked_and_kept(house):
    pool = house.take()
    console = somebody(house, pool, "lang:es", "youth")
    [member] = [m for m in house.operator.ask("get_staff").members if m.name == console.session.name]
    assert list(member.skills) == ["lang:es", "youth"]
    for bad in ("Youth", "a b", "!no", "x" * 33):
        del member.skills[:]
        member.skills.append(bad)
        member.phone = ""
        assert house.operator.refused("put_staff", member=member) == "bad_request"


def test_who_lost_the_line_is_asked_first_when_back(house):
    pool = house.take()
    person = house.hire(pool, capacity=2)
    console = house.sign_in(person).available()
    house.text(pool, new_number(), LOW)
    conversation = console.take()
    console.leave()
    poll(lambda: any(e.conversation == conversation.id for e in house.operator.ask("get_queue", limit=500).entries),
         10, "the conversation to wait again")
    other = somebody(house, pool, capacity=2)
    again = house.sign_in(person).available()
    taken = other.take()  # nobody waits for who is not there yet
    assert taken.id == conversation.id
    other.ask("release", conversation=taken.id, epoch=taken.epoch, reason="giving it back")
    assert again.take().id == conversation.id
    again.hang_up(again.whole(again.ask("get_conversation", conversation=conversation.id)))


def test_an_interpreter_is_asked_by_language(house):
    pool = house.take()
    holder = somebody(house, pool)
    house.text(pool, new_number(), LOW)
    held = holder.take()
    speaker = somebody(house, pool, "lang:es")
    assert holder.refused("invite", conversation=held.id, epoch=held.epoch, language="fr") == "not_found"
    holder.ask("invite", conversation=held.id, epoch=held.epoch, language="es")
    assert speaker.expect("invited").conversation == held.id
    speaker.ask("join", conversation=held.id)
    holder.expect("conversation", lambda c: list(c.present) == [f"{speaker.session.name}=interpreter"])
    holder.hang_up(held)


# ---- passing on by skill

SUMMARY = "Safe at home; would rather talk in Spanish."


def held_by_a_plain_one(house, pool):
    giver = somebody(house, pool)
    house.text(pool, new_number(), LOW)
    return giver, giver.take()


def pass_on(giver, held, **fields):
    return giver.request("transfer", conversation=held.id, epoch=held.epoch, summary=SUMMARY, **fields)


def test_passed_on_by_skill_it_goes_from_one_to_the_next(house):
    pool = house.take()
    giver, held = held_by_a_plain_one(house, pool)
    plain = somebody(house, pool)
    assert pass_on(giver, held, skill="lang:es").code == "not_found"
    speakers = [somebody(house, pool, "lang:es") for _ in range(2)]
    assert pass_on(giver, held, skill="lang:es", to=speakers[0].session.name).code == "bad_request"
    assert pass_on(giver, held, skill="LANG ES").code == "bad_request"
    assert pass_on(giver, held, skill="lang:es").ok
    first = poll(lambda: next((c for c in speakers if c.has("offer")), None), what="an offer")
    offer = first.expect("offer")
    assert getattr(offer, "from") == giver.session.name
    [second] = [c for c in speakers if c is not first]
    first.ask("decline", conversation=held.id, epoch=offer.epoch, reason="know_them")
    giver.expect("conversation", lambda c: c.transfer_to == second.session.name and c.holder == giver.session.name)
    giver.reply(held, "A colleague who speaks Spanish will write soon.")
    taken = second.take()
    assert [n.text for n in taken.notes] == [SUMMARY]
    assert giver.expect("released").reason == "transferred" and not plain.has("offer")
    house.check_states([pool])
    second.hang_up(taken)


def test_when_nobody_takes_it_it_waits_for_the_skill(house):
    pool = house.take()
    giver, held = held_by_a_plain_one(house, pool)
    speaker = somebody(house, pool, "lang:es", capacity=1).away()
    plain = somebody(house, pool)
    assert pass_on(giver, held, skill="lang:es").ok
    assert giver.expect("released").reason == "transfer"
    stays(lambda: not plain.has("offer") and not giver.has("offer"), QUIET, "neither speaks Spanish")
    speaker.available()
    taken = speaker.take()
    assert taken.id == held.id and [n.text for n in taken.notes] == [SUMMARY]
    house.check_states([pool])
    speaker.hang_up(taken)


def test_room_counts_in_all_pools(house):
    pool, other = house.take(), house.take()
    giver, held = held_by_a_plain_one(house, pool)
    both = house.hire(pool, capacity=1)
    [member] = [m for m in house.operator.ask("get_staff").members if m.name == both.name]
    member.pools.append(other.name)
    member.phone = ""
    house.operator.ask("put_staff", member=member)
    busy = house.sign_in(both).available()
    house.text(other, new_number(), LOW)
    theirs = busy.take()
    assert pass_on(giver, held, to=both.name).code == "full"
    busy.hang_up(theirs)
    assert pass_on(giver, held, to=both.name).ok
    busy.hang_up(busy.take())
