-- SPDX-License-Identifier: Apache-2.0
-- A human sets the level. Only they may lower it, and only a supervisor what is imminent; that settles its flag. Who raises somebody they
-- hold to imminent pages a supervisor, as a flag does.
--
-- KEYS: conversation, imminent_queue, queue, due, waiting_1 … waiting_5, custody
-- ARGV: now, conversation, name, epoch ('' does not ask), supervisor ("1"), boosts, withins, channel, level, reason (a word, or '')
-- Returns: {'OK', page}: page is the escalation of a flag that is settled by it, or 0 · {'CONFLICT', 'supervisor'}: they must do it ·
--       {'STALE'} · {'CONFLICT'} · {'NOT_FOUND'}
--- @include "relevel"
local conversation, due = KEYS[1], KEYS[4]
local now, id, name, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[8]
local supervisor, level = ARGV[5] == '1', tonumber(ARGV[9])

local c, refusal = relevel_may(conversation, name, ARGV[4], supervisor)
if not c then
  return { refusal }
end
if tonumber(c[4]) == IMMINENT and level < IMMINENT and not supervisor then
  return { 'CONFLICT', 'supervisor' }
end
relevel(KEYS, id, now, level, numbers(ARGV[6]), numbers(ARGV[7]), channel, name, ARGV[10])
if level < IMMINENT then
  return { 'OK', flag_settle(conversation, due, channel, KEYS[#KEYS], id, now, name, c[3], 'level') }
end
if not supervisor and tonumber(c[4]) < IMMINENT then
  flag_raise(conversation, due, channel, KEYS[#KEYS], id, now, name, c[3], 'imminent')
end
return { 'OK', '0' }
