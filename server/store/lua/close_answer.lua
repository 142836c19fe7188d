-- SPDX-License-Identifier: Apache-2.0
-- The second person's word on a close that was asked for: it ends, or its holder goes on.
--
-- KEYS: conversation, due, held, wrap_up, texter, past, rates, late, notes, tend, custody
-- ARGV: now, conversation, name, epoch, approve ("1", "0"), reason (a word, or ''), wrap_up_ms, channel, reopen_ms, survey
-- Returns: {'OK', holder}: also when the same one approved it before · {'CONFLICT', 'self'}: who asked cannot agree · {'CONFLICT', 'none'}:
--       no close waits · {'STALE'} · {'NOT_FOUND'}
--- @include "levels"
--- @include "close"
local conversation = KEYS[1]
local now, id, name, epoch, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[8]

local c = redis.call('HMGET', conversation, 'state', 'holder', 'epoch', 'close_at', 'close_by', 'close_outcome', 'approved_by', 'close_tags')
if not c[1] then
  return { 'NOT_FOUND' }
end
if c[3] ~= epoch then
  return { 'STALE' }
end
if c[1] == '4' and c[7] == name and ARGV[5] == '1' then
  return { 'OK', c[2] }
end
if c[1] ~= '3' or (tonumber(c[4]) or 0) == 0 then
  return { 'CONFLICT', 'none' }
end
if c[5] == name or c[2] == name then
  return { 'CONFLICT', 'self' }
end
if ARGV[5] == '1' then
  redis.call('HSET', conversation, 'approved_by', name)
  custody(KEYS[#KEYS], id, now, 'close_approved', name, epoch, ARGV[6])
  close_settle(conversation, channel, id, 'approved', name, ARGV[6])
  close_end(KEYS, channel, id, now, c[2], epoch, {
    outcome = c[6],
    tags = c[8] or '',
    wrap_up_ms = tonumber(ARGV[7]),
    reopen_ms = tonumber(ARGV[9]),
    survey = ARGV[10] == '1',
  })
else
  custody(KEYS[#KEYS], id, now, 'close_refused', name, epoch, ARGV[6])
  close_settle(conversation, channel, id, 'refused', name, ARGV[6])
  silence_begin(conversation, KEYS[2], id, now)
end
return { 'OK', c[2] }
