-- SPDX-License-Identifier: Apache-2.0
-- Ends a held conversation; the counselor's slot stays taken until wrap-up is finished or its time is over. The texter's next
-- text begins a new conversation.
--
-- KEYS: conversation, due, held, wrap_up, texter, past, rates, custody
-- ARGV: now, conversation, name, epoch, outcome, wrap_up_ms, seen (sequence of the last message shown, 0 does not ask), channel
-- Returns: {'OK'}: also when the same counselor closed it before · {'UNSEEN'}: the texter has written since · {'STALE'} · {'CONFLICT'} · {'NOT_FOUND'}
--- @include "levels"
--- @include "rates"
--- @include "holder"
--- @include "custody"
--- @include "attention"
--- @include "silence"
--- @include "transfer"
local conversation, due, held, wrap_up, texter, past = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local now, id, name, epoch, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[8]

local state, refusal = held_by(conversation, name, epoch, 3)
if not state then
  if refusal == 'CONFLICT' and tonumber(redis.call('HGET', conversation, 'state')) > 3 then
    return { 'OK' }
  end
  return { refusal }
end

local seen = tonumber(ARGV[7])
if seen > 0 and tonumber(redis.call('HGET', conversation, 'last_in') or 0) > seen then
  return { 'UNSEEN' }
end
local till = int(now + tonumber(ARGV[6]))
redis.call('HSET', conversation, 'state', 4, 'outcome', ARGV[5], 'closed_at', int(now), 'wrap_up_until', till)
local c = redis.call('HMGET', conversation, 'held_at', 'last_in_at', 'taken_at', 'handled')
rates_add(KEYS[7], now, RATES_CLOSED, 1)
rates_add(KEYS[7], now, RATES_HANDLED, now - (tonumber(c[1]) or now) + (tonumber(c[4]) or 0))
if (tonumber(c[2]) or now) < (tonumber(c[3]) or 0) then
  rates_add(KEYS[7], now, RATES_SILENT, 1)
end
custody(KEYS[#KEYS], id, now, 'closed', name, epoch, ARGV[5])
silence_end(conversation, due, id)
transfer_clear(conversation, due, channel, id, epoch, 'withdrawn')
attention_drop(conversation, 'counselor_silent')
attention_drop(conversation, 'texter_silent')
redis.call('ZREM', held, id)
redis.call('ZADD', wrap_up, till, id)
redis.call('ZADD', due, till, 'wrap_up:' .. id)
if redis.call('HGET', texter, 'conversation') == id then
  redis.call('DEL', texter)
end
redis.call('INCR', past)
redis.call('PUBLISH', channel, 'released ' .. id .. ' ' .. name .. ' ' .. epoch .. ' closed')
return { 'OK' }
