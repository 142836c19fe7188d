-- SPDX-License-Identifier: Apache-2.0
-- Takes an outbox entry for sending, for as long as the lease lasts. An entry whose earlier lease ran out may have been sent: a page is sent
-- again (a second page is better than none), a reply is marked so and left for a human.
--
-- KEYS: entry, outbox, message (of a reply; unused for a page)
-- ARGV: now, id, lease_ms, channel, keep_ms
-- Returns: {'OK', epoch, kind, name, value, …}: the entry's fields · {'UNKNOWN'}: it may have been sent, and now says so ·
--       {'GONE'}: nothing to do
--- @include "levels"
local entry, outbox, message = KEYS[1], KEYS[2], KEYS[3]
local now, id, channel = tonumber(ARGV[1]), ARGV[2], ARGV[4]

local e = redis.call('HMGET', entry, 'state', 'kind', 'lease_until', 'conversation')
if e[1] ~= 'queued' and e[1] ~= 'sending' then
  redis.call('ZREM', outbox, id)
  return { 'GONE' }
end
if e[1] == 'sending' and now < tonumber(e[3]) then
  return { 'GONE' }
end
if e[1] == 'sending' and e[2] == 'reply' then
  redis.call('HSET', entry, 'state', 'done', 'delivery', 5, 'error', 'interrupted')
  redis.call('HINCRBY', entry, 'epoch', 1)
  redis.call('PEXPIRE', entry, ARGV[5])
  redis.call('ZREM', outbox, id)
  redis.call('HSET', message, 'delivery', 5, 'note', 'interrupted while it was being sent')
  redis.call('PUBLISH', channel, 'delivery ' .. e[4] .. ' ' .. id)
  return { 'UNKNOWN' }
end

local till = int(now + tonumber(ARGV[3]))
local epoch = redis.call('HINCRBY', entry, 'epoch', 1)
redis.call('HINCRBY', entry, 'attempts', 1)
redis.call('HSET', entry, 'state', 'sending', 'lease_until', till)
redis.call('ZADD', outbox, till, id)
return { 'OK', epoch, e[2], redis.call('HGETALL', entry) }
