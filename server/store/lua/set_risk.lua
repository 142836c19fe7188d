-- SPDX-License-Identifier: Apache-2.0
-- What a texter has said on each rung of the risk ladder, as numbers of the protocol's enums. It may raise the level and never lowers it.
--
-- KEYS: conversation, imminent_queue, queue, due, waiting_1 … waiting_5, custody
-- ARGV: now, conversation, name, epoch, supervisor ("1"), boosts, withins, channel, thoughts, plan, means, timeframe, imminent ("1": these
--       make it so, include/core/risk.h)
-- Returns: {'OK'} · {'STALE'} · {'CONFLICT'} · {'NOT_FOUND'}
--- @include "relevel"
local conversation = KEYS[1]
local now, id, name, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[8]

local c, refusal = relevel_may(conversation, name, ARGV[4], ARGV[5] == '1')
if not c then
  return { refusal }
end
redis.call('HSET', conversation, 'risk_thoughts', ARGV[9], 'risk_plan', ARGV[10], 'risk_means', ARGV[11], 'risk_timeframe', ARGV[12],
  'risk_at', int(now), 'risk_by', name)
if ARGV[13] == '1' and tonumber(c[4]) < IMMINENT then
  relevel(KEYS, id, now, IMMINENT, numbers(ARGV[6]), numbers(ARGV[7]), channel, name, 'risk')
  flag_raise(conversation, KEYS[4], channel, KEYS[#KEYS], id, now, name, c[3], 'imminent')
end
redis.call('PUBLISH', channel, 'changed ' .. id)
return { 'OK' }
