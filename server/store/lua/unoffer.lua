-- SPDX-License-Identifier: Apache-2.0
-- Ends an offer without an accept: back into the queue at the old place. Who declined or missed it is not asked again in
-- this pass; who missed `misses_max` in a row becomes away. Who is asked beside the one that it is offered to only leaves the others to it.
--
-- KEYS: conversation, imminent_queue, queue, due, staff, hold, custody
-- ARGV: now, conversation, name, epoch, reason ("declined", "expired", "withdrawn"), misses_max, channel
-- Returns: {'OK'} · {'GONE'}: that offer is over · {'EARLY'}: it has not expired yet
--- @include "levels"
--- @include "staff"
--- @include "attention"
--- @include "custody"
--- @include "also"
local conversation, imminent_queue, queue, due, staff, hold = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local now, id, name, epoch = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local reason, misses_max, channel = ARGV[5], tonumber(ARGV[6]), ARGV[7]

local c = redis.call('HMGET', conversation, 'state', 'holder', 'epoch', 'offer_until', 'level', 'score', 'excluded')
if c[1] == '2' and c[2] ~= name and c[3] == epoch and also_has(conversation, epoch, name) then
  also_drop(conversation, channel, id, epoch, name, reason)
  redis.call('HSET', conversation, 'excluded', c[7] == '' and name or (c[7] .. ',' .. name))
  return { 'OK' }
end
if c[1] ~= '2' or c[2] ~= name or c[3] ~= epoch then
  return { 'GONE' }
end
if reason == 'expired' and now < tonumber(c[4]) then
  return { 'EARLY' }
end

also_over(conversation, channel, id, epoch, reason == 'expired' and reason or 'withdrawn', name)
local excluded = c[7]
if reason ~= 'withdrawn' then
  excluded = excluded == '' and name or (excluded .. ',' .. name)
end
redis.call('HSET', conversation, 'state', 1, 'holder', '', 'offer_until', 0, 'excluded', excluded)
if reason == 'declined' then
  redis.call('HSET', conversation, 'declined_at', int(now))
end
custody(KEYS[#KEYS], id, now, 'unoffered', name, redis.call('HINCRBY', conversation, 'epoch', 1), reason)
redis.call('ZADD', queue_of(tonumber(c[5]), imminent_queue, queue), c[6], id)
redis.call('ZREM', due, 'offer:' .. id)
redis.call('PUBLISH', channel, 'offer_over ' .. id .. ' ' .. name .. ' ' .. epoch .. ' ' .. reason)
local s = staff_give_back(staff, hold, name, now, id)
if s and reason == 'expired' then
  s.misses = s.misses + 1
  if s.misses >= misses_max and s.presence == 'available' then
    s.presence = 'away'
    redis.call('PUBLISH', channel, 'presence ' .. name .. ' away missed_offers')
    attention_tell(channel, 'missed_offers', '', name)
  end
  staff_set(staff, name, s)
end
redis.call('PUBLISH', channel, 'waiting ' .. id)
return { 'OK' }
