-- SPDX-License-Identifier: Apache-2.0
-- Who holds a conversation asks for somebody to join it. One invitation is open at a time; the first who joins uses it up.
--
-- KEYS: conversation
-- ARGV: now, conversation, name, epoch, whom ("lang:es", or a counselor's name), invite_ms, channel
-- Returns: {'OK', until} · {'STALE'} · {'CONFLICT'} · {'NOT_FOUND'}
--- @include "levels"
--- @include "holder"
local conversation = KEYS[1]
local now, id, name, whom = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[5]

local state, refusal = held_by(conversation, name, ARGV[4], 3)
if not state then
  return { refusal }
end
local till = now + tonumber(ARGV[6])
redis.call('HSET', conversation, 'invited', whom, 'invited_until', int(till))
redis.call('PUBLISH', ARGV[7], 'invite ' .. id .. ' ' .. whom .. ' ' .. name .. ' ' .. int(till))
return { 'OK', till }
