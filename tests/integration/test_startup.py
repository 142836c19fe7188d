# SPDX-License-Identifier: Apache-2.0
"""Start-up refuses what would void a promise, and says which setting it is."""
import copy
import tempfile
from pathlib import Path

import pytest

from house import House, new_number
from poll import poll
from programs import PATIENCE
from redis_server import RedisServer


@pytest.fixture(scope="module")
def refusing(authority):
    """A house on a Redis of its own, whose settings the tests change."""
    redis = RedisServer(Path(tempfile.mkdtemp(prefix="hf-redis-"))).start()
    house = House(authority, redis=redis)
    yield house
    house.end()
    redis.end()


SETTINGS = {"appendonly": ("no", "yes"), "appendfsync": ("everysec", "always"),
            "no-appendfsync-on-rewrite": ("yes", "no"), "maxmemory-policy": ("allkeys-lru", "noeviction")}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_redis_that_may_lose_things_is_refused_by_name(refusing, setting):
    bad, good = SETTINGS[setting]
    refusing.redis.cli("config", "set", setting, bad)
    try:
        before = len(refusing.log_text())
        refusing.start(wait=False)
        code = refusing.process.wait_exit(10)
        assert code != 0
        said = refusing.log_text()[before:]
        assert setting in said and bad in said, said
    finally:
        refusing.redis.cli("config", "set", setting, good)


def test_unsafe_dev_starts_all_the_same(refusing):
    refusing.redis.cli("config", "set", "appendfsync", "everysec")
    try:
        refusing.start("--unsafe-dev")
        refusing.text(refusing.pools[0], new_number(), "hello")
        refusing.stop()
    finally:
        refusing.redis.cli("config", "set", "appendfsync", "always")
    refusing.start()
    assert refusing.operator.ask("get_queue").total == 1
    refusing.stop()


def test_a_redis_that_turns_unsafe_while_it_runs(refusing):
    """The settings are checked again at every new connection."""
    refusing.start()
    refusing.redis.cli("config", "set", "appendfsync", "no")
    try:
        refusing.redis.cli("client", "kill", "type", "normal", "skipme", "yes")
        poll(lambda: not refusing.process.alive() or refusing.admin("/readyz").status == 503, 10 * PATIENCE,
             "it to serve no more")
        if refusing.process.alive():
            refusing.text(refusing.pools[0], new_number(), "into the spool")
    finally:
        refusing.redis.cli("config", "set", "appendfsync", "always")
    if refusing.process.alive():
        refusing.wait_ready()
        refusing.stop()
    assert "appendfsync" in refusing.log_text()


def test_ready_means_that_the_first_operator_can_sign_in(authority):
    for _ in range(3):
        house = House(authority)
        try:
            house.start()
            assert house.operator.session.name == "operator"
        finally:
            house.end()


# ---- configurations

def test_a_good_configuration_passes(refusing):
    done = refusing.check_config()
    assert done.returncode == 0, done.stdout + done.stderr


def _set(path, value):
    def change(config):
        *way, last = path
        for step in way:
            config = config[step]
        if value is None:
            del config[last]
        else:
            config[last] = value
    return change


MISTAKES = {
    "lines[0].pool": _set(["lines", 0, "pool"], "nowhere"),
    "lines[0].gateway": _set(["lines", 0, "gateway"], "nobody"),
    "lines[0].number": _set(["lines", 0, "number"], "call me"),
    "pools[0].policy": _set(["pools", 0, "policy"], "none"),
    "pools[0].offer_s": _set(["pools", 0, "offer_s"], 0),
    "pools[0].answer_within.high_s": _set(["pools", 0, "answer_within", "high_s"], 0),
    "policies[0].catch_all": _set(["policies", 0, "catch_all"], []),
    "policies[0].levels[1].targets[0]": _set(["policies", 0, "levels", 1, "targets"], ["schedule:gone"]),
    "schedules[0].zone": _set(["schedules", 0, "zone"], "Mars/Olympus"),
    "schedules[0].shifts[0].from": _set(["schedules", 0, "shifts", 0, "from"], "25:00"),
    "listeners.gateways.certificate_file": _set(["listeners", "gateways", "certificate_file"], "/no/such/file"),
    "gateways[0].secret_file": _set(["gateways", 0, "secret_file"], "/no/such/file"),
    "gateways[0].nonsense": _set(["gateways", 0, "nonsense"], "x"),
    "log_level": _set(["log_level"], "loud"),
}


def line_of(text, key):
    """Numbers of the lines of our own, block-style YAML on which that key may stand: its last word's, or list items."""
    word = key.split(".")[-1].split("[")[0]
    stands = (lambda line: line.strip().startswith("- ")) if key.endswith("]") else (
        lambda line: line.strip().lstrip("- ").startswith(word + ":"))
    return [i + 1 for i, line in enumerate(text.splitlines()) if stands(line)]


@pytest.mark.parametrize("key", MISTAKES)
def test_a_mistake_is_named_by_file_line_and_key(refusing, key):
    kept = copy.deepcopy(refusing.config)
    try:
        MISTAKES[key](refusing.config)
        refusing.write_config()
        done = refusing.check_config()
        said = done.stdout + done.stderr
        assert done.returncode != 0, said
        hits = [part for part in said.splitlines() if f": {key}: " in part and str(refusing.config_file) in part]
        assert hits, said
        number = int(hits[0].split(str(refusing.config_file) + ":", 1)[1].split(":", 1)[0])
        lines = line_of(refusing.config_file.read_text(), key)
        assert number in lines, (number, lines, hits[0])
        doctor = refusing.ctl("doctor", check=False)
        assert doctor.returncode != 0 and key in doctor.stdout + doctor.stderr
    finally:
        refusing.config = kept
        refusing.write_config()


def test_readable_secrets_are_refused(refusing):
    secret = refusing.folder / "kannel.password"
    secret.chmod(0o644)
    try:
        done = refusing.check_config()
        assert done.returncode != 0 and "kannel.password" in done.stdout + done.stderr
    finally:
        secret.chmod(0o600)


def test_no_keys_no_start(refusing):
    keys = refusing.folder / "state/keys"
    hidden = refusing.folder / "state/hidden"
    keys.rename(hidden)
    try:
        before = len(refusing.log_text())
        refusing.start(wait=False)
        assert refusing.process.wait_exit(10) != 0
        assert "key" in refusing.log_text()[before:]
    finally:
        hidden.rename(keys)


def test_a_taken_port_is_named(refusing):
    refusing.start()
    try:
        second = House(refusing.authority, redis=refusing.redis)
        try:
            second.config["listeners"]["admin"]["port"] = refusing.admin_port
            second.write_config()
            second.start(wait=False)
            assert second.process.wait_exit(10) != 0
            assert str(refusing.admin_port) in second.log_text()
        finally:
            second.end()
    finally:
        refusing.stop()
