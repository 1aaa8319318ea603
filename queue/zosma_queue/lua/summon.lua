-- Whether the operator's machines are to be called now: to come (`wake`: jobs wait and no worker is ready) or to go (`idle`:
-- workers are ready and nothing has been done for a while). Of all who ask only one hears yes, then nobody until the next
-- call is due: twice as long after each.
--
-- KEYS  1 prefix   2 when it was called, and how often (the bots' alone)
-- ARGV  1 now (0: server's)   2 'wake' or 'idle'   3 ms from the first call to the second   4 most ms between two
--       5 ms without work before the first call ('idle')
-- Returns  {number of the call, 0 for not now; jobs that wait; ms since which it is so, or 0}

-- Nobody looked for so long: what happened meanwhile is unknown, so that it counts as work.
local BLIND_MS = 60 * 1000

local now, what = clock(ARGV[1]), ARGV[2]
local again_ms, most_ms, idle_ms = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local at, calls, since, looked = unpack(redis.call('HMGET', KEYS[2], what .. '-at', what .. '-calls', what .. '-since', what .. '-looked'))
at, calls, since, looked = tonumber(at or '0'), tonumber(calls or '0'), tonumber(since or ''), tonumber(looked or '')
local waiting = redis.call('ZCARD', K.waiting)

local function is_someone_ready()
  for _, profile in ipairs(redis.call('ZRANGE', K.profiles, 0, -1)) do
    if is_there(profile, now) then return true end
  end
  return false
end

local function is_wanted()
  local ready = is_someone_ready()
  if what == 'wake' then return not ready and waiting > 0 and redis.call('HEXISTS', K.paused, 'queue') == 0 end
  local soon = redis.call('ZCOUNT', K.delayed, '-inf', now + idle_ms)
  return ready and waiting + soon + redis.call('ZCARD', K.leases) == 0
end

redis.call('HSET', KEYS[2], what .. '-looked', now)
if not is_wanted() then
  redis.call('HDEL', KEYS[2], what .. '-since', what .. '-calls')
  return {0, waiting, 0}
end
if not since or (what == 'idle' and now - (looked or 0) > BLIND_MS) then
  since, calls = now, 0
  redis.call('HSET', KEYS[2], what .. '-since', now)
  redis.call('HDEL', KEYS[2], what .. '-calls')
end
local pause_ms = math.min(again_ms * 2 ^ math.max(calls - 1, 0), most_ms)
if now < at + pause_ms or (what == 'idle' and now < since + idle_ms) then return {0, waiting, since} end
redis.call('HSET', KEYS[2], what .. '-at', now, what .. '-calls', calls + 1)
return {calls + 1, waiting, since}
