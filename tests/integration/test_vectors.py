# SPDX-License-Identifier: Apache-2.0
"""The golden frames against Google's protobuf library, and what Holdfast's own code makes of them.

The C side (tests/unit/proto/test_frame.c) checks its codec against the files; here an independent one reads what it writes.
"""
import importlib.util
import pathlib
import subprocess

import pytest
from google.protobuf import json_format

from programs import program

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = ROOT / "proto" / "vectors"
NAMES = sorted(p.stem for p in VECTORS.glob("*.json"))

spec = importlib.util.spec_from_file_location("make_vectors", VECTORS / "make.py")
make_vectors = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_vectors)
pb = make_vectors.load_schema()


def golden(name):
    return (VECTORS / f"{name}.json").read_text("utf-8"), (VECTORS / f"{name}.hex").read_text()


def convert(text, to):
    done = subprocess.run([program("holdfastctl"), "frame", to], input=text.encode(), capture_output=True, check=True,
                          timeout=20)
    return done.stdout.decode()


def test_the_files_are_what_the_script_writes(tmp_path):
    make_vectors.main(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == \
        sorted(p.name for p in VECTORS.iterdir() if p.suffix in (".json", ".hex"))
    for path in tmp_path.iterdir():
        assert path.read_text("utf-8") == (VECTORS / path.name).read_text("utf-8"), path.name


def test_every_body_has_one():
    bodies = {f.name for f in pb.Frame.DESCRIPTOR.oneofs_by_name["body"].fields}
    assert bodies <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("source", [0, 1], ids=["from json", "from hex"])
def test_reencoded_frames_parse_equal(name, source):
    expected = pb.Frame.FromString(bytes.fromhex(golden(name)[1].strip()))
    text = golden(name)[source]
    assert json_format.Parse(convert(text, "json"), pb.Frame()) == expected
    assert pb.Frame.FromString(bytes.fromhex(convert(text, "hex").strip())) == expected
