-- SPDX-License-Identifier: Apache-2.0
-- Somebody comes into a conversation that another one holds, and goes on holding.
--
-- KEYS: conversation, with (theirs), due, custody
-- ARGV: now, conversation, name, role, session, invited (the invitation that lets them in, as the caller saw it; '' needs none), channel
-- Returns: {'OK'}: also when they are in it · {'CONFLICT'}: nobody holds it, or they do · {'GONE'}: the invitation is over ·
--       {'FULL'}: too many are in it · {'NOT_FOUND'}
--- @include "levels"
--- @include "present"
--- @include "custody"
--- @include "flag"
local conversation, with = KEYS[1], KEYS[2]
local now, id, name, role, session, invited, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local PRESENT_MAX = 6

local c = redis.call('HMGET', conversation, 'state', 'holder', 'epoch', 'present', 'invited', 'invited_until')
if not c[1] then
  return { 'NOT_FOUND' }
end
if c[1] ~= '3' or c[2] == name then
  return { 'CONFLICT' }
end
if present_role(c[4], name) then
  redis.call('HSET', with, id, session)
  return { 'OK' }
end
if invited ~= '' and (c[5] ~= invited or now > tonumber(c[6])) then
  return { 'GONE' }
end
local others, count = present_without(c[4], name)
if count >= PRESENT_MAX then
  return { 'FULL' }
end

redis.call('HSET', conversation, 'present', (others ~= '' and others .. ',' or '') .. name .. '=' .. role)
redis.call('HSET', with, id, session)
if invited ~= '' then
  redis.call('HSET', conversation, 'invited', '')
end
custody(KEYS[#KEYS], id, now, 'joined', name, c[3], role)
if role == 'supervisor' then
  flag_settle(conversation, KEYS[#KEYS - 1], channel, KEYS[#KEYS], id, now, name, c[3], 'joined')
end
redis.call('PUBLISH', channel, 'changed ' .. id)
return { 'OK' }
