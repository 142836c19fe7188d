-- SPDX-License-Identifier: Apache-2.0
-- An automatic text to a texter: the message and its outbox entry in one step. Each mark is said once in a conversation (its field `said`);
-- without a mark, once for each message id.
--
-- KEYS: conversation, messages, message, entry, autos, out, unsent, gateways, told (this texter was told it lately, in another conversation)
-- ARGV: now, conversation, message, text (its name), mark (or ''), condition (lua/include/automatic.lua), valid_ms, sealed_text, gateway,
--       channel, kept_field, kept (written into the conversation; 'seq' is the sequence), told_ms (0: told or not is no matter)
-- Returns: {'OK', sequence} · {'DUPLICATE'}: said before, or lately · {'GONE'}: it is not true, or no longer · {'NOT_FOUND'}
--- @include "levels"
--- @include "outbox"
--- @include "automatic"
local conversation, messages, message, entry = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, id, message_id, mark = int(tonumber(ARGV[1])), ARGV[2], ARGV[3], ARGV[5]
local gateway, channel = ARGV[9], ARGV[10]

local c = redis.call('HMGET', conversation, 'state', 'said', 'line', 'number', 'key', 'texter', 'holder')
if not c[1] then
  return { 'NOT_FOUND' }
end
local said = c[2] or ''
if redis.call('EXISTS', message) == 1 or automatic_was_said(said, mark) then
  return { 'DUPLICATE' }
end
if not automatic_is_true(ARGV[6], c[1]) then
  return { 'GONE' }
end

if mark ~= '' then
  redis.call('HSET', conversation, 'said', said == '' and mark or said .. ',' .. mark)
end
if ARGV[13] ~= '0' and not redis.call('SET', KEYS[9], now, 'NX', 'PX', ARGV[13]) then
  return { 'DUPLICATE' }
end
local sequence = redis.call('HINCRBY', conversation, 'seq', 1)
redis.call('HSET', conversation, 'said_at', now)
if ARGV[11] ~= '' then
  redis.call('HSET', conversation, ARGV[11], ARGV[12] == 'seq' and sequence or ARGV[12])
end
redis.call('HSET', message, 'conversation', id, 'seq', sequence, 'direction', 2, 'at', now, 'provider_at', 0, 'text', ARGV[8],
  'author', '', 'automatic', ARGV[4], 'delivery', QUEUED, 'client_id', '')
redis.call('RPUSH', messages, message_id)
redis.call('HSET', entry, 'kind', 'auto', 'conversation', id, 'state', 'queued', 'gateway', gateway, 'line', c[3], 'number', c[4],
  'number_context', c[6], 'key', c[5], 'text', ARGV[8], 'epoch', 0, 'attempts', 0, 'delivery', QUEUED, 'created', now,
  'condition', ARGV[6], 'valid_ms', ARGV[7])
out_enqueue(KEYS[6], KEYS[7], KEYS[5], message_id, id, now)
redis.call('SADD', KEYS[8], gateway)
redis.call('PUBLISH', channel, 'message ' .. id .. ' ' .. (c[7] and c[7] ~= '' and c[7] or '-') .. ' ' .. message_id)
redis.call('PUBLISH', channel, 'outbox ' .. gateway)
return { 'OK', sequence }
