-- SPDX-License-Identifier: Apache-2.0
-- Deletes what was said in a closed conversation, some messages at a call. Its key goes first: from then on no copy of its texts anywhere
-- can be read. What stays is without content: times, level, outcome, who had it, and the ledger of custody. Safe to repeat.
--
-- KEYS: conversation, messages, notes, client_ids, replies, autos, of, late, closed, due, tend, message_1 … message_N, entry_1 … entry_N,
--       custody
-- ARGV: now, conversation, who (asked for it, or ''), why, force ("1": also what waits to be sent), message id_1 … id_N (the first of
--       `messages`)
-- Returns: {'OK', 'more'|'done'} · {'CONFLICT'}: it is live · {'HELD'}: something to its texter is not sent yet · {'NOT_FOUND'}
--- @include "levels"
--- @include "custody"
local conversation, messages, replies, autos, of, late, closed, due =
  KEYS[1], KEYS[2], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local now, id, count = tonumber(ARGV[1]), ARGV[2], #ARGV - 5
local STAYS = {}
for _, name in ipairs({ 'state', 'level', 'line', 'gateway', 'created', 'enqueued', 'answer_by', 'score', 'epoch', 'holder', 'seq', 'page',
  'flag_page', 'held_at', 'closed_at', 'wrap_up_until', 'outcome', 'approved_by', 'requeues', 'reopened', 'handled', 'erased_at' }) do
  STAYS[name] = true
end

local function forget_place()
  redis.call('LREM', of, 0, id)
  redis.call('ZREM', closed, id)
end

local c = redis.call('HMGET', conversation, 'state', 'epoch', 'erased_at')
if not c[1] then
  forget_place()
  return { 'NOT_FOUND' }
end
if c[1] ~= '5' then
  redis.call('ZREM', closed, id)
  return { 'CONFLICT' }
end
if ARGV[5] ~= '1' and redis.call('LLEN', replies) + redis.call('LLEN', autos) > 0 then
  return { 'HELD' }
end

-- Whose it was is needed until it is done, to find the lists that it stands in. A full Redis refuses a first write that could need
-- memory: this one never does.
STAYS.texter = true
for _, name in ipairs(redis.call('HKEYS', conversation)) do
  if not STAYS[name] then
    redis.call('HDEL', conversation, name)
  end
end
if not c[3] then
  redis.call('HSET', conversation, 'erased_at', int(now))
  custody(KEYS[#KEYS], id, now, 'deleted', ARGV[3], c[2], ARGV[4])
end
redis.call('DEL', KEYS[3], KEYS[4], replies, autos)
redis.call('ZREM', KEYS[11], id)
if redis.call('HGET', late, 'conversation') == id then
  redis.call('DEL', late)
end
for i = 1, count do
  local message = ARGV[5 + i]
  redis.call('DEL', KEYS[11 + i], KEYS[11 + count + i])
  redis.call('ZREM', due, 'ask:' .. message)
  redis.call('LREM', messages, 1, message)
end
if redis.call('LLEN', messages) > 0 then
  return { 'OK', 'more' }
end
redis.call('HDEL', conversation, 'texter')
forget_place()
return { 'OK', 'done' }
