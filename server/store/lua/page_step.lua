-- SPDX-License-Identifier: Apache-2.0
-- Takes an escalation one step on: its pages, their outbox entries and the next due time together.
--
-- KEYS: page, conversation, due, pages, outbox, pages_past, entry_1 … entry_n
-- ARGV: now, number, generation, step, pass, next_at, people, channel, keep_ms, then for each entry:
--       id, person, gateway, line, sealed_number, sealed_text
-- Returns: {'OK'} · {'STALE'}: another node took this step · {'RESOLVED'}: a human has the conversation
--- @include "levels"
--- @include "pages"
local page, conversation, due, pages, outbox = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now, number, channel = tonumber(ARGV[1]), ARGV[2], ARGV[8]

local p = redis.call('HMGET', page, 'state', 'generation')
if not p[1] or p[1] == '3' then
  redis.call('ZREM', due, 'page:' .. number)
  return { 'RESOLVED' }
end
if p[2] ~= ARGV[3] then
  return { 'STALE' }
end
local c = redis.call('HMGET', conversation, 'state', 'page')
if (c[1] ~= '1' and c[1] ~= '2') or c[2] ~= number then
  page_end(page, due, pages, KEYS[6], outbox, number, int(now), ARGV[9])
  return { 'RESOLVED' }
end

redis.call('HSET', page, 'state', 1, 'step', ARGV[4], 'pass', ARGV[5], 'next_at', ARGV[6])
if ARGV[7] ~= '' then
  redis.call('HSET', page, 'paged', ARGV[7])
end
redis.call('HINCRBY', page, 'generation', 1)
redis.call('ZADD', due, ARGV[6], 'page:' .. number)
local latest = pages_latest(page)
for i = 7, #KEYS do
  local a = 9 + (i - 7) * 6
  local id, person = ARGV[a + 1], ARGV[a + 2]
  redis.call('HSET', KEYS[i], 'kind', 'page', 'number_of_page', number, 'conversation', '', 'state', 'queued', 'person',
    person, 'gateway', ARGV[a + 3], 'line', ARGV[a + 4], 'number', ARGV[a + 5], 'number_context', person, 'text',
    ARGV[a + 6], 'epoch', 0, 'attempts', 0, 'delivery', 1, 'created', int(now))
  redis.call('PEXPIRE', KEYS[i], ARGV[9])
  redis.call('ZADD', outbox, int(now), id)
  if latest[person] then
    redis.call('ZREM', outbox, latest[person])
  end
  latest[person] = id
end
if #KEYS > 6 then
  redis.call('HSET', page, 'latest', cjson.encode(latest))
end
redis.call('PUBLISH', channel, 'outbox')
return { 'OK' }
