-- SPDX-License-Identifier: Apache-2.0
-- A human's word on an open conversation's level, up or down: its places follow. A higher level only ever hastens; a lower one takes
-- nothing back that was promised before.
--- @include "levels"
--- @include "custody"
--- @include "silence"
--- @include "flag"
--- @include "limits"

-- Who may: its holder, or a supervisor. Returns the fields state, holder, epoch and level, or nil and the code of the refusal.
local function relevel_may(conversation, name, epoch, supervisor)
  local c = redis.call('HMGET', conversation, 'state', 'holder', 'epoch', 'level')
  if not c[1] then
    return nil, 'NOT_FOUND'
  end
  if epoch ~= '' and c[3] ~= epoch or not supervisor and c[2] ~= name then
    return nil, 'STALE'
  end
  if tonumber(c[1]) > 3 or (not supervisor and c[1] ~= '3') then
    return nil, 'CONFLICT'
  end
  return c
end

-- `keys`: conversation, imminent_queue, queue, due, waiting_1 … waiting_5, custody.
local function relevel(keys, id, now, level, boost, within, channel, name, why)
  local conversation, imminent_queue, queue, due = keys[1], keys[2], keys[3], keys[4]
  local c = redis.call('HMGET', conversation, 'state', 'level', 'enqueued', 'answer_by', 'holder', 'page', 'epoch')
  local old, enqueued = tonumber(c[2]), tonumber(c[3])
  if old == level then
    return
  end
  limit_look(conversation, keys[#keys], id, now, name, level)
  local score = int(score_of(level, enqueued, boost) + limit_ms(conversation))
  redis.call('HSET', conversation, 'level', level, 'score', score)
  if c[1] ~= '3' then
    local answer_by = int(math.min(tonumber(c[4]), now + within[level]))
    redis.call('HSET', conversation, 'answer_by', answer_by)
    redis.call('ZREM', keys[4 + old], id)
    redis.call('ZADD', keys[4 + level], int(enqueued), id)
    if c[6] == '0' then
      redis.call('ZADD', due, answer_by, 'answer:' .. id)
    elseif level > old then
      redis.call('ZADD', due, 'LT', int(now), 'page:' .. c[6])
    end
  else
    silence_look(conversation, due, id, now)
  end
  if c[1] == '1' then
    redis.call('ZREM', queue_of(old, imminent_queue, queue), id)
    redis.call('ZADD', queue_of(level, imminent_queue, queue), score, id)
    redis.call('PUBLISH', channel, 'waiting ' .. id)
  end
  custody(keys[#keys], id, now, 'level', name, c[7], 'level=' .. level .. ',from=' .. old .. (why ~= '' and ',' .. why or ''))
  redis.call('PUBLISH', channel, 'level ' .. id .. ' ' .. (c[5] ~= '' and c[5] or '-'))
end
