-- SPDX-License-Identifier: Apache-2.0
-- Writes one staff member's record and the index of phones.
--
-- KEYS: records, phones
-- ARGV: name, record (JSON), phone (keyed hash, or ""), channel
-- Returns: {'OK'} · {'CONFLICT', name}: that phone is somebody else's
local records, phones = KEYS[1], KEYS[2]
local name, phone = ARGV[1], ARGV[3]

local owner = phone ~= '' and redis.call('HGET', phones, phone)
if owner and owner ~= name then
  return { 'CONFLICT', owner }
end
local before = redis.call('HGET', records, name)
local former = before and cjson.decode(before).phone_hash
if former and former ~= '' and former ~= phone then
  redis.call('HDEL', phones, former)
end
redis.call('HSET', records, name, ARGV[2])
if phone ~= '' then
  redis.call('HSET', phones, phone, name)
end
redis.call('PUBLISH', ARGV[4], 'staff')
return { 'OK' }
