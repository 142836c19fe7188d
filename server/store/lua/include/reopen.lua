-- SPDX-License-Identifier: Apache-2.0
-- For a while after its end a conversation goes on when its texter writes again: `late:LINE:HASH` has the conversation, its key and who
-- held it, and expires. What they had said once besides the welcome and the survey may be said again; what they answered is not asked again.
--- @include "levels"
--- @include "staff"
--- @include "rates"
--- @include "prefer"
local function reopen_until(late, conversation, id, holder, reopen_ms)
  if reopen_ms > 0 then
    redis.call('HSET', late, 'conversation', id, 'key', redis.call('HGET', conversation, 'key'), 'holder', holder)
    redis.call('PEXPIRE', late, int(reopen_ms))
  end
end

local function reopen_said(said)
  local kept = {}
  for mark in string.gmatch(said or '', '[^,]+') do
    if mark == 'welcome' or mark == 'survey' or string.find(mark, '^question_') then
      kept[#kept + 1] = mark
    end
  end
  return table.concat(kept, ',')
end

-- Takes it out of where it ended; the caller puts it into the queue. Its epoch after that is returned.
local function reopen_begin(conversation, due, wrap_up, staff, hold, rates, past, channel, id, now)
  local c = redis.call('HMGET', conversation, 'state', 'holder', 'epoch', 'closed_at', 'said')
  if c[1] == '4' then
    rates_add(rates, now, RATES_HANDLED, now - (tonumber(c[4]) or now))
    redis.call('ZREM', due, 'wrap_up:' .. id)
    redis.call('ZREM', wrap_up, id)
    staff_give_back(staff, hold, c[2], now, id)
    redis.call('PUBLISH', channel, 'freed ' .. c[2])
  end
  -- Also when the limit of wrap-up was over: their console may still show it.
  redis.call('PUBLISH', channel, 'released ' .. id .. ' ' .. c[2] .. ' ' .. c[3] .. ' reopened')
  redis.call('DECR', past)
  redis.call('HDEL', conversation, 'outcome', 'approved_by', 'closed_at', 'wrap_up_until')
  redis.call('HSET', conversation, 'handled', 0, 'promised', 0, 'said', reopen_said(c[5]), 'unanswered_at', 0)
  redis.call('HINCRBY', conversation, 'reopened', 1)
  prefer(conversation, c[2], now)
  return redis.call('HINCRBY', conversation, 'epoch', 1)
end
