-- SPDX-License-Identifier: Apache-2.0
-- A texter's wish is fulfilled, and its receipt sent, given up, or not to be sent: nothing of it stays. Who asked again meanwhile begins anew.
--
-- KEYS: request, due, of, past, entry, message, autos, out, unsent (the latter five of the receipt)
-- ARGV: now, member, id (the request's), message
-- Returns: {'OK', 'again'|'over'} · {'CONFLICT'}: something of theirs is there again, or another receipt is on its way · {'NOT_FOUND'}
--- @include "levels"
--- @include "erase"
local request, due, of = KEYS[1], KEYS[2], KEYS[3]
local now, id, message = tonumber(ARGV[1]), ARGV[3], ARGV[4]

local r = redis.call('HMGET', request, 'id', 'phase', 'again', 'again_by', 'number', 'language', 'gateway', 'receipt')
if r[1] ~= id then
  return { 'NOT_FOUND' }
end
if (r[8] or '') ~= message or (r[2] == 'asked' and redis.call('LLEN', of) > 0) then
  return { 'CONFLICT' }
end
redis.call('DEL', KEYS[4], KEYS[5], KEYS[6], KEYS[7])
redis.call('ZREM', KEYS[8], message .. ' ' .. id)
redis.call('ZREM', KEYS[9], message .. ' ' .. id)
redis.call('ZREM', due, 'ask:' .. message)
redis.call('DEL', request)
if r[3] then
  erase_wish(request, r[3], now, r[5] and '' or r[4], r[6] or '', r[7] or '', r[5] or '')
  redis.call('ZADD', due, int(now), erase_timer(ARGV[2]))
  return { 'OK', 'again' }
end
redis.call('ZREM', due, erase_timer(ARGV[2]))
return { 'OK', 'over' }
