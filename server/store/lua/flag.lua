-- SPDX-License-Identifier: Apache-2.0
-- The holder, or a supervisor, says that somebody is in imminent danger: the level rises, and a supervisor is paged until they see to it.
--
-- KEYS: conversation, imminent_queue, queue, due, waiting_1 … waiting_5, custody
-- ARGV: now, conversation, name, epoch, supervisor ("1"), boosts, withins, channel
-- Returns: {'OK'}: also when it is flagged already · {'STALE'} · {'CONFLICT'}: it is over, or not yours · {'NOT_FOUND'}
--- @include "relevel"
local conversation = KEYS[1]
local now, id, name, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[8]

local c, refusal = relevel_may(conversation, name, ARGV[4], ARGV[5] == '1')
if not c then
  return { refusal }
end
relevel(KEYS, id, now, IMMINENT, numbers(ARGV[6]), numbers(ARGV[7]), channel, name, 'flag')
flag_raise(conversation, KEYS[4], channel, KEYS[#KEYS], id, now, name, c[3], 'flag')
return { 'OK' }
