-- SPDX-License-Identifier: Apache-2.0
-- Who holds a conversation asks another counselor to take it on, with a summary. Until that one accepts it stays where it is.
--
-- KEYS: conversation, due, staff, with (the other's), notes
-- ARGV: now, conversation, name, epoch, to, transfer_ms, note, sealed, channel, skill ('' is none: that one is asked alone)
-- Returns: {'OK', until}: also when it is asked already · {'FULL', 'to'|'notes'}: no room there · {'GONE'}: the other is not here, or away ·
--       {'CONFLICT', 'open'|'self'|'knows'|'state'}: another transfer is open, it is yourself, they know the texter, or nobody holds it ·
--       {'STALE'} · {'NOT_FOUND'}
--- @include "levels"
--- @include "staff"
--- @include "holder"
--- @include "notes"
--- @include "transfer"
local conversation, due, staff, with, notes = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now, id, name, epoch, to, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[9]

local state, refusal = held_by(conversation, name, epoch, 3)
if not state then
  return { refusal, 'state' }
end
local c = redis.call('HMGET', conversation, 'transfer_to', 'transfer_until', 'recused')
if c[1] == to then
  return { 'OK', tonumber(c[2]) }
end
if c[1] and c[1] ~= '' then
  return { 'CONFLICT', 'open' }
end
if to == name then
  return { 'CONFLICT', 'self' }
end
if string.find(',' .. (c[3] or '') .. ',', ',' .. to .. ',', 1, true) then
  return { 'CONFLICT', 'knows' }
end
local s = staff_get(staff, to)
if not s or s.presence ~= 'available' then
  return { 'GONE' }
end
if s.load >= staff_capacity(s, now) then
  return { 'FULL', 'to' }
end
if notes_full(notes) then
  return { 'FULL', 'notes' }
end

local till = now + tonumber(ARGV[6])
notes_add(notes, ARGV[7], now, 'transfer', name, ARGV[8])
transfer_open(conversation, due, with, channel, id, epoch, to, till, ARGV[10], '')
redis.call('PUBLISH', channel, 'changed ' .. id)
return { 'OK', till }
