# SPDX-License-Identifier: Apache-2.0
"""Automatic texts to those who wait, as their phones and the counselors see them."""
import re
import time
from datetime import datetime, timedelta, timezone

import pytest

from house import House, new_number
from poll import poll, stays
from programs import PATIENCE
from schema import pb

MEDIUM = "my grandma died last week"
IMMINENT = "i have the pills in my hand and i am going to take them tonight"
OPENS = datetime.now(timezone.utc) + timedelta(days=3)


@pytest.fixture(scope="module")
def house(authority):
    def edit(config):
        for pool in config["pools"]:
            pool["automatic"] = True
        plain, spanish, asking, closed, _crashing, _measured = range(6)
        config["lines"][plain].update(name="Night Line", emergency="911")
        config["lines"][spanish]["language"] = "es"
        config["pools"][asking]["intake"] = ["safe", "age"]
        config["pools"][closed]["hours"] = "desk"
        config["schedules"].append({"name": "desk", "zone": "UTC", "shifts": [
            {"days": OPENS.strftime("%a").lower(), "from": "08:00", "to": "09:00", "people": []}]})
        config["texts"] = [
            {"line": config["lines"][closed]["number"], "language": "en", "name": "welcome", "text": ""},
            {"line": "*", "language": "en", "name": "question_age", "text": "Age? {line}"},
        ]
    h = House(authority, pools={"calm": 6}, edit=edit)
    try:
        yield h.start()
    finally:
        h.end()


def conversation_of(house, pool, number):
    """The id of the only conversation that waits in the pool."""
    entries = [e for e in house.operator.ask("get_queue", limit=100).entries if e.pool == pool.name]
    assert len(entries) == 1, entries
    return entries[0].conversation


def age(house, pool, conversation, seconds):
    """As if they had waited for so much longer already, in silence."""
    key, ms = f"{{{pool.name}}}:c:{conversation}", seconds * 1000
    house.cli("hincrby", key, "enqueued", -ms)
    house.cli("zincrby", f"{{{pool.name}}}:w:{house.cli('hget', key, 'level')}", -ms, conversation)
    quiet(house, pool, conversation, seconds)


def quiet(house, pool, conversation, seconds):
    """As if nothing had been said for so long."""
    key = f"{{{pool.name}}}:c:{conversation}"
    house.cli("hincrby", key, "last_in_at", -seconds * 1000)
    house.cli("hset", key, "said_at", 0)
    look_again(house, pool, conversation)


def look_again(house, pool, conversation):
    house.cli("zadd", f"{{{pool.name}}}:tend", "XX", 1, conversation)


def next_text(house, pool, conversation, texter, count):
    """Looks again until it is there: a look may have been under way when the clock was set back."""
    def arrived():
        look_again(house, pool, conversation)
        return len(house.carrier.to(texter)) >= count
    poll(arrived, 15 * PATIENCE, f"text {count}", every=0.3)
    return house.carrier.to(texter)[count - 1].text


def test_a_welcome_at_once_and_once(house):
    pool = house.pools[0]
    texter = house.text(pool, new_number(), MEDIUM)
    welcome = house.carrier.wait(texter)
    assert welcome.text.startswith("This is Night Line.") and "911" in welcome.text and "STOP" in welcome.text
    assert welcome.sender == pool.line
    house.text(pool, texter, "are you there")
    console = house.counselor(pool)
    taken = console.take()
    said = [m for m in console.history(taken.id).messages if m.automatic]
    assert [(m.automatic, m.author, m.direction, m.text) for m in said] == \
        [("welcome", "", pb.DIRECTION_OUT, welcome.text)]
    poll(lambda: console.history(taken.id).messages[1].delivery == pb.DELIVERY_SENT, what="that it was sent")
    assert house.cli("hget", f"{{{pool.name}}}:c:{taken.id}", "consent") == "implied"
    console.reply(taken, "I am here.")
    poll(lambda: len(house.carrier.to(texter)) == 2, what="the reply")
    house.text(pool, texter, "thank you")
    stays(lambda: len(house.carrier.to(texter)) == 2, 0.6, "nothing more is said by itself")
    console.hang_up(taken)
    console.leave()


def test_in_the_lines_language_and_nothing_but_help_to_the_imminent(house):
    pool = house.pools[1]
    texter, other = house.text(pool, new_number(), MEDIUM), house.text(pool, new_number(), IMMINENT)
    assert house.carrier.wait(texter).text.startswith("Esto es Line p1.")
    assert house.carrier.wait(other).text == "Buscamos ya mismo a alguien para hablar contigo. Si hay peligro, llama al 112."
    house.clear(pool)
    assert len(house.carrier.to(other)) == 1


def test_what_is_no_longer_true_is_not_sent(house):
    pool = house.pools[0]
    house.carrier.behave = lambda sent: "busy" if sent.sender == pool.line else "accept"
    try:
        texter = house.text(pool, new_number(), MEDIUM)
        poll(lambda: [s for s in house.carrier.tries if s.to == texter], what="the first try")
        console = house.counselor(pool)
        taken = console.take()
    finally:
        house.carrier.behave = lambda sent: "accept"
    console.reply(taken, "I am here.")
    assert house.carrier.wait(texter).text == "I am here."
    shown = poll(lambda: [m for m in console.history(taken.id).messages
                          if m.automatic and m.delivery == pb.DELIVERY_FAILED], what="that it was withdrawn")
    assert shown[0].delivery_note == "withdrawn: it was no longer true"
    assert [s.text for s in house.carrier.to(texter)] == ["I am here."]
    console.hang_up(taken)
    console.leave()


