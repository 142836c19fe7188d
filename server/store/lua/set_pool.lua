-- SPDX-License-Identifier: Apache-2.0
-- Takes a pool offline, or online again: who, when and why. Nothing of its conversations changes. Safe to repeat: the same person's
-- word again keeps the time.
--
-- KEYS: offline
-- ARGV: now, offline (1 or 0), name, reason, channel
-- Returns: {'OK'} · {'CONFLICT'}: it is so already, by somebody else's word
--- @include "levels"
--- @include "attention"
local offline, wanted, name, channel = KEYS[1], ARGV[2], ARGV[3], ARGV[5]

local was = redis.call('HMGET', offline, 'offline', 'by')
local same = (was[1] or '0') == wanted
if same and was[2] ~= name then
  return { 'CONFLICT' }
end
redis.call('HSET', offline, 'offline', wanted, 'by', name, 'reason', ARGV[4])
if not same then
  redis.call('HSET', offline, 'at', int(tonumber(ARGV[1])))
  if wanted == '1' then
    attention_tell(channel, 'pool_offline', '', name)
  end
end
redis.call('PUBLISH', channel, 'pool ' .. wanted)
return { 'OK' }
