-- Ends a delivery as `settle.lua` does, and gives its worker the next job as `fetch.lua` does, in one step: for a worker with
-- nothing left to do for the first one. Not while Redis is full, when `settle.lua` alone ends it.
--
-- KEYS  1 prefix
-- ARGV  1… as for `settle.lua`   12… from the second on as for `fetch.lua`, but for the secret: that is the same
-- Returns  {the first job's new state, or 'stale'; '' or the next job as `message_of` tells it}; without the second, what keeps the
--          next job from being given is for a fetch to meet

-- Changes nothing, before anything else is written: a full Redis refuses this, and would let a script go on that had begun
-- with a ZREM.
count_in_stats('done', 0)
local now = clock(ARGV[1])
local state = settle(ARGV[2], {unpack(ARGV, 3, 11)}, now)
-- Junk in another job is no fault of this one, whose end must be told.
local could, job = pcall(fetch_for, ARGV[12], redis.sha1hex(ARGV[11]), tonumber(ARGV[13]), ARGV[14] == '1', now)
if not could then return {state} end
return {state, job or ''}
