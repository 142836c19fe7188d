-- SPDX-License-Identifier: Apache-2.0
-- A counselor knows the texter: neither this conversation nor a later one of theirs is ever offered to that counselor. Theirs it stays until it is
-- declined or released, in a step of its own.
--
-- KEYS: conversation, known, custody
-- ARGV: now, conversation, name, epoch
-- Returns: {'OK'}: also when it is known · {'STALE'}: it is not theirs · {'NOT_FOUND'}
--- @include "custody"
--- @include "also"
local conversation, now, id, name, epoch = KEYS[1], tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]

local c = redis.call('HMGET', conversation, 'state', 'holder', 'epoch', 'recused', 'transfer_to')
if not c[1] then
  return { 'NOT_FOUND' }
end
local asked = c[2] == name or (c[1] == '2' and also_has(conversation, epoch, name)) or (c[1] == '3' and c[5] == name)
if not asked or c[3] ~= epoch or tonumber(c[1]) < 2 or tonumber(c[1]) > 4 then
  return { 'STALE' }
end
local recused = c[4] or ''
if not string.find(',' .. recused .. ',', ',' .. name .. ',', 1, true) then
  redis.call('HSET', conversation, 'recused', recused == '' and name or (recused .. ',' .. name))
  custody(KEYS[#KEYS], id, now, 'recused', name, epoch, '')
end
redis.call('SADD', KEYS[2], name)
return { 'OK' }
