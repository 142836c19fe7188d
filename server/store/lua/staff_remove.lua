-- SPDX-License-Identifier: Apache-2.0
-- Removes one staff member's record.
--
-- KEYS: records, phones
-- ARGV: name, channel
-- Returns: {'OK'} · {'NOT_FOUND'}
local before = redis.call('HGET', KEYS[1], ARGV[1])
if not before then
  return { 'NOT_FOUND' }
end
local phone = cjson.decode(before).phone_hash
if phone and phone ~= '' then
  redis.call('HDEL', KEYS[2], phone)
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('PUBLISH', ARGV[2], 'staff')
return { 'OK' }
