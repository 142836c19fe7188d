-- SPDX-License-Identifier: Apache-2.0
-- A counselor takes a break: no offers until it is over, and then they are available again by themselves.
--
-- KEYS: staff, due
-- ARGV: name, session, until
-- Returns: {'OK'} · {'STALE'}: signed in elsewhere since
--- @include "staff"
local s = staff_get(KEYS[1], ARGV[1])
if not s or s.session ~= ARGV[2] then
  return { 'STALE' }
end
s.presence, s.misses, s.break_until = 'break', 0, tonumber(ARGV[3])
staff_set(KEYS[1], ARGV[1], s)
redis.call('ZADD', KEYS[2], int(s.break_until), 'break:' .. ARGV[1])
return { 'OK' }
