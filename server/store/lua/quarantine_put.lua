-- SPDX-License-Identifier: Apache-2.0
-- Keeps one request that could not be taken as a text, once for each fingerprint. Safe to repeat.
--
-- KEYS: entries, entry, seen
-- ARGV: at, id, gateway, reason, size, sealed_request, most, seen_ttl_ms
-- Returns: {'OK'} · {'DUPLICATE', id}: the same request is or was here already · {'FULL'}: `most` wait
local entries, entry, seen = KEYS[1], KEYS[2], KEYS[3]
local at, id = ARGV[1], ARGV[2]

local earlier = redis.call('GET', seen)
if earlier then
  return { 'DUPLICATE', earlier }
end
if redis.call('ZCARD', entries) >= tonumber(ARGV[7]) then
  return { 'FULL' }
end

redis.call('HSET', entry, 'at', at, 'gateway', ARGV[3], 'reason', ARGV[4], 'size', ARGV[5], 'request', ARGV[6],
  'outcome', '', 'by', '')
redis.call('ZADD', entries, at, id)
redis.call('SET', seen, id, 'PX', ARGV[8])
return { 'OK' }
