-- SPDX-License-Identifier: Apache-2.0
-- A word among staff about a conversation that somebody holds. It is a note, and in no outbox: it cannot reach the texter.
--
-- KEYS: conversation, notes
-- ARGV: now, conversation, name, note, sealed, channel
-- Returns: {'OK'} · {'CONFLICT'}: nobody holds it · {'FULL'}: too many notes · {'NOT_FOUND'}
--- @include "levels"
--- @include "notes"
local now, id, name, note, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[6]

local c = redis.call('HMGET', KEYS[1], 'state', 'holder')
if not c[1] then
  return { 'NOT_FOUND' }
end
if c[1] ~= '3' then
  return { 'CONFLICT' }
end
if notes_full(KEYS[2]) then
  return { 'FULL' }
end
notes_add(KEYS[2], note, now, 'whisper', name, ARGV[5])
redis.call('PUBLISH', channel, 'whisper ' .. id .. ' ' .. c[2] .. ' ' .. note)
return { 'OK' }
