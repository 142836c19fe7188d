-- SPDX-License-Identifier: Apache-2.0
-- Everything of a texter is deleted: the receipt goes out as an automatic text of no conversation. It is sealed with a key of its own, which
-- goes with it, and takes the number along.
--
-- KEYS: request, due, of, past, entry, autos, out, unsent, gateways
-- ARGV: now, member, id (the request's), message, wrapped_key, sealed_text, line, texter, valid_ms, next_at, channel, gateway
-- Returns: {'OK'} · {'CONFLICT'}: something of theirs is there again, or it is told already · {'NOT_FOUND'}
--- @include "levels"
--- @include "outbox"
--- @include "erase"
local request, due, of, entry = KEYS[1], KEYS[2], KEYS[3], KEYS[5]
local now, id, message, channel, gateway = int(tonumber(ARGV[1])), ARGV[3], ARGV[4], ARGV[11], ARGV[12]

local r = redis.call('HMGET', request, 'id', 'phase', 'number')
if r[1] ~= id then
  return { 'NOT_FOUND' }
end
if r[2] ~= 'asked' or not r[3] or redis.call('LLEN', of) > 0 then
  return { 'CONFLICT' }
end
redis.call('HSET', entry, 'kind', 'auto', 'conversation', id, 'state', 'queued', 'gateway', gateway, 'line', ARGV[7], 'number', r[3],
  'number_context', ARGV[8], 'key', ARGV[5], 'text', ARGV[6], 'epoch', 0, 'attempts', 0, 'delivery', QUEUED, 'created', now,
  'condition', 'any', 'valid_ms', ARGV[9])
out_enqueue(KEYS[7], KEYS[8], KEYS[6], message, id, now)
redis.call('SADD', KEYS[9], gateway)
redis.call('HDEL', request, 'number')
redis.call('HSET', request, 'phase', 'telling', 'receipt', message, 'told_at', now, 'told_by', gateway)
redis.call('DEL', KEYS[4])
redis.call('ZADD', due, ARGV[10], erase_timer(ARGV[2]))
redis.call('PUBLISH', channel, 'outbox ' .. gateway)
return { 'OK' }
