# SPDX-License-Identifier: Apache-2.0
"""A redis-server of one test's own, and looking into any by redis-cli."""
import json
import re
import shutil
import signal
import subprocess

from poll import poll
from programs import PATIENCE, Process

DURABLE = {"appendonly": "yes", "appendfsync": "always", "no-appendfsync-on-rewrite": "no", "save": "",
           "maxmemory-policy": "noeviction"}


def redis_cli(socket, *args):
    done = subprocess.run(["redis-cli", "-s", str(socket), "--json", *map(str, args)],
                          capture_output=True, encoding="latin-1", timeout=10)  # values are sealed bytes
    out = done.stdout.strip()
    assert done.returncode == 0 and not out.startswith('{"error"'), f"redis-cli {args}: {out} {done.stderr}"
    return json.loads(out) if out else None


def redis_info(socket, section):
    return subprocess.run(["redis-cli", "-s", str(socket), "info", section], capture_output=True, text=True, timeout=10).stdout


def redis_pid(socket):
    """The process behind a socket; 0 when nobody answers there."""
    found = re.search(r"process_id:(\d+)", redis_info(socket, "server"))
    return int(found[1]) if found else 0


class RedisServer:
    """Starts on a folder; kill() and start() again keep the data."""

    def __init__(self, folder, settings=None, environment=None):
        self.folder = folder
        self.socket = folder / "r.sock"
        self.settings = dict(DURABLE, **(settings or {}))
        self.environment = environment
        self.process = None
        folder.mkdir(exist_ok=True)

    def start(self):
        argv = ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.folder]
        for key, value in self.settings.items():
            argv += [f"--{key}", value]
        self.process = Process(argv, self.folder / "redis.log", cwd=self.folder, env=self.environment)
        poll(self.answers, 10 * PATIENCE, "redis-server to answer")
        return self

    def answers(self):
        done = subprocess.run(["redis-cli", "-s", str(self.socket), "ping"], capture_output=True, text=True)
        return done.stdout.strip() == "PONG"

    def kill(self):
        self.process.signal(signal.SIGKILL)
        self.process.child.wait()

    def end(self):
        if self.process:
            self.process.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def cli(self, *args):
        return redis_cli(self.socket, *args)
