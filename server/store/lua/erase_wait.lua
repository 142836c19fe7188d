-- SPDX-License-Identifier: Apache-2.0
-- Looks again later. The conversation that is waited for shows that its texter has asked for deletion, and supervisors are told once.
--
-- KEYS: request, due, conversation
-- ARGV: now, member, next_at, conversation (or ''), channel
-- Returns: {'OK'} · {'NOT_FOUND'}: there is no such wish, and no timer any more
--- @include "levels"
--- @include "attention"
--- @include "erase"
local request, due, conversation = KEYS[1], KEYS[2], KEYS[3]
if redis.call('EXISTS', request) == 0 then
  redis.call('ZREM', due, erase_timer(ARGV[2]))
  return { 'NOT_FOUND' }
end
redis.call('ZADD', due, ARGV[3], erase_timer(ARGV[2]))
local c = redis.call('HMGET', conversation, 'state', 'holder', 'erase_asked_at')
if c[1] and tonumber(c[1]) < 5 and not c[3] then
  redis.call('HSET', conversation, 'erase_asked_at', ARGV[1])
  attention_tell(ARGV[5], 'deletion_asked', ARGV[4], c[2] or '')
end
return { 'OK' }
