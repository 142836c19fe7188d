# SPDX-License-Identifier: Apache-2.0
"""What went wrong, or was asked for in vain, at peers: each with the issue or page that tells of it.

CW chatwoot/chatwoot, RC RocketChat/Rocket.Chat, FS signalwire/freeswitch, AST asterisk/asterisk, OS OpenSIPS/opensips, BullMQ taskforcesh/bullmq."""
import time

import pytest

from house import House, new_number
from poll import poll, stays
from schema import pb

LOW = "just wanted to say hello"
HIGH = "i want to die"
IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"
WEEK_MS = 7 * 24 * 3600 * 1000


@pytest.fixture(scope="module")
def house(authority):
    def edit(config):
        for pool in config["pools"]:
            pool["grace_s"] = 1
        config["pools"][0]["counselor_silence"] = {"nudge_s": 1, "supervisor_s": 1, "reroute_s": 2}
        config["pools"][1]["offer_imminent_to"] = 2
    h = House(authority, pools={"calm": 19, "urgent": 1}, edit=edit)
    h.silent, h.several = h.take(), h.take()
    assert [h.silent.name, h.several.name] == [p["name"] for p in h.config["pools"][:2]]
    try:
        yield h.start()
        h.check_states()
    finally:
        h.end()


def queue_of(house, pool):
    return [e for e in house.operator.ask("get_queue", limit=500).entries if e.pool == pool.name]


def offered(consoles):
    """The console that rings."""
    return poll(lambda: next((c for c in consoles if c.has("offer")), None), what="an offer")


@pytest.fixture(scope="module")
def losses(house):
    """Three pools whose counselor has just vanished without a word; they share the wait for the end of the grace."""
    pools = [house.take() for _ in range(3)]
    lost = [house.counselor(pool) for pool in pools]
    held = []
    for pool, console in zip(pools, lost):
        house.text(pool, new_number(), LOW)
        held.append(console.take())
    for console in lost:
        console.cut()
    return dict(zip(("somebody", "nobody", "worse"), zip(pools, held)))


def test_the_chats_of_who_goes_offline_go_to_somebody_else(house, losses):
    """CW#7204, CW#4158: an agent who goes offline keeps the conversations."""
    pool, held = losses["somebody"]
    other = house.counselor(pool)
    again = other.take()
    assert again.id == held.id and again.epoch > held.epoch
    assert [m.text for m in again.messages] == [LOW]


def test_who_is_lost_returns_to_the_queue_at_the_old_place(house, losses):
    """RC#9278: asked for since 2017, return a chat to the pool when its agent is lost. OptimalBits/bull#1925: what stalled went behind newer work."""
    pool, held = losses["nobody"]
    house.text(pool, new_number(), LOW)
    back = poll(lambda: (lambda q: q if len(q) == 2 else None)(queue_of(house, pool)), what="both in the queue")
    assert (back[0].conversation, back[0].enqueued_ms) == (held.id, held.enqueued_ms)


def test_who_is_lost_does_not_jump_the_queue(house, losses):
    """BullMQ moveStalledJobsToWait: a stalled job is pushed in front of every prioritised one."""
    pool, held = losses["worse"]
    house.text(pool, new_number(), HIGH)
    poll(lambda: len(queue_of(house, pool)) == 2, what="both in the queue")
    other = house.counselor(pool, capacity=2)
    first, second = other.take(), other.take()
    assert first.level == pb.LEVEL_HIGH and second.id == held.id


def test_no_loss_is_the_last(house):
    """BullMQ maxStalledCount: the second stall fails a job for good. resque/resque#1877: pruned work was failed, not requeued."""
    pool = house.take()
    house.text(pool, new_number(), LOW)
    seen = []
    for _ in range(2):
        lost = house.counselor(pool)
        seen.append(lost.take(deadline=10))
        lost.cut()
    again = house.counselor(pool).take()
    assert {c.id for c in seen} == {again.id} and seen[0].epoch < seen[1].epoch < again.epoch
    assert house.operator.ask("get_custody", conversation=again.id).verified


def test_who_disconnects_is_offered_nothing(house):
    """twilio-taskrouter.js#6: no activity on disconnect; tasks went on being offered to workers who were gone."""
    pool = house.take()
    gone = house.counselor(pool)
    gone.cut()
    house.text(pool, new_number(), LOW)
    here = house.counselor(pool)
    here.take()
    [member] = [m for m in house.operator.ask("get_staff").members if m.name == gone.session.name]
    assert member.presence != pb.PRESENCE_AVAILABLE and member.load == 0


