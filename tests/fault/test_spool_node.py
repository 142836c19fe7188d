# SPDX-License-Identifier: Apache-2.0
"""A node without Redis whose disk fails as well: 503 then, never 2xx; and what got its 2xx is there once when Redis is back.
And the power is cut while the spool is all there is."""
import pytest

import programs
from faults import many
from house import House, new_number
from poll import pause, poll
from powercut import Machine
from programs import PATIENCE
from schema import pb
from strace import Trace

CUTS = many(3, 50)
TAKEN, REFUSED = (200, 202), 503


@pytest.fixture
def node(authority, redis):
    house = House(authority, pools={"calm": 1}, redis=redis)
    try:
        yield house.start()
    finally:
        house.end()


class Texts:
    """Posts, and remembers what was said to each: text -> status."""

    def __init__(self, house, pool):
        self.house, self.pool, self.answers = house, pool, {}
        self.supervisor = house.hire(pool, roles=[pb.ROLE_SUPERVISOR])
        self.numbers = [new_number() for _ in range(5)]

    def post(self):
        text = f"text {len(self.answers)}"
        try:
            answer = self.house.post(self.pool, self.numbers[len(self.answers) % 5], text, deadline=8 * PATIENCE)
        except OSError:
            self.answers[text] = 0
            return 0
        assert answer.status in (*TAKEN, REFUSED), answer
        assert answer.status != REFUSED or answer.headers.get("retry-after"), answer
        self.answers[text] = answer.status
        return answer.status

    def taken(self):
        return {t for t, status in self.answers.items() if status in TAKEN}

    def stored(self):
        """None while the node has other things to do than to answer a console."""
        console = None
        try:
            console = self.house.sign_in(self.supervisor)
            histories = [console.history(i) for i in self.house.check_states([self.pool])]
            return [m.text for h in histories for m in h.messages if m.direction == pb.DIRECTION_IN]
        except (AssertionError, OSError):
            return None
        finally:
            if console:
                console.leave()

    def all_arrive_once(self):
        """Once Redis is back."""
        self.house.wait_ready()
        stored = []

        def arrived():
            stored[:] = self.stored() or []
            return self.taken() <= set(stored)
        poll(arrived, 30 * PATIENCE, lambda: f"texts: {sorted(self.taken() - set(stored))[:5]}", every=0.3)
        assert len(stored) == len(set(stored)) and set(stored) <= set(self.answers)


@pytest.mark.parametrize("inject", ["fdatasync:error=EIO", "pwrite64:error=ENOSPC", "fdatasync:error=EROFS"])
def test_no_redis_and_no_disk_is_503_until_the_disk_is_whole(node, redis, inject):
    texts = Texts(node, node.take())
    assert texts.post() in TAKEN
    redis.kill()
    for _ in range(10):
        assert texts.post() in TAKEN
    with Trace(node.process.pid, inject) as trace:
        for _ in range(10):
            assert texts.post() == REFUSED
        assert trace.injected() > 1
    poll(lambda: texts.post() in TAKEN, 20 * PATIENCE, "a text to be taken again", every=0.3)
    for _ in range(10):
        assert texts.post() in TAKEN
    redis.start()
    texts.all_arrive_once()
    print(f"injected={trace.injected()} {inject}")


def test_the_power_is_cut_while_texts_are_in_the_spool(authority, redis, tmp_path, seeded):
    house = House(authority, pools={"calm": 1}, redis=redis)
    machine = Machine(tmp_path / "shadow", house.folder / "state/spool")
    house.environment = machine.environment
    try:
        house.start()
        texts = Texts(house, house.take())
        texts.post()
        redis.kill()
        for _ in range(CUTS):
            for _ in range(seeded.randrange(1, 20)):
                assert texts.post() in TAKEN
            pause(seeded.uniform(0.0, 0.05))
            house.kill()
            programs.kill_children_of(house.folder)
            machine.cut()
            house.start(wait=False)
            poll(lambda: texts.post() in TAKEN, 20 * PATIENCE, "the node to take texts without Redis", every=0.1)
        redis.start()
        texts.all_arrive_once()
    finally:
        house.end()
    print(f"cuts={machine.cuts} lost_bytes={machine.lost_bytes} texts={len(texts.taken())}")
