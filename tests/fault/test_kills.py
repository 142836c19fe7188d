# SPDX-License-Identifier: Apache-2.0
"""kill -9 and SIGSTOP at random moments, of either of two nodes, of Redis, of all at once, while people text and answer."""
import signal
import time

import pytest

from faults import many
from house import House, new_number
from night import Night, slow_carrier
from poll import pause, poll
from programs import PATIENCE
from schema import pb

KILLS = many(5, 500)
IMMINENT = "i am going to kill myself tonight, i have the pills in my hand"
# After everything is up again: answer_by is a second after the text, a page is out well within this.
PAGE_WITHIN = 5 * PATIENCE


@pytest.fixture
def nodes(authority, redis):
    counts = {"calm": 1, "urgent": 1}
    first = House(authority, pools=counts, redis=redis)
    second = House(authority, pools=counts, redis=redis, beside=first, send_url=first.carrier.url)
    first.carrier.behave = slow_carrier
    try:
        yield first.start(), second.start()
    finally:
        second.end()
        first.end()


class Axe:
    """Breaks one thing, mends it, and counts."""

    def __init__(self, nodes, redis, chance):
        self.nodes, self.server, self.chance = nodes, redis, chance
        self.counts = {"node": 0, "redis": 0, "all": 0, "stop": 0, "start": 0}

    def swing(self):
        kind = self.chance.choices(["node", "redis", "all", "stop"], [5, 3, 1, 1])[0]
        self.counts[kind] += 1
        getattr(self, kind)()

    def node(self):
        house = self.chance.choice(self.nodes)
        house.kill()
        if self.chance.random() < 0.25:
            self.counts["start"] += 1
            house.start(wait=False)
            pause(self.chance.uniform(0.0, 0.1))
            house.kill()
        pause(self.chance.uniform(0.0, 0.3))
        house.restart()

    def redis(self):
        self.server.kill()
        pause(self.chance.uniform(0.0, 0.3))
        self.server.start()

    def all(self):
        for house in self.nodes:
            house.kill()
        self.server.kill()
        self.server.start()
        for house in self.nodes:
            house.restart()

    def stop(self):
        house = self.chance.choice(self.nodes)
        house.process.signal(signal.SIGSTOP)
        pause(self.chance.uniform(0.1, 2.0))
        house.process.signal(signal.SIGCONT)


def test_kills_at_random_moments(nodes, redis, seeded):
    first, second = nodes
    [urgent] = [p for p in first.pools if p.kind == "urgent"]
    doctor = first.hire(urgent, name=urgent.first, roles=[pb.ROLE_AUDITOR])
    axe = Axe(list(nodes), redis, seeded)
    with Night(list(nodes), seeded) as night:
        for i in range(KILLS):
            pause(seeded.uniform(0.0, 0.4))
            lonely = i % 8 == 4
            if lonely:
                first.wait_ready()
                first.text(urgent, new_number(), IMMINENT)
                texted = time.monotonic()
            axe.swing()
            if lonely:
                is_paged(night, first, urgent, doctor, texted)
        for house in nodes:
            house.wait_ready()
        night.settle()
        history = night.reckon()
    print(f"injected: {axe.counts}")
    assert history.count("acknowledged") > KILLS and history.count("replying") >= night.texts()


def is_paged(night, house, pool, doctor, texted):
    """The time until everything was up again excuses; a page that went out meanwhile counts."""
    house.wait_ready()
    night.history.add("outage", at=texted, seconds=time.monotonic() - texted)
    night.history.add("due", at=texted + 1, texter="lonely")
    page = poll(lambda: next((s for s in house.carrier.to(doctor.phone) if s.at > texted), None), 4 * PAGE_WITHIN,
                "somebody to be paged")
    night.history.add("paged", at=page.at, person=doctor.name)
    house.clear(pool)