def test_a_backlog_goes_to_whoever_appears(house):
    """CW#10685, CW#10376: conversations that came while nobody was there were never assigned."""
    pool = house.take()
    for _ in range(3):
        house.text(pool, new_number(), LOW)
    console = house.counselor(pool, capacity=3)
    assert len({console.take().id for _ in range(3)}) == 3


def test_who_is_freed_gets_the_oldest(house):
    """CW#10583: freed agents got newer conversations, and older ones waited on."""
    pool = house.take()
    console = house.counselor(pool)
    house.text(pool, new_number(), LOW)
    busy = console.take()
    for _ in range(3):
        house.text(pool, new_number(), LOW)
    waiting = [e.conversation for e in queue_of(house, pool)]
    for expected in waiting:
        console.hang_up(busy)
        busy = console.take()
        assert busy.id == expected


def test_load_is_even(house):
    """CW#11034: one agent got everything while another idled."""
    pool = house.take()
    consoles = [house.counselor(pool, capacity=4) for _ in range(2)]
    for _ in range(4):
        house.text(pool, new_number(), LOW)
        offered(consoles).take()
    assert [m.load for m in house.operator.ask("get_staff").members
            if m.name in {c.session.name for c in consoles}] == [2, 2]


def test_the_longest_idle_is_next(house):
    """zammad/zammad#854: round robin, asked for in 2017 and still open."""
    pool = house.take()
    consoles = [house.counselor(pool) for _ in range(3)]
    turns = []
    for _ in range(6):
        house.text(pool, new_number(), LOW)
        ringing = offered(consoles)
        ringing.hang_up(ringing.take())
        turns.append(ringing)
    assert turns[:3] == turns[3:] and len(set(turns)) == 3


def test_only_the_holder_may_send(house):
    """CW#12079: any agent could write into another's conversation."""
    pool = house.take()
    holder, other = house.counselor(pool), house.counselor(pool)
    sender = house.text(pool, new_number(), LOW)
    first = offered([holder, other])
    [second] = {holder, other} - {first}
    conversation = first.take()
    assert second.refused("reply", conversation=conversation.id, epoch=conversation.epoch, client_id="x",
                          text="not mine") in ("stale", "forbidden")
    first.reply(conversation, "mine")
    assert house.carrier.wait(sender).text == "mine"


def test_somebody_hears_of_texts_that_nobody_has(house):
    """CW#1767: no alert on new messages in unassigned conversations. CW#6889: a conversation that everybody forgot."""
    pool = house.take("urgent")
    person = house.hire(pool, name=pool.first)
    sender = house.text(pool, new_number(), LOW)
    house.carrier.wait(person.phone)
    pages = len(house.carrier.to(person.phone))
    house.text(pool, sender, IMMINENT)
    poll(lambda: len(house.carrier.to(person.phone)) > pages, what="worse news to ring again")


def test_wrap_ups_end_one_by_one(house):
    """OS#2679: the wrap-up of all agents was released together. AST#1006: shared wrap-up raced."""
    pool = house.take()
    consoles = [house.counselor(pool) for _ in range(2)]
    done = []
    for _ in consoles:
        house.text(pool, new_number(), LOW)
        ringing = offered(consoles)
        conversation = ringing.take()
        ringing.ask("close", conversation=conversation.id, epoch=conversation.epoch, outcome="done")
        done.append((ringing, conversation))
    house.text(pool, new_number(), LOW)
    (first, conversation), (second, _) = done
    first.ask("finish_wrap_up", conversation=conversation.id, epoch=conversation.epoch)
    first.take()
    house.text(pool, new_number(), LOW)
    stays(lambda: not second.has("offer"), 0.3, "who is still in wrap-up")


def test_back_from_away_one_sees_who_waits(house):
    """RC#29402, winfried/HelpIM#94: after toggling availability agents saw queued chats no more."""
    pool = house.take()
    console = house.counselor(pool)
    for _ in range(2):
        console.away()
        house.text(pool, new_number(), LOW)
        console.available()
        console.hang_up(console.take())


