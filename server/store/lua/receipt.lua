-- SPDX-License-Identifier: Apache-2.0
-- A delivery report. States only go forward: sent, then delivered or failed; a report also settles what may have been sent. Only the
-- gateway that an entry went to can report on it.
--
-- KEYS: entry, message, replies, out, unsent, due, known
-- ARGV: now, id, conversation (of a reply, or ''), gateway, delivery, note, provider_id, keep_ms, channel
-- Returns: {'OK'} · {'DUPLICATE'}: known already, or older than what is known · {'NOT_FOUND'}
--- @include "levels"
--- @include "outbox"
local entry, message, replies, out, unsent, due = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local now, id, conversation, gateway = int(tonumber(ARGV[1])), ARGV[2], ARGV[3], ARGV[4]
local delivery, keep_ms, channel = tonumber(ARGV[5]), ARGV[8], ARGV[9]
local RANK = { [QUEUED] = 1, [HELD] = 1, [UNKNOWN] = 2, [SENT] = 3, [FAILED] = 4, [DELIVERED] = 5 }

local e = redis.call('HMGET', entry, 'gateway', 'conversation', 'delivery')
if e[1] ~= gateway or e[2] ~= conversation then
  return { 'NOT_FOUND' }
end
if RANK[delivery] <= RANK[tonumber(e[3])] then
  return { 'DUPLICATE' }
end
out_write(entry, message, id, conversation, 'done', delivery, ARGV[6], keep_ms, channel)
redis.call('ZREM', due, 'ask:' .. id)
if ARGV[7] ~= '' then
  redis.call('HSET', entry, 'provider_id', ARGV[7])
  redis.call('SET', KEYS[7], id, 'PX', keep_ms)
end
if out_settle(out, unsent, replies, id, conversation, now) then
  redis.call('PUBLISH', channel, 'outbox ' .. gateway)
end
return { 'OK' }
