# SPDX-License-Identifier: Apache-2.0
"""A machine whose power can be cut: what was not synced is gone, names as well as bytes."""
import shutil
import subprocess
import sys
from pathlib import Path

from preload import preload

# Makes everything in the folders of argv durable, bottom up.
SYNC_ALL = """
import os, sys
for root in sys.argv[1:]:
    for folder, _, names in os.walk(root, topdown=False):
        for path in [os.path.join(folder, n) for n in names] + [folder]:
            if os.path.isdir(path) or os.path.isfile(path):
                fd = os.open(path, os.O_RDONLY)
                os.fsync(fd)
                os.close(fd)
"""


class Machine:
    """Watches folders. Processes with .environment live on it; kill them all before cut()."""

    def __init__(self, shadow, *folders):
        self.shadow = shadow
        self.folders = [Path(f).resolve() for f in folders]
        self.environment = dict(preload("powercut"), HOLDFAST_POWERCUT=":".join(map(str, [shadow.resolve(), *self.folders])))
        self.cuts = self.lost_bytes = self.lost_names = 0
        self._remember()

    def _remember(self):
        """What the folders hold now is on the disk."""
        shutil.rmtree(self.shadow, ignore_errors=True)
        self.shadow.mkdir()
        there = [f for f in self.folders if f.exists()]
        subprocess.run([sys.executable, "-c", SYNC_ALL, *there], env=self.environment, check=True)

    def cut(self):
        """Leaves in the folders what was synced, and counts what was not."""
        before = self._sizes()
        image = self.shadow.with_name(self.shadow.name + "-image")
        shutil.rmtree(image, ignore_errors=True)
        for listing in self.shadow.glob("names-*"):
            self._restore(listing, image)
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)
            made = image / folder.relative_to("/")
            if made.exists():
                shutil.copytree(made, folder, copy_function=shutil.copy2)
        shutil.rmtree(image, ignore_errors=True)
        after = self._sizes()
        self.cuts += 1
        self.lost_names += len(before.keys() - after.keys())
        self.lost_bytes += sum(max(0, size - after.get(path, 0)) for path, size in before.items())
        self._remember()

    def _sizes(self):
        """Without the zeros at the end, which were set aside and never written."""
        return {p: len(p.read_bytes().rstrip(b"\0")) for f in self.folders for p in f.rglob("*") if p.is_file()}

    def _restore(self, listing, image):
        path, *names = listing.read_text().splitlines()
        folder = image / Path(path).relative_to("/")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for line in names:
            key, name = line.split(" ", 1)
            kept = self.shadow / f"file-{key}"
            if kept.exists():
                shutil.copy(kept, folder / name)
            else:
                (folder / name).touch(mode=0o600)  # its name was synced, nothing in it ever was
