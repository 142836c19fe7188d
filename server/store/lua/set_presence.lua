-- SPDX-License-Identifier: Apache-2.0
-- A counselor says that they are available or away; a break is over with that.
--
-- KEYS: staff, due
-- ARGV: name, session, presence, channel
-- Returns: {'OK'} · {'STALE'}: signed in elsewhere since
--- @include "staff"
local s = staff_get(KEYS[1], ARGV[1])
if not s or s.session ~= ARGV[2] then
  return { 'STALE' }
end
s.presence = ARGV[3]
s.misses = 0
s.break_until = nil
redis.call('ZREM', KEYS[2], 'break:' .. ARGV[1])
staff_set(KEYS[1], ARGV[1], s)
redis.call('PUBLISH', ARGV[4], 'freed ' .. ARGV[1])
return { 'OK' }
