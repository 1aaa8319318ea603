-- Takes a job into the queue, or says why not. The same id twice is the same job, and must ask for the same.
--
-- KEYS  1 prefix   2 where its answer goes (`reply:<id>`, written by the bot only)
-- ARGV  1 now (0: server's)   2 id   3 message ('' asks only)   4 owner   5 group   6 class   7 needs (JSON)   8 cost, GPU-seconds
--       9 run at, ms (0: now)   10 patience without a capable worker, ms   11 reply (JSON, '' for none)
--       limits, 0 for none: 12 owner's waiting jobs   13 owner's running jobs   14 ms between two of their jobs
--       15 their GPU-seconds a day (UTC)   16 waiting jobs of everybody   17 their weight   18 not before this many ms from now (0: at once)
--       19 their group's weight   20 ms for which the job is kept once its end is shown (0: as long as all are)
--       21 digest of what was asked ('' for none)
-- Returns  {answer, ms after which to try again}
-- Answers  queued, delayed, exists; other (the id is of a job that asked for something else); nobody (no worker is ready), infeasible (none of them can do it);
--          owner-full, cooldown, spent, full (a limit)

local now = clock(ARGV[1])
local id, owner, needs, cost = ARGV[2], ARGV[4], cjson.decode(ARGV[7]), tonumber(ARGV[8])
if redis.call('EXISTS', job_key(id)) == 1 then
  local digest = redis.call('HGET', job_key(id), 'digest')
  return {digest and ARGV[21] ~= '' and digest ~= ARGV[21] and 'other' or 'exists', 0}
end

-- The first limit that this job would break.
local function over()
  local most_waiting, daily, depth = tonumber(ARGV[12]), tonumber(ARGV[15]), tonumber(ARGV[16])
  local open = tonumber(redis.call('HGET', K.open, owner) or '0')
  local waiting = open - (tonumber(redis.call('HGET', K.running, owner) or '0') or 0)
  -- Their next place is free when their next job begins: at about the cost of one.
  if most_waiting > 0 and waiting >= most_waiting then return 'owner-full', math.max(1000, cost * 1000) end
  local cooling = redis.call('PTTL', cooldown_key(owner))
  if cooling > 0 then return 'cooldown', cooling end
  local day = math.floor(now / DAY_MS)
  if daily > 0 and tonumber(redis.call('GET', spent_key(owner, day)) or '0') >= daily then
    return 'spent', (day + 1) * DAY_MS - now
  end
  if depth > 0 and redis.call('ZCARD', K.waiting) >= depth then return 'full', 30000 end
end

local limit, retry_ms = over()
if limit then
  redis.call('HINCRBY', K.stats, 'refused', 1)
  return {limit, math.ceil(retry_ms)}
end
local run_at = math.max(tonumber(ARGV[9]), now + tonumber(ARGV[18]))
if run_at <= now then
  local answer = feasible(needs, now)
  if answer == 'nobody' then return {'nobody', 30000} end
  if answer == 'no' then return {'infeasible', 0} end
end
if ARGV[3] == '' then return {'queued', 0} end

local job = {
  id = id, owner = owner, group = open_job(owner, ARGV[5]), class = ARGV[6], needs = ARGV[7],
  seq = redis.call('INCR', K.seq), created = now,
}
redis.call('HSET', job_key(id), 'message', ARGV[3], 'owner', owner, 'group', job.group, 'class', job.class,
  'needs', job.needs, 'cost', ARGV[8], 'seq', job.seq, 'created', now, 'patience', ARGV[10],
  'deliver', ARGV[11] == '' and '0' or '1', 'state', 'waiting')
if ARGV[21] ~= '' then redis.call('HSET', job_key(id), 'digest', ARGV[21]) end
if ARGV[11] ~= '' then redis.call('SET', KEYS[2], ARGV[11], 'PX', DEAD_TTL_MS) end
if tonumber(ARGV[20]) > 0 then redis.call('HSET', job_key(id), 'keep', ARGV[20]) end
set_cap(owner, job.group, tonumber(ARGV[13]))
if tonumber(ARGV[14]) > 0 then redis.call('SET', cooldown_key(owner), '1', 'PX', ARGV[14]) end
set_weight(owner, ARGV[17])
set_weight('group ' .. job.group, ARGV[19])

if run_at > now then
  redis.call('HSET', job_key(id), 'state', 'delayed', 'run_at', run_at)
  redis.call('ZADD', K.delayed, run_at, id)
  return {'delayed', 0}
end
push(job)
wake(needs, now)
publish({event = 'waiting', id = id})
return {'queued', 0}
