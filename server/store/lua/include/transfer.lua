-- SPDX-License-Identifier: Apache-2.0
-- A transfer that is open: the giver holds the conversation until the other one accepts. Fields transfer_to ('' is none), transfer_until;
-- timer `transfer:ID`. Whatever else ends the hold ends it, too.
local function transfer_clear(conversation, due, channel, id, epoch, why)
  local to = redis.call('HGET', conversation, 'transfer_to')
  if not to or to == '' then
    return nil
  end
  redis.call('HSET', conversation, 'transfer_to', '', 'transfer_until', 0)
  redis.call('ZREM', due, 'transfer:' .. id)
  if why then
    redis.call('PUBLISH', channel, 'offer_over ' .. id .. ' ' .. to .. ' ' .. epoch .. ' ' .. why)
  end
  return to
end
