-- SPDX-License-Identifier: Apache-2.0
-- Accepts a transfer: owner, epoch and units move in one step.
--
-- KEYS: conversation, due, staff, hold_giver, hold, held, with, custody
-- ARGV: now, conversation, name, epoch, giver (as the caller saw them: a key was made of it), channel
-- Returns: {'OK', page}: also when it was accepted before by the same call · {'GONE'}: that transfer is over · {'FULL'} · {'NOT_FOUND'}
--- @include "levels"
--- @include "staff"
--- @include "silence"
--- @include "close"
--- @include "present"
--- @include "custody"
local conversation, due, staff, hold_giver, hold, held, with = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local now, id, name, epoch, giver, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]

local c = redis.call('HMGET', conversation, 'state', 'holder', 'epoch', 'transfer_to', 'level', 'page', 'taken_from', 'present', 'unanswered_at', 'held_at')
if not c[1] then
  return { 'NOT_FOUND' }
end
if c[1] == '3' and c[2] == name and c[7] == epoch then
  return { 'OK', tonumber(c[6]) }
end
local s = staff_get(staff, name)
if c[1] ~= '3' or c[2] ~= giver or c[3] ~= epoch or c[4] ~= name or not s then
  return { 'GONE' }
end
if s.load >= staff_capacity(s, now) then
  return { 'FULL' }
end

redis.call('HINCRBY', conversation, 'handled', int(math.max(now - (tonumber(c[10]) or now), 0)))
redis.call('ZREM', due, 'transfer:' .. id)
redis.call('HDEL', with, id)
staff_give_back(staff, hold_giver, giver, now, id)
s.misses = 0
staff_take(staff, hold, name, s, id, tonumber(c[5]))
local new = redis.call('HINCRBY', conversation, 'epoch', 1)
redis.call('HSET', conversation, 'holder', name, 'held_at', int(now), 'unanswered_at', c[9] ~= '0' and int(now) or 0, 'transfer_to', '',
  'transfer_until', 0, 'transfer_skill', '', 'transfer_asked', '', 'taken_from', epoch, 'present', (present_without(c[8], name)))
redis.call('ZADD', held, int(now), id)
close_settle(conversation, channel, id, 'cancelled', '', 'transferred')
silence_begin(conversation, due, id, now)
custody(KEYS[#KEYS], id, now, 'transferred', name, new, 'from=' .. giver)
redis.call('PUBLISH', channel, 'released ' .. id .. ' ' .. giver .. ' ' .. epoch .. ' transferred ' .. name)
redis.call('PUBLISH', channel, 'freed ' .. giver)
redis.call('PUBLISH', channel, 'changed ' .. id)
return { 'OK', tonumber(c[6]) }
