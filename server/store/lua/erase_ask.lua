-- SPDX-License-Identifier: Apache-2.0
-- Writes down that a texter's conversations are to be deleted (lua/include/erase.lua). A texter's own text that asks for it is taken with
-- that when nothing of theirs is open; otherwise it goes into the open conversation as any other does, by ingest.lua. Safe to repeat.
--
-- KEYS: request, due, texter, seen (of the text)
-- ARGV: now, member ("LINE:HASH"), id (of the request, should it be a new one), by (a staff member, or '': the texter), language, gateway,
--       sealed_number, seen_ttl_ms
-- Returns: {'OK', id, open conversation or ''} · {'DUPLICATE'}: that text was taken before
--- @include "levels"
--- @include "erase"
local request, due, seen = KEYS[1], KEYS[2], KEYS[4]
local now, id, by = tonumber(ARGV[1]), ARGV[3], ARGV[4]

if by == '' and redis.call('EXISTS', seen) == 1 then
  return { 'DUPLICATE' }
end
local open = redis.call('HGET', KEYS[3], 'conversation') or ''
local r = redis.call('HMGET', request, 'id', 'phase', 'by', 'again')
if not r[1] then
  erase_wish(request, id, now, by, ARGV[5], ARGV[6], ARGV[7])
elseif r[2] == 'telling' then
  id = r[4] or id
  redis.call('HSET', request, 'again', id, 'again_by', by)
  if by == '' then
    redis.call('HSET', request, 'language', ARGV[5], 'gateway', ARGV[6], 'number', ARGV[7])
  end
else
  id = r[1]
  if by == '' then
    erase_wish(request, id, now, by, ARGV[5], ARGV[6], ARGV[7])
  end
end
redis.call('ZADD', due, int(now), erase_timer(ARGV[2]))
if by == '' and open == '' then
  redis.call('SET', seen, id, 'PX', ARGV[8])
end
return { 'OK', id, open }
