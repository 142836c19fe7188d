# SPDX-License-Identifier: Apache-2.0
"""The linters catch what they are for, on a small tree with one mistake each."""
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SPDX = "SPDX-License-Identifier: Apache-2.0"


def lint(tool, tree):
    return subprocess.run([HERE / tool, tree], capture_output=True, text=True, timeout=20)


def write(tree, path, *lines, licensed=True):
    file = tree / path
    file.parent.mkdir(parents=True, exist_ok=True)
    mark = "--" if path.endswith(".lua") else "#" if path.endswith(".py") else "//"
    file.write_text("\n".join(([f"{mark} {SPDX}"] if licensed else []) + list(lines)) + "\n")


@pytest.fixture
def tree(tmp_path):
    write(tmp_path, "include/base/buf.h", "#pragma once")
    write(tmp_path, "include/net/conn.h", '#include "base/buf.h"')
    write(tmp_path, "server/store/link.c", '#include "net/conn.h"', "#include <hiredis/hiredis.h>")
    write(tmp_path, "server/core/queue.c", '#include "base/buf.h"', "#include <stdio.h>")
    write(tmp_path, "server/core/zone_file.c", "#include <fcntl.h>")
    write(tmp_path, "server/tools/common/args.h")
    write(tmp_path, "server/tools/ctl/main.c", '#include "../common/args.h"', '#include "net/conn.h"')
    write(tmp_path, "server/edge/private.h")
    write(tmp_path, "server/edge/gateways/one.c", '#include "../private.h"')
    write(tmp_path, "server/main.c", '#include "net/conn.h"')
    return tmp_path


@pytest.mark.parametrize("tool", ["ranks", "house"])
def test_a_clean_tree_passes(tree, tool):
    found = lint(tool, tree)
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.parametrize("path, line, says", [
    ("server/base/log.c", '#include "net/conn.h"', "base (rank 0) may not include net (rank 1)"),
    ("server/net/tls.c", '#include "vault/key.h"', "net (rank 1) may not include vault (rank 1)"),
    ("include/store/redis.h", '#include "flow/desk.h"', "store (rank 2) may not include flow (rank 3)"),
    ("tests/unit/net/test_tls.c", '#include "store/redis.h"', "net (rank 1) may not include store (rank 2)"),
    ("server/flow/desk.c", '#include "../edge/private.h"', "a private header of server/edge"),
    ("server/tools/ctl/call.c", '#include "store/redis.h"', "tools use base, net and proto only"),
    ("server/flow/loop.c", "#include <event2/event.h>", "stays inside net"),
    ("server/store/seal.c", "#include <openssl/evp.h>", "stays inside net and vault"),
    ("server/edge/redis.c", "#include <hiredis/hiredis.h>", "stays inside store"),
    ("server/core/state.c", "#include <sys/socket.h>", "core is pure"),
    ("server/core/state.c", "#include <fcntl.h>", "core is pure"),
    ("server/core/state.c", '#include "base/clock.h"', "core is pure"),
    ("server/core/state.c", "static long now(void) { return time(NULL); }", "core is pure"),
])
def test_a_crossed_rank_is_caught(tree, path, line, says):
    write(tree, path, "#include <stdint.h>", line)
    found = lint("ranks", tree)
    assert found.returncode == 1
    assert found.stdout.startswith(f"{path}:3: ") and says in found.stdout and found.stdout.count("\n") == 1


