-- SPDX-License-Identifier: Apache-2.0
-- What a look at a held conversation's silence has come to: who is told, and when the next look is.
--
-- KEYS: conversation, due
-- ARGV: now, conversation, silence_at (as seen), act ("none", "nudge", "supervisor", "texter", "texter_supervisor", "close_asked"), step, next_at, since,
--       channel
-- Returns: {'OK'} · {'STALE'}: it has been answered meanwhile · {'GONE'}: nobody holds it
--- @include "levels"
--- @include "attention"
local conversation, due = KEYS[1], KEYS[2]
local id, act, channel = ARGV[2], ARGV[4], ARGV[8]
local KINDS = { nudge = 'counselor_silent', supervisor = 'counselor_silent', texter = 'texter_silent', texter_supervisor = 'texter_silent' }

local c = redis.call('HMGET', conversation, 'state', 'silence_at', 'holder')
if c[1] ~= '3' then
  redis.call('ZREM', due, 'silence:' .. id)
  return { 'GONE' }
end
if c[2] ~= ARGV[3] then
  return { 'STALE' }
end
redis.call('HSET', conversation, 'silence_at', ARGV[6], 'silence_step', ARGV[5])
redis.call('ZADD', due, ARGV[6], 'silence:' .. id)
local kind = KINDS[act]
if kind then
  redis.call('PUBLISH', channel, 'nudge ' .. id .. ' ' .. c[3] .. ' ' .. kind .. ' ' .. ARGV[7])
end
if act == 'supervisor' or act == 'texter_supervisor' then
  attention_add(conversation, channel, kind, id, c[3])
end
if act == 'close_asked' then
  attention_add(conversation, channel, 'close_asked', id, c[3])
end
return { 'OK' }
