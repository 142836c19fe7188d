-- SPDX-License-Identifier: Apache-2.0
-- A texter's wish that everything of theirs be deleted: the hash `erase:LINE:HASH`, and as long as it is there the timer
-- erase:LINE:HASH. Nothing is touched while any of their conversations is live. Its phase is "asked" until all of them are deleted, then
-- "telling" until the receipt is sent or given up. Who asks again meanwhile has another round, with a receipt of its own.
--- @include "levels"
local function erase_timer(member)
  return 'erase:' .. member
end

-- From the key of a texter to who asked: nothing but their own word is answered by a text.
local function erase_wish(request, id, now, by, language, gateway, number)
  redis.call('HSET', request, 'id', id, 'asked_at', int(now), 'by', by, 'phase', 'asked')
  if by == '' then
    redis.call('HSET', request, 'language', language, 'gateway', gateway, 'number', number)
  end
end
