-- SPDX-License-Identifier: Apache-2.0
-- Records what became of a send. Who comes after the lease is over still knows best, as long as nobody has taken the entry since: what was
-- marked as possibly sent is settled by it. That it was surely not sent is no leave to send it then: later replies may be out, so
-- it is held. What an earlier try may have sent stays so, whatever became of this one, unless this one was sent.
--
-- KEYS: entry, message, replies, out, unsent, due, known
-- ARGV: now, id, conversation (of a reply, or ''), gateway, epoch, outcome ("sent", "retry", "failed", "unknown", or "again": it may have
--       been sent, and may be sent again under its id), provider_id, note, retry_at, ask_ms, keep_ms, channel
-- Returns: {'OK'} · {'STALE'}: somebody else has the entry, or its outcome is known already
--- @include "levels"
--- @include "outbox"
local entry, message, replies, out, unsent, due = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local now, id, conversation, outcome, note = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[6], ARGV[8]
local keep_ms, channel = ARGV[11], ARGV[12]
local OUTCOMES = {
  sent = { 'done', SENT },
  failed = { 'done', FAILED },
  unknown = { 'unknown', UNKNOWN },
  held = { 'held', HELD },
}

local e = redis.call('HMGET', entry, 'state', 'epoch', 'maybe', 'kind')
local late, maybe = e[1] == 'unknown', e[3] and conversation ~= ''
if (e[1] ~= 'sending' and not late) or e[2] ~= ARGV[5] then
  return { 'STALE' }
end
if maybe and outcome == 'failed' then
  outcome = 'unknown'
end
if late and (outcome == 'unknown' or outcome == 'again' or (maybe and outcome == 'retry')) then
  return { 'OK' }
end
if late and outcome == 'retry' then
  -- Nobody decides about an automatic text: what it said is no longer so.
  outcome, note = e[4] == 'auto' and 'failed' or 'held', 'it was not sent, and could not be sent in time'
end
if outcome == 'again' then
  redis.call('HSET', entry, 'maybe', 1)
end
if outcome == 'retry' or outcome == 'again' then
  redis.call('HSET', entry, 'state', 'queued', 'error', note)
  -- XX: a page that was withdrawn while it was being sent stays withdrawn.
  redis.call('ZADD', out, 'XX', ARGV[9], out_member(id, conversation))
  if conversation ~= '' then
    redis.call('HSET', message, 'note', note)
    redis.call('PUBLISH', channel, 'delivery ' .. conversation .. ' ' .. id)
  end
  return { 'OK' }
end

local becomes = OUTCOMES[outcome]
out_write(entry, message, id, conversation, becomes[1], becomes[2], note, keep_ms, channel)
redis.call('ZREM', due, 'ask:' .. id)
if outcome == 'unknown' then
  out_ask_later(due, id, now, tonumber(ARGV[10]))
end
if ARGV[7] ~= '' then
  redis.call('HSET', entry, 'provider_id', ARGV[7])
  redis.call('SET', KEYS[7], id, 'PX', keep_ms)
end
if out_settle(out, unsent, replies, id, conversation, int(now)) then
  redis.call('PUBLISH', channel, 'outbox ' .. ARGV[4])
end
return { 'OK' }
