-- SPDX-License-Identifier: Apache-2.0
-- Is an escalation that is listed, or has a timer, open, and does it have both, and will ring in time? One that is no more is taken out of
-- both.
--
-- KEYS: page, due, pages
-- ARGV: now, number
-- Returns: {'OK', fault …}
--- @include "levels"
local page, due, pages = KEYS[1], KEYS[2], KEYS[3]
local now, number = int(tonumber(ARGV[1])), ARGV[2]
local faults = { 'OK' }
local p = redis.call('HMGET', page, 'state', 'next_at')
local state, next_at = p[1], tonumber(p[2]) or tonumber(now)
local timer, listed = redis.call('ZSCORE', due, 'page:' .. number), redis.call('ZSCORE', pages, number)
if state == '1' or state == '2' then
  if not timer then
    redis.call('ZADD', due, now, 'page:' .. number)
    faults[#faults + 1] = 'page_timer'
  elseif tonumber(timer) > next_at then
    redis.call('ZADD', due, int(next_at), 'page:' .. number)
    faults[#faults + 1] = 'page_timer'
  end
  if not listed then
    redis.call('ZADD', pages, now, number)
    faults[#faults + 1] = 'pages'
  end
elseif timer or listed then
  redis.call('ZREM', due, 'page:' .. number)
  redis.call('ZREM', pages, number)
  faults[#faults + 1] = 'page'
end
return faults
