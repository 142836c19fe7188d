-- SPDX-License-Identifier: Apache-2.0
-- A counselor reports the texter of a conversation that they hold, or have in wrap-up, for abuse: a supervisor decides, and until then
-- nothing changes for the texter.
--
-- KEYS: conversation, reports, notes, known, custody
-- ARGV: now, conversation, name, epoch, channel, reason, recuse ("1": they are not asked for this texter again), note ('' is none), its
--       sealed text
-- Returns: {'OK', state}: also when it is reported already · {'STALE'}: it is not theirs · {'CONFLICT'}: it is over · {'FULL'}: too many
--       notes, or too many reports · {'NOT_FOUND'}
--- @include "levels"
--- @include "custody"
--- @include "attention"
--- @include "notes"
local conversation, reports, notes = KEYS[1], KEYS[2], KEYS[3]
local now, id, name, epoch, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local REPORTS_MAX = 500

local c = redis.call('HMGET', conversation, 'state', 'holder', 'epoch', 'recused')
if not c[1] then
  return { 'NOT_FOUND' }
end
if c[2] ~= name or c[3] ~= epoch then
  return { 'STALE' }
end
if c[1] ~= '3' and c[1] ~= '4' then
  return { 'CONFLICT' }
end
local open = redis.call('HEXISTS', reports, id) == 1
if ARGV[8] ~= '' and notes_full(notes) or not open and redis.call('HLEN', reports) >= REPORTS_MAX then
  return { 'FULL' }
end

if not open then
  redis.call('HSET', reports, id, int(now) .. ' ' .. name .. ' ' .. ARGV[6])
  custody(KEYS[#KEYS], id, now, 'abuse_reported', name, epoch, ARGV[6])
  attention_add(conversation, channel, 'abuse_report', id, name)
end
if ARGV[8] ~= '' then
  notes_add(notes, ARGV[8], now, 'abuse', name, ARGV[9])
end
if ARGV[7] == '1' then
  local recused = c[4] or ''
  if not string.find(',' .. recused .. ',', ',' .. name .. ',', 1, true) then
    redis.call('HSET', conversation, 'recused', recused == '' and name or (recused .. ',' .. name))
    custody(KEYS[#KEYS], id, now, 'recused', name, epoch, '')
  end
  redis.call('SADD', KEYS[4], name)
end
return { 'OK', c[1] }
