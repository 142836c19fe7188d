-- SPDX-License-Identifier: Apache-2.0
-- The level of a conversation has changed while somebody holds it or is offered it: what it costs them follows.
--
-- KEYS: conversation, staff, hold
-- ARGV: conversation, name
-- Returns: {'OK'} · {'STALE'}: it is not theirs any more
--- @include "staff"
local c = redis.call('HMGET', KEYS[1], 'holder', 'level', 'state')
if c[1] ~= ARGV[2] or tonumber(c[3]) < 2 or tonumber(c[3]) > 4 then
  return { 'STALE' }
end
staff_reweigh(KEYS[2], KEYS[3], ARGV[2], ARGV[1], tonumber(c[2]))
return { 'OK' }