def test_questions_one_after_the_other(house):
    pool = house.pools[2]
    busy = house.counselor(pool)
    # Before that, everybody is taken for absent, and nobody is asked anything.
    poll(lambda: getattr(house.operator.request("get_forecast", pool=pool.name), "on_duty", 0) == 1, 15 * PATIENCE, "the desk to be read")
    house.text(pool, new_number(), MEDIUM)
    busy.take()
    texter = house.text(pool, new_number(), MEDIUM)
    house.carrier.wait(texter)
    conversation = conversation_of(house, pool, texter)
    age(house, pool, conversation, 30)
    assert next_text(house, pool, conversation, texter, 2) == "Are you safe where you are right now?"
    quiet(house, pool, conversation, 30)
    stays(lambda: len(house.carrier.to(texter)) == 2, 0.6, "one question at a time")
    house.text(pool, texter, "yes at my aunt's")
    quiet(house, pool, conversation, 30)
    assert next_text(house, pool, conversation, texter, 3) == "Age? Line p2"
    # The answer is a text like any other: it may raise the level, and then nothing more is asked.
    house.text(pool, texter, IMMINENT)
    assert house.carrier.wait(texter, 4, deadline=15).text.startswith("We are getting somebody")
    console = house.counselor(pool)
    taken = console.take()
    assert taken.level == pb.LEVEL_IMMINENT
    assert [m.automatic for m in console.history(taken.id).messages] == \
        ["", "welcome", "question_safe", "", "question_age", "", "coming"]
    console.hang_up(taken)
    console.leave()


def test_out_of_hours(house):
    pool = house.pools[3]
    texter = house.text(pool, new_number(), MEDIUM)
    # The welcome is turned off on this line.
    told = house.carrier.wait(texter).text
    assert told.startswith(f"Line p3 is next open {OPENS.strftime('%a')} 08:00.") and "112" in told
    assert conversation_of(house, pool, texter)  # it waits all the same, and is due when it is due
    house.clear(pool)
    house.text(pool, texter, MEDIUM)
    stays(lambda: len(house.carrier.to(texter)) == 1, 0.8, "nobody is told twice a day")
    house.clear(pool)


def test_a_wait_is_told_when_it_is_known_and_again_when_it_was_missed(house):
    pool = house.pools[5]
    busy = house.counselor(pool)
    house.text(pool, new_number(), MEDIUM)
    busy.take()
    # One every five minutes for an hour and a half, ten minutes each: lua/include/rates.lua.
    now = int(time.time()) // 300
    for bucket in range(now - 18, now):
        house.cli("hset", f"{{{pool.name}}}:rates", bucket % 288, f"{bucket} 0 1 0 0 0 1 300000 1 600000 0")
    texter = house.text(pool, new_number(), MEDIUM)
    house.carrier.wait(texter)
    conversation = conversation_of(house, pool, texter)
    age(house, pool, conversation, 30)
    told = next_text(house, pool, conversation, texter, 2)
    low, high = map(int, re.fullmatch(r"Many people are texting. We expect to answer you in (\d+) to (\d+) minutes. .*", told).groups())
    assert 1 <= low < high and high > 2
    key = f"{{{pool.name}}}:c:{conversation}"
    assert abs(int(house.cli("hget", key, "promised")) - (time.time() + high * 60) * 1000) < 60000
    house.cli("hset", key, "promised", 1, "said_at", 0)
    assert next_text(house, pool, conversation, texter, 3).startswith("Sorry, it takes longer than we said.")
    assert house.cli("hget", key, "said") == "welcome,wait,wait_update_1"
    busy.leave()
    house.clear(pool)


def test_a_crash_loses_no_welcome_and_doubles_none(house):
    pool = house.pools[4]
    texters = [house.text(pool, new_number(), MEDIUM) for _ in range(8)]
    before = house.log_text().count("event=said text=welcome")
    house.kill()
    house.restart()

    def settled():
        """What was on its way to the carrier at that moment may have arrived: it says so, and does not go out twice."""
        said = [house.cli("hmget", key, "automatic", "delivery") for key in house.cli("keys", f"{{{pool.name}}}:m:*")]
        unsure = said.count(["welcome", str(pb.DELIVERY_UNKNOWN)])
        return sum(len(house.carrier.to(t)) for t in texters) >= len(texters) - unsure and \
            sum(one[0] == "welcome" and one[1] != str(pb.DELIVERY_QUEUED) for one in said) == len(texters)
    poll(settled, 45 * PATIENCE, "a welcome to everybody", every=0.2)
    assert house.log_text().count("event=said text=welcome") > before
    stays(lambda: all(len(house.carrier.to(t)) <= 1 for t in texters), 0.8, "one welcome each")
    house.clear(pool)
    house.check_states([pool])


def test_the_list_of_texts(house):
    closed = house.pools[3]
    texts = house.ctl("texts", as_json=True)["texts"]
    of = {(t["line"], t["name"]): t for t in texts}
    assert of[closed.line, "welcome"]["alphabet"] == "off" and of[closed.line, "welcome"]["parts"] == 0
    spanish = of[house.pools[1].line, "welcome"]
    assert (spanish["language"], spanish["alphabet"], spanish["parts"]) == ("es", "GSM-7", 1)
    assert of[house.pools[0].line, "question_age"]["text"] == "Age? {line}"
    listed = house.ctl("texts", "--line", closed.line, "--language", "fr").stdout
    assert listed.count(closed.line) == len(texts) / len(house.pools) and "UCS-2" in listed
    assert house.ctl("texts", "--language", "French", check=False).returncode == 2
