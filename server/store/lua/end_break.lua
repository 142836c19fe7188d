-- SPDX-License-Identifier: Apache-2.0
-- A break is over: whoever took it is available, at once or when their console is back.
--
-- KEYS: staff, due
-- ARGV: now, name, channel
-- Returns: {'OK'} · {'EARLY'} · {'GONE'}: there is no break
--- @include "staff"
local s, name = staff_get(KEYS[1], ARGV[2]), ARGV[2]
if s and s.break_until and tonumber(ARGV[1]) < s.break_until then
  return { 'EARLY' }
end
redis.call('ZREM', KEYS[2], 'break:' .. name)
if not s or not s.break_until then
  return { 'GONE' }
end
s.break_until = nil
if s.presence == 'break' then
  s.presence = 'available'
  redis.call('PUBLISH', ARGV[3], 'presence ' .. name .. ' available break_over')
  redis.call('PUBLISH', ARGV[3], 'freed ' .. name)
elseif s.before == 'break' then
  s.before = 'available'
end
staff_set(KEYS[1], name, s)
return { 'OK' }
