-- SPDX-License-Identifier: Apache-2.0
-- A supervisor has seen to a flag: it pages nobody any more. The level stays.
--
-- KEYS: conversation, due, custody
-- ARGV: now, conversation, name, channel
-- Returns: {'OK', page}: page is its escalation's number or 0 · {'ALREADY'}: no flag is open · {'NOT_FOUND'}
--- @include "flag"
local conversation = KEYS[1]
local epoch = redis.call('HGET', conversation, 'epoch')
if not epoch then
  return { 'NOT_FOUND' }
end
if not flag_is_open(conversation) then
  return { 'ALREADY' }
end
return { 'OK', flag_settle(conversation, KEYS[2], ARGV[4], KEYS[#KEYS], ARGV[2], tonumber(ARGV[1]), ARGV[3], epoch, 'supervisor') }
