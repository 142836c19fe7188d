-- SPDX-License-Identifier: Apache-2.0
-- Takes an outbox entry for sending, for as long as the lease lasts. The same token again is the same claim, with a new lease: who
-- asks again has not had the answer, and so has sent nothing. An entry whose earlier lease ran out may have been sent: a page is
-- sent again (a second page is better than none), and so is what the provider recognizes by its id; any other reply is marked so and
-- left to the provider's reports and to people. A reply that has waited for longer than it is worth is held for the counselor's decision;
-- an automatic text that is no longer true, or too old, is withdrawn.
--
-- KEYS: entry, message (of a reply), replies (of its conversation), out, unsent, due, conversation
-- ARGV: now, id, conversation (of a reply, or ''), gateway, token, lease_ms, validity_ms, repeatable (1: known by its id), ask_ms,
--       keep_ms, channel
-- Returns: {'OK', epoch, name, value, …}: the entry's fields · {'UNKNOWN'}: it may have been sent, and now says so ·
--       {'HELD'}: too late, and now says so · {'GONE'}: nothing to do · {'GONE', 'withdrawn'}: an automatic text, and now says so
--- @include "levels"
--- @include "outbox"
--- @include "automatic"
local entry, message, replies, out, unsent, due = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local now, id, conversation, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[11]

local function settle()
  if out_settle(out, unsent, replies, id, conversation, int(now)) then
    redis.call('PUBLISH', channel, 'outbox ' .. ARGV[4])
  end
end

local e = redis.call('HMGET', entry, 'state', 'lease_until', 'token', 'epoch', 'created', 'maybe', 'kind', 'condition', 'valid_ms')
local auto = e[7] == 'auto'
local again = e[1] == 'sending' and e[3] == ARGV[5]
local lapsed = e[1] == 'sending' and not again and now >= tonumber(e[2])
local till = int(now + tonumber(ARGV[6]))
if e[1] ~= 'queued' and e[1] ~= 'sending' then
  settle()
  return { 'GONE' }
end
if e[1] == 'sending' and not again and not lapsed then
  return { 'GONE' }
end
if again then
  redis.call('HSET', entry, 'lease_until', till)
  redis.call('ZADD', out, 'XX', till, out_member(id, conversation))
  return { 'OK', tonumber(e[4]), redis.call('HGETALL', entry) }
end
local late = conversation ~= '' and not lapsed and now - tonumber(e[5]) > tonumber(auto and e[9] or ARGV[7])
-- Its state tells: nobody is told to wait whom somebody has answered.
local untrue = auto and not automatic_is_true(e[8], redis.call('HGET', KEYS[7], 'state') or '')
if (conversation ~= '' and lapsed and ARGV[8] ~= '1') or ((late or untrue) and (e[6] or lapsed)) then
  out_write(entry, message, id, conversation, 'unknown', UNKNOWN, 'interrupted while it was being sent', ARGV[10], channel)
  out_ask_later(due, id, now, tonumber(ARGV[9]))
  settle()
  return { 'UNKNOWN' }
end
if auto and (late or untrue) then
  local note = late and 'withdrawn: it could not be sent in time' or 'withdrawn: it was no longer true'
  out_write(entry, message, id, conversation, 'done', FAILED, note, ARGV[10], channel)
  settle()
  return { 'GONE', 'withdrawn' }
end
if late then
  out_write(entry, message, id, conversation, 'held', HELD, 'it could not be sent in time', ARGV[10], channel)
  settle()
  return { 'HELD' }
end

local epoch = redis.call('HINCRBY', entry, 'epoch', 1)
redis.call('HINCRBY', entry, 'attempts', 1)
if lapsed then
  redis.call('HSET', entry, 'maybe', 1)
end
redis.call('HSET', entry, 'state', 'sending', 'lease_until', till, 'token', ARGV[5], 'tried', int(now))
-- XX: a page that was withdrawn after it had been seen here goes out once, and is not tried again.
redis.call('ZADD', out, 'XX', till, out_member(id, conversation))
return { 'OK', epoch, redis.call('HGETALL', entry) }
