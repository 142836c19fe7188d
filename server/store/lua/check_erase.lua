-- SPDX-License-Identifier: Apache-2.0
-- Has a texter's wish for deletion its timer? Without one it would never be fulfilled.
--
-- KEYS: request, due
-- ARGV: now, member ("LINE:HASH")
-- Returns: {'OK', fault …}
--- @include "levels"
--- @include "erase"
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('ZSCORE', KEYS[2], erase_timer(ARGV[2])) then
  return { 'OK' }
end
redis.call('ZADD', KEYS[2], int(tonumber(ARGV[1])), erase_timer(ARGV[2]))
return { 'OK', 'erase_timer' }
