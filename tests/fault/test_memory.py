# SPDX-License-Identifier: Apache-2.0
"""No memory at the 1st, 2nd, 3rd … allocation of every kind of request. A failed allocation of ours ends the process at once, with a
line that says so, and start-up is recovery; one inside a library fails that request. Either way nothing accepted is lost, nothing is
half written, and no memory is touched wrongly (run under the sanitizers too)."""
import shutil
import signal
import tempfile
import uuid
from pathlib import Path

import pytest
from websockets.exceptions import WebSocketException

from faults import many
from house import House, new_number
from poll import poll
from preload import Memory
from programs import PATIENCE, sanitizer_reports
from schema import pb

# Every n up to here, and then wider steps, until a request needs no more.
CLOSE, WIDE, MOST = many((4, 80, 300), (150, 10, 3000))
NO_MEMORY = 1  # the exit code of fatal()
# libevent_openssl 2.1.12 frees a bufferevent that it could not make. The process is about to end anyway, so that is its end. Only a
# sanitizer's report says where a process ended; without one a segmentation fault is not judged.
KNOWN = ("in bufferevent_free", "libevent_openssl")


@pytest.fixture
def scarce(authority, redis):
    folder = Path(tempfile.mkdtemp(prefix="hf-memory-"))
    memory = Memory(folder)
    house = House(authority, pools={"calm": 1}, redis=redis, environment=memory.environment)
    house.memory = memory
    house.start()
    yield house
    memory.relent()
    house.end()
    shutil.rmtree(folder, ignore_errors=True)


class Requests:
    """Each attempt(text) does one request of its kind from scratch and returns whether it was accepted."""

    def __init__(self, house):
        self.house = house
        self.pool = house.take()
        self.person = house.hire(self.pool, capacity=10)
        self.accepted = []

    def text(self):
        text = f"text {uuid.uuid4().hex}"
        if self.house.post(self.pool, new_number(), text, deadline=8).status in (200, 202):
            self.accepted.append(text)

    def sign_in(self):
        self.house.sign_in(self.person).leave()

    def take_and_reply(self):
        console = self.house.sign_in(self.person).available()
        for offer in console.session.offers or ([console.expect("offer")] if not console.session.held else []):
            console.accept(offer)
        text = f"reply {uuid.uuid4().hex}"
        for c in console.session.held[:1]:
            if isinstance(console.request("reply", conversation=c.id, epoch=c.epoch, client_id=text[-20:], text=text), pb.ReplyQueued):
                self.accepted.append(text)
        console.leave()

    def receipt(self):
        for sent in self.house.carrier.sent[:1]:
            self.house.report(sent, 1)

    def operate(self):
        console = self.house.connect()
        console.sign_in("operator", "operator-password")
        for kind in ("get_status", "get_queue", "get_pages", "get_staff", "get_on_call", "run_checks"):
            console.ask(kind)
        console.leave()

    def metrics(self):
        self.house.admin("/metrics")
        self.house.admin("/readyz")


def steps():
    yield from range(1, CLOSE + 1)
    yield from range(CLOSE + WIDE, MOST, WIDE)


@pytest.mark.parametrize("kind", ["text", "sign_in", "take_and_reply", "receipt", "operate", "metrics"])
def test_no_memory_at_the_nth_allocation(scarce, kind):
    requests = Requests(scarce)
    scarce.text(requests.pool, new_number(), "hello")
    for _ in range(2):
        requests.take_and_reply()
    poll(lambda: scarce.carrier.sent, 5 * PATIENCE, "a reply to be sent")
    ends = 0
    failures = 0
    for n in steps():
        scarce.memory.fail_at(n)
        try:
            getattr(requests, kind)()
        except (AssertionError, OSError, EOFError, WebSocketException):
            pass  # refused, or the process ended: both are allowed
        if not scarce.memory.relent():
            break  # it was done with fewer allocations than n
        failures += 1
        ends += recovers(scarce)
    assert failures > 0
    print(f"{kind}: {failures} allocations failed, {ends} ended the process")
    everything_is_there(scarce, requests)


def recovers(house):
    """Restarts a process that has ended. True when it had to."""
    if house.process.alive() and house.is_ready():
        return False
    if house.process.alive():
        try:
            poll(lambda: house.is_ready() or not house.process.alive(), 10 * PATIENCE)
        except AssertionError:
            raise AssertionError(f"neither ready nor ended:\n{house.log_text()[-2000:]}") from None
    if house.process.alive():
        return False
    judge_end(house.process.child.wait(), house.log_text())
    house.log.write_text("")
    house.process = None
    house._operator = None
    house.restart()
    return True


def judge_end(code, log):
    frames = [line for line in log.splitlines() if line.lstrip().startswith("#")]
    if code == NO_MEMORY and not sanitizer_reports(log):
        assert "level=error" in log.splitlines()[-1], log[-500:]
    elif frames:
        assert all(known in frame for known, frame in zip(KNOWN, frames)), log[-6000:]
    else:
        assert code == -signal.SIGSEGV, f"ended with {code}:\n{log[-3000:]}"


def everything_is_there(house, requests):
    house.check_states()
    supervisor = house.sign_in(house.hire(requests.pool, roles=[pb.ROLE_SUPERVISOR]))
    texts = [m.text for i in house.check_states() for m in supervisor.history(i).messages]
    for text in requests.accepted:
        assert texts.count(text) == 1, text
    assert len(texts) == len(set(texts)), "nothing twice"
