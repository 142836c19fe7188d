-- SPDX-License-Identifier: Apache-2.0
-- A counselor's reply: the message and its outbox entry in one step. The same client_id of the same counselor twice is one
-- reply; another counselor's is another.
--
-- KEYS: conversation, messages, message, client_ids, entry, replies, out, unsent, gateways, due
-- ARGV: now, conversation, name, epoch, message, client_id, sealed_text, gateway, channel
-- Returns: {'OK', sequence, message} · {'DUPLICATE', sequence, message} · {'STALE'} · {'CONFLICT'} · {'NOT_FOUND'}
--- @include "levels"
--- @include "holder"
--- @include "outbox"
--- @include "attention"
--- @include "silence"
local conversation, messages, message, client_ids, entry = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now, id, name, epoch = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local message_id, gateway, channel = ARGV[5], ARGV[8], ARGV[9]
local said = name .. ' ' .. ARGV[6]

local earlier = redis.call('HGET', client_ids, said)
if earlier then
  local sequence, known = string.match(earlier, '^(%d+) (.*)$')
  return { 'DUPLICATE', tonumber(sequence), known }
end
local state, refusal = writes(conversation, name, epoch)
if not state then
  return { refusal }
end

local c = redis.call('HMGET', conversation, 'line', 'number', 'key', 'texter', 'holder')
local sequence = redis.call('HINCRBY', conversation, 'seq', 1)
redis.call('HSET', message, 'conversation', id, 'seq', sequence, 'direction', 2, 'at', int(now), 'provider_at', 0,
  'text', ARGV[7], 'author', name, 'delivery', QUEUED, 'client_id', ARGV[6])
redis.call('RPUSH', messages, message_id)
redis.call('HSET', client_ids, said, sequence .. ' ' .. message_id)
redis.call('HSET', entry, 'kind', 'reply', 'conversation', id, 'state', 'queued', 'gateway', gateway, 'line', c[1],
  'number', c[2], 'number_context', c[4], 'key', c[3], 'text', ARGV[7], 'epoch', 0, 'attempts', 0, 'delivery', QUEUED,
  'created', int(now))
out_enqueue(KEYS[7], KEYS[8], KEYS[6], message_id, id, int(now))
redis.call('SADD', KEYS[9], gateway)
redis.call('HSET', conversation, 'last_out_at', int(now), 'unanswered_at', 0)
attention_drop(conversation, 'counselor_silent')
silence_begin(conversation, KEYS[10], id, now)
redis.call('PUBLISH', channel, 'message ' .. id .. ' ' .. c[5] .. ' ' .. message_id)
redis.call('PUBLISH', channel, 'outbox ' .. gateway)
return { 'OK', sequence, message_id }
