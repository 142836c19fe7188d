-- SPDX-License-Identifier: Apache-2.0
-- Somebody who had joined a conversation is in it no more.
--
-- KEYS: conversation, with (theirs), custody
-- ARGV: now, conversation, name, session (which joined; '' is any), channel
-- Returns: {'OK'}: also when they were not in it · {'STALE'}: a newer session of theirs has joined
--- @include "levels"
--- @include "present"
--- @include "custody"
local conversation, with = KEYS[1], KEYS[2]
local now, id, name, session, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local joined = redis.call('HGET', with, id)
if session ~= '' and joined and joined ~= session then
  return { 'STALE' }
end
redis.call('HDEL', with, id)
local c = redis.call('HMGET', conversation, 'present', 'epoch')
if present_role(c[1], name) then
  redis.call('HSET', conversation, 'present', (present_without(c[1], name)))
  custody(KEYS[#KEYS], id, now, 'left', name, c[2], '')
  redis.call('PUBLISH', channel, 'changed ' .. id)
end
return { 'OK' }
