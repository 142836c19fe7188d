-- SPDX-License-Identifier: Apache-2.0
-- Takes one text in: dedupes on the provider's id, appends it to the texter's open conversation, reopens one that has just ended or
-- begins one, queues it in order of need. Everything or nothing, and safe to repeat.
--
-- KEYS: seen, texter, conversation, messages, message, imminent_queue, queue, due, past,
--       waiting_1 … waiting_5 (by level), rates, tend, known, late, of, staff, hold (of who held the
--       conversation that is reopened), wrap_up, often, abuse, custody
-- ARGV: now, conversation, wrapped_key, message, sealed_text, level, reasons, provider_at, media, damaged,
--       gateway, line, sealed_number, texter, boosts ("low,medium,unknown,high,imminent" ms), withins (same),
--       channel, seen_ttl_ms, arrived (0: now; it may have waited in a spool), automatic (1: texters get automatic texts),
--       answer (what it says to a question of yes or no, or ''), require, want, language, partner,
--       last (who held it, as the caller was told; ''), limit_most (conversations in), limit_window_ms, limit_later_ms
-- Returns: {'OK', sequence, 'new'|'more'|'reopened', ''|'often'|'abuse'|'lifted'} (of its limit) · {'DUPLICATE', message} · {'ANOTHER', conversation, wrapped_key, last}: seal for that one
--       and call again · {'NEW'}: the conversation named is over; begin one and call again
--- @include "levels"
--- @include "rates"
--- @include "custody"
--- @include "attention"
--- @include "silence"
--- @include "automatic"
--- @include "close"
--- @include "flag"
--- @include "reopen"
--- @include "limits"
local seen, texter, conversation, messages, message, imminent_queue, queue, due, past =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local now, id, level = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[6])
-- What is counted from, never later than now.
local at = tonumber(ARGV[19]) > 0 and math.min(tonumber(ARGV[19]), now) or now
local reasons, channel = ARGV[7], ARGV[17]
local boost, within = numbers(ARGV[15]), numbers(ARGV[16])
local limited = ''
local function waiting(l)
  return KEYS[9 + l]
end

local earlier = redis.call('GET', seen)
if earlier then
  return { 'DUPLICATE', earlier }
end
local open = redis.call('HMGET', texter, 'conversation', 'key')
if open[1] and open[1] ~= id then
  return { 'ANOTHER', open[1], open[2] }
end
local before, late = redis.call('HGET', conversation, 'state'), {}
if not open[1] then
  late = redis.call('HMGET', KEYS[18], 'conversation', 'key', 'holder')
  if late[1] and (late[1] ~= id or late[3] ~= ARGV[26]) then
    return { 'ANOTHER', late[1], late[2], late[3] }
  end
  local reopens = late[1] and (before == '4' or before == '5')
  if before and not reopens then
    redis.call('DEL', KEYS[18])
    return { 'NEW' }
  end
  late.reopens = reopens
end

local function tend()
  if ARGV[20] == '1' then
    automatic_tend(conversation, KEYS[16], id, now)
  end
end

-- Who knows the texter is not asked.
local function recused()
  local names = redis.call('SMEMBERS', KEYS[17])
  table.sort(names)
  return table.concat(names, ',')
end

-- In order of need, counted from when the text came.
local function enqueue(key)
  local later = limited ~= '' and tonumber(ARGV[29]) or 0
  local answer_by, score = int(at + within[level]), int(score_of(level, at, boost) + later)
  redis.call('HSET', conversation, 'state', 1, 'level', level, 'enqueued', int(at), 'answer_by', answer_by, 'score', score,
    'holder', '', 'page', 0, 'excluded', '', 'limited_ms', int(later), 'limited_by', limited)
  redis.call('HSET', texter, 'conversation', id, 'key', key)
  redis.call('ZADD', queue_of(level, imminent_queue, queue), score, id)
  redis.call('ZADD', waiting(level), int(at), id)
  redis.call('ZADD', due, answer_by, 'answer:' .. id)
  rates_add(KEYS[15], now, level, 1)
  tend()
end

local function limit_at(most)
  return level < HIGH and limit_cause(KEYS[23], KEYS[24], now, most, tonumber(ARGV[28])) or ''
end

