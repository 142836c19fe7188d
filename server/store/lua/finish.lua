-- SPDX-License-Identifier: Apache-2.0
-- Ends wrap-up: the conversation is closed and the counselor's slot is free. What they leave behind counts also when the limit was
-- faster. After an imminent one they get less for a while, and are offered a break.
--
-- KEYS: conversation, due, wrap_up, staff, hold, rates, closed, notes, custody
-- ARGV: now, conversation, name, epoch, channel, exposed_ms, exposed_units, tags ('' leaves those of the close), note ('' is none), its
--       sealed text
-- Returns: {'OK'}: also when it is closed already · {'STALE'} · {'CONFLICT'} · {'FULL'}: too many notes · {'NOT_FOUND'}
--- @include "staff"
--- @include "rates"
--- @include "holder"
--- @include "custody"
--- @include "record"
local conversation, due, wrap_up, staff, hold = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now, id, name, epoch, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local state, refusal = held_by(conversation, name, epoch, 4)
local already = refusal == 'CONFLICT' and redis.call('HGET', conversation, 'state') == '5'
if not state and not already then
  return { refusal }
end
if already and redis.call('HEXISTS', conversation, 'erased_at') == 1 then
  return { 'OK' } -- and nothing is written any more
end
if record_full(KEYS[8], ARGV[9]) then
  return { 'FULL' }
end
record_add(conversation, KEYS[8], now, name, ARGV[8], ARGV[9], ARGV[10])
if already then
  return { 'OK' }
end

redis.call('HSET', conversation, 'state', 5)
rates_add(KEYS[6], now, RATES_HANDLED, now - (tonumber(redis.call('HGET', conversation, 'closed_at')) or now))
custody(KEYS[#KEYS], id, now, 'finished', name, epoch, '')
redis.call('ZREM', due, 'wrap_up:' .. id)
redis.call('ZREM', wrap_up, id)
redis.call('ZADD', KEYS[7], redis.call('HGET', conversation, 'closed_at') or int(now), id)
local imminent = tonumber(redis.call('HGET', hold, id)) == ALL_UNITS
local s = staff_give_back(staff, hold, name, now, id)
local exposed_ms = tonumber(ARGV[6])
if s and imminent and exposed_ms > 0 then
  s.exposed_until, s.exposed_units = now + exposed_ms, tonumber(ARGV[7])
  staff_set(staff, name, s)
  redis.call('PUBLISH', channel, 'break_offered ' .. name)
end
redis.call('PUBLISH', channel, 'freed ' .. name)
return { 'OK' }
