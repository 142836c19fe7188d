-- SPDX-License-Identifier: Apache-2.0
-- Removes a due timer that has nothing left to do, unless it was set anew meanwhile.
--
-- KEYS: due
-- ARGV: member, score (as seen by the caller)
-- Returns: {'OK'} · {'CONFLICT'}
if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return { 'CONFLICT' }
end
redis.call('ZREM', KEYS[1], ARGV[1])
return { 'OK' }
