-- SPDX-License-Identifier: Apache-2.0
-- Takes a held conversation from a counselor who is gone or silent, or who gives it away, and lets it wait again.
--
-- KEYS: conversation, imminent_queue, queue, due, staff, hold, held, waiting_1 … waiting_5, tend, notes, custody
-- ARGV: now, conversation, name, epoch, reason, withins, channel, silence_at (as seen; '' does not ask),
--       note ('' is none), its sealed text, skill that whoever takes it next must have ('' is none)
-- Returns: {'OK'} · {'STALE'}: also when the silent one has replied meanwhile · {'CONFLICT'} · {'FULL'}: too many notes · {'NOT_FOUND'}
--- @include "holder"
--- @include "notes"
--- @include "requeue"
local conversation, notes = KEYS[1], KEYS[#KEYS - 1]
local now, id, name, epoch, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[7]

local state, refusal = held_by(conversation, name, epoch, 3)
if not state then
  return { refusal }
end
if ARGV[8] ~= '' and redis.call('HGET', conversation, 'silence_at') ~= ARGV[8] then
  return { 'STALE' }
end
if ARGV[9] ~= '' and notes_full(notes) then
  return { 'FULL' }
end

if ARGV[9] ~= '' then
  notes_add(notes, ARGV[9], now, ARGV[5], name, ARGV[10])
end
if ARGV[11] ~= '' then
  require_skill(conversation, ARGV[11], now)
end
requeue(KEYS, channel, id, now, name, epoch, ARGV[5], numbers(ARGV[6]))
return { 'OK' }
