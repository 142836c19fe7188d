-- SPDX-License-Identifier: Apache-2.0
-- Accepts a conversation that is offered to somebody else, and to this counselor also: the offer before ends and a new one is accepted, in
-- one step, so that the epoch rises by two. Nobody has missed anything.
--
-- KEYS: conversation, due, staff, held, waiting_1 … waiting_5, rates, hold_before, hold, custody
-- ARGV: now, conversation, name, epoch (of the offer), channel, before (the holder as the caller saw them: a key was made of it)
-- Returns: {'OK', page}: also when the same call did it before · {'GONE'}: somebody was sooner, or it is over · {'FULL'} · {'NOT_FOUND'}
--- @include "levels"
--- @include "rates"
--- @include "staff"
--- @include "custody"
--- @include "silence"
--- @include "also"
local conversation, due, staff, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local hold_before, hold = KEYS[11], KEYS[12]
local now, id, name, epoch, channel, before = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]

local c = redis.call('HMGET', conversation, 'state', 'holder', 'epoch', 'level', 'page', 'enqueued', 'taken_from')
if not c[1] then
  return { 'NOT_FOUND' }
end
if c[1] == '3' and c[2] == name and c[7] == epoch then
  return { 'OK', tonumber(c[5]) }
end
local s = staff_get(staff, name)
if c[1] ~= '2' or c[2] ~= before or c[3] ~= epoch or not s or s.presence == 'gone' or not also_has(conversation, epoch, name) then
  return { 'GONE' }
end
if s.load >= staff_capacity(s, now) then
  return { 'FULL' }
end

local level = tonumber(c[4])
staff_give_back(staff, hold_before, before, now, id)
s.misses = 0
staff_take(staff, hold, name, s, id, level)
also_over(conversation, channel, id, epoch, 'accepted_elsewhere', name)
redis.call('PUBLISH', channel, 'offer_over ' .. id .. ' ' .. before .. ' ' .. epoch .. ' accepted_elsewhere')
custody(KEYS[#KEYS], id, now, 'unoffered', before, redis.call('HINCRBY', conversation, 'epoch', 1), 'accepted_elsewhere')
local new = redis.call('HINCRBY', conversation, 'epoch', 1)
custody(KEYS[#KEYS], id, now, 'offered', name, new, '')
custody(KEYS[#KEYS], id, now, 'accepted', name, new, '')
redis.call('HSET', conversation, 'state', 3, 'holder', name, 'held_at', int(now), 'unanswered_at', int(now), 'excluded', '', 'offer_until', 0,
  'taken_from', epoch)
silence_begin(conversation, due, id, now)
redis.call('ZREM', due, 'offer:' .. id, 'answer:' .. id)
redis.call('ZREM', KEYS[4 + level], id)
redis.call('ZADD', held, int(now), id)
redis.call('HSETNX', conversation, 'taken_at', int(now))
rates_add(KEYS[10], now, RATES_TAKEN, 1)
rates_add(KEYS[10], now, RATES_WAITED, now - tonumber(c[6]))
redis.call('PUBLISH', channel, 'freed ' .. before)
redis.call('PUBLISH', channel, 'changed ' .. id)
return { 'OK', tonumber(c[5]) }
