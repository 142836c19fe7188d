-- SPDX-License-Identifier: Apache-2.0
-- Who is in a conversation besides its holder: the field `present`, "name=role,name=role". The holder stays the one owner.
local function present_role(present, name)
  return string.match(',' .. (present or '') .. ',', ',' .. string.gsub(name, '%-', '%%-') .. '=([^,]*),')
end

local function present_without(present, name)
  local left = {}
  for one in string.gmatch(present or '', '[^,]+') do
    left[#left + 1] = string.match(one, '^[^=]*') ~= name and one or nil
  end
  return table.concat(left, ','), #left
end
