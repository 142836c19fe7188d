-- SPDX-License-Identifier: Apache-2.0
-- A transfer comes to nothing: the giver keeps the conversation, and is told.
--
-- KEYS: conversation, due, with (the other's)
-- ARGV: now, conversation, to, epoch, why ("declined", "expired", "withdrawn"), channel
-- Returns: {'OK'} · {'GONE'}: that transfer is over · {'EARLY'}: it has not expired yet
--- @include "levels"
--- @include "transfer"
local conversation, due, with = KEYS[1], KEYS[2], KEYS[3]
local now, id, to, epoch, why, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]

local c = redis.call('HMGET', conversation, 'state', 'epoch', 'transfer_to', 'transfer_until', 'holder')
if c[1] ~= '3' or c[2] ~= epoch or c[3] ~= to or to == '' then
  return { 'GONE' }
end
if why == 'expired' and now < tonumber(c[4]) then
  return { 'EARLY' }
end
transfer_clear(conversation, due, channel, id, epoch, why)
redis.call('HDEL', with, id)
redis.call('PUBLISH', channel, 'transfer_over ' .. id .. ' ' .. c[5] .. ' ' .. to .. ' ' .. why)
redis.call('PUBLISH', channel, 'changed ' .. id)
return { 'OK' }
