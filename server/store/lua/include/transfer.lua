-- SPDX-License-Identifier: Apache-2.0
-- A transfer that is open: the giver holds the conversation until the other one accepts. Fields transfer_to ('' is none), transfer_until;
-- of one for a skill, whoever has it, transfer_skill and transfer_asked (CSV, who was asked before); timer `transfer:ID`. Whatever else
-- ends the hold ends it, too.
--- @include "levels"
local TRANSFER_ASKED_MAX = 5

local function transfer_open(conversation, due, with, channel, id, epoch, to, till, skill, asked)
  redis.call('HSET', conversation, 'transfer_to', to, 'transfer_until', int(till), 'transfer_skill', skill, 'transfer_asked', asked)
  redis.call('ZADD', due, int(till), 'transfer:' .. id)
  redis.call('HSET', with, id, 'transfer')
  redis.call('PUBLISH', channel, 'offer ' .. id .. ' ' .. to .. ' ' .. epoch)
end

-- Returns who was asked, for which skill and who before; nil when none was open.
local function transfer_clear(conversation, due, channel, id, epoch, why)
  local c = redis.call('HMGET', conversation, 'transfer_to', 'transfer_skill', 'transfer_asked')
  if not c[1] or c[1] == '' then
    return nil
  end
  redis.call('HSET', conversation, 'transfer_to', '', 'transfer_until', 0, 'transfer_skill', '', 'transfer_asked', '')
  redis.call('ZREM', due, 'transfer:' .. id)
  if why then
    redis.call('PUBLISH', channel, 'offer_over ' .. id .. ' ' .. c[1] .. ' ' .. epoch .. ' ' .. why)
  end
  return c[1], c[2] or '', c[3] or ''
end
