-- SPDX-License-Identifier: Apache-2.0
-- Who has begun many conversations lately, or whose abuse a supervisor has upheld, comes later in the queue than their level says: nobody
-- is refused, an answer is due when it always was, and danger lifts it at once. A conversation's fields: limited_ms (how much later; 0 or
-- none is not at all) and limited_by ("often", "abuse"). `often` has the times of a texter's latest beginnings, the newest first;
-- `abuse` is there while a limit is upheld. Both expire.
--- @include "levels"
--- @include "custody"

-- '' when there is none. `most` 0 counts nothing.
local function limit_cause(often, abuse, now, most, window_ms)
  if redis.call('EXISTS', abuse) == 1 then
    return 'abuse'
  end
  local first = most > 0 and tonumber(redis.call('LINDEX', often, most - 1))
  return first and now - first < window_ms and 'often' or ''
end

local function limit_count(often, now, most, window_ms)
  if most > 0 then
    redis.call('LPUSH', often, int(now))
    redis.call('LTRIM', often, 0, most - 1)
    redis.call('PEXPIRE', often, int(window_ms))
  end
end

-- What a score is higher by.
local function limit_ms(conversation)
  return tonumber(redis.call('HGET', conversation, 'limited_ms')) or 0
end

local function limit_lift(conversation, custody_key, id, now, name, why)
  if limit_ms(conversation) == 0 then
    return false
  end
  redis.call('HSET', conversation, 'limited_ms', 0, 'limited_by', '')
  custody(custody_key, id, now, 'limit_lifted', name, redis.call('HGET', conversation, 'epoch'), why)
  return true
end

-- Nobody in danger is limited.
local function limit_look(conversation, custody_key, id, now, name, level)
  return level >= HIGH and limit_lift(conversation, custody_key, id, now, name, 'level=' .. level)
end
