-- SPDX-License-Identifier: Apache-2.0
-- An escalation ends: its timer goes, and of those that are over the latest 200 stay listed.
local function page_end(page, due, pages, past, number, now, keep_ms)
  redis.call('HSET', page, 'state', 3, 'next_at', 0)
  redis.call('PEXPIRE', page, keep_ms)
  redis.call('ZREM', due, 'page:' .. number)
  redis.call('ZREM', pages, number)
  redis.call('ZADD', past, now, number)
  redis.call('ZREMRANGEBYRANK', past, 0, -201)
end
