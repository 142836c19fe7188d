-- SPDX-License-Identifier: Apache-2.0
-- The five levels' numbers are those of include/core/level.h; each level has a key `w:<level>` that holds everybody of
-- that level who waits (offered ones too) by the time they came, and IMMINENT is a queue of its own.
local HIGH, IMMINENT = 4, 5

local function numbers(csv)
  local out = {}
  for n in string.gmatch(csv, '%-?%d+') do
    out[#out + 1] = tonumber(n)
  end
  return out
end

-- The order of include/core/level.h. Milliseconds are below 2^53, so a double holds them exactly.
local function score_of(level, enqueued, boost)
  if level == IMMINENT then
    return enqueued
  end
  return enqueued - boost[level]
end

local function queue_of(level, imminent_queue, queue)
  if level == IMMINENT then
    return imminent_queue
  end
  return queue
end

-- Lua's tostring() would write large numbers as 1.7e+12.
local function int(n)
  return string.format('%.0f', n)
end
