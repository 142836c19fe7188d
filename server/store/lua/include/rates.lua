-- SPDX-License-Identifier: Apache-2.0
-- What a pool had to do, in buckets of five minutes: the hash `rates` has a field for each of the last 288 (24 h), numbered in a
-- ring, so that old ones are written over and it never grows. A field holds numbers (server/core/rates.c reads them): the bucket's number,
-- conversations begun by level (low first), taken, ms that those taken had waited, closed, ms of handling (accept to close, wrap-up
-- included, of all who held them), closed without a word after they were taken. Nobody leaves the queue before they are taken: who has
-- stopped waiting keeps their place, is written to, and is closed by somebody, as the last of these counts.
--- @include "levels"
local RATES_MS, RATES_KEPT = 300000, 288
local RATES_TAKEN, RATES_WAITED, RATES_CLOSED, RATES_HANDLED, RATES_SILENT = 6, 7, 8, 9, 10

-- `what` is a level, or one of the names above. A double holds a sum of milliseconds exactly.
local function rates_add(rates, now, what, amount)
  local bucket = math.floor(now / RATES_MS)
  local field = int(bucket % RATES_KEPT)
  local n = numbers(redis.call('HGET', rates, field) or '')
  if n[1] ~= bucket or #n ~= 1 + RATES_SILENT then
    n = { bucket, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
  end
  n[1 + what] = n[1 + what] + math.max(amount, 0)
  for i, value in ipairs(n) do
    n[i] = int(value)
  end
  redis.call('HSET', rates, field, table.concat(n, ' '))
end
