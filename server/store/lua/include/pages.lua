-- SPDX-License-Identifier: Apache-2.0
-- The latest page to each person of an escalation: person -> outbox entry. A page that could not be sent yet is taken out of the outbox
-- when a newer one to the same person replaces it, and when nobody need be paged any more. (One that is being sent at that very
-- moment goes out: a page too many is better than one too few.) `outboxes` is the list of the pages' out and unsent keys of all
-- gateways: which one a page went to is not remembered.
local function pages_latest(page)
  local json = redis.call('HGET', page, 'latest')
  return json and json ~= '' and cjson.decode(json) or {}
end

local function pages_take_out(outboxes, id)
  for _, key in ipairs(outboxes) do
    redis.call('ZREM', key, id)
  end
end

local function pages_withdraw(page, outboxes)
  for _, id in pairs(pages_latest(page)) do
    pages_take_out(outboxes, id)
  end
  redis.call('HSET', page, 'latest', '')
end

-- An escalation ends: its timer goes, and of those that are over the latest 200 stay listed.
local function page_end(page, due, pages, past, outboxes, number, now, keep_ms)
  pages_withdraw(page, outboxes)
  redis.call('HSET', page, 'state', 3, 'next_at', 0)
  redis.call('PEXPIRE', page, keep_ms)
  redis.call('ZREM', due, 'page:' .. number)
  redis.call('ZREM', pages, number)
  redis.call('ZADD', past, now, number)
  redis.call('ZREMRANGEBYRANK', past, 0, -201)
end
