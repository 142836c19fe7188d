-- SPDX-License-Identifier: Apache-2.0
-- Removes a counselor who has been gone for longer than the grace and holds nobody any more. Who came back and is gone again has a grace
-- of their own, and its timer stays. How long they get less after imminent work is kept for their return.
--
-- KEYS: staff, due, hold, exposed
-- ARGV: now, name
-- Returns: {'OK'} · {'CONFLICT'}: back again, or still holding somebody
--- @include "levels"
--- @include "staff"
local s = staff_get(KEYS[1], ARGV[2])
if s and s.presence ~= 'gone' then
  redis.call('ZREM', KEYS[2], 'gone:' .. ARGV[2])
  return { 'CONFLICT' }
end
if s and tonumber(ARGV[1]) < s.gone_at then
  redis.call('ZADD', KEYS[2], int(s.gone_at), 'gone:' .. ARGV[2])
  return { 'CONFLICT' }
end
if redis.call('HLEN', KEYS[3]) > 0 then
  return { 'CONFLICT' }
end
if s and s.exposed_until and s.exposed_until > tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[4], ARGV[2], int(s.exposed_until) .. ' ' .. int(s.exposed_units))
end
redis.call('HDEL', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], 'gone:' .. ARGV[2], 'break:' .. ARGV[2])
return { 'OK' }
