-- SPDX-License-Identifier: Apache-2.0
-- Begins a new pass: everybody who has room has declined or missed this conversation, so all may be asked again.
--
-- KEYS: conversation
-- ARGV: conversation, excluded (as seen by the caller), channel
-- Returns: {'OK'} · {'CONFLICT'}: somebody changed it meanwhile
local c = redis.call('HMGET', KEYS[1], 'state', 'excluded')
if c[1] ~= '1' or c[2] ~= ARGV[2] then
  return { 'CONFLICT' }
end
redis.call('HSET', KEYS[1], 'excluded', '')
redis.call('PUBLISH', ARGV[3], 'waiting ' .. ARGV[1])
return { 'OK' }
