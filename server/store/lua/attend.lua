-- SPDX-License-Identifier: Apache-2.0
-- Tells supervisors that they must see to an open conversation; once, until somebody has.
--
-- KEYS: conversation
-- ARGV: conversation, kind, name, channel
-- Returns: {'OK'} · {'ALREADY'} · {'GONE'}: it is not open
--- @include "attention"
local state = tonumber(redis.call('HGET', KEYS[1], 'state') or 5)
if state > 3 then
  return { 'GONE' }
end
if attention_has(KEYS[1], ARGV[2]) then
  return { 'ALREADY' }
end
attention_add(KEYS[1], ARGV[4], ARGV[2], ARGV[1], ARGV[3])
return { 'OK' }
