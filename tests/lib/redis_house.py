# SPDX-License-Identifier: Apache-2.0
"""A master, two replicas and three Sentinels on loopback: the samples of deploy/redis with other paths, names, ports and passwords."""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import programs
from poll import poll
from ports import free_port
from programs import PATIENCE, ROOT, Process

SAMPLES = ROOT / "deploy/redis"
NAME = "holdfast"
NODES = 3
PASSWORDS = {user: f"{user.lower()}-password-7c31" for user in ("HOLDFAST", "REPLICA", "SENTINEL", "PEER", "ADMIN")}


class Place:
    """Where a member runs: its address, and the words before its command."""

    def __init__(self, address="127.0.0.1", prefix=()):
        self.address, self.prefix = address, list(prefix)


class Member:
    """One redis-server, or one Sentinel."""

    def __init__(self, house, kind, index, place):
        self.house, self.kind, self.place = house, kind, place
        self.port = free_port()
        self.folder = house.folder / f"{kind}{index}"
        self.config = self.folder / f"{kind}.conf"
        self.log = self.folder / "log"
        self.process = None

    def write(self, master):
        """`master` is whom it follows or watches; None makes it the master."""
        (self.folder / "data").mkdir(parents=True)
        for name in (f"{self.kind}.conf", "users.acl" if self.kind == "redis" else "sentinel.acl"):
            path = self.folder / name
            path.write_text(self._fill((SAMPLES / name).read_text(), master))
            path.chmod(0o600)

    def _fill(self, text, master):
        text = text.replace("#replicaof redis-1.example.org 6379", f"replicaof {master.place.address} {master.port}" if master else "")
        changes = {
            "bind * -::*": f"bind {self.place.address}",
            "/etc/redis/tls/redis.pem": self.house.authority.certificate,
            "/etc/redis/tls/redis.key": self.house.authority.key,
            "/etc/redis/tls/ca.pem": self.house.authority.ca,
            "/etc/redis/": f"{self.folder}/",
            "/var/lib/redis-sentinel": self.folder / "data",
            "/var/lib/redis": self.folder / "data",
            "redis-1.example.org 6379": f"{master.place.address} {master.port}" if master else "",
            "redis-1.example.org": self.place.address,
            "tls-port 6379": f"tls-port {self.port}",
            "tls-port 26379": f"tls-port {self.port}",
        }
        for old, new in changes.items():
            text = text.replace(old, str(new))
        for user, password in PASSWORDS.items():
            text = text.replace(f"{user}-PASSWORD-SHA256", hashlib.sha256(password.encode()).hexdigest())
            text = text.replace(f"{user}-PASSWORD", password)
        return text

    def start(self):
        argv = [*self.place.prefix, "redis-server", self.config] + (["--sentinel"] if self.kind == "sentinel" else [])
        self.process = Process(argv, self.log, cwd=self.folder)
        poll(self.answers, 10 * PATIENCE, f"{self.kind} to answer: {self.log}")
        return self

    def command(self, *args, user="ADMIN"):
        tls = ["--tls", "--cacert", self.house.authority.ca, "--cert", self.house.authority.certificate,
               "--key", self.house.authority.key]
        argv = [*self.place.prefix, "redis-cli", "-h", self.place.address, "-p", self.port, *tls, "--user", user.lower(), "--json", *args]
        return subprocess.run([str(a) for a in argv], capture_output=True, encoding="latin-1", timeout=10,
                              env=dict(os.environ, REDISCLI_AUTH=PASSWORDS[user]))

    def cli(self, *args, user="ADMIN"):
        done = self.command(*args, user=user)
        out = done.stdout.strip()
        assert done.returncode == 0 and not out.startswith('{"error"') and not out.startswith("error:"), \
            f"{args}: {out} {done.stderr}"
        return json.loads(out) if out else None

    def answers(self):
        done = self.command("ping")
        return done.stdout.strip() == '"PONG"'

    def role(self):
        """Empty while it cannot say: Sentinel cuts everybody off when it changes a role."""
        out = self.command("role").stdout.strip()
        return json.loads(out)[0] if out.startswith("[") else ""

    def stop_for_a_while(self):
        self.process.signal(signal.SIGSTOP)

    def go_on(self):
        self.process.signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()


class RedisHouse:
    """`places` of the three: each has a Redis and a Sentinel, the first one the master."""

    def __init__(self, authority, places=(Place(), Place(), Place())):
        self.authority = authority
        self.folder = Path(tempfile.mkdtemp(prefix="hf-redis-"))
        self.redis = [Member(self, "redis", i, place) for i, place in enumerate(places)]
        self.sentinels = [Member(self, "sentinel", i, place) for i, place in enumerate(places)]

    def start(self):
        first, *others = self.redis
        first.write(None)
        first.start()
        for member in others:
            member.write(first)
            member.start()
        poll(lambda: first.cli("wait", NODES - 1, 100) == NODES - 1, 10 * PATIENCE, "the replicas to follow")
        for sentinel in self.sentinels:
            sentinel.write(first)
            sentinel.start()
        poll(lambda: all(self._knows_all(s) for s in self.sentinels), 15 * PATIENCE, "the Sentinels to know each other")
        return self

    @staticmethod
    def _knows_all(sentinel):
        fields = sentinel.cli("sentinel", "master", NAME)
        fields = fields if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2]))
        return (fields["num-other-sentinels"], fields["num-slaves"]) == (str(NODES - 1), str(NODES - 1))

    def master(self):
        """Whom most of the Sentinels name."""
        named = [int(s.cli("sentinel", "get-master-addr-by-name", NAME)[1]) for s in self.sentinels]
        port = max(set(named), key=named.count)
        return next(m for m in self.redis if m.port == port)

    def replicas(self):
        master = self.master()
        return [m for m in self.redis if m is not master]

    def cli(self, *args):
        """At the master."""
        return self.master().cli(*args)

    def configure(self, config, copies=1):
        """For House(edit=…)."""
        password = self.folder / "holdfast.password"
        password.write_text(PASSWORDS["HOLDFAST"] + "\n")
        password.chmod(0o600)
        config["redis"] = {
            "sentinels": [{"host": s.place.address, "port": s.port} for s in self.sentinels], "master_name": NAME,
            "user": "holdfast", "password_file": password, "sentinel_user": "holdfast", "sentinel_password_file": password,
            "tls": True, "ca_file": self.authority.ca, "certificate_file": self.authority.certificate,
            "key_file": self.authority.key}
        config["durability"] = {"copies": copies}

    def end(self):
        for member in self.redis + self.sentinels:
            if member.process:
                member.go_on()
                member.process.kill()
        programs.kill_children_of(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
