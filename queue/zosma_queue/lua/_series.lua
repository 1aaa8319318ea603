-- What happened when, for plots: counts by the minute for a day and by the hour for 90 days, each minute and hour a hash
-- that goes by itself. Whoever knows that something happened says so here; series.py reads it.
--
-- Plots are no reason to lose a job: what Redis refuses here (no permission for a key, junk under its name) is let be.

local SERIES = {{60, DAY_MS}, {3600, 90 * DAY_MS}} -- seconds of one hash, ms for which it stays

-- Waits are kept in a sketch: each is counted under a power of GAMMA, so that a quantile is off by a tenth at most.
local GAMMA = 1.1 / 0.9
local WAIT_LEAST_MS = 100
local WAIT_MOST_MS = DAY_MS

local SAMPLE_MS = 10 * 1000

-- Adds to what was counted at `now`: names and whole numbers.
local function record(counts, now)
  for _, one in ipairs(SERIES) do
    local key = series_key(one[1], math.floor(now / (one[1] * 1000)))
    for name, by in pairs(counts) do
      if by ~= 0 then
        local sum = redis.pcall('HINCRBY', key, name, string.format('%.0f', by))
        if type(sum) ~= 'number' then break end
        -- New in it, so the hash itself may be.
        if sum == by then redis.pcall('PEXPIRE', key, one[2] + one[1] * 1000) end
      end
    end
  end
end

local function record_wait(ms, now)
  ms = math.min(math.max(ms, 0), WAIT_MOST_MS)
  local bin = math.ceil(math.log(math.max(ms, WAIT_LEAST_MS)) / math.log(GAMMA))
  record({['wait:' .. bin] = 1}, now)
end

-- Counts beside what a worker says of itself, for as long as it is there.
local function record_at(worker, name)
  local key = worker_key(worker or '')
  if redis.call('EXISTS', key) == 1 then redis.pcall('HINCRBY', key, name, 1) end
end

-- Something went wrong with a job at a worker, in words of ErrorKind; no worker: '' or nil.
local function record_fault(kind, worker, now)
  if #kind > 24 or not string.find(kind, '^[a-z-]+$') then return end
  record({['fault:' .. kind] = 1}, now)
  redis.pcall('HINCRBY', K.stats, 'fault:' .. kind, 1)
  record_at(worker, 'faults')
end

-- By the classes: a worker's user, who may sweep too, has no right to look at those who wait.
local function count_all_waiting()
  local waiting, depth = 0, redis.call('HGETALL', K.depth)
  for i = 2, #depth, 2 do waiting = waiting + (tonumber(depth[i]) or 0) end
  return waiting
end

local function look(now)
  local key = series_key(60, math.floor(now / 60000))
  local slot = tostring(math.floor(now % 60000 / SAMPLE_MS))
  if redis.pcall('HGET', key, 'slot') == slot then return end
  if type(redis.pcall('HSET', key, 'slot', slot)) ~= 'number' then return end
  redis.pcall('PEXPIRE', key, DAY_MS + 60000)
  local function from(key, since) return #redis.call('ZRANGEBYSCORE', key, since, '+inf') end
  local ready, alive = 0, from(K.workers, now - WORKER_TTL_MS)
  for _, profile in ipairs(redis.call('ZRANGE', K.profiles, 0, -1)) do
    ready = ready + from(ready_key(profile), now - WORKER_TTL_MS)
  end
  -- A worker that has begun its next job while the last one's pictures are looked at has two leases for that moment.
  local busy = math.min(from(K.leases, now), alive)
  record({samples = 1, alive = alive, ready = ready, busy = busy, waiting = count_all_waiting()}, now)
end

-- Looks at fleet and queue, once in SAMPLE_MS however many sweep; each hash has the sums over its looks. Junk ends
-- the look, and not the sweep.
local function sample(now) pcall(look, now) end
