-- SPDX-License-Identifier: Apache-2.0
-- Acknowledges an escalation: paging stops until the conversation is taken, or until the deadline that the acknowledgement carries.
--
-- KEYS: page, due, out_1, unsent_1 … (of pages, by gateway)
-- ARGV: now, number, person, acknowledge_ms, the same of a flag
-- Returns: {'OK'} · {'ALREADY', person, at} · {'RESOLVED'} · {'NOT_FOUND'}
--- @include "levels"
--- @include "pages"
local page, due = KEYS[1], KEYS[2]
local now, number = tonumber(ARGV[1]), ARGV[2]

local p = redis.call('HMGET', page, 'state', 'by', 'by_at', 'cause')
if not p[1] then
  return { 'NOT_FOUND' }
end
if p[1] == '3' then
  return { 'RESOLVED' }
end
if p[1] == '2' then
  return { 'ALREADY', p[2], tonumber(p[3]) }
end
local next_at = int(now + tonumber(p[4] and ARGV[5] or ARGV[4]))
redis.call('HSET', page, 'state', 2, 'by', ARGV[3], 'by_at', int(now), 'next_at', next_at)
redis.call('HINCRBY', page, 'generation', 1)
pages_withdraw(page, { unpack(KEYS, 3) })
redis.call('ZADD', due, next_at, 'page:' .. number)
return { 'OK' }
