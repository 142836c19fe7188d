-- SPDX-License-Identifier: Apache-2.0
-- A word of a supervisor to everybody of the pool, now and for whoever signs in within the time it is kept.
--
-- KEYS: announcements (sorted set by time, "ID AUTHOR SEALED")
-- ARGV: now, id, author, sealed, keep_ms, channel
-- Returns: {'OK'}
--- @include "levels"
local announcements, now, keep = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[5])
local MOST = 50

redis.call('ZREMRANGEBYSCORE', announcements, '-inf', int(now - keep))
redis.call('ZADD', announcements, int(now), ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4])
redis.call('ZREMRANGEBYRANK', announcements, 0, -MOST - 1)
redis.call('PEXPIRE', announcements, keep)
redis.call('PUBLISH', ARGV[6], 'announced ' .. ARGV[2])
return { 'OK' }
