-- SPDX-License-Identifier: Apache-2.0
-- Records what became of a send.
--
-- KEYS: entry, outbox, message
-- ARGV: now, id, epoch, outcome ("sent", "retry", "failed", "unknown"), provider_id, note, retry_at, keep_ms, channel
-- Returns: {'OK'} · {'STALE'}: the lease is somebody else's, or a receipt has settled it
--- @include "levels"
local entry, outbox, message = KEYS[1], KEYS[2], KEYS[3]
local id, outcome, note, channel = ARGV[2], ARGV[4], ARGV[6], ARGV[9]
local DELIVERY = { sent = 2, failed = 4, unknown = 5 }

local e = redis.call('HMGET', entry, 'state', 'epoch', 'kind', 'conversation')
if e[1] ~= 'sending' or e[2] ~= ARGV[3] then
  return { 'STALE' }
end
if outcome == 'retry' then
  redis.call('HSET', entry, 'state', 'queued', 'error', note)
  -- XX: a page that was withdrawn while it was being sent stays withdrawn.
  redis.call('ZADD', outbox, 'XX', ARGV[7], id)
  if e[3] == 'reply' then
    redis.call('HSET', message, 'note', note)
    redis.call('PUBLISH', channel, 'delivery ' .. e[4] .. ' ' .. id)
  end
  return { 'OK' }
end

local delivery = DELIVERY[outcome]
redis.call('HSET', entry, 'state', 'done', 'delivery', delivery, 'provider_id', ARGV[5], 'error', note)
redis.call('PEXPIRE', entry, ARGV[8])
redis.call('ZREM', outbox, id)
if e[3] == 'reply' then
  redis.call('HSET', message, 'delivery', delivery, 'note', note)
  redis.call('PUBLISH', channel, 'delivery ' .. e[4] .. ' ' .. id)
end
return { 'OK' }
