-- SPDX-License-Identifier: Apache-2.0
-- What staff write about a conversation that somebody holds: a whisper, which is for the others in it, or a note or summary for whoever
-- has the texter next, which may also come in wrap-up, and for a while after it from who had them. It is in no outbox: it cannot reach
-- the texter.
--
-- KEYS: conversation, notes
-- ARGV: now, conversation, name, note, sealed, channel, kind ("whisper", "note", "summary")
-- Returns: {'OK'} · {'CONFLICT'}: nobody holds it · {'FULL'}: too many notes · {'NOT_FOUND'}
--- @include "levels"
--- @include "notes"
local now, id, name, note, channel, kind = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[6], ARGV[7]

local LATE_MS = 3600000

local c = redis.call('HMGET', KEYS[1], 'state', 'holder', 'closed_at', 'erased_at')
if not c[1] then
  return { 'NOT_FOUND' }
end
local theirs = c[1] == '5' and c[2] == name and not c[4] and now - (tonumber(c[3]) or 0) < LATE_MS
if c[1] ~= '3' and (kind == 'whisper' or (c[1] ~= '4' and not theirs)) then
  return { 'CONFLICT' }
end
if notes_full(KEYS[2]) then
  return { 'FULL' }
end
notes_add(KEYS[2], note, now, kind, name, ARGV[5])
redis.call('PUBLISH', channel, 'whisper ' .. id .. ' ' .. c[2] .. ' ' .. note)
return { 'OK' }
