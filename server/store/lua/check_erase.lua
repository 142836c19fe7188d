-- SPDX-License-Identifier: Apache-2.0
-- Has a texter's wish for deletion its timer? Without one it would never be fulfilled, and with one that a clock an hour ahead has made, late.
--
-- KEYS: request, due
-- ARGV: now, member ("LINE:HASH")
-- Returns: {'OK', fault …}
--- @include "levels"
--- @include "erase"
local LATEST_MS = 120000 -- no look at it is further away (flow/wish.c)
local now = tonumber(ARGV[1])
local at = redis.call('ZSCORE', KEYS[2], erase_timer(ARGV[2]))
if redis.call('EXISTS', KEYS[1]) == 0 or (at and tonumber(at) <= now + LATEST_MS) then
  return { 'OK' }
end
redis.call('ZADD', KEYS[2], int(now), erase_timer(ARGV[2]))
return { 'OK', 'erase_timer' }
