-- SPDX-License-Identifier: Apache-2.0
-- The end of a held conversation, and a close that waits for a second person: then close_by, close_at and close_outcome say who asked for
-- it, when, and how it is to be recorded (close_tags besides).
--- @include "levels"
--- @include "custody"
--- @include "attention"
--- @include "silence"
--- @include "transfer"
--- @include "rates"
--- @include "flag"
--- @include "reopen"
--- @include "record"

-- At or above `least` a conversation ends only when two people agree, and so it does wherever a supervisor must have a look first: its
-- texter has gone silent at risk, or it is flagged.
local function close_needs_second(conversation, least)
  local level = tonumber(redis.call('HGET', conversation, 'level'))
  return level >= least or attention_has(conversation, 'texter_silent') or flag_is_open(conversation)
end

local function close_ask(conversation, due, channel, custody_key, id, now, name, epoch, outcome, tags)
  local again = (tonumber(redis.call('HGET', conversation, 'close_at')) or 0) > 0
  redis.call('HSET', conversation, 'close_outcome', outcome, 'close_tags', tags)
  if again then
    return
  end
  redis.call('HSET', conversation, 'close_by', name, 'close_at', int(now))
  silence_begin(conversation, due, id, now)
  custody(custody_key, id, now, 'close_asked', name, epoch, outcome)
  attention_add(conversation, channel, 'close_asked', id, name)
end

-- No close waits any more. Who asked and the supervisors are told why: `verdict` is "approved", "refused" or "cancelled".
local function close_settle(conversation, channel, id, verdict, by, reason)
  local c = redis.call('HMGET', conversation, 'close_at', 'close_by')
  if (tonumber(c[1]) or 0) == 0 then
    return
  end
  redis.call('HSET', conversation, 'close_at', 0, 'close_by', '', 'close_outcome', '', 'close_tags', '')
  attention_drop(conversation, 'close_asked')
  redis.call('PUBLISH', channel, 'close_answered ' .. id .. ' ' .. c[2] .. ' ' .. verdict .. ' ' .. (by ~= '' and by or '-') .. ' '
    .. (reason ~= '' and reason or '-'))
end

-- KEYS as in close.lua. `ending` has outcome, tags, wrap_up_ms, reopen_ms and survey.
local function close_end(keys, channel, id, now, holder, epoch, ending)
  local conversation, due, held, wrap_up, texter, past = keys[1], keys[2], keys[3], keys[4], keys[5], keys[6]
  local till, outcome = int(now + ending.wrap_up_ms), ending.outcome
  redis.call('HSET', conversation, 'state', 4, 'outcome', outcome, 'closed_at', int(now), 'wrap_up_until', till)
  local c = redis.call('HMGET', conversation, 'held_at', 'last_in_at', 'taken_at', 'handled')
  rates_add(keys[7], now, RATES_CLOSED, 1)
  rates_add(keys[7], now, RATES_HANDLED, now - (tonumber(c[1]) or now) + (tonumber(c[4]) or 0))
  if (tonumber(c[2]) or now) < (tonumber(c[3]) or 0) then
    rates_add(keys[7], now, RATES_SILENT, 1)
  end
  flag_settle(conversation, due, channel, keys[#keys], id, now, holder, epoch, 'closed')
  custody(keys[#keys], id, now, 'closed', holder, epoch, outcome)
  silence_end(conversation, due, id)
  transfer_clear(conversation, due, channel, id, epoch, 'withdrawn')
  attention_drop(conversation, 'counselor_silent')
  attention_drop(conversation, 'texter_silent')
  redis.call('ZREM', held, id)
  redis.call('ZADD', wrap_up, till, id)
  redis.call('ZADD', due, till, 'wrap_up:' .. id)
  if redis.call('HGET', texter, 'conversation') == id then
    redis.call('DEL', texter)
    reopen_until(keys[8], conversation, id, holder, ending.reopen_ms)
  end
  redis.call('INCR', past)
  record_add(conversation, keys[9], now, holder, ending.tags, '', '')
  -- Whether and when they are asked how it was is decided where automatic texts are.
  if ending.survey then
    redis.call('HSET', conversation, 'tend', int(now))
    redis.call('ZADD', keys[10], int(now), id)
  end
  redis.call('PUBLISH', channel, 'released ' .. id .. ' ' .. holder .. ' ' .. epoch .. ' closed')
end
