# SPDX-License-Identifier: Apache-2.0
"""Start-up is recovery, and does not grow with what is open: many open conversations, kill -9, start. The times are printed."""
import os
import signal
import time

from faults import many
from house import House, new_number
from poll import poll
from programs import PATIENCE
from redis_server import redis_info

OPEN = many(3000, 100000)
# Copies of one conversation, each with its text, claim, texter, places and timer.
CLONE = """
local tag, id, n = KEYS[1], ARGV[1], tonumber(ARGV[2])
local function all(key) return redis.call('HGETALL', tag .. key) end
local c, message = all(':c:' .. id), redis.call('LINDEX', tag .. ':ms:' .. id, 0)
local m = all(':m:' .. message)
local f = {}
for i = 1, #c, 2 do f[c[i]] = c[i + 1] end
for i = 1, n do
  local new = string.format('%s.clone%021d', string.match(id, '^(.-)%.'), i)
  redis.call('HSET', tag .. ':c:' .. new, unpack(c))
  redis.call('HSET', tag .. ':c:' .. new, 'texter', 't' .. i, 'answer_by', f.answer_by + i)
  redis.call('RPUSH', tag .. ':ms:' .. new, new)
  redis.call('HSET', tag .. ':m:' .. new, unpack(m))
  redis.call('HSET', tag .. ':m:' .. new, 'conversation', new)
  redis.call('HSET', tag .. ':texter:' .. f.line .. ':t' .. i, 'conversation', new, 'key', f.key)
  redis.call('SET', tag .. ':seen:kannel:' .. i, new, 'PX', 600000)
  redis.call('ZADD', tag .. ':q', f.score + i, new)
  redis.call('ZADD', tag .. ':w:' .. f.level, f.enqueued + i, new)
  redis.call('ZADD', tag .. ':due', f.answer_by + i, 'answer:' .. new)
end
return n
"""


def fill(house):
    pool = house.pools[0]
    house.text(pool, new_number(), "hello")
    [entry] = house.operator.ask("get_queue", limit=1).entries
    for _ in range(OPEN // 1000):
        begin = int(house.cli("zcard", f"{{{pool.name}}}:q"))
        house.cli("eval", CLONE.replace("for i = 1, n", f"for i = {begin}, {begin} + n - 1"), 1, f"{{{pool.name}}}",
                  entry.conversation, 1000)
    assert int(house.cli("zcard", f"{{{pool.name}}}:q")) > OPEN - 1000


def restart(house):
    begin = time.monotonic()
    house.start(wait=False)
    poll(house.is_ready, 60 * PATIENCE, "/readyz to answer 200", every=0.005)
    return time.monotonic() - begin


def test_start_with_many_open_conversations(authority, redis):
    house = House(authority, pools={"calm": 1}, redis=redis)
    try:
        house.start()
        fill(house)
        house.kill()
        alone = restart(house)
        print(f"{OPEN} open conversations: ready {alone:.2f} s after kill -9 of holdfastd")
        console = house.counselor(house.pools[0])
        assert console.take().messages[0].text == "hello"
    finally:
        house.end()


def test_start_with_redis_too(authority):
    house = House(authority, pools={"calm": 1})
    try:
        house.start()
        fill(house)
        house.cli("bgrewriteaof")
        poll(lambda: "aof_rewrite_in_progress:0" in redis_info(house.redis_socket, "persistence"), 30 * PATIENCE, "the rewrite")
        pid = house.redis_pid()
        house.kill()
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it ended with its parent
        both = restart(house)
        print(f"{OPEN} open conversations: ready {both:.2f} s after kill -9 of holdfastd and Redis")
        assert house.counselor(house.pools[0]).take().messages[0].text == "hello"
    finally:
        house.end()
