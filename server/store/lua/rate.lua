-- SPDX-License-Identifier: Apache-2.0
-- A texter's answer to the question how it was: one digit, which goes to the conversation that they were asked about. It reopens nothing.
--
-- KEYS: seen, texter, conversation
-- ARGV: now, rating, window_ms (for which the question stands), seen_ttl_ms
-- Returns: {'OK'} · {'DUPLICATE'}: that text has been here · {'NOT_FOUND'}: nobody is waiting for it, so it is a text like any other
--- @include "levels"
local seen, texter, conversation = KEYS[1], KEYS[2], KEYS[3]
local now = tonumber(ARGV[1])

if redis.call('EXISTS', seen) == 1 then
  return { 'DUPLICATE' }
end
local c = redis.call('HMGET', conversation, 'state', 'surveyed_at', 'rating')
local asked = tonumber(c[2])
local over = c[1] == '4' or c[1] == '5'
if not over or not asked or c[3] or now > asked + tonumber(ARGV[3]) or redis.call('HEXISTS', texter, 'conversation') == 1 then
  return { 'NOT_FOUND' }
end
redis.call('HSET', conversation, 'rating', ARGV[2], 'rated_at', int(now))
redis.call('SET', seen, 'rating', 'PX', ARGV[4])
return { 'OK' }
