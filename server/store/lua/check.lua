-- SPDX-License-Identifier: Apache-2.0
-- Is a conversation in exactly one state, in exactly the places and with exactly the timers of that state? What is wrong is put right, so
-- that somebody answers rather sooner than later. A conversation that does not exist is taken out of all places.
--
-- KEYS: conversation, imminent_queue, queue, due, held, wrap_up, pages, staff, hold (the holder's), page (its), texter (its),
--       waiting_1 … waiting_5, tend, closed, flag_page (the escalation of its flag), custody
-- ARGV: now, conversation, holder, page, texter (as the caller saw them: the keys were made of them), boosts, withins, channel,
--       flag_page (likewise)
-- Returns: {'OK', fault …}: what was wrong, and is right now · {'STALE'}: it is changing; look again · {'CONFLICT', 'two_open'}: its texter
--       has two open ones, which a human must see to
--- @include "levels"
--- @include "staff"
--- @include "custody"
local conversation, imminent_queue, queue, due, held, wrap_up = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local pages, staff, hold, page, texter = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local now, id = tonumber(ARGV[1]), ARGV[2]
local faults = { 'OK' }
local SLACK_MS = 60000

local function fault(name)
  faults[#faults + 1] = name
end

-- `at` is nil where the member must not be.
local function place(key, member, at, name)
  local is = redis.call('ZSCORE', key, member)
  if not at and is then
    redis.call('ZREM', key, member)
    fault(name)
  elseif at and tonumber(is) ~= at then
    redis.call('ZADD', key, int(at), member)
    fault(name)
  end
end

local c = {}
for i, value in ipairs(redis.call('HMGET', conversation, 'state', 'level', 'holder', 'page', 'enqueued', 'answer_by', 'epoch',
  'offer_until', 'held_at', 'wrap_up_until', 'created', 'score', 'texter', 'key', 'silence_at',
  'transfer_to', 'transfer_until', 'erased_at', 'closed_at')) do
  c[i] = value or ''
end
local exists = redis.call('EXISTS', conversation) == 1
local holder, number = c[3], c[4] ~= '' and c[4] or '0'
if exists and (holder ~= ARGV[3] or number ~= ARGV[4] or c[13] ~= ARGV[5]) then
  return { 'STALE' }
end

-- The fields that all else follows from. A state that cannot be waits again, and is due at once; a level that is lost may have been
-- the highest.
local state, level = tonumber(c[1]), tonumber(c[2])
local enqueued = tonumber(c[5]) or tonumber(c[11]) or now
local answer_by, epoch = tonumber(c[6]), tonumber(c[7])
local boost, within = numbers(ARGV[6]), numbers(ARGV[7])
if exists and (not level or not within[level]) then
  level, c[12] = IMMINENT, ''
  redis.call('HSET', conversation, 'level', level)
  fault('level')
end
if exists and (not state or state < 1 or state > 5 or not epoch or (state >= 2 and state <= 4 and holder == '')) then
  state, answer_by = 1, now
  redis.call('HSET', conversation, 'state', state, 'excluded', '', 'answer_by', int(answer_by), 'epoch', int((epoch or 0) + 1))
  fault('state')
end
local waits = exists and state <= 2
if exists and state == 1 and holder ~= '' then
  redis.call('HSET', conversation, 'holder', '')
  staff_give_back(staff, hold, holder, now, id)
  fault('holder')
end
-- Configurations and clocks of nodes may differ a little: only what no level could have asked for is wrong.
if waits and (not answer_by or answer_by > now + within[1] + SLACK_MS) then
  answer_by = now + within[level]
  redis.call('HSET', conversation, 'answer_by', int(answer_by))
  fault('answer_by')
end
local score = exists and (tonumber(c[12]) or score_of(level, enqueued, boost))
if waits and (tonumber(c[5]) ~= enqueued or tonumber(c[12]) ~= score) then
  redis.call('HSET', conversation, 'enqueued', int(enqueued), 'score', int(score))
  fault('score')
end

-- A flag has a timer or an escalation that is open.
local flagged = redis.call('HMGET', conversation, 'flag_at', 'flag_page')
local flag_at, flag_page = tonumber(flagged[1]) or 0, flagged[2] or '0'
if exists and flag_page ~= ARGV[9] then
  return { 'STALE' }
end
local flag_open = exists and state <= 3 and flag_at > 0
if flag_open and flag_page ~= '0' then
  local open = redis.call('HGET', KEYS[#KEYS - 1], 'state')
  if open ~= '1' and open ~= '2' then
    redis.call('HSET', conversation, 'flag_page', 0)
    flag_page = '0'
    fault('flag_page')
  end
end
place(due, 'flag:' .. id, flag_open and flag_page == '0' and flag_at or nil, 'flag_timer')

-- Whoever holds somebody is looked after.
local silence_at = tonumber(c[15]) or 0
if exists and state == 3 and silence_at <= 0 then
  silence_at = now
  redis.call('HSET', conversation, 'silence_at', int(now), 'silence_step', 0)
  fault('silence')
end

-- Only who holds somebody can pass them on.
local transfer = c[16]
if exists and state ~= 3 and transfer ~= '' then
  redis.call('HSET', conversation, 'transfer_to', '', 'transfer_until', 0, 'transfer_skill', '', 'transfer_asked', '')
  fault('transfer')
end

-- An escalation that is gone, or that nobody will wake: it is opened anew, or woken now.
if waits and number ~= '0' then
  local open = redis.call('HGET', page, 'state')
  if open ~= '1' and open ~= '2' then
    redis.call('HSET', conversation, 'page', 0)
    redis.call('ZREM', due, 'page:' .. number)
    redis.call('ZREM', pages, number)
    number = '0'
    fault('page')
  else
    if not redis.call('ZSCORE', due, 'page:' .. number) then
      redis.call('ZADD', due, int(now), 'page:' .. number)
      fault('page_timer')
    end
    if not redis.call('ZSCORE', pages, number) then
      redis.call('ZADD', pages, int(now), number)
      fault('pages')
    end
  end
end

for l = 1, 5 do
  place(KEYS[11 + l], id, waits and l == level and enqueued or nil, 'waiting')
end
place(imminent_queue, id, exists and state == 1 and level == IMMINENT and score or nil, 'queue')
place(queue, id, exists and state == 1 and level ~= IMMINENT and score or nil, 'queue')
place(held, id, exists and state == 3 and (tonumber(c[9]) or now) or nil, 'held')
place(wrap_up, id, exists and state == 4 and (tonumber(c[10]) or now) or nil, 'wrap_up')
-- What was reopened may still be in there: whoever looks by age takes it out.
if exists and state == 5 and c[18] == '' then
  place(KEYS[#KEYS - 2], id, tonumber(c[19]) or now, 'closed')
end
place(due, 'answer:' .. id, waits and number == '0' and answer_by or nil, 'answer_timer')
place(due, 'offer:' .. id, exists and state == 2 and (tonumber(c[8]) or now) or nil, 'offer_timer')
place(due, 'transfer:' .. id, exists and state == 3 and transfer ~= '' and (tonumber(c[17]) or now) or nil, 'transfer_timer')
place(due, 'silence:' .. id, exists and state == 3 and silence_at or nil, 'silence_timer')
-- Who has been accepted meanwhile may still be in there: at its time it is taken out.
local tend, tended = tonumber(redis.call('HGET', conversation, 'tend') or 0), redis.call('ZSCORE', KEYS[17], id)
if not exists or (waits and tend > 0 and not tended) then
  place(KEYS[17], id, exists and tend or nil, 'tend')
end
place(due, 'wrap_up:' .. id, exists and state == 4 and (tonumber(c[10]) or now) or nil, 'wrap_up_timer')

if exists and state >= 2 and state <= 4 then
  if redis.call('HSETNX', hold, id, 0) == 1 then
    fault('hold')
  end
  -- No fault: a level that rises is weighed a moment later.
  staff_reweigh(staff, hold, holder, id, level)
end

local open = redis.call('HGET', texter, 'conversation')
if exists and state <= 3 and not open then
  redis.call('HSET', texter, 'conversation', id, 'key', c[14])
  fault('texter')
elseif open == id and not (exists and state <= 3) then
  redis.call('DEL', texter)
  fault('texter')
end
-- Each change of hands has its epoch and its entry.
local ours = exists and redis.call('HGET', conversation, 'epoch')
if exists and custody_epoch(KEYS[#KEYS]) ~= ours then
  fault('custody')
end
if #faults > 1 and exists then
  custody(KEYS[#KEYS], id, now, 'repaired', holder, ours, 'state=' .. state .. ',' .. table.concat(faults, ',', 2))
end
if #faults > 1 and exists and state == 1 then
  redis.call('PUBLISH', ARGV[8], 'waiting ' .. id)
end
if exists and state <= 3 and open and open ~= id then
  return { 'CONFLICT', 'two_open' }
end
return faults
