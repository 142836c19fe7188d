-- SPDX-License-Identifier: Apache-2.0
-- A held conversation goes back into the queue at its old place, history kept, due for an answer as if it had just come. Who gave it away
-- is not asked again in this pass. What comes back for the third time is for a supervisor.
--- @include "levels"
--- @include "staff"
--- @include "custody"
--- @include "attention"
--- @include "silence"
--- @include "transfer"
--- @include "close"
--- @include "automatic"
--- @include "prefer"
local REQUEUES_MAX = 3
local GIVEN_AWAY = { silent = true, transfer = true, given_back = true }

-- Whoever takes it next must have that skill, first of all; how long it is asked for counts from now.
local function require_skill(conversation, skill, now)
  local require = redis.call('HGET', conversation, 'require') or ''
  if not string.find(',' .. require .. ',', ',' .. skill .. ',', 1, true) then
    require = require == '' and skill or (skill .. ',' .. require)
  end
  redis.call('HSET', conversation, 'require', require, 'require_at', int(now))
end

-- keys: conversation, imminent_queue, queue, due, staff, hold, held, waiting_1 … waiting_5, tend, …, custody
local function requeue(keys, channel, id, now, name, epoch, reason, within, over)
  local conversation, due = keys[1], keys[4]
  local c = redis.call('HMGET', conversation, 'level', 'score', 'enqueued', 'held_at')
  local level = tonumber(c[1])
  local answer_by = int(now + within[level])
  local excluded = GIVEN_AWAY[reason] and name or ''
  -- It was to go to somebody with a skill: it still is.
  local to, skill, asked = transfer_clear(conversation, due, channel, id, epoch, over or 'withdrawn')
  if to and skill ~= '' then
    require_skill(conversation, skill, now)
    excluded = excluded .. (excluded ~= '' and ',' or '') .. to .. (asked ~= '' and ',' .. asked or '')
  end
  redis.call('HSET', conversation, 'state', 1, 'holder', '', 'answer_by', answer_by, 'excluded', excluded, 'page', 0)
  -- They may be back meanwhile.
  if reason == 'lost' then
    prefer(conversation, name, now)
  end
  custody(keys[#keys], id, now, 'released', name, redis.call('HINCRBY', conversation, 'epoch', 1), reason)
  close_settle(conversation, channel, id, 'cancelled', '', reason)
  silence_end(conversation, due, id)
  attention_drop(conversation, 'counselor_silent')
  attention_drop(conversation, 'texter_silent')
  if redis.call('HINCRBY', conversation, 'requeues', 1) >= REQUEUES_MAX then
    attention_add(conversation, channel, 'requeued', id, name)
  end
  redis.call('ZREM', keys[7], id)
  redis.call('HINCRBY', conversation, 'handled', int(math.max(now - (tonumber(c[4]) or now), 0)))
  redis.call('ZADD', keys[7 + level], c[3], id)
  redis.call('ZADD', queue_of(level, keys[2], keys[3]), c[2], id)
  redis.call('ZADD', due, answer_by, 'answer:' .. id)
  -- Nobody waits anew in silence: a promise may be over by now.
  if redis.call('HEXISTS', conversation, 'tend') == 1 then
    automatic_tend(conversation, keys[13], id, now)
  end
  staff_give_back(keys[5], keys[6], name, now, id)
  redis.call('PUBLISH', channel, 'released ' .. id .. ' ' .. name .. ' ' .. epoch .. ' ' .. reason)
  redis.call('PUBLISH', channel, 'waiting ' .. id)
end
