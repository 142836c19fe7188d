# SPDX-License-Identifier: Apache-2.0
"""The seeded simulator: some nights with faults must keep every promise, and one seed is one night.

Longer: `make sim SEED=n STEPS=n`, and `make sim-mutants`, which shows that the promises are really looked at."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from mutants import TABLE, build, hunt

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("HOLDFAST_BUILD", "build"))
PROGRAM = BUILD / "sim/holdfast-sim"
SANITIZED = BUILD.name == "build-sanitize"
STEPS = 20000 if SANITIZED else 50000
# What was under way to a node that dies is given up, not freed.
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")


def night(seed, *options, steps=STEPS):
    done = subprocess.run([PROGRAM, "--seed", str(seed), "--steps", str(steps), *options], capture_output=True,
                          text=True, timeout=120, env=ENVIRONMENT, check=False)
    assert done.returncode == 0, f"make sim SEED={seed} STEPS={steps}\n{done.stdout[-6000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.mark.parametrize("seed", range(1, 13))
def test_a_night_of_faults_keeps_the_promises_and_drains(seed):
    assert "to drain" in night(seed)


@pytest.mark.parametrize("copies", [0, 1, 2])
def test_a_calm_night(copies):
    night(100 + copies, "--calm", "--copies", str(copies))


def test_the_same_seed_is_the_same_night():
    first, second = (night(77).splitlines()[-1] for _ in range(2))
    assert first == second and first.startswith("trace ")
    assert night(78).splitlines()[-1] != first


@pytest.mark.skipif(SANITIZED, reason="it builds with the compiler's flags of every day")
def test_a_planted_mistake_is_found(tmp_path):
    mutant = next(m for m in TABLE if m.name == "a text is not marked as seen")
    assert hunt(build(mutant, tmp_path / "mutant")), f"{mutant.name} was not found"
