-- SPDX-License-Identifier: Apache-2.0
-- Offers an imminent conversation that is offered to somebody to more counselors: whoever accepts first has it.
--
-- KEYS: conversation, staff
-- ARGV: now, conversation, epoch (of the offer), channel, name …
-- Returns: {'OK', how many there are now} · {'GONE'}: that offer is over · {'CONFLICT'}: it is not imminent
--- @include "levels"
--- @include "staff"
--- @include "also"
local conversation, staff = KEYS[1], KEYS[2]
local now, id, epoch, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]

local c = redis.call('HMGET', conversation, 'state', 'holder', 'epoch', 'level', 'excluded', 'recused')
if c[1] ~= '2' or c[3] ~= epoch then
  return { 'GONE' }
end
if tonumber(c[4]) ~= IMMINENT then
  return { 'CONFLICT' }
end
local also, new = {}, {}
for name in string.gmatch(also_of(conversation, epoch), '[^,]+') do
  also[#also + 1] = name
end
local barred = ',' .. c[2] .. ',' .. c[5] .. ',' .. (c[6] or '') .. ',' .. table.concat(also, ',') .. ','
for i = 5, #ARGV do
  local s = staff_get(staff, ARGV[i])
  if s and s.presence == 'available' and s.load < staff_capacity(s, now) and not string.find(barred, ',' .. ARGV[i] .. ',', 1, true) then
    also[#also + 1] = ARGV[i]
    new[#new + 1] = ARGV[i]
  end
end
redis.call('HSET', conversation, 'also', table.concat(also, ','), 'also_epoch', epoch)
for _, name in ipairs(new) do
  redis.call('PUBLISH', channel, 'offer ' .. id .. ' ' .. name .. ' ' .. epoch)
end
return { 'OK', #also }
