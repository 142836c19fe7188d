-- SPDX-License-Identifier: Apache-2.0
-- A human has dealt with a quarantined request. Released, it has become a text: its content goes at once. Discarded, the
-- sealed content stays until the entry expires, and it may still be released: a mistake can be undone.
--
-- KEYS: entries, entry, past
-- ARGV: now, id, outcome ('released' or 'discarded'), by, note, keep_ms, past_most
-- Returns: {'OK'} · {'ALREADY', outcome, by}: somebody else was first · {'NOT_FOUND'}
local entries, entry, past = KEYS[1], KEYS[2], KEYS[3]
local id, outcome, by = ARGV[2], ARGV[3], ARGV[4]

local e = redis.call('HMGET', entry, 'outcome', 'by')
if not e[1] then
  return { 'NOT_FOUND' }
end
if e[1] == outcome and e[2] == by then
  return { 'OK' }
end
if e[1] == outcome or e[1] == 'released' then
  return { 'ALREADY', e[1], e[2] }
end

redis.call('HSET', entry, 'outcome', outcome, 'by', by, 'note', ARGV[5], 'ended', ARGV[1])
if outcome == 'released' then
  redis.call('HDEL', entry, 'request')
end
redis.call('PEXPIRE', entry, ARGV[6])
redis.call('ZREM', entries, id)
redis.call('ZADD', past, ARGV[1], id)
redis.call('ZREMRANGEBYRANK', past, 0, -1 - tonumber(ARGV[7]))
return { 'OK' }