local function limit_record(epoch)
  if limited ~= '' then
    custody(KEYS[#KEYS], id, now, 'limited', '', epoch, limited)
  end
end

-- A Redis that is full refuses a script at its first write only, and only one that could need memory: nothing is taken away before.
local function begin()
  limited = limit_at(tonumber(ARGV[27]))
  redis.call('HSET', conversation, 'reasons', reasons, 'line', ARGV[12], 'gateway', ARGV[11], 'number', ARGV[13],
    'texter', ARGV[14], 'key', ARGV[3], 'created', int(at), 'epoch', 0, 'seq', 0, 'past', redis.call('GET', past) or 0,
    'recused', recused())
  enqueue(ARGV[3])
  redis.call('HSET', conversation, 'require', ARGV[22], 'want', ARGV[23], 'language', ARGV[24], 'partner', ARGV[25])
  redis.call('RPUSH', KEYS[19], id)
  limit_count(KEYS[23], now, tonumber(ARGV[27]), tonumber(ARGV[28]))
  redis.call('DEL', KEYS[18])
  custody(KEYS[#KEYS], id, now, 'opened', '', 0, 'level=' .. level)
  limit_record(0)
end

-- The level that it had is the least that it has now.
local function again()
  local old = tonumber(redis.call('HGET', conversation, 'level'))
  if level > old then
    redis.call('HSET', conversation, 'reasons', reasons)
  end
  level = math.max(old, level)
  local epoch = reopen_begin(conversation, due, KEYS[22], KEYS[20], KEYS[21], KEYS[15], past, channel, id, now)
  redis.call('DEL', KEYS[18])
  limited = limit_at(0)
  enqueue(late[2])
  custody(KEYS[#KEYS], id, now, 'reopened', '', epoch, 'level=' .. level)
  limit_record(epoch)
end

-- A level only ever rises here, and then the answer is only ever due sooner. So it is with a text that came before what its
-- conversation is queued by, and was kept in a spool meanwhile.
local function hasten(c)
  local old, enqueued, answer_by = tonumber(c[2]), tonumber(c[3]), tonumber(c[4])
  local rises, waits = level > old, c[1] == '1' or c[1] == '2'
  level = math.max(level, old)
  if waits then
    enqueued, answer_by = math.min(enqueued, at), math.min(answer_by, at + within[level])
  end
  limited = limit_look(conversation, KEYS[#KEYS], id, now, '', level) and 'lifted' or ''
  local score = int(score_of(level, enqueued, boost) + limit_ms(conversation))
  redis.call('HSET', conversation, 'level', level, 'score', score)
  if waits then
    redis.call('ZREM', waiting(old), id)
    redis.call('ZADD', waiting(level), int(enqueued), id)
    redis.call('HSET', conversation, 'enqueued', int(enqueued), 'answer_by', int(answer_by))
    if c[6] == '0' then
      redis.call('ZADD', due, int(answer_by), 'answer:' .. id)
    elseif rises then
      -- Paged already, acknowledged perhaps: worse news rings again at once.
      redis.call('ZADD', due, 'LT', int(now), 'page:' .. c[6])
    end
  end
  if c[1] == '1' then
    redis.call('ZREM', queue_of(old, imminent_queue, queue), id)
    redis.call('ZADD', queue_of(level, imminent_queue, queue), score, id)
  end
  if rises then
    redis.call('HSET', conversation, 'reasons', reasons)
    custody(KEYS[#KEYS], id, now, 'level', '', redis.call('HGET', conversation, 'epoch'), 'level=' .. level)
    redis.call('PUBLISH', channel, 'level ' .. id .. ' ' .. (c[5] ~= '' and c[5] or '-'))
    if c[1] == '3' and level == IMMINENT then
      flag_raise(conversation, due, channel, KEYS[#KEYS], id, now, '', redis.call('HGET', conversation, 'epoch'), 'imminent')
    end
  end
end

local kind, state, holder = 'new', '1', ''
if open[1] then
  kind = 'more'
  local c = redis.call('HMGET', conversation, 'state', 'level', 'enqueued', 'answer_by', 'holder', 'page', 'said', 'consent', 'asked',
    'last_in')
  state, holder = c[1], c[5]
  -- Who goes on after the welcome agrees; nothing ever waits for it.
  if not c[8] and automatic_was_said(c[7] or '', 'welcome') then
    redis.call('HSET', conversation, 'consent', 'implied')
  end
  if state == '1' or state == '2' then
    tend()
  end
  -- A level only ever rises: nobody is believed to be safe for a word.
  if tonumber(c[9] or 0) > tonumber(c[10] or 0) then
    local question = automatic_last_question(c[7] or '')
    if question .. ' ' .. ARGV[21] == 'question_thoughts yes' or question .. ' ' .. ARGV[21] == 'question_safe no' then
      level, reasons = math.max(level, HIGH), reasons .. (reasons ~= '' and ',' or '') .. 'intake.' .. question
    end
  end
  if level > tonumber(c[2]) or at < tonumber(c[3]) then
    hasten(c)
  end
  -- Who first says hello and then their partner's word is their partner's all the same.
  local tagged = redis.call('HMGET', conversation, 'partner', 'language')
  if ARGV[24] .. ARGV[25] ~= '' and (state == '1' or state == '2') and (tagged[1] or '') .. (tagged[2] or '') == '' then
    redis.call('HSET', conversation, 'require', ARGV[22], 'want', ARGV[23], 'language', ARGV[24], 'partner', ARGV[25])
  end
elseif late.reopens then
  kind = 'reopened'
  again()
else
  begin()
end
local sequence = redis.call('HINCRBY', conversation, 'seq', 1)
redis.call('HSET', conversation, 'last_in', sequence, 'last_in_at', int(now))
if state == '3' then
  attention_drop(conversation, 'texter_silent')
  close_settle(conversation, channel, id, 'cancelled', '', 'new_text')
  if redis.call('HGET', conversation, 'unanswered_at') == '0' then
    redis.call('HSET', conversation, 'unanswered_at', int(now))
    silence_begin(conversation, due, id, now)
  end
end
redis.call('HSET', message, 'conversation', id, 'seq', sequence, 'direction', 1, 'at', int(at), 'provider_at',
  ARGV[8], 'text', ARGV[5], 'media', ARGV[9], 'damaged', ARGV[10])
redis.call('RPUSH', messages, ARGV[4])
redis.call('SET', seen, ARGV[4], 'PX', ARGV[18])
redis.call('PUBLISH', channel, 'message ' .. id .. ' ' .. (holder ~= '' and holder or '-') .. ' ' .. ARGV[4])
if state == '1' then
  redis.call('PUBLISH', channel, 'waiting ' .. id)
end
return { 'OK', sequence, kind, limited }
