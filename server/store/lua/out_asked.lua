-- SPDX-License-Identifier: Apache-2.0
-- What the provider said about a reply that may have been sent. A text of the provider's that is known to be another reply of ours is not
-- this one, however alike they are.
--
-- KEYS: entry, message, due, known (of the provider's id)
-- ARGV: id, delivery (2 sent, 3 delivered, 4 failed; 0: it does not know), provider_id, note, keep_ms, channel
-- Returns: {'OK'} · {'CONFLICT'}: that text is another reply's · {'STALE'}: it is settled
--- @include "outbox"
local entry, message, due, known = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, delivery, channel = ARGV[1], tonumber(ARGV[2]), ARGV[6]

local e = redis.call('HMGET', entry, 'state', 'conversation')
if e[1] ~= 'unknown' then
  redis.call('ZREM', due, 'ask:' .. id)
  return { 'STALE' }
end
local owner = delivery ~= 0 and redis.call('GET', known)
if owner and owner ~= id then
  return { 'CONFLICT' }
end
redis.call('ZREM', due, 'ask:' .. id)
if delivery == 0 then
  out_write(entry, message, id, e[2], 'unknown', UNKNOWN, ARGV[4], ARGV[5], channel)
  return { 'OK' }
end
out_write(entry, message, id, e[2], 'done', delivery, ARGV[4], ARGV[5], channel)
redis.call('HSET', entry, 'provider_id', ARGV[3])
redis.call('SET', known, id, 'PX', ARGV[5])
return { 'OK' }
