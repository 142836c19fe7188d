-- SPDX-License-Identifier: Apache-2.0
--- @include "present"
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

-- Who has joined writes beside the holder, fenced by the same epoch.
local function writes(conversation, name, epoch)
  local c = redis.call('HMGET', conversation, 'state', 'holder', 'epoch', 'present')
  if c[1] ~= '3' or c[2] == name or c[3] ~= epoch or not present_role(c[4], name) then
    return held_by(conversation, name, epoch, 3)
  end
  return 3
end
