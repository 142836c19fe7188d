-- SPDX-License-Identifier: Apache-2.0
-- Ends an escalation because a human has the conversation.
--
-- KEYS: page, conversation, due, pages, pages_past, out_1, unsent_1 … (of pages, by gateway)
-- ARGV: now, number, keep_ms
-- Returns: {'OK'} · {'CONFLICT'}: nobody has it · {'NOT_FOUND'}
--- @include "pages"
--- @include "flag"
local page, conversation, due, pages = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local number = ARGV[2]

if redis.call('EXISTS', page) == 0 then
  return { 'NOT_FOUND' }
end
local c = redis.call('HMGET', conversation, 'state', 'page')
if (c[1] == '1' or c[1] == '2') and c[2] == number or flag_pages(conversation, number) then
  return { 'CONFLICT' }
end
page_end(page, due, pages, KEYS[5], { unpack(KEYS, 6) }, number, ARGV[1], ARGV[3])
if c[2] == number then
  redis.call('HSET', conversation, 'page', 0)
end
return { 'OK' }
