-- SPDX-License-Identifier: Apache-2.0
-- Accepts an offer: from now on the counselor holds the conversation.
--
-- KEYS: conversation, due, staff, held, waiting_1 … waiting_5, rates, custody
-- ARGV: now, conversation, name, epoch, channel
-- Returns: {'OK', page}: also when it was accepted before by the same call; page is the open escalation's number or 0 ·
--       {'GONE'}: the offer is over · {'NOT_FOUND'}
--- @include "levels"
--- @include "rates"
--- @include "staff"
--- @include "custody"
--- @include "silence"
--- @include "also"
local conversation, due, staff, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, id, name, epoch = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]

local c = redis.call('HMGET', conversation, 'state', 'holder', 'epoch', 'level', 'page', 'enqueued')
if not c[1] then
  return { 'NOT_FOUND' }
end
if c[2] ~= name or c[3] ~= epoch or (c[1] ~= '2' and c[1] ~= '3') then
  return { 'GONE' }
end
if c[1] == '3' then
  return { 'OK', tonumber(c[5]) }
end

redis.call('HSET', conversation, 'state', 3, 'held_at', int(now), 'unanswered_at', int(now), 'excluded', '')
silence_begin(conversation, due, id, now)
redis.call('ZREM', due, 'offer:' .. id, 'answer:' .. id)
redis.call('ZREM', KEYS[4 + tonumber(c[4])], id)
redis.call('ZADD', held, int(now), id)
redis.call('HSETNX', conversation, 'taken_at', int(now))
rates_add(KEYS[10], now, RATES_TAKEN, 1)
rates_add(KEYS[10], now, RATES_WAITED, now - tonumber(c[6]))
custody(KEYS[#KEYS], id, now, 'accepted', name, epoch, '')
local s = staff_get(staff, name)
if s then
  s.misses = 0
  staff_set(staff, name, s)
end
also_over(conversation, ARGV[5], id, epoch, 'accepted_elsewhere', name)
redis.call('PUBLISH', ARGV[5], 'changed ' .. id)
return { 'OK', tonumber(c[5]) }
