-- SPDX-License-Identifier: Apache-2.0
-- Opens the escalation of a conversation that has passed its answer_by. The policy is kept as it is now.
--
-- KEYS: conversation, page, pages, due
-- ARGV: now, conversation, number, policy, channel, early_ms (opens also what is due within that time)
-- Returns: {'OK', level, late_ms} · {'GONE'}: somebody has it, or it has one · {'EARLY'}: its answer_by moved
--- @include "levels"
local conversation, page, pages, due = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, id, number = tonumber(ARGV[1]), ARGV[2], ARGV[3]

local c = redis.call('HMGET', conversation, 'state', 'answer_by', 'page', 'level')
if (c[1] ~= '1' and c[1] ~= '2') or c[3] ~= '0' then
  redis.call('ZREM', due, 'answer:' .. id)
  return { 'GONE' }
end
if now + tonumber(ARGV[6]) < tonumber(c[2]) then
  redis.call('ZADD', due, c[2], 'answer:' .. id)
  return { 'EARLY' }
end

redis.call('HSET', page, 'conversation', id, 'level', c[4], 'state', 1, 'step', 0, 'pass', 0, 'generation', 0, 'opened', int(now),
  'next_at', int(now), 'policy', ARGV[4], 'paged', '', 'by', '', 'by_at', 0)
redis.call('HSET', conversation, 'page', number)
redis.call('ZADD', pages, int(now), number)
redis.call('ZREM', due, 'answer:' .. id)
redis.call('ZADD', due, int(now), 'page:' .. number)
redis.call('PUBLISH', ARGV[5], 'due')
return { 'OK', tonumber(c[4]), now - tonumber(c[2]) }
