-- SPDX-License-Identifier: Apache-2.0
-- One node may ask the provider now whether it has what may have been sent. The timer moves on at once, so that an asker who dies is
-- followed by another, and ends after the last of the delays.
--
-- KEYS: entry, due
-- ARGV: now, id, delays: how long after each question the next one comes, in ms; the last one's is for its answer
-- Returns: {'OK', asked, name, value, …}: how often it was asked, this time included, and the entry's fields · {'EARLY'}: another node is at
--       it · {'GONE'}: nothing to ask
--- @include "levels"
local entry, due = KEYS[1], KEYS[2]
local now, timer = tonumber(ARGV[1]), 'ask:' .. ARGV[2]
local delays = numbers(ARGV[3])

local at = redis.call('ZSCORE', due, timer)
if not at then
  return { 'GONE' }
end
if tonumber(at) > now then
  return { 'EARLY' }
end
local e = redis.call('HMGET', entry, 'state', 'asked')
local asked = tonumber(e[2] or 0) + 1
if e[1] ~= 'unknown' or asked > #delays then
  redis.call('ZREM', due, timer)
  return { 'GONE' }
end
redis.call('HSET', entry, 'asked', asked)
redis.call('ZADD', due, int(now + delays[asked]), timer)
return { 'OK', asked, redis.call('HGETALL', entry) }
