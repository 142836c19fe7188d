-- SPDX-License-Identifier: Apache-2.0
-- Opens the escalation of a flag, whoever holds the conversation. The policy is kept as it is now.
--
-- KEYS: conversation, page, pages, due
-- ARGV: now, conversation, number, policy, channel
-- Returns: {'OK', level, late_ms} · {'GONE'}: it is settled, or has one
--- @include "levels"
local conversation, page, pages, due = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, id, number = tonumber(ARGV[1]), ARGV[2], ARGV[3]

local c = redis.call('HMGET', conversation, 'state', 'flag_at', 'flag_page', 'level', 'flag_cause')
local flagged = tonumber(c[2]) or 0
redis.call('ZREM', due, 'flag:' .. id)
if (tonumber(c[1]) or 5) > 3 or flagged == 0 or c[3] ~= '0' then
  return { 'GONE' }
end
redis.call('HSET', page, 'conversation', id, 'level', c[4], 'cause', c[5], 'state', 1, 'step', 0, 'pass', 0, 'generation', 0, 'opened',
  int(now), 'next_at', int(now), 'policy', ARGV[4], 'paged', '', 'by', '', 'by_at', 0)
redis.call('HSET', conversation, 'flag_page', number)
redis.call('ZADD', pages, int(now), number)
redis.call('ZADD', due, int(now), 'page:' .. number)
redis.call('PUBLISH', ARGV[5], 'due')
return { 'OK', tonumber(c[4]), now - flagged }
