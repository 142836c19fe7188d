-- SPDX-License-Identifier: Apache-2.0
-- A delivery report. States only go forward: sent, then delivered or failed; a report also settles what may have been sent.
--
-- KEYS: entry, outbox, message
-- ARGV: id, delivery, note, channel, keep_ms
-- Returns: {'OK'} · {'DUPLICATE'}: known already, or older than what is known · {'NOT_FOUND'}
local entry, outbox, message = KEYS[1], KEYS[2], KEYS[3]
local id, delivery, note, channel = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local RANK = { [1] = 1, [5] = 2, [2] = 3, [4] = 4, [3] = 5 }

local e = redis.call('HMGET', entry, 'state', 'kind', 'conversation', 'delivery')
if not e[1] then
  return { 'NOT_FOUND' }
end
if RANK[delivery] <= RANK[tonumber(e[4])] then
  return { 'DUPLICATE' }
end
redis.call('HSET', entry, 'state', 'done', 'delivery', delivery, 'error', note)
redis.call('PEXPIRE', entry, ARGV[5])
redis.call('ZREM', outbox, id)
if e[2] == 'reply' then
  redis.call('HSET', message, 'delivery', delivery, 'note', note)
  redis.call('PUBLISH', channel, 'delivery ' .. e[3] .. ' ' .. id)
end
return { 'OK' }
