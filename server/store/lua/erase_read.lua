-- SPDX-License-Identifier: Apache-2.0
-- How far a texter's wish for deletion has come.
--
-- KEYS: request, texter, of
-- ARGV: none
-- Returns: {'OK', open conversation or '', oldest of theirs or '', latest or '', name, value, …} · {'NOT_FOUND'}: there is no such wish
if redis.call('EXISTS', KEYS[1]) == 0 then
  return { 'NOT_FOUND' }
end
return {
  'OK', redis.call('HGET', KEYS[2], 'conversation') or '', redis.call('LINDEX', KEYS[3], 0) or '',
  redis.call('LINDEX', KEYS[3], -1) or '', redis.call('HGETALL', KEYS[1]),
}
