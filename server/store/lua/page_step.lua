-- SPDX-License-Identifier: Apache-2.0
-- Takes an escalation one step on: its pages, their outbox entries and the next due time together.
--
-- KEYS: page, conversation, due, pages, pages_past, gateways_used, out_1, unsent_1 … (of pages, by gateway), entry_1 … entry_n
-- ARGV: now, number, generation, step, pass, next_at, people, channel, keep_ms, gateways (their names, comma-separated), then for each
--       entry: id, person, gateway, line, sealed_number, sealed_text
-- Returns: {'OK'} · {'STALE'}: another node took this step · {'RESOLVED'}: a human has the conversation
--- @include "levels"
--- @include "outbox"
--- @include "pages"
--- @include "flag"
local page, conversation, due, pages = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, number, channel = tonumber(ARGV[1]), ARGV[2], ARGV[8]

local outboxes, out_of = {}, {}
for name in string.gmatch(ARGV[10], '[^,]+') do
  out_of[name] = #outboxes + 1
  outboxes[#outboxes + 1] = KEYS[6 + #outboxes + 1]
  outboxes[#outboxes + 1] = KEYS[6 + #outboxes + 1]
end
local entries = 6 + #outboxes

local p = redis.call('HMGET', page, 'state', 'generation', 'cause')
if not p[1] or p[1] == '3' then
  redis.call('ZREM', due, 'page:' .. number)
  return { 'RESOLVED' }
end
if p[2] ~= ARGV[3] then
  return { 'STALE' }
end
local c = redis.call('HMGET', conversation, 'state', 'page')
local waits = (c[1] == '1' or c[1] == '2') and c[2] == number
if not waits and not (p[3] and flag_pages(conversation, number)) then
  page_end(page, due, pages, KEYS[5], outboxes, number, int(now), ARGV[9])
  return { 'RESOLVED' }
end

redis.call('HSET', page, 'state', 1, 'step', ARGV[4], 'pass', ARGV[5], 'next_at', ARGV[6])
if ARGV[7] ~= '' then
  redis.call('HSET', page, 'paged', ARGV[7])
end
redis.call('HINCRBY', page, 'generation', 1)
redis.call('ZADD', due, ARGV[6], 'page:' .. number)
local latest = pages_latest(page)
for i = entries + 1, #KEYS do
  local a = 10 + (i - entries - 1) * 6
  local id, person, gateway = ARGV[a + 1], ARGV[a + 2], ARGV[a + 3]
  redis.call('HSET', KEYS[i], 'kind', 'page', 'number_of_page', number, 'conversation', '', 'state', 'queued', 'person',
    person, 'gateway', gateway, 'line', ARGV[a + 4], 'number', ARGV[a + 5], 'number_context', person, 'text',
    ARGV[a + 6], 'epoch', 0, 'attempts', 0, 'delivery', QUEUED, 'created', int(now))
  redis.call('PEXPIRE', KEYS[i], ARGV[9])
  if latest[person] then
    pages_take_out(outboxes, latest[person])
  end
  out_enqueue(outboxes[out_of[gateway]], outboxes[out_of[gateway] + 1], nil, id, '', int(now))
  redis.call('SADD', KEYS[6], gateway)
  redis.call('PUBLISH', channel, 'outbox ' .. gateway)
  latest[person] = id
end
if #KEYS > entries then
  redis.call('HSET', page, 'latest', cjson.encode(latest))
end
return { 'OK' }
