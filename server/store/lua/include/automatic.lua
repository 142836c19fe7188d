-- SPDX-License-Identifier: Apache-2.0
-- While which state of its conversation an automatic text is true (base/texts.def). What is no longer true is not sent.
local WHILE = {
  waiting = { ['1'] = true, ['2'] = true },
  open = { ['1'] = true, ['2'] = true, ['3'] = true },
  held = { ['3'] = true },
  over = { ['4'] = true, ['5'] = true },
}

local function automatic_is_true(condition, state)
  return condition == 'any' or (WHILE[condition] and WHILE[condition][state]) or false
end

local function automatic_was_said(said, mark)
  return mark ~= '' and string.find(',' .. said .. ',', ',' .. mark .. ',', 1, true) ~= nil
end

-- What somebody who waits is told next is decided anew, now.
local function automatic_tend(conversation, tend, id, now)
  redis.call('HSET', conversation, 'tend', string.format('%.0f', now))
  redis.call('ZADD', tend, 'LT', string.format('%.0f', now), id)
end

local function automatic_last_question(said)
  local last = ''
  for mark in string.gmatch(said, '[^,]+') do
    last = string.find(mark, '^question_') and mark or last
  end
  return last
end
