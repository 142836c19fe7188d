-- SPDX-License-Identifier: Apache-2.0
-- A counselor signs in; an earlier session of the same name is over. Coming back within the grace, they keep their presence.
--
-- KEYS: staff, due, hold, exposed
-- ARGV: now, name, node, session, capacity, channel, guest (1: of another pool, helping out)
-- Returns: {'OK', presence}
--- @include "levels"
--- @include "staff"
local staff, due, hold = KEYS[1], KEYS[2], KEYS[3]
local now, name = tonumber(ARGV[1]), ARGV[2]

local known = staff_get(staff, name)
local s = known or { presence = 'away', idle_since = now, misses = 0 }
if s.presence == 'gone' then
  s.presence = s.before or 'away'
end
s.before = nil
s.gone_at = nil
s.node, s.session, s.capacity = ARGV[3], ARGV[4], tonumber(ARGV[5])
s.guest = ARGV[7] == '1' or nil
s.load = staff_load(hold)
local exposed = numbers(redis.call('HGET', KEYS[4], name) or '')
if not known and exposed[1] and exposed[1] > now then
  s.exposed_until, s.exposed_units = exposed[1], exposed[2]
end
redis.call('HDEL', KEYS[4], name)
staff_set(staff, name, s)
redis.call('ZREM', due, 'gone:' .. name)
redis.call('PUBLISH', ARGV[6], 'session ' .. name .. ' ' .. ARGV[4])
redis.call('PUBLISH', ARGV[6], 'freed ' .. name)
return { 'OK', s.presence }
