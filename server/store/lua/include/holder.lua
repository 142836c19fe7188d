-- SPDX-License-Identifier: Apache-2.0
-- Fencing: a change is made only by who holds the conversation in the epoch that they last saw.
-- Returns the state, or nil and the code of the refusal.
local function held_by(conversation, name, epoch, wanted)
  local c = redis.call('HMGET', conversation, 'state', 'holder', 'epoch')
  if not c[1] then
    return nil, 'NOT_FOUND'
  end
  if c[2] ~= name or c[3] ~= epoch then
    return nil, 'STALE'
  end
  if tonumber(c[1]) ~= wanted then
    return nil, 'CONFLICT'
  end
  return tonumber(c[1])
end
