-- SPDX-License-Identifier: Apache-2.0
-- Opens a pool to the counselors of others, or closes it. Each node decides for itself, and says it again: only a change counts.
--
-- KEYS: overflow
-- ARGV: now, why ('': it is closed), channel
-- Returns: {'OK'} · {'ALREADY'}
--- @include "levels"
--- @include "attention"
local was = redis.call('HGET', KEYS[1], 'why') or ''
if was == ARGV[2] then
  return { 'ALREADY' }
end
redis.call('HSET', KEYS[1], 'why', ARGV[2])
if was == '' or ARGV[2] == '' then
  redis.call('HSET', KEYS[1], 'at', int(tonumber(ARGV[1])))
end
if was == '' then
  attention_tell(ARGV[3], 'overload', '', '')
end
redis.call('PUBLISH', ARGV[3], 'overflow ' .. (ARGV[2] ~= '' and ARGV[2] or '-'))
return { 'OK' }
