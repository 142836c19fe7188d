-- SPDX-License-Identifier: Apache-2.0
-- Who was asked to take a conversation on does not: the giver keeps it, and is told. One that is for a skill goes to the next who has it, and
-- when there is nobody else it waits in the queue for one.
--
-- KEYS: conversation, imminent_queue, queue, due, staff, hold (the giver's), held, waiting_1 … waiting_5, tend, with (the other's),
--       with_next, custody
-- ARGV: now, conversation, to, epoch, why ("declined", "expired", "withdrawn"), channel, giver (as the caller saw them), who is
--       asked next ('' is nobody), transfer_ms, withins
-- Returns: {'OK', 'kept'|'next'|'released'} · {'GONE'}: that transfer is over · {'EARLY'}: it has not expired yet
--- @include "requeue"
local conversation, due, staff, with, with_next = KEYS[1], KEYS[4], KEYS[5], KEYS[14], KEYS[15]
local now, id, to, epoch, why, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local giver, other = ARGV[7], ARGV[8]

local function is_free(name)
  local s = staff_get(staff, name)
  return s and s.presence == 'available' and s.load < staff_capacity(s, now)
end

local c = redis.call('HMGET', conversation, 'state', 'epoch', 'transfer_to', 'transfer_until', 'holder', 'transfer_skill', 'transfer_asked')
if c[1] ~= '3' or c[2] ~= epoch or c[3] ~= to or to == '' or c[5] ~= giver then
  return { 'GONE' }
end
if why == 'expired' and now < tonumber(c[4]) then
  return { 'EARLY' }
end
redis.call('HDEL', with, id)
if (c[6] or '') == '' then
  transfer_clear(conversation, due, channel, id, epoch, why)
  redis.call('PUBLISH', channel, 'transfer_over ' .. id .. ' ' .. giver .. ' ' .. to .. ' ' .. why)
  redis.call('PUBLISH', channel, 'changed ' .. id)
  return { 'OK', 'kept' }
end

local _, before = string.gsub(c[7], '[^,]+', '')
if other ~= '' and other ~= to and before + 1 < TRANSFER_ASKED_MAX and is_free(other) then
  transfer_clear(conversation, due, channel, id, epoch, why)
  transfer_open(conversation, due, with_next, channel, id, epoch, other, now + tonumber(ARGV[9]), c[6],
    c[7] == '' and to or (c[7] .. ',' .. to))
  redis.call('PUBLISH', channel, 'changed ' .. id)
  return { 'OK', 'next' }
end
requeue(KEYS, channel, id, now, giver, epoch, 'transfer', numbers(ARGV[10]), why)
return { 'OK', 'released' }
