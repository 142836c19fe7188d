-- SPDX-License-Identifier: Apache-2.0
-- What supervisors must see to. The open kinds of a conversation are in its field `attention`, comma-separated, so that whoever signs in
-- later sees them too; the news go out each time.
local function attention_tell(channel, kind, id, name)
  redis.call('PUBLISH', channel, 'attention ' .. kind .. ' ' .. (id ~= '' and id or '-') .. ' ' .. (name ~= '' and name or '-'))
end

local function attention_has(conversation, kind)
  local open = redis.call('HGET', conversation, 'attention') or ''
  return string.find(',' .. open .. ',', ',' .. kind .. ',', 1, true) ~= nil, open
end

local function attention_add(conversation, channel, kind, id, name)
  local is, open = attention_has(conversation, kind)
  if not is then
    redis.call('HSET', conversation, 'attention', open == '' and kind or open .. ',' .. kind)
  end
  attention_tell(channel, kind, id, name)
end

local function attention_drop(conversation, kind)
  local is, open = attention_has(conversation, kind)
  if is then
    local left = {}
    for one in string.gmatch(open, '[^,]+') do
      left[#left + 1] = one ~= kind and one or nil
    end
    redis.call('HSET', conversation, 'attention', table.concat(left, ','))
  end
end
