-- SPDX-License-Identifier: Apache-2.0
-- The pool's `staff` hash: name -> JSON of one signed-in counselor:
-- node, session, presence ("available", "away", "gone"), capacity, load, idle_since, misses, gone_at.
-- load is the size of the counselor's `hold:<name>` set; both change here and nowhere else.
local function staff_get(staff, name)
  local json = redis.call('HGET', staff, name)
  return json and cjson.decode(json) or nil
end

local function staff_set(staff, name, s)
  redis.call('HSET', staff, name, cjson.encode(s))
end

local function staff_take(staff, hold, name, s, conversation)
  redis.call('SADD', hold, conversation)
  s.load = redis.call('SCARD', hold)
  staff_set(staff, name, s)
end

-- The counselor may be gone from the hash already: the set is still right.
local function staff_give_back(staff, hold, name, now, conversation)
  redis.call('SREM', hold, conversation)
  local s = staff_get(staff, name)
  if s then
    s.load = redis.call('SCARD', hold)
    s.idle_since = now
    staff_set(staff, name, s)
  end
  return s
end
