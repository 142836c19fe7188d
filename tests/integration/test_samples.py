# SPDX-License-Identifier: Apache-2.0
"""The configurations that come along have no mistake, once the files that they name exist."""
import re
import shutil
import subprocess

import pytest

from programs import ROOT, program


def make_files(folder, text):
    """Every *_file of a configuration: what is in it is read at start-up only."""
    for name in re.findall(r"^(?!#)[ -]*\w+_file: *([^\s\"#]+)", text, re.MULTILINE):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("invented\n")
        path.chmod(0o600)


def check(config):
    return subprocess.run([program("holdfastd"), "--config", str(config), "--check-config"],
                          capture_output=True, text=True, timeout=20)


@pytest.mark.parametrize("name", ["holdfast.example.yaml", "holdfast.demo.yaml"])
def test_a_sample_has_no_mistake(tmp_path, name):
    config = tmp_path / "holdfast.yaml"
    shutil.copy(ROOT / "deploy" / name, config)
    missing = check(config)
    assert missing.returncode == 1
    assert all(line.endswith("No such file or directory") for line in missing.stderr.splitlines()), missing.stderr
    make_files(tmp_path, config.read_text())
    found = check(config)
    assert (found.returncode, found.stderr) == (0, ""), found.stderr


def test_every_key_of_the_configuration_is_in_the_example():
    schema = (ROOT / "server/base/config.c").read_text()
    keys = {k for group in re.findall(
        r"\b(?:STRING|NUMBER|BOOLEAN|LIST)\(struct \w+, (\w+)|\bMAPPING\(struct \w+, (\w+)|\bMAPPING_AS\(\"(\w+)\"", schema)
        for k in group if k}
    assert len(keys) > 40, "the pattern no longer finds the keys"
    example = (ROOT / "deploy/holdfast.example.yaml").read_text()
    assert {key for key in keys if not re.search(rf"\b{key}:", example)} == set()
