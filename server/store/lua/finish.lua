-- SPDX-License-Identifier: Apache-2.0
-- Ends wrap-up: the conversation is closed and the counselor's slot is free. After an imminent one they get less for a while, and are offered a
-- break.
--
-- KEYS: conversation, due, wrap_up, staff, hold, rates, closed, custody
-- ARGV: now, conversation, name, epoch, channel, exposed_ms, exposed_units
-- Returns: {'OK'}: also when it is closed already · {'STALE'} · {'CONFLICT'} · {'NOT_FOUND'}
--- @include "staff"
--- @include "rates"
--- @include "holder"
--- @include "custody"
local conversation, due, wrap_up, staff, hold = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now, id, name, epoch, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local state, refusal = held_by(conversation, name, epoch, 4)
if not state then
  if refusal == 'CONFLICT' and redis.call('HGET', conversation, 'state') == '5' then
    return { 'OK' }
  end
  return { refusal }
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
