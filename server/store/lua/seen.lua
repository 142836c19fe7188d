-- SPDX-License-Identifier: Apache-2.0
-- Claims a provider's message id for something that is no conversation's text (an acknowledgement): once, as `ingest` does for texts.
--
-- KEYS: seen
-- ARGV: what, seen_ttl_ms
-- Returns: {'OK'} · {'DUPLICATE', what}
local earlier = redis.call('GET', KEYS[1])
if earlier then
  return { 'DUPLICATE', earlier }
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return { 'OK' }
