-- SPDX-License-Identifier: Apache-2.0
-- Ends a held conversation; the counselor's slot stays taken until wrap-up is finished or its time is over. The texter's next
-- text goes on with it (lua/include/reopen.lua), and later begins a new one. Where two people must agree (lua/include/close.lua) it is only asked for.
--
-- KEYS: conversation, due, held, wrap_up, texter, past, rates, late, notes, tend, custody
-- ARGV: now, conversation, name, epoch, outcome, wrap_up_ms, seen (sequence of the last message shown, 0 does not ask), channel,
--       least (the level from which two must agree), alone ("1": there is nobody else to agree), reopen_ms (0: never),
--       survey ("1": they may be asked how it was), tags, note ('' is none), its sealed text
-- Returns: {'OK'}: also when the same counselor closed it before · {'UNSEEN'}: the texter has written since · {'APPROVAL'}: a supervisor
--       has been asked · {'STALE'} · {'CONFLICT'} · {'FULL'}: too many notes · {'NOT_FOUND'}
--- @include "levels"
--- @include "holder"
--- @include "close"
local conversation, due = KEYS[1], KEYS[2]
local now, id, name, epoch, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[8]

local state, refusal = held_by(conversation, name, epoch, 3)
if not state then
  if refusal == 'CONFLICT' and tonumber(redis.call('HGET', conversation, 'state')) > 3 then
    return { 'OK' }
  end
  return { refusal }
end

local seen = tonumber(ARGV[7])
if seen > 0 and tonumber(redis.call('HGET', conversation, 'last_in') or 0) > seen then
  return { 'UNSEEN' }
end
if record_full(KEYS[9], ARGV[14]) then
  return { 'FULL' }
end
record_add(conversation, KEYS[9], now, name, '', ARGV[14], ARGV[15])
if close_needs_second(conversation, tonumber(ARGV[9])) then
  if ARGV[10] ~= '1' then
    close_ask(conversation, due, channel, KEYS[#KEYS], id, now, name, epoch, ARGV[5], ARGV[13])
    return { 'APPROVAL' }
  end
  custody(KEYS[#KEYS], id, now, 'close_approved', name, epoch, 'alone')
end
close_settle(conversation, channel, id, 'approved', name, '')
close_end(KEYS, channel, id, now, name, epoch, {
  outcome = ARGV[5],
  tags = ARGV[13],
  wrap_up_ms = tonumber(ARGV[6]),
  reopen_ms = tonumber(ARGV[11]),
  survey = ARGV[12] == '1',
})
return { 'OK' }
