-- SPDX-License-Identifier: Apache-2.0
-- A supervisor's word on a report of abuse: its texter is limited for a while from their next conversation on, or nothing comes of it. Where
-- nothing is reported, a dismissal lifts the limit that the texter has, for whatever cause.
--
-- KEYS: conversation, reports, abuse, often, queue, custody
-- ARGV: now, conversation, name, channel, uphold_ms (0 dismisses), hours, boosts
-- Returns: {'OK', 'upheld'|'dismissed'|'lifted'} · {'CONFLICT', 'self'}: who reported cannot uphold it · {'CONFLICT', 'none'}: nothing is
--       reported, and nothing can be lifted · {'NOT_FOUND'}
--- @include "limits"
--- @include "attention"
local conversation, reports, abuse, often, queue = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now, id, name, channel, uphold_ms = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

local c = redis.call('HMGET', conversation, 'state', 'level', 'enqueued', 'epoch')
if not c[1] then
  redis.call('HDEL', reports, id)
  return { 'NOT_FOUND' }
end
local report = redis.call('HGET', reports, id)
if uphold_ms > 0 then
  if not report then
    return { 'CONFLICT', 'none' }
  end
  if string.match(report, '^%d+ (%S+)') == name then
    return { 'CONFLICT', 'self' }
  end
  redis.call('SET', abuse, int(now) .. ' ' .. name .. ' ' .. id, 'PX', int(uphold_ms))
end
if report then
  redis.call('HDEL', reports, id)
  attention_drop(conversation, 'abuse_report')
  if uphold_ms > 0 then
    custody(KEYS[#KEYS], id, now, 'abuse_upheld', name, c[4], 'hours=' .. ARGV[6])
    return { 'OK', 'upheld' }
  end
  custody(KEYS[#KEYS], id, now, 'abuse_dismissed', name, c[4], '')
  return { 'OK', 'dismissed' }
end

local had = redis.call('DEL', abuse, often) > 0
local waits = tonumber(c[1]) <= 2
if limit_lift(conversation, KEYS[#KEYS], id, now, name, 'dismissed') then
  had = true
  if waits then
    local score = int(score_of(tonumber(c[2]), tonumber(c[3]), numbers(ARGV[7])))
    redis.call('HSET', conversation, 'score', score)
    if c[1] == '1' then
      redis.call('ZADD', queue, 'XX', score, id)
      redis.call('PUBLISH', channel, 'waiting ' .. id)
    end
  end
end
if not had then
  return { 'CONFLICT', 'none' }
end
return { 'OK', 'lifted' }
