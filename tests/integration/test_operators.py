# SPDX-License-Identifier: Apache-2.0
"""What operators see: health, metrics, holdfastctl."""
import re

from house import OPERATOR, new_number
from poll import poll
from schema import pb

POOLS = {"calm": 4, "urgent": 1}


def test_health_pages(house):
    assert house.admin("/healthz").status == 200
    assert house.admin("/readyz").status == 200
    assert house.admin("/nothing").status == 404


def test_metrics_are_prometheus_text(house):
    house.text(house.pools[0], new_number(), "hello")
    answer = house.admin("/metrics")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/plain")
    typed = set()
    for line in answer.text.splitlines():
        if line.startswith("# TYPE "):
            typed.add(line.split()[2])
        elif line and not line.startswith("#"):
            match = re.fullmatch(r'([a-zA-Z_:][\w:]*)(\{(\w+="[^"\\]*",?)*\})? -?[0-9.e+Inf]+', line)
            assert match, line
            assert re.sub(r"_(bucket|sum|count)$", "", match[1]) in typed or match[1] in typed, line
    assert house.metric("holdfast_redis_up") == 1
    assert house.metric("holdfast_inbound_total", result="stored") >= 1
    for name in ("holdfast_waiting", "holdfast_connections", "holdfast_ingest_duration_ms", "holdfast_escalations_open"):
        assert name in typed, name


def test_gauges_follow_what_happens(house):
    pool = house.take()
    house.text(pool, new_number(), "hello")
    poll(lambda: sum(house.metric("holdfast_waiting", level=level) for level in
                     ("imminent", "high", "unknown", "medium", "low")) >= 1, what="holdfast_waiting to count")
    held = house.metric("holdfast_held")
    console = house.counselor(pool)
    console.take()
    poll(lambda: house.metric("holdfast_held") == held + 1, what="holdfast_held to count")
    assert house.metric("holdfast_consoles") >= 1


def test_status(house):
    pool = house.take()
    house.text(pool, new_number(), "hello")
    status = house.ctl("status", as_json=True)
    assert status["redisUp"] is True and status["node"] == "suite"
    [record] = [p for p in status["pools"] if p["name"] == pool.name]
    assert sum(int(level.get("waiting", 0)) for level in record["levels"]) == 1
    assert {g["name"] for g in status["gateways"]} == {"kannel", "twilio"}
    [kannel] = [g for g in status["gateways"] if g["name"] == "kannel"]
    assert int(kannel["lastInboundMs"]) > 0
    text = house.ctl("status").stdout
    assert pool.name in text and "1 waiting" in text and "kannel" in text


def test_queue_and_conversation(house):
    pool = house.take()
    house.text(pool, new_number(), "hello")
    queue = house.ctl("queue", as_json=True)
    [entry] = [e for e in queue["entries"] if e["pool"] == pool.name]
    assert entry["state"] == "STATE_WAITING" and int(queue["total"]) >= 1
    assert entry["conversation"] in house.ctl("queue").stdout
    record = house.ctl("conversation", entry["conversation"], as_json=True)
    assert record["id"] == entry["conversation"] and "messages" not in record
    assert entry["conversation"] in house.ctl("conversation", entry["conversation"]).stdout
    missing = house.ctl("conversation", "no-such-thing", check=False)
    assert missing.returncode == 1 and missing.stderr


def test_pages(house):
    pool = house.take("urgent")
    house.hire(pool, name=pool.first, roles=[pb.ROLE_AUDITOR])
    house.text(pool, new_number(), "i am going to kill myself tonight, i have the pills in my hand")
    listed = poll(lambda: house.ctl("page", "list", as_json=True).get("pages"), what="a page")
    number = listed[0]["number"]
    assert number in house.ctl("page", "list").stdout
    house.ctl("page", "ack", number)
    [page] = house.ctl("page", "list", as_json=True)["pages"]
    assert page["state"] == "PAGE_STATE_ACKNOWLEDGED" and page["acknowledgedBy"] == OPERATOR
    assert house.ctl("page", "ack", "99999", check=False).returncode == 1


def test_staff(house):
    phone, password = house.folder / "phone", house.folder / "password"
    for file, value in ((phone, new_number()), (password, "a fine new password")):
        file.write_text(value + "\n")
        file.chmod(0o600)
    pool = house.pools[0]
    house.ctl("staff", "put", "dana", "--roles", "counselor,supervisor", "--pools", pool.name, "--capacity", 2,
              "--phone-file", phone, "--password-file", password)
    [record] = [m for m in house.ctl("staff", "list", as_json=True)["members"] if m["name"] == "dana"]
    assert record["capacity"] == 2 and record["pools"] == [pool.name]
    assert phone.read_text().strip()[1:] not in str(record)
    assert "dana" in house.ctl("staff", "list").stdout
    console = house.connect()
    console.sign_in("dana", "a fine new password")
    assert set(console.session.roles) == {pb.ROLE_COUNSELOR, pb.ROLE_SUPERVISOR}
    house.ctl("staff", "remove", "dana")
    assert "dana" not in house.ctl("staff", "list").stdout


def test_oncall(house):
    schedules = house.ctl("oncall", as_json=True)["schedules"]
    assert {s["schedule"] for s in schedules} == {p.name for p in house.pools}
    assert house.pools[0].second in house.ctl("oncall").stdout
    assert house.ctl("oncall", "--at", "2026-11-22T03:00:00Z", as_json=True)["schedules"]


def test_doctor_on_a_system_that_is_well(house):
    wrong = house.ctl("doctor", check=False)
    assert wrong.returncode == 1 and f"policy {house.pools[0].name}: its catch_all cannot be paged" in wrong.stdout
    for pool in house.pools:
        house.hire(pool, name=pool.last, roles=[pb.ROLE_AUDITOR])
        house.clear(pool)
    done = house.ctl("doctor", check=False)
    assert done.returncode == 0, done.stdout
    checks = house.ctl("doctor", as_json=True)["checks"]
    assert len(checks) > 5 and all(c.get("ok") for c in checks)


def test_doctor_says_when_nothing_runs(house):
    kept = house.config["listeners"]["consoles"]["port"]
    house.config["listeners"]["consoles"]["port"] = 1
    house.write_config()
    try:
        done = house.ctl("doctor", check=False)
        assert done.returncode == 1 and "running system" in done.stdout
    finally:
        house.config["listeners"]["consoles"]["port"] = kept
        house.write_config()


def test_usage_errors(house):
    for words in (["nonsense"], ["page"], ["status", "too", "many"], ["queue", "--limit", "many"], ["--nonsense"]):
        done = house.ctl(*words, check=False)
        assert done.returncode == 2 and done.stderr, words
    assert house.ctl("--help").stdout.count("\n") > 10
    assert house.ctl("--version").stdout
