# SPDX-License-Identifier: Apache-2.0
import os
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))

from authority import Authority  # noqa: E402
from house import House  # noqa: E402
from redis_server import RedisServer  # noqa: E402


def pytest_configure(config):
    # Started in the background, we were told to ignore Ctrl-C, and so would be every program that we start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.holdfast_seed = int(os.environ.get("HOLDFAST_SEED") or random.SystemRandom().randrange(2**32))


def pytest_terminal_summary(terminalreporter, config):
    terminalreporter.write_line(f"HOLDFAST_SEED={config.holdfast_seed}")


@pytest.fixture
def seeded(request):
    """Chance that can be repeated: the seed is printed, and set by HOLDFAST_SEED."""
    return random.Random(f"{request.config.holdfast_seed} {request.node.name}")


@pytest.fixture(scope="session")
def authority():
    folder = Path(tempfile.mkdtemp(prefix="hf-ca-"))
    yield Authority(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def redis():
    """A redis-server of the test's own, outside of holdfastd."""
    server = RedisServer(Path(tempfile.mkdtemp(prefix="hf-redis-"))).start()
    yield server
    server.end()


@pytest.fixture(scope="module")
def house(request, authority):
    """One Holdfast for a module, which says how many pools of each kind it needs in POOLS, and what of them is otherwise in edit()."""
    h = House(authority, pools=getattr(request.module, "POOLS", None), edit=getattr(request.module, "edit", None),
              log_level=getattr(request.module, "LOG_LEVEL", "info"))
    try:
        h.start()
        yield h
    finally:
        h.end()


@pytest.fixture(autouse=True)
def alive(request):
    """A holdfastd that ended by itself fails the test in which it did, and no other."""
    yield
    if "house" in request.fixturenames:
        h = request.getfixturevalue("house")
        if h.died():
            log = h.log_text()
            h.log.rename(h.log.with_suffix(f".{h.process.pid}"))
            h.start()
            pytest.fail(f"holdfastd ended with {h.last_exit}:\n{log[-6000:]}")
