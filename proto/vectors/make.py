#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the golden frames: NAME.json (proto3 JSON) and NAME.hex (protobuf bytes) for each.

They come from Google's protobuf library, not from ours, so that the two check each other. Usage: make.py [DIR]
All people, numbers and texts are invented.
"""
import base64
import importlib.util
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def load_schema():
    """console.proto as a Python module, compiled by protoc into a folder that goes away."""
    if "console_pb2" in sys.modules:  # protobuf knows one class for each message of a process
        return sys.modules["console_pb2"]
    with tempfile.TemporaryDirectory() as out:
        subprocess.run(["protoc", f"--proto_path={HERE.parent}", f"--python_out={out}",
                        "console.proto"], check=True)
        spec = importlib.util.spec_from_file_location("console_pb2", f"{out}/console_pb2.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    sys.modules["console_pb2"] = module
    return module


CONVERSATION = "3v9k2m7q4w8x1c5z6b0n0d2f4g"
SECOND = "7h1j3k5m9p2r4t6w8y0a1c3e5g"
MESSAGE = "0a1b2c3d4e5f6g7h8j9k0m1n2p"
QUARANTINED = "kannel.2c3d4e5f6g7h8j9k0m1n2p3q4r"
REQUEST = b"POST /v1/gateways/kannel/messages?from=%2B15005550107\nContent-Type: text/plain\n\ni can\xe2\x80\x99t sleep\xff"
HEAD = "0123456789abcdef0123456789abcdef01234567"
CUSTODY = "89abcdef0123456789abcdef0123456789abcdef 2 1795316401000 offered ana 1 -"
T0 = 1795316400000  # 2026-11-22T03:00:00Z


def messages():
    heard = {"conversation": CONVERSATION, "id": MESSAGE, "sequence": 1, "direction": "DIRECTION_IN",
             "atMs": T0, "providerAtMs": T0 - 2000, "text": "i can't sleep, everything is too much"}
    said = {"conversation": CONVERSATION, "id": "1b2c3d4e5f6g7h8j9k0m1n2p3q", "sequence": 2,
            "direction": "DIRECTION_OUT", "atMs": T0 + 60000, "text": "I’m here 😰 tell me more",
            "author": "ana", "delivery": "DELIVERY_UNKNOWN", "deliveryNote": "timed out",
            "clientId": "ana-17"}
    return heard, said


def conversation():
    return {"id": CONVERSATION, "pool": "night", "line": "Demo line", "state": "STATE_HELD",
            "level": "LEVEL_HIGH", "reasons": ["suicide.plan", "alone"], "epoch": 3, "holder": "ana",
            "createdMs": T0, "enqueuedMs": T0, "answerByMs": T0 + 120000, "sequence": 2,
            "messages": list(messages()), "earlierConversations": 1}


def previous():
    return {"id": SECOND, "createdMs": T0 - 9000000, "closedMs": T0 - 8000000, "level": "LEVEL_MEDIUM", "outcome": "safe_for_now",
            "tags": ["anxiety"], "holder": "ben", "summary": "Exams; a friend stays tonight."}


def note():
    return {"id": "2c3d4e5f6g7h8j9k0m1n2p3q4r", "kind": "whisper", "author": "dee", "atMs": T0 + 7000, "text": "ask about the pills"}


def offer():
    return {"conversation": SECOND, "pool": "night", "epoch": 2, "level": "LEVEL_IMMINENT",
            "reasons": ["overdose.now"], "enqueuedMs": T0, "untilMs": T0 + 20000,
            "line": "Demo line", "messages": 2, "from": "ana"}


def member():
    return {"name": "ana", "roles": ["ROLE_COUNSELOR", "ROLE_SUPERVISOR"], "pools": ["night"],
            "capacity": 3, "phone": "+15005550107"}


def quarantined():
    return {"id": QUARANTINED, "gateway": "kannel", "atMs": T0, "reason": "id is missing or malformed",
            "size": len(REQUEST)}


def status():
    return {"node": "n1", "version": "1", "nowMs": T0, "startedMs": T0 - 3600000, "redisUp": True,
            "redis": "unix:/srv/redis.sock, appendfsync always", "consoles": 2,
            "pools": [{"name": "night",
                       "levels": [{"level": "LEVEL_IMMINENT", "waiting": 1, "oldestWaitMs": 4000},
                                  {"level": "LEVEL_LOW"}],
                       "held": 1, "wrapUp": 1, "counselorsAvailable": 2, "counselorsAway": 1,
                       "openPages": 1, "overflow": "depth", "overflowSinceMs": T0 - 60000, "guestsAvailable": 3}],
            "gateways": [{"name": "kannel", "provider": "kannel", "lastInboundMs": T0 - 1000,
                          "sendErrors": 2, "outbox": 1, "lastError": "connection refused"}],
            "alarms": ["kannel: 2 sends failed"], "draining": True}


def vectors(named):
    """Frames by name. The first block has one for each body, under the body's name; then the corners."""
    presence = {"presence": "PRESENCE_AVAILABLE"}
    held = {"conversation": CONVERSATION, "epoch": 3}
    bodies = {
        "logIn": {"name": "ana", "password": "correct horse", "client": "example/1"},
        "ping": {},
        "setPresence": presence,
        "accept": {"conversation": SECOND, "epoch": 2},
        "decline": {"conversation": SECOND, "epoch": 2, "reason": "know_them"},
        "reply": {**held, "clientId": "ana-17", "text": "I’m here 😰 tell me more"},
        "close": {**held, "outcome": "safe_for_now", "tags": ["anxiety", "school"], "summary": "Exams; a friend stays tonight."},
        "finishWrapUp": {**held, "tags": ["anxiety"], "summary": "Exams; a friend stays tonight."},
        "getConversation": {"conversation": CONVERSATION, "afterSequence": 1},
        "getQuarantine": {},
        "readQuarantined": {"id": QUARANTINED},
        "releaseQuarantined": {"id": QUARANTINED, "line": "741741", "from": "+15005550107", "text": "i can’t sleep"},
        "discardQuarantined": {"id": QUARANTINED, "reason": "a test of the gateway"},
        "getStatus": {},
        "getQueue": {"limit": 500},
        "getPages": {"resolvedToo": True},
        "acknowledgePage": {"number": 12},
        "getStaff": {},
        "putStaff": {"member": member(), "password": "a long enough one"},
        "removeStaff": {"name": "ana"},
        "getOnCall": {"atMs": T0},
        "drain": {},
        "runChecks": {},
        "sendHeld": {**held, "message": MESSAGE},
        "flag": held,
        "setRisk": {**held, "thoughts": "RISK_ANSWER_YES", "plan": "RISK_ANSWER_NO", "timeframe": "RISK_TIMEFRAME_HOURS24"},
        "settleFlag": {"conversation": CONVERSATION},
        "reportAbuse": {**held, "reason": "prank", "note": "Laughter in the background.", "recuse": True},
        "settleAbuse": {"conversation": CONVERSATION, "uphold": True, "hours": 72},
        "listAbuse": {"pool": "night"},
        "setLevel": {"conversation": CONVERSATION, "level": "LEVEL_HIGH", "reason": "calmer_now"},
        "answerClose": {**held, "approve": True, "reason": "safe_for_now"},
        "result": {"code": "stale", "text": "Somebody else has this conversation now."},
        "session": {"name": "ana", "roles": ["ROLE_COUNSELOR"], "pools": ["night"], "capacity": 3,
                    **presence, "nowMs": T0, "held": [conversation()], "offers": [offer()]},
        "conversation": conversation(),
        "status": status(),
        "queue": {"entries": [{"conversation": SECOND, "pool": "night", "level": "LEVEL_UNKNOWN",
                               "state": "STATE_OFFERED", "enqueuedMs": T0, "answerByMs": T0 + 300000,
                               "offeredTo": "ana", "page": 12, "reasons": ["too_short"]}],
                  "total": 61},
        "pages": {"pages": [{"number": 12, "pool": "night", "conversation": SECOND,
                             "level": "LEVEL_MEDIUM", "state": "PAGE_STATE_ACKNOWLEDGED",
                             "openedMs": T0, "nextAtMs": T0 + 60000, "step": 1, "pass": 2,
                             "acknowledgedBy": "ben", "acknowledgedMs": T0 + 30000,
                             "paged": ["ben", "cleo"]}]},
        "staffList": {"members": [{**member(), "phone": "+1…07", "presence": "PRESENCE_AWAY",
                                   "signedIn": True, "load": 2}]},
        "onCallList": {"schedules": [{"schedule": "nights", "people": ["ben"],
                                      "untilMs": T0 + 3600000}]},
        "checkList": {"checks": [{"name": "redis", "ok": True, "warning": True,
                                  "text": "No copy is configured."}]},
        "replyQueued": {"message": {**messages()[1], "delivery": "DELIVERY_QUEUED",
                                    "deliveryNote": ""}},
        "quarantine": {"entries": [quarantined()], "total": 3},
        "quarantined": {**quarantined(), "request": base64.b64encode(REQUEST).decode()},
        "transfer": {**held, "summary": "Safe at home; wants to talk about work.", "skill": "lang:es"},
        "release": {**held, "reason": "fire alarm here"},
        "invite": {**held, "language": "es", "name": "eva"},
        "join": {"conversation": CONVERSATION},
        "leave": {"conversation": CONVERSATION},
        "whisper": {"conversation": CONVERSATION, "text": "ask about the pills"},
        "watch": {"conversation": CONVERSATION, "on": True},
        "takeOver": {**held, "reason": "asked for me"},
        "setPool": {"pool": "night", "offline": True, "reason": "Power is out in the building."},
        "announce": {"pool": "night", "text": "The bridge line is down tonight."},
        "listConversations": {"pool": "night", "states": ["STATE_HELD"], "limit": 20, "offset": 40},
        "conversationList": {"conversations": [{**conversation(), "messages": [], "attention": ["flag", "close_asked"],
                                                "present": ["dee=supervisor"], "lastInMs": T0 + 9000, "lastOutMs": T0 + 5000,
                                                "unansweredSinceMs": T0 + 8000, "requeues": 1, "reopened": 2, "transferTo": "ben", "transferUntilMs": T0 + 99000,
                                                "deletionAskedMs": T0 + 7000, "deletedMs": T0 + 90000,
                                                "notes": [note()], "previous": [previous()],
                                                "outcome": "safe_for_now", "tags": ["school"], "closedMs": T0 + 100000,
                                                "limited": "often"}],
                             "total": 41},
        "abuseList": {"pool": "night", "total": 3,
                      "reports": [{"conversation": SECOND, "name": "ana", "atMs": T0, "reason": "prank"}]},
        "forgetConversation": {"conversation": CONVERSATION},
        "forgetting": {"receipt": "7F3KQ2M9", "waits": True},
        "getCustody": {"conversation": CONVERSATION, "after": 1, "head": HEAD},
        "custody": {"conversation": CONVERSATION, "fault": "that head is no entry's: the ledger was cut off or written anew",
                    "head": CUSTODY[:40], "count": 2, "entries": [
                        {"number": 2, "atMs": T0 + 1000, "what": "offered", "who": "ana", "epoch": 1, "why": "",
                         "fault": "its hash does not follow on the one before", "line": CUSTODY}],
                    "spans": [{"state": "STATE_WAITING", "fromMs": T0, "toMs": T0 + 1000},
                              {"state": "STATE_OFFERED", "owner": "ana", "fromMs": T0 + 1000}], "backMs": 120},
        "recuse": held,
        "addNote": {"conversation": CONVERSATION, "text": "Exams; a friend stays tonight.", "summary": True},
        "offer": offer(),
        "offerOver": {"conversation": SECOND, "epoch": 2, "reason": "expired"},
        "message": messages()[0],
        "deliveryChange": {"conversation": CONVERSATION, "message": MESSAGE,
                           "delivery": "DELIVERY_FAILED", "note": "21610 opted out"},
        "levelChange": {"conversation": CONVERSATION, "level": "LEVEL_IMMINENT",
                        "reasons": ["overdose.now"]},
        "released": {**held, "reason": "lost"},
        "presenceChange": {"presence": "PRESENCE_AWAY", "reason": "missed_offers"},
        "goingAway": {"reason": "draining"},
        "breakOffered": {},
        "shiftEnding": {"shiftEndMs": T0 + 900000},
        "whispered": {"conversation": CONVERSATION, "note": note()},
        "poolChange": {"pool": "night", "offline": True, "by": "dee", "atMs": T0, "reason": "Power is out in the building."},
        "announced": {"pool": "night", "id": note()["id"], "author": "dee", "atMs": T0, "text": "The bridge line is down tonight."},
        "invited": {"conversation": CONVERSATION, "pool": "night", "from": "ana", "language": "es", "untilMs": T0 + 120000,
                    "level": "LEVEL_HIGH"},
        "transferOver": {"conversation": CONVERSATION, "to": "ben", "reason": "expired"},
        "attention": {"pool": "night", "kind": "missed_offers", "name": "ana", "atMs": T0},
        "closeAnswered": {"conversation": CONVERSATION, "verdict": "refused", "by": "sam", "reason": "not_yet"},
        "nudge": {"conversation": CONVERSATION, "kind": "counselor_silent", "sinceMs": T0},
        "getForecast": {"pool": "night", "extra": -7},
        "forecast": {"pool": "night", "atMs": T0, "measured": True, "handlingMs": 2520000, "onDuty": 9,
                     "unitsOnDuty": 18, "unitsTaken": 17, "utilisationPercent": 104, "needed": 11, "silentPercent": 6,
                     "levels": [{"level": "LEVEL_HIGH", "waiting": 3, "oldestWaitMs": 61000, "p50Ms": 45000,
                                 "p90Ms": 190000, "arrivalsPerDay": 130}],
                     "rows": [{"extra": -7, "levels": [{"level": "LEVEL_HIGH", "p50Ms": 600000,
                                                        "p90Ms": 14400000}]}]},
    }
    # News and answers from the server to nobody's request carry no id.
    names = list(bodies)
    news = set(names[names.index("offer"):])
    for number, (body, value) in enumerate(bodies.items(), 1):
        yield named[body], {**({} if body in news else {"id": number}), body: value}

    yield "corner_empty", {}
    yield "corner_id_only", {"id": 7}
    yield "corner_largest_numbers", {"id": 2**64 - 1, "getOnCall": {"atMs": -2**63}}
    yield "corner_exact_numbers", {"id": 2**53 + 1, "getOnCall": {"atMs": 2**63 - 1}}
    yield "corner_unknown_enum_number", {"id": 1, "setPresence": {"presence": 99}}
    yield "corner_negative_enum_number", {"id": 1, "setPresence": {"presence": -1}}
    yield "corner_text", {"id": 1, "reply": {"text": "tab\t quote\" slash\\ ctrl\u0001 é 你好 👩‍👩‍👧 \u202e\u2028 end"}}
    yield "corner_defaults_given", {"id": 0, "result": {"ok": False, "code": "", "text": ""}}


def main(out):
    pb = load_schema()
    from google.protobuf import json_format

    named = {f.json_name: f.name for f in pb.Frame.DESCRIPTOR.oneofs_by_name["body"].fields}
    for name, value in vectors(named):
        frame = json_format.ParseDict(value, pb.Frame())
        (out / f"{name}.json").write_text(
            json_format.MessageToJson(frame, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        (out / f"{name}.hex").write_text(frame.SerializeToString(deterministic=True).hex() + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
