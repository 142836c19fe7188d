# SPDX-License-Identifier: Apache-2.0
"""Power cuts: of a small writer, which shows what the recorder keeps and loses; and of a whole node with its Redis and its
spool, while people text and answer."""
import subprocess
import sys

import pytest

import programs
from faults import many
from house import House
from night import Night, slow_carrier
from poll import pause, poll
from powercut import Machine

CUTS = many(3, 100)

WRITER = """
import os, sys
at = sys.argv[1]
def write(name, data, sync=False, flags=os.O_CREAT):
    fd = os.open(f"{at}/{name}", os.O_WRONLY | flags, 0o600)
    os.write(fd, data)
    if sync:
        os.fdatasync(fd)
    return fd
def sync_folder():
    fd = os.open(at, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
"""


@pytest.fixture
def machine(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    return Machine(tmp_path / "shadow", folder)


def run_writer(machine, text):
    """Runs the writer, which ends as a killed process does, then cuts the power. What is left: name -> bytes."""
    [folder] = machine.folders
    subprocess.run([sys.executable, "-c", WRITER + text + "\nos._exit(0)\n", folder], env=machine.environment, check=True)
    machine.cut()
    return {p.name: p.read_bytes() for p in folder.iterdir()} if folder.exists() else {}


def test_what_is_not_synced_is_lost(machine):
    assert run_writer(machine, "write('a', b'one')\nsync_folder()") == {"a": b""}
    assert machine.lost_bytes == 3


def test_what_is_synced_is_kept_and_what_comes_after_is_not(machine):
    left = run_writer(machine, "fd = write('a', b'one', True)\nsync_folder()\nos.write(fd, b'two')")
    assert left == {"a": b"one"}


def test_a_name_that_was_not_synced_is_lost_with_its_file(machine):
    assert run_writer(machine, "sync_folder()\nwrite('a', b'one', True)") == {}
    assert machine.lost_names == 1


def test_a_removed_or_renamed_file_comes_back_unless_its_folder_was_synced(machine):
    assert run_writer(machine, "write('a', b'one', True)\nsync_folder()\nos.rename(f'{at}/a', f'{at}/b')") == {"a": b"one"}
    assert run_writer(machine, "os.rename(f'{at}/a', f'{at}/b')\nsync_folder()") == {"b": b"one"}
    assert run_writer(machine, "os.unlink(f'{at}/b')") == {"b": b"one"}
    assert run_writer(machine, "os.unlink(f'{at}/b')\nsync_folder()") == {}


def test_an_image_is_the_start_of_the_next_life(machine):
    run_writer(machine, "write('a', b'one', True)\nsync_folder()")
    assert run_writer(machine, "write('a', b'ONE')") == {"a": b"one"}
    assert run_writer(machine, "write('a', b'two', True)") == {"a": b"two"}


def power_off(house):
    """Everything of this machine at once."""
    house.kill()
    programs.kill_children_of(house.folder)
    poll(lambda: not programs.children_of(house.folder), what="Redis to be dead")


@pytest.fixture
def node(authority, tmp_path):
    house = House(authority, pools={"calm": 1})
    state = house.folder / "state"
    house.machine = Machine(tmp_path / "shadow", state / "redis", state / "spool")
    house.environment = house.machine.environment
    house.carrier.behave = slow_carrier
    try:
        yield house.start()
    finally:
        house.end()


def test_nothing_accepted_is_lost_when_the_power_fails(node, seeded):
    with Night(node, seeded) as night:
        for _ in range(CUTS):
            pause(seeded.uniform(0.2, 1.0))
            power_off(node)
            node.machine.cut()
            node.restart()
        night.settle()
        history = night.reckon()
    print(f"cuts={node.machine.cuts} lost_bytes={node.machine.lost_bytes} lost_names={node.machine.lost_names}")
    assert history.count("acknowledged") > CUTS
