# SPDX-License-Identifier: Apache-2.0
"""How much is broken: `make test` breaks a little, `make test-fault` (HOLDFAST_FAULTS=all) a lot."""
import os

ALL = os.environ.get("HOLDFAST_FAULTS") == "all"


def many(few, all_of_them):
    return all_of_them if ALL else few
