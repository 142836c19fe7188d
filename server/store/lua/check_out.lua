-- SPDX-License-Identifier: Apache-2.0
-- Is what is to be sent in the outbox, and what is settled not? A reply must be in its conversation's list, and of the list the first
-- alone may be sent. What would never be sent, or only much later than any retry, is sent now; what is settled is taken out, so that the
-- next reply can go. A page that was withdrawn is in neither set, and stays out.
--
-- KEYS: entry, replies, out, unsent
-- ARGV: now, id, conversation (of a reply, or ''), gateway, kind, channel
-- Returns: {'OK', fault …} · {'ANOTHER', id, fault …}: that reply of the conversation goes first: look at it
--- @include "levels"
--- @include "outbox"
local entry, replies, out, unsent = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, id, conversation, gateway, kind, channel = int(tonumber(ARGV[1])), ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
-- Later than any retry, and longer than any lease.
local LATE_MS, LEASE_MS = 3600000, 60000
local faults = { 'OK' }

local function fault(name)
  faults[#faults + 1] = name
end

local member = out_member(id, conversation)
local e = redis.call('HMGET', entry, 'state', 'gateway', 'kind', 'conversation', 'created', 'lease_until')
local at_out, at_unsent = redis.call('ZSCORE', out, member), redis.call('ZSCORE', unsent, member)
local open = e[1] == 'queued' or e[1] == 'sending'
local of_kind = open and e[3] == kind and e[4] == conversation
if of_kind and e[2] ~= gateway and not at_unsent then
  return faults -- the line has moved to another gateway: whoever claims it here finds that out
end

if not of_kind or e[2] ~= gateway then
  if redis.call('ZREM', out, member) + redis.call('ZREM', unsent, member) > 0 then
    fault('outbox')
  end
  if not open and conversation ~= '' and redis.call('LREM', replies, 0, id) > 0 then
    fault('replies')
    out_next(out, replies, conversation, now)
  end
else
  if kind == 'page' and not at_out and not at_unsent then
    return faults
  end
  if not at_unsent then
    redis.call('ZADD', unsent, tonumber(e[5]) and e[5] or now, member)
    fault('unsent')
  end
  local first = id
  if conversation ~= '' then
    local listed = false
    for _, other in ipairs(redis.call('LRANGE', replies, 0, -1)) do
      listed = listed or other == id
    end
    if not listed then
      redis.call('RPUSH', replies, id)
      fault('replies')
    end
    first = redis.call('LINDEX', replies, 0)
  end
  if first ~= id then
    if redis.call('ZREM', out, member) == 1 then
      fault('outbox')
    end
    faults[1] = 'ANOTHER'
    table.insert(faults, 2, first)
  elseif not at_out or tonumber(at_out) > tonumber(now) + LATE_MS then
    local at = now
    if e[1] == 'sending' then
      at = int(math.min(tonumber(e[6]) or 0, tonumber(now) + LEASE_MS))
      redis.call('HSET', entry, 'lease_until', at)
    end
    redis.call('ZADD', out, at, member)
    fault('outbox')
  end
end
if #faults > (faults[1] == 'OK' and 1 or 2) then
  redis.call('PUBLISH', channel, 'outbox ' .. gateway)
end
return faults
