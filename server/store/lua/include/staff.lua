-- SPDX-License-Identifier: Apache-2.0
-- The pool's `staff` hash: name -> JSON of one signed-in counselor:
-- guest (of another pool, helping out), node, session, presence ("available", "away", "break", "gone"), before (of who is gone), capacity, load, idle_since, misses, gone_at,
-- break_until, shift_end, exposed_until and exposed_units (after imminent work the capacity is less for a while).
-- The counselor's `hold:<name>` hash has what each of their conversations costs, in units; load is the sum. Both change here and nowhere
-- else. An imminent conversation takes all that anybody can have.
--- @include "levels"
local ALL_UNITS = 100

local function units_of(level)
  return level == IMMINENT and ALL_UNITS or 1
end

-- One person at least: who should have nobody is on a break.
local function staff_capacity(s, now)
  local exposed = s.exposed_until and now < s.exposed_until
  return exposed and math.max(1, s.capacity - s.exposed_units) or s.capacity
end

local function staff_load(hold)
  local sum = 0
  for _, units in ipairs(redis.call('HVALS', hold)) do
    sum = sum + tonumber(units)
  end
  return sum
end

local function staff_get(staff, name)
  local json = redis.call('HGET', staff, name)
  return json and cjson.decode(json) or nil
end

local function staff_set(staff, name, s)
  redis.call('HSET', staff, name, cjson.encode(s))
end

local function staff_take(staff, hold, name, s, conversation, level)
  redis.call('HSET', hold, conversation, units_of(level))
  s.load = staff_load(hold)
  staff_set(staff, name, s)
end

-- What is held may have become more urgent since.
local function staff_reweigh(staff, hold, name, conversation, level)
  local units = redis.call('HGET', hold, conversation)
  if units and tonumber(units) ~= units_of(level) then
    redis.call('HSET', hold, conversation, units_of(level))
    local s = staff_get(staff, name)
    if s then
      s.load = staff_load(hold)
      staff_set(staff, name, s)
    end
  end
end

-- The counselor may be gone from `staff` already: the hold is still right.
local function staff_give_back(staff, hold, name, now, conversation)
  redis.call('HDEL', hold, conversation)
  local s = staff_get(staff, name)
  if s then
    s.load = staff_load(hold)
    s.idle_since = now
    staff_set(staff, name, s)
  end
  return s
end
