# SPDX-License-Identifier: Apache-2.0
"""Every wire between two parts misbehaves while people text and answer: to Redis, from gateways, to consoles, to the carrier."""
import shutil
import tempfile
from pathlib import Path

import pytest

from faults import many
from house import House
from night import Night
from poll import pause
from proxy import CALM, ROUGH, Proxy

ROUNDS = many(4, 60)


class Wires:
    """One house whose four wires lead through proxies."""

    def __init__(self, authority, redis, seed):
        self.folder = Path(tempfile.mkdtemp(prefix="hf-wires-"))
        self.to_redis = Proxy(redis.socket, seed, path=self.folder / "r.sock")
        self.house = House(authority, pools={"calm": 1}, redis=redis, edit=self.lead)
        self.seed = seed
        self.carrier = Proxy(self.house.carrier.port, seed)
        self.house.config["gateways"][0]["send_url"] = f"http://127.0.0.1:{self.carrier.port}"
        self.house.write_config()
        self.house.start()
        self.gateways = Proxy(self.house.gateways_port, seed)
        self.consoles = Proxy(self.house.consoles_port, seed)

    def lead(self, config):
        config["redis"]["socket"] = self.to_redis.path

    @property
    def all(self):
        return {"redis": self.to_redis, "carrier": self.carrier, "gateways": self.gateways, "consoles": self.consoles}

    def calm(self):
        for wire in self.all.values():
            wire.faults = CALM
            wire.cut_all()  # whatever was silenced must be opened anew

    def end(self):
        self.house.end()
        for wire in self.all.values():
            wire.end()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def wires(authority, redis, request):
    w = Wires(authority, redis, request.config.holdfast_seed)
    yield w
    w.end()


def test_rough_wires(wires, seeded):
    with Night(wires.house, seeded, texters=4, gateways_port=lambda house: wires.gateways.port,
               consoles_port=lambda house: wires.consoles.port) as night:
        for _ in range(ROUNDS):
            name = seeded.choice(list(wires.all))
            wires.all[name].faults = seeded.choice(ROUGH)
            pause(seeded.uniform(0.3, 2.0))
            wires.all[name].faults = CALM
            if seeded.random() < 0.5:
                wires.all[name].cut_all()
        wires.calm()
        wires.house.wait_ready(deadline=30)
        night.settle()
        night.reckon()
    injected = {name: wire.injected for name, wire in wires.all.items()}
    print(injected)
    assert sum(i["cut"] + i["silenced"] + i["late"] for i in injected.values()) > 0