@pytest.mark.parametrize("path, lines, place, says", [
    ("server/net/long.c", ["// line"] * 700, 701, "[size]"),
    ("server/net/long.c", ["int f(void)", "{"] + ["\tg();"] * 98 + ["\treturn 0;", "}"], 2, "[function]"),
    ("server/net/left.c", ["// " + "TO" + "DO later"], 2, "[unfinished]"),
    ("server/store/lua/offer.lua", ["-- Offers.", "-- KEYS: a", "-- ARGV: b"], 1, "says its Returns"),
    ("tests/integration/test_a.py", ["import time", "time.sleep(1)"], 3, "[sleep]"),
    ("tests/unit/net/test_a.c", ["static void wait(void) { usleep(9); }"], 2, "[sleep]"),
    ("include/base/metrics.def", ['X(LOST, counter, "lost", "", "")'], 2, "[metrics]"),
])
def test_a_broken_rule_is_caught(tree, path, lines, place, says):
    write(tree, path, *lines)
    found = lint("house", tree)
    assert found.returncode == 1
    assert found.stdout.startswith(f"{path}:{place}: ") and says in found.stdout and found.stdout.count("\n") == 1


@pytest.mark.parametrize("path", ["server/net/a.c", "tests/lib/a.py", "server/store/lua/include/part.lua"])
def test_a_missing_licence_line_is_caught(tree, path):
    write(tree, path, "anything", licensed=False)
    found = lint("house", tree)
    assert found.stdout.startswith(f"{path}:1: ") and "[license]" in found.stdout


def test_a_poll_helper_may_sleep(tree):
    write(tree, "tests/lib/poll.py", "import time", "time.sleep(0.02)")
    assert lint("house", tree).returncode == 0


# ---- the protocol

SCHEMA = ["message Frame {", "  oneof body {", "    // client to server: everybody", "    Hold hold = 1;", "    Erase erase = 2;",
          "    // server to client: answers", "    Held held = 3;", "    // server to client: news", "    Lost lost = 4;", "  }", "}"]


@pytest.fixture
def protocol(tmp_path):
    write(tmp_path, "proto/console.proto", *SCHEMA)
    write(tmp_path, "include/edge/console.def", "X(HOLD, hold, ROLE_SERVES | ROLE_SUPERVISOR)", "X(ERASE, erase, ROLE_OPERATOR)")
    write(tmp_path, "proto/PROTOCOL.md", "### Hold → Held | Result", "### Erase → Result", "### Lost", licensed=False)
    write(tmp_path, "server/tools/console/a.c", "f(HOLDFAST__V1__FRAME__BODY_HOLD);", "f(HOLDFAST__V1__FRAME__BODY_LOST);")
    write(tmp_path, "server/tools/ctl/a.c", "f(BODY(ERASE), BODY(HELD));")
    for name in ("hold", "erase", "held", "lost"):
        for suffix in ("json", "hex"):
            write(tmp_path, f"proto/vectors/{name}.{suffix}", licensed=False)
    return tmp_path


@pytest.mark.parametrize("path, lines, says", [
    ("proto/PROTOCOL.md", ["### Hold → Held", "### Erase"], "Lost has no heading"),
    ("include/edge/console.def", ["X(HOLD, hold, ROLE_SERVES)"], "Erase may be sent by nobody"),
    ("server/tools/console/a.c", ["f(HOLDFAST__V1__FRAME__BODY_HOLD);"], "Lost is unknown to server/tools/console"),
    ("server/tools/console/a.c", ["f(HOLDFAST__V1__FRAME__BODY_LOST);"], "Hold is unknown to server/tools/console"),
    ("server/tools/ctl/a.c", ["f(BODY(HELD));"], "Erase is unknown to server/tools/ctl"),
])
def test_a_gap_in_the_protocol_is_caught(protocol, path, lines, says):
    assert (lint("protocol", protocol).returncode, lint("protocol", protocol).stdout) == (0, "")
    write(protocol, path, *lines, licensed=False)
    found = lint("protocol", protocol)
    assert found.returncode == 1 and says in found.stdout


def test_a_body_without_a_vector_is_caught(protocol):
    (protocol / "proto/vectors/held.hex").unlink()
    found = lint("protocol", protocol)
    assert found.stdout.count("\n") == 1 and "Held has no vector proto/vectors/held.hex" in found.stdout
