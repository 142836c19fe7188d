-- SPDX-License-Identifier: Apache-2.0
-- What is to be sent, in two sorted sets for each kind and gateway: `unsent` holds everything whose outcome is open (member -> since when),
-- `out` what may go (member -> when). The member of a reply or automatic text is "ID CONVERSATION", of a page or notice its id.
-- Replies of one conversation go out one at a time and in order: the list `replies` holds the open ones, and only its first is in
-- `out`. So do the automatic texts of one, in a list of their own: no reply ever waits for one of them. Whatever settles one calls
-- out_settle(), which lets the next one go: none is ever stranded behind one that is done.
--- @include "levels"
local QUEUED, SENT, DELIVERED, FAILED, UNKNOWN, HELD = 1, 2, 3, 4, 5, 6

local function out_member(id, conversation)
  return conversation ~= '' and id .. ' ' .. conversation or id
end

-- NX: the first may be in there already, being sent or with a time to wait for.
local function out_next(out, replies, conversation, now)
  local first = redis.call('LINDEX', replies, 0)
  return first and redis.call('ZADD', out, 'NX', now, out_member(first, conversation)) == 1
end

local function out_enqueue(out, unsent, replies, id, conversation, now)
  redis.call('ZADD', unsent, now, out_member(id, conversation))
  if conversation == '' then
    redis.call('ZADD', out, now, id)
  else
    redis.call('RPUSH', replies, id)
    out_next(out, replies, conversation, now)
  end
end

-- True when another reply may go now.
local function out_settle(out, unsent, replies, id, conversation, now)
  redis.call('ZREM', out, out_member(id, conversation))
  redis.call('ZREM', unsent, out_member(id, conversation))
  if conversation == '' then
    return false
  end
  redis.call('LREM', replies, 0, id)
  return out_next(out, replies, conversation, now)
end

-- Writes an outcome into the entry and, of a reply, into the message. The entry expires: nothing needs it for longer than receipts,
-- questions and held replies do.
local function out_write(entry, message, id, conversation, state, delivery, note, keep_ms, channel)
  redis.call('HSET', entry, 'state', state, 'delivery', delivery, 'error', note)
  redis.call('PEXPIRE', entry, keep_ms)
  if conversation ~= '' then
    redis.call('HSET', message, 'delivery', delivery, 'note', note)
    redis.call('PUBLISH', channel, 'delivery ' .. conversation .. ' ' .. id)
  end
end

-- The provider is asked about what may have been sent, when it can be (ask_ms > 0).
local function out_ask_later(due, id, now, ask_ms)
  if ask_ms > 0 then
    redis.call('ZADD', due, int(now + ask_ms), 'ask:' .. id)
  end
end
