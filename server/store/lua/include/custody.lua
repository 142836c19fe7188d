-- SPDX-License-Identifier: Apache-2.0
-- The ledger of custody of a conversation: who had it when, and why it moved; without content, and only ever appended to. An entry is
-- "HASH NUMBER AT WHAT WHO EPOCH WHY", where HASH is the SHA-1 of the hash before it (of the conversation's id, at first), a space and the
-- rest of the entry: what is changed, taken out or put in between shows. include/core/custody.h lists the words and reads it again.
-- The key of the ledger is the last of a script's KEYS. EPOCH is the conversation's after the change, and each new owner needs a new one.
--- @include "levels"
local function custody_word(word, most)
  return word and word ~= '' and string.sub(string.gsub(word, '[^%w_.:,=-]', '_'), 1, most) or '-'
end

local function custody(key, id, now, what, who, epoch, why)
  local last = redis.call('LINDEX', key, -1)
  local before = last and string.sub(last, 1, 40) or redis.sha1hex(id)
  local entry = string.format('%d %s %s %s %s %s', redis.call('LLEN', key) + 1, int(now), what, custody_word(who, 32),
    int(tonumber(epoch) or 0), custody_word(why, 200))
  redis.call('RPUSH', key, redis.sha1hex(before .. ' ' .. entry) .. ' ' .. entry)
end

-- Of the latest entry, as text; nil when there is none.
local function custody_epoch(key)
  local last = redis.call('LINDEX', key, -1)
  return last and string.match(last, '^%x+ %d+ %-?%d+ %S+ %S+ (%d+) ')
end
