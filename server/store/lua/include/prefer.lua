-- SPDX-License-Identifier: Apache-2.0
-- Whoever had a conversation knows it: while it waits again they are asked first, for so long.
--- @include "levels"
local PREFER_MS = 600000

local function prefer(conversation, name, now)
  redis.call('HSET', conversation, 'prefer', name, 'prefer_until', int(now + PREFER_MS))
end
