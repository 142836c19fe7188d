-- SPDX-License-Identifier: Apache-2.0
-- A console vanished, or its node did: the counselor gets no more offers and keeps the people held until the grace is over.
--
-- KEYS: staff, due
-- ARGV: now, name, session, grace_ms
-- Returns: {'OK'} · {'STALE'}: another session has taken over, or it is known
--- @include "levels"
--- @include "staff"
local s = staff_get(KEYS[1], ARGV[2])
if not s or s.session ~= ARGV[3] or s.presence == 'gone' then
  return { 'STALE' }
end
local now = tonumber(ARGV[1])
s.before = s.presence
s.presence = 'gone'
s.gone_at = now + tonumber(ARGV[4])
staff_set(KEYS[1], ARGV[2], s)
redis.call('ZADD', KEYS[2], int(s.gone_at), 'gone:' .. ARGV[2])
return { 'OK' }
