-- SPDX-License-Identifier: Apache-2.0
-- What staff write for each other about a conversation: hash of note id -> "AT KIND AUTHOR SEALED". A note is bound to its id, so adding
-- one again is harmless. Whoever holds the conversation next reads them; the texter never does.
--- @include "levels"
local NOTES_MAX = 200

local function notes_full(notes)
  return redis.call('HLEN', notes) >= NOTES_MAX
end

local function notes_add(notes, note, now, kind, author, sealed)
  redis.call('HSETNX', notes, note, int(now) .. ' ' .. kind .. ' ' .. author .. ' ' .. sealed)
end
