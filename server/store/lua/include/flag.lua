-- SPDX-License-Identifier: Apache-2.0
-- A flag: somebody who is held is in imminent danger, and a supervisor must see to it. flag_at (0: no flag is open), flag_by ("" when
-- triage saw it), flag_cause ("flag", "imminent"), and flag_page, the number of its escalation; before there is one the timer `flag:ID`
-- says that one is to be opened. It pages until it is settled, whoever holds the conversation.
--- @include "levels"
--- @include "custody"
--- @include "attention"
local function flag_is_open(conversation)
  return (tonumber(redis.call('HGET', conversation, 'flag_at')) or 0) > 0
end

local function flag_raise(conversation, due, channel, custody_key, id, now, by, epoch, cause)
  if flag_is_open(conversation) then
    return
  end
  redis.call('HSET', conversation, 'flag_at', int(now), 'flag_by', by, 'flag_cause', cause, 'flag_page', 0)
  redis.call('ZADD', due, int(now), 'flag:' .. id)
  custody(custody_key, id, now, 'flagged', by, epoch, cause)
  attention_add(conversation, channel, 'flag', id, by)
  redis.call('PUBLISH', channel, 'due')
end

-- Returns the number of its escalation, '0' when there is none: it ends at its next step, or sooner by page_resolve.
local function flag_settle(conversation, due, channel, custody_key, id, now, by, epoch, why)
  if not flag_is_open(conversation) then
    return '0'
  end
  local page = redis.call('HGET', conversation, 'flag_page')
  redis.call('HSET', conversation, 'flag_at', 0, 'flag_page', 0)
  redis.call('ZREM', due, 'flag:' .. id)
  custody(custody_key, id, now, 'settled', by, epoch, why)
  attention_drop(conversation, 'flag')
  redis.call('PUBLISH', channel, 'changed ' .. id)
  return page
end

-- Does anybody still have to be paged because of it?
local function flag_pages(conversation, number)
  local c = redis.call('HMGET', conversation, 'state', 'flag_at', 'flag_page')
  return (tonumber(c[1]) or 5) <= 3 and (tonumber(c[2]) or 0) > 0 and c[3] == number
end
