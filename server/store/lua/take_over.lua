-- SPDX-License-Identifier: Apache-2.0
-- A supervisor becomes the holder at once: from whoever holds it or is offered it, or from the queue. The epoch rises, so that nothing the one
-- before still sends counts.
--
-- KEYS: conversation, imminent_queue, queue, due, staff, hold_before, hold, held, with, notes, waiting_1 … waiting_5, custody
-- ARGV: now, conversation, name, epoch, before (the holder as the caller saw them: a key was made of it), note, sealed, channel
-- Returns: {'OK', page}: also when the same call did it before; page is the open escalation's number or 0 · {'STALE'} ·
--       {'CONFLICT'}: it is closed, or yours · {'GONE'}: you are not signed in here · {'FULL'}: too many notes · {'NOT_FOUND'}
--- @include "levels"
--- @include "staff"
--- @include "attention"
--- @include "silence"
--- @include "close"
--- @include "notes"
--- @include "present"
--- @include "transfer"
--- @include "custody"
--- @include "also"
local conversation, imminent_queue, queue, due, staff = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local hold_before, hold, held, with, notes = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local now, id, name, epoch, before, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[8]

local c = redis.call('HMGET', conversation, 'state', 'holder', 'epoch', 'level', 'page', 'taken_from', 'present', 'held_at')
if not c[1] then
  return { 'NOT_FOUND' }
end
if c[1] == '3' and c[2] == name and c[6] == epoch then
  return { 'OK', tonumber(c[5]) }
end
if c[3] ~= epoch or c[2] ~= before then
  return { 'STALE' }
end
if tonumber(c[1]) > 3 or (c[1] == '3' and c[2] == name) then
  return { 'CONFLICT' }
end
if not staff_get(staff, name) then
  return { 'GONE' }
end
if notes_full(notes) then
  return { 'FULL' }
end

local level = tonumber(c[4])
transfer_clear(conversation, due, channel, id, epoch, 'withdrawn')
also_over(conversation, channel, id, epoch, 'accepted_elsewhere', name)
if before ~= '' then
  staff_give_back(staff, hold_before, before, now, id)
end
if c[1] == '3' then
  redis.call('HINCRBY', conversation, 'handled', int(math.max(now - (tonumber(c[8]) or now), 0)))
end
redis.call('HSETNX', conversation, 'taken_at', int(now))
redis.call('ZREM', imminent_queue, id)
redis.call('ZREM', queue, id)
redis.call('ZREM', KEYS[10 + level], id)
redis.call('ZREM', due, 'offer:' .. id, 'answer:' .. id)
redis.call('ZADD', held, int(now), id)
staff_take(staff, hold, name, staff_get(staff, name), id, level)
local new = redis.call('HINCRBY', conversation, 'epoch', 1)
redis.call('HSET', conversation, 'state', 3, 'holder', name, 'held_at', int(now), 'unanswered_at', int(now), 'excluded', '',
  'offer_until', 0, 'taken_from', epoch, 'present', (present_without(c[7], name)))
redis.call('HDEL', with, id)
notes_add(notes, ARGV[6], now, 'taken_over', name, ARGV[7])
close_settle(conversation, channel, id, 'cancelled', '', 'taken_over')
flag_settle(conversation, due, channel, KEYS[#KEYS], id, now, name, epoch, 'taken_over')
silence_begin(conversation, due, id, now)
for _, kind in ipairs({ 'counselor_silent', 'texter_silent', 'requeued' }) do
  attention_drop(conversation, kind)
end
custody(KEYS[#KEYS], id, now, 'taken_over', name, new, before ~= '' and 'from=' .. before or 'queue')
if c[1] == '2' and before ~= name then
  redis.call('PUBLISH', channel, 'offer_over ' .. id .. ' ' .. before .. ' ' .. epoch .. ' accepted_elsewhere')
elseif c[1] == '3' then
  redis.call('PUBLISH', channel, 'released ' .. id .. ' ' .. before .. ' ' .. epoch .. ' taken_over ' .. name)
end
redis.call('PUBLISH', channel, 'freed ' .. (before ~= '' and before or name))
redis.call('PUBLISH', channel, 'changed ' .. id)
return { 'OK', tonumber(c[5]) }
