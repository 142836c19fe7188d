-- SPDX-License-Identifier: Apache-2.0
-- What staff write about a conversation that somebody holds: a whisper, which is for the others in it, or a note or summary for whoever
-- has the texter next, which may also come in wrap-up. It is in no outbox: it cannot reach the texter.
--
-- KEYS: conversation, notes
-- ARGV: now, conversation, name, note, sealed, channel, kind ("whisper", "note", "summary")
-- Returns: {'OK'} · {'CONFLICT'}: nobody holds it · {'FULL'}: too many notes · {'NOT_FOUND'}
--- @include "levels"
--- @include "notes"
local now, id, name, note, channel, kind = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[6], ARGV[7]

local c = redis.call('HMGET', KEYS[1], 'state', 'holder')
if not c[1] then
  return { 'NOT_FOUND' }
end
if c[1] ~= '3' and (c[1] ~= '4' or kind == 'whisper') then
  return { 'CONFLICT' }
end
if notes_full(KEYS[2]) then
  return { 'FULL' }
end
notes_add(KEYS[2], note, now, kind, name, ARGV[5])
redis.call('PUBLISH', channel, 'whisper ' .. id .. ' ' .. c[2] .. ' ' .. note)
return { 'OK' }
