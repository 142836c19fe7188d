# SPDX-License-Identifier: Apache-2.0
"""How long the spool takes to empty when Redis returns: tests/fault/spool_drain.py [TEXTS]

Run by hand; HOLDFAST_BUILD names the folder of the programs. Four texts of each person, in turns, so that the order of
each has to be kept; then every one of them is looked for."""
import http.client
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from authority import Authority  # noqa: E402
from house import House  # noqa: E402
from poll import poll  # noqa: E402
from redis_server import RedisServer  # noqa: E402
from spool import records  # noqa: E402

EACH = 4
WRITERS = 8


def write(house, pool, numbers):
    connection = http.client.HTTPSConnection("127.0.0.1", house.gateways_port, context=house.context, timeout=20)
    for i in range(EACH):
        for number in numbers:
            post = house.kannel_post(pool, number, f"{number} {i}")
            connection.request("POST", post.target, body=post.body, headers=post.headers)
            reply = connection.getresponse()
            reply.read()
            assert reply.status == 200, reply.status
    connection.close()


def fill(house, pool, texts):
    people = [f"+1500555{i:06d}" for i in range(texts // EACH)]
    writers = [threading.Thread(target=write, args=(house, pool, people[i::WRITERS])) for i in range(WRITERS)]
    begin = time.monotonic()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return time.monotonic() - begin


def count_messages(house, pool):
    return sum(int(house.cli("hget", key, "seq")) for key in house.cli("keys", f"{{{pool.name}}}:c:*"))


def measure(house, redis, texts):
    pool = house.take()
    redis.kill()
    seconds = fill(house, pool, texts)
    assert records(house) == texts
    print(f"{texts} texts accepted into the spool in {seconds:.2f} s, {texts / seconds:.0f}/s (as fast as this script posts)")
    redis.start()
    begin = time.monotonic()
    poll(lambda: house.metric("holdfast_redis_up") == 1, 30, "the link", every=0.005)
    linked = time.monotonic()
    poll(lambda: records(house) == 0, 120, "the spool to empty", every=0.005)
    end = time.monotonic()
    stored = count_messages(house, pool)
    assert stored == texts, stored
    print(f"from Redis' first answer to an empty spool: {end - begin:.2f} s, of which {end - linked:.2f} s for {texts} texts "
          f"({texts / (end - linked):.0f}/s); all are stored")


def main():
    texts = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    folders = [Path(tempfile.mkdtemp(prefix="hf-")) for _ in range(2)]
    redis = RedisServer(folders[0] / "redis").start()
    house = House(Authority(folders[1]), redis=redis, log_level="warn")
    try:
        measure(house.start(), redis, texts // EACH * EACH)
    finally:
        house.end()
        redis.end()
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
