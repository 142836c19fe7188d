-- SPDX-License-Identifier: Apache-2.0
-- Each held conversation has one timer, `silence:ID`, at the time in its field silence_at: then somebody looks who has been silent for
-- how long (server/core/silence.c decides). Whatever ends a silence sets it to be looked at soon. Beside it are last_in_at and
-- last_out_at, of the texter's latest text and of the latest reply of a human; unanswered_at, since when the texter waits for one, 0
-- when they do not; and silence_step, how often the present silence was told of.
--- @include "levels"
local SILENCE_LOOK_MS = 1000

local function silence_begin(conversation, due, id, now)
  local at = int(now + SILENCE_LOOK_MS)
  redis.call('HSET', conversation, 'silence_at', at, 'silence_step', 0)
  redis.call('ZADD', due, at, 'silence:' .. id)
end

-- Other lengths count from now on: looked at soon, and the silence goes on.
local function silence_look(conversation, due, id, now)
  local at = int(now + SILENCE_LOOK_MS)
  redis.call('HSET', conversation, 'silence_at', at)
  redis.call('ZADD', due, at, 'silence:' .. id)
end

local function silence_end(conversation, due, id)
  redis.call('HSET', conversation, 'silence_at', 0, 'silence_step', 0)
  redis.call('ZREM', due, 'silence:' .. id)
end
