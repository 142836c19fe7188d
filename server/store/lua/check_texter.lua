-- SPDX-License-Identifier: Apache-2.0
-- Does a texter's key lead to an open conversation? One that leads nowhere would keep their next text out: it is removed.
--
-- KEYS: texter, conversation
-- ARGV: conversation (as the caller saw it)
-- Returns: {'OK', fault …}
local open = redis.call('HGET', KEYS[1], 'conversation')
local state = redis.call('HGET', KEYS[2], 'state')
if open ~= ARGV[1] or (state and tonumber(state) and tonumber(state) <= 3) then
  return { 'OK' }
end
redis.call('DEL', KEYS[1])
return { 'OK', 'texter' }
