-- SPDX-License-Identifier: Apache-2.0
-- Moves the time at which it is decided again what somebody who waits is told. Who has just texted, or was tended by another node, has another
-- time already, and keeps it.
--
-- KEYS: conversation, tend
-- ARGV: conversation, seen (its time as the caller saw it), next_at (0: nothing is left to say), mark (of what is not said because it is turned
--       off, or '')
-- Returns: {'OK'} · {'STALE'}: it has another time
--- @include "automatic"
local conversation, tend = KEYS[1], KEYS[2]
local id, next_at, mark = ARGV[1], ARGV[3], ARGV[4]

local at = redis.call('ZSCORE', tend, id)
if not at or tonumber(at) ~= tonumber(ARGV[2]) then
  return { 'STALE' }
end
local c = redis.call('HMGET', conversation, 'state', 'said')
if not c[1] then
  redis.call('ZREM', tend, id)
  return { 'OK' }
end
-- Whoever is held is told nothing by itself.
local told = automatic_is_true('waiting', c[1]) or automatic_is_true('over', c[1])
local said = c[2] or ''
if told and mark ~= '' and not automatic_was_said(said, mark) then
  redis.call('HSET', conversation, 'said', said == '' and mark or said .. ',' .. mark)
end
if told and next_at ~= '0' then
  redis.call('HSET', conversation, 'tend', next_at)
  redis.call('ZADD', tend, next_at, id)
else
  redis.call('HSET', conversation, 'tend', 0)
  redis.call('ZREM', tend, id)
end
return { 'OK' }
