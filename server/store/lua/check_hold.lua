-- SPDX-License-Identifier: Apache-2.0
-- Does a counselor's set hold only conversations that are theirs, and is the load its size? What is not theirs is taken out.
--
-- KEYS: staff, hold, conversation_1 … conversation_n
-- ARGV: name, id_1 … id_n (members of the set, as the caller saw it)
-- Returns: {'OK', fault …}
--- @include "staff"
local staff, hold, name = KEYS[1], KEYS[2], ARGV[1]
local faults = { 'OK' }
for i = 2, #ARGV do
  local c = redis.call('HMGET', KEYS[i + 1], 'holder', 'state')
  local theirs = c[1] == name and (c[2] == '2' or c[2] == '3' or c[2] == '4')
  if not theirs and redis.call('SREM', hold, ARGV[i]) == 1 then
    faults[#faults + 1] = 'hold'
  end
end
local s = staff_get(staff, name)
local load = redis.call('SCARD', hold)
if s and s.load ~= load then
  s.load = load
  staff_set(staff, name, s)
  faults[#faults + 1] = 'load'
end
return faults
