-- SPDX-License-Identifier: Apache-2.0
-- Who else may take an imminent conversation while it is offered to its holder: field `also`, comma-separated, good in the epoch `also_epoch`
-- alone. They have no lease: nothing is held for them, nothing is missed by them, and whoever accepts first has it.
local function also_of(conversation, epoch)
  local c = redis.call('HMGET', conversation, 'also', 'also_epoch')
  return c[2] == epoch and c[1] or ''
end

local function also_has(conversation, epoch, name)
  return string.find(',' .. also_of(conversation, epoch) .. ',', ',' .. name .. ',', 1, true) ~= nil
end

-- Tells those who are left, except one, and ends it.
local function also_over(conversation, channel, id, epoch, reason, except)
  local also = also_of(conversation, epoch)
  if also == '' then
    return
  end
  for name in string.gmatch(also, '[^,]+') do
    if name ~= except then
      redis.call('PUBLISH', channel, 'offer_over ' .. id .. ' ' .. name .. ' ' .. epoch .. ' ' .. reason)
    end
  end
  redis.call('HSET', conversation, 'also', '')
end

-- One of them says no.
local function also_drop(conversation, channel, id, epoch, name, reason)
  local left = {}
  for one in string.gmatch(also_of(conversation, epoch), '[^,]+') do
    left[#left + 1] = one ~= name and one or nil
  end
  redis.call('HSET', conversation, 'also', table.concat(left, ','))
  redis.call('PUBLISH', channel, 'offer_over ' .. id .. ' ' .. name .. ' ' .. epoch .. ' ' .. reason)
end
