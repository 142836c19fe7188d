-- SPDX-License-Identifier: Apache-2.0
-- What the counselor leaves behind at the end: tags, and a summary, which is a note that is read first when the texter comes back.
--- @include "notes"
local function record_full(notes, note)
  return note ~= '' and notes_full(notes)
end

-- Tags that are '' leave the ones before.
local function record_add(conversation, notes, now, name, tags, note, sealed)
  if tags ~= '' then
    redis.call('HSET', conversation, 'tags', tags)
  end
  if note ~= '' then
    notes_add(notes, note, now, 'summary', name, sealed)
  end
end
