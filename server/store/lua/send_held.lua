-- SPDX-License-Identifier: Apache-2.0
-- Sends a held reply after all, because the counselor who holds the conversation says so: it joins the end of its conversation's
-- replies, and its time begins anew. Said twice, it is sent once.
--
-- KEYS: conversation, message, entry, replies, out, unsent, gateways
-- ARGV: now, conversation, name, epoch, message, gateway, channel
-- Returns: {'OK'} · {'DUPLICATE'}: that was asked before · {'GONE'}: it is not held · {'STALE'} · {'CONFLICT'}: the
--       conversation is closed · {'NOT_FOUND'}
--- @include "levels"
--- @include "holder"
--- @include "outbox"
local message, entry = KEYS[2], KEYS[3]
local now, id, message_id, gateway, channel = int(tonumber(ARGV[1])), ARGV[2], ARGV[5], ARGV[6], ARGV[7]

local e = redis.call('HMGET', entry, 'state', 'conversation', 'resent')
if not e[1] or e[2] ~= id then
  return { 'NOT_FOUND' }
end
local state, refusal = held_by(KEYS[1], ARGV[3], ARGV[4], 3)
if not state then
  return { refusal }
end
if e[1] ~= 'held' then
  return { e[3] and 'DUPLICATE' or 'GONE' }
end
redis.call('HSET', entry, 'state', 'queued', 'delivery', QUEUED, 'created', now, 'resent', now, 'gateway', gateway, 'error', '',
  'attempts', 0)
redis.call('PERSIST', entry)
redis.call('HSET', message, 'delivery', QUEUED, 'note', '')
out_enqueue(KEYS[5], KEYS[6], KEYS[4], message_id, id, now)
redis.call('SADD', KEYS[7], gateway)
redis.call('PUBLISH', channel, 'delivery ' .. id .. ' ' .. message_id)
redis.call('PUBLISH', channel, 'outbox ' .. gateway)
return { 'OK' }
