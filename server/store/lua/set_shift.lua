-- SPDX-License-Identifier: Apache-2.0
-- When a counselor's shift ends.
--
-- KEYS: staff
-- ARGV: name, session, shift_end (0: it is not known)
-- Returns: {'OK'} · {'STALE'}: signed in elsewhere since
--- @include "staff"
local s = staff_get(KEYS[1], ARGV[1])
if not s or s.session ~= ARGV[2] then
  return { 'STALE' }
end
s.shift_end = tonumber(ARGV[3])
staff_set(KEYS[1], ARGV[1], s)
return { 'OK' }
