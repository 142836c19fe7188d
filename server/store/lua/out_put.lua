-- SPDX-License-Identifier: Apache-2.0
-- A short text to a staff member, an answer to an acknowledgement for instance. The same id twice is one text.
--
-- KEYS: entry, out, unsent, gateways
-- ARGV: now, id, person, gateway, line, sealed_number, sealed_text, channel
-- Returns: {'OK'} · {'DUPLICATE'}
--- @include "levels"
--- @include "outbox"
if redis.call('EXISTS', KEYS[1]) == 1 then
  return { 'DUPLICATE' }
end
local now = int(tonumber(ARGV[1]))
redis.call('HSET', KEYS[1], 'kind', 'notice', 'conversation', '', 'state', 'queued', 'person', ARGV[3], 'gateway', ARGV[4],
  'line', ARGV[5], 'number', ARGV[6], 'number_context', ARGV[3], 'text', ARGV[7], 'epoch', 0, 'attempts', 0,
  'delivery', QUEUED, 'created', now)
out_enqueue(KEYS[2], KEYS[3], nil, ARGV[2], '', now)
redis.call('SADD', KEYS[4], ARGV[4])
redis.call('PUBLISH', ARGV[8], 'outbox ' .. ARGV[4])
return { 'OK' }
