-- SPDX-License-Identifier: Apache-2.0
-- The ledger of custody of a conversation, and at the same moment what the conversation says of itself.
--
-- KEYS: conversation, custody
-- ARGV: none
-- Returns: {'OK', state (0: the conversation is gone, its ledger is not), holder, epoch, {entry …}} · {'NOT_FOUND'}
local c = redis.call('HMGET', KEYS[1], 'state', 'holder', 'epoch')
local entries = redis.call('LRANGE', KEYS[2], 0, -1)
if not c[1] and #entries == 0 then
  return { 'NOT_FOUND' }
end
return { 'OK', c[1] or '0', c[2] or '', c[3] or '0', entries }
