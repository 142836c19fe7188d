-- SPDX-License-Identifier: Apache-2.0
-- Offers a waiting conversation to a counselor who has room: a lease until the due time.
--
-- KEYS: conversation, imminent_queue, queue, due, staff, hold, custody
-- ARGV: now, conversation, name, offer_ms, channel, elsewhere (units of theirs in other pools)
-- Returns: {'OK', epoch} · {'CONFLICT'}: one of both is not free any more · {'NOT_FOUND'}
--- @include "levels"
--- @include "staff"
--- @include "custody"
local conversation, imminent_queue, queue, due, staff, hold = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local now, id, name, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[5]

local c = redis.call('HMGET', conversation, 'state', 'excluded', 'level', 'recused')
if not c[1] then
  return { 'NOT_FOUND' }
end
local s = staff_get(staff, name)
if c[1] ~= '1' or not s or s.presence ~= 'available' or s.load + tonumber(ARGV[6]) >= staff_capacity(s, now)
  or string.find(',' .. c[2] .. ',' .. (c[4] or '') .. ',', ',' .. name .. ',', 1, true) then
  return { 'CONFLICT' }
end

local till = int(now + tonumber(ARGV[4]))
local epoch = redis.call('HINCRBY', conversation, 'epoch', 1)
redis.call('HSET', conversation, 'state', 2, 'holder', name, 'offer_until', till)
redis.call('ZREM', imminent_queue, id)
redis.call('ZREM', queue, id)
redis.call('ZADD', due, till, 'offer:' .. id)
custody(KEYS[#KEYS], id, now, 'offered', name, epoch, '')
staff_take(staff, hold, name, s, id, tonumber(c[3]))
redis.call('PUBLISH', channel, 'offer ' .. id .. ' ' .. name .. ' ' .. epoch)
return { 'OK', epoch }
