-- SPDX-License-Identifier: Apache-2.0
-- One heartbeat of a node, and what is known of all: their counters, and the time that each went by at its last beat. Counters of the
-- dead, which the caller names, are forgotten. Repeated, it is one more beat.
--
-- KEYS: beats, clocks
-- ARGV: node, now (0: not known yet), node to forget …
-- Returns: {'OK', {node, counter, …}, {node, now, …}}
local beats, clocks = KEYS[1], KEYS[2]
redis.call('HINCRBY', beats, ARGV[1], 1)
redis.call('HSET', clocks, ARGV[1], ARGV[2])
for i = 3, #ARGV do
  redis.call('HDEL', beats, ARGV[i])
  redis.call('HDEL', clocks, ARGV[i])
end
return { 'OK', redis.call('HGETALL', beats), redis.call('HGETALL', clocks) }
