-- SPDX-License-Identifier: Apache-2.0
-- Does a counselor's set hold only conversations that are theirs, is the load its size, and will those whom they hold be given back
-- when they are gone? What is not theirs is taken out. Who holds somebody and is not signed in at all gives them back now.
--
-- KEYS: staff, due, hold, conversation_1 … conversation_n
-- ARGV: now, name, id_1 … id_n (members of the set, as the caller saw it)
-- Returns: {'OK', fault …}
--- @include "levels"
--- @include "staff"
local staff, due, hold, now, name = KEYS[1], KEYS[2], KEYS[3], tonumber(ARGV[1]), ARGV[2]
local faults = { 'OK' }
for i = 3, #ARGV do
  local c = redis.call('HMGET', KEYS[i + 1], 'holder', 'state')
  local theirs = c[1] == name and (c[2] == '2' or c[2] == '3' or c[2] == '4')
  if not theirs and redis.call('HDEL', hold, ARGV[i]) == 1 then
    faults[#faults + 1] = 'hold'
  end
end
local s = staff_get(staff, name)
local load = staff_load(hold)
if s and s.load ~= load then
  s.load = load
  staff_set(staff, name, s)
  faults[#faults + 1] = 'load'
end
local grace_over = (s and s.presence == 'gone' and (s.gone_at or now)) or (not s and load > 0 and now)
if grace_over and not redis.call('ZSCORE', due, 'gone:' .. name) then
  redis.call('ZADD', due, int(grace_over), 'gone:' .. name)
  faults[#faults + 1] = 'gone_timer'
end
local resting = s and s.break_until and (s.presence == 'break' or s.before == 'break')
if resting and not redis.call('ZSCORE', due, 'break:' .. name) then
  redis.call('ZADD', due, int(s.break_until), 'break:' .. name)
  faults[#faults + 1] = 'break_timer'
end
return faults
