-- SPDX-License-Identifier: Apache-2.0
-- Takes a held conversation from a counselor who is gone or silent: back into the queue at the old place, history kept, due for an
-- answer as if it had just come. Who was silent is not asked again in this pass. What comes back for the third time is for a supervisor.
--
-- KEYS: conversation, imminent_queue, queue, due, staff, hold, held, waiting_1 … waiting_5, tend, notes, custody
-- ARGV: now, conversation, name, epoch, reason, withins, channel, silence_at (as seen; '' does not ask),
--       note ('' is none), its sealed text
-- Returns: {'OK'} · {'STALE'}: also when the silent one has replied meanwhile · {'CONFLICT'} · {'NOT_FOUND'}
--- @include "levels"
--- @include "staff"
--- @include "holder"
--- @include "custody"
--- @include "attention"
--- @include "silence"
--- @include "notes"
--- @include "transfer"
--- @include "close"
--- @include "automatic"
--- @include "prefer"
local conversation, imminent_queue, queue, due, staff, hold, held =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local now, id, name, epoch, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[7]
local within = numbers(ARGV[6])
local REQUEUES_MAX = 3
local GIVEN_AWAY = { silent = true, transfer = true, given_back = true }

local state, refusal = held_by(conversation, name, epoch, 3)
if not state then
  return { refusal }
end

local c = redis.call('HMGET', conversation, 'level', 'score', 'enqueued', 'silence_at', 'held_at')
if ARGV[8] ~= '' and c[4] ~= ARGV[8] then
  return { 'STALE' }
end
if ARGV[9] ~= '' and notes_full(KEYS[#KEYS - 1]) then
  return { 'FULL' }
end
transfer_clear(conversation, due, channel, id, epoch, 'withdrawn')
if ARGV[9] ~= '' then
  notes_add(KEYS[#KEYS - 1], ARGV[9], now, ARGV[5], name, ARGV[10])
end
local level = tonumber(c[1])
local answer_by = int(now + within[level])
redis.call('HSET', conversation, 'state', 1, 'holder', '', 'answer_by', answer_by, 'excluded',
  GIVEN_AWAY[ARGV[5]] and name or '', 'page', 0)
-- They may be back meanwhile.
if ARGV[5] == 'lost' then
  prefer(conversation, name, now)
end
custody(KEYS[#KEYS], id, now, 'released', name, redis.call('HINCRBY', conversation, 'epoch', 1), ARGV[5])
close_settle(conversation, channel, id, 'cancelled', '', ARGV[5])
silence_end(conversation, due, id)
attention_drop(conversation, 'counselor_silent')
attention_drop(conversation, 'texter_silent')
if redis.call('HINCRBY', conversation, 'requeues', 1) >= REQUEUES_MAX then
  attention_add(conversation, channel, 'requeued', id, name)
end
redis.call('ZREM', held, id)
redis.call('HINCRBY', conversation, 'handled', int(math.max(now - (tonumber(c[5]) or now), 0)))
redis.call('ZADD', KEYS[7 + level], c[3], id)
redis.call('ZADD', queue_of(level, imminent_queue, queue), c[2], id)
redis.call('ZADD', due, answer_by, 'answer:' .. id)
-- Nobody waits anew in silence: a promise may be over by now.
if redis.call('HEXISTS', conversation, 'tend') == 1 then
  automatic_tend(conversation, KEYS[13], id, now)
end
staff_give_back(staff, hold, name, now, id)
redis.call('PUBLISH', channel, 'released ' .. id .. ' ' .. name .. ' ' .. epoch .. ' ' .. ARGV[5])
redis.call('PUBLISH', channel, 'waiting ' .. id)
return { 'OK' }