def test_an_offer_that_is_over_rings_no_more(house):
    """FS#2529: an agent was still offered a caller who was gone. cjbottaro/faktory_worker_ex#37: who is late is told nothing useful."""
    pool = house.take()
    console = house.counselor(pool)
    house.text(pool, new_number(), LOW)
    offer = console.expect("offer")
    supervisor = house.sign_in(house.hire(pool, roles=(pb.ROLE_SUPERVISOR,)))
    supervisor.ask("take_over", conversation=offer.conversation, epoch=offer.epoch, reason="asked for me")
    assert console.expect("offer_over").conversation == offer.conversation
    assert console.refused("accept", conversation=offer.conversation, epoch=offer.epoch) == "gone"
    house.text(pool, new_number(), LOW)
    assert console.take().id != offer.conversation  # and the place is free


def test_the_losers_of_an_offer_to_several_stop_ringing(house):
    """twilio/twilio-voice.js#329: when one of several had accepted, the others rang on."""
    pool = house.several
    consoles = [house.counselor(pool) for _ in range(2)]
    house.text(pool, new_number(), IMMINENT)
    first, second = [c.expect("offer") for c in consoles]
    assert (first.conversation, first.epoch) == (second.conversation, second.epoch)
    taken = consoles[1].accept(second)
    assert consoles[0].expect("offer_over").reason == "accepted_elsewhere"
    assert consoles[0].refused("accept", conversation=first.conversation, epoch=first.epoch) == "gone"
    house.text(pool, new_number(), LOW)
    assert consoles[0].take().id != taken.id  # and the place is free


def test_who_cannot_be_placed_holds_up_nobody_else(house):
    """FS#1221: an unavailable last candidate halted the distribution. AST#1561: a queue whose calls nobody could take blocked the others."""
    pool = house.take()
    console, away = house.sign_in(house.hire(pool)), house.counselor(pool).away()
    for _ in range(25):  # more than one look at the queue takes in
        house.text(pool, new_number(), LOW)
    known = [e.conversation for e in queue_of(house, pool)]
    for conversation in known:  # declined, and not to be asked again for a while
        house.cli("hset", f"{{{pool.name}}}:c:{conversation}", "excluded", console.session.name, "recused", console.session.name,
                  "declined_at", int(time.time() * 1000) + 60000)
    console.available()
    house.text(pool, new_number(), LOW)
    assert console.take().id not in known
    assert not away.has("offer")


def test_no_wait_is_too_long_to_be_served(house):
    """CW AutoAssignment, "default threshold": conversations idle for more than 7 days are skipped."""
    pool = house.take()
    house.text(pool, new_number(), LOW)
    [entry] = queue_of(house, pool)
    tag, then = f"{{{pool.name}}}", int(time.time() * 1000) - 2 * WEEK_MS
    house.cli("eval", """local c, old = KEYS[1], redis.call('HGET', KEYS[1], 'enqueued')
        local score = redis.call('HGET', c, 'score') - old + ARGV[2]
        redis.call('HSET', c, 'created', ARGV[2], 'enqueued', ARGV[2], 'score', string.format('%.0f', score))
        redis.call('ZADD', KEYS[2], score, ARGV[1])
        redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])""", 3, f"{tag}:c:{entry.conversation}", f"{tag}:q",
              f"{tag}:w:{entry.level}", entry.conversation, then)
    assert house.counselor(pool).take().id == entry.conversation


def test_who_does_not_answer_is_relieved(house):
    """CW#13516, CW#14508: an agent who does not respond keeps the conversation for ever."""
    pool = house.silent
    other, silent = house.counselor(pool).away(), house.counselor(pool)
    house.text(pool, new_number(), LOW)
    conversation = silent.take()
    other.available()
    silent.expect("nudge")
    assert silent.expect("released").reason == "silent"
    assert other.take().id == conversation.id


def test_a_long_wait_does_not_beat_need(house):
    """AST#1640, AST#1691: the longest waiting came before a higher priority. Twilio's last-in-first-out order ignores priority."""
    pool = house.take()
    for text in (LOW, LOW, HIGH, IMMINENT):
        house.text(pool, new_number(), text)
    console = house.counselor(pool, capacity=3)
    order = []
    for _ in range(4):
        conversation = console.take()
        order.append((conversation.level, conversation.enqueued_ms))
        console.hang_up(conversation)
    assert [level for level, _ in order[:2]] == [pb.LEVEL_IMMINENT, pb.LEVEL_HIGH]
    assert order[2][1] <= order[3][1]
