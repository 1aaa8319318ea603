-- Takes a job into the queue, or says why not. The same id twice is the same job.
--
-- KEYS  1 prefix   2 where its answer goes (`reply:<id>`, written by the bot only)
-- ARGV  1 now (0: server's)   2 id   3 message   4 owner   5 group   6 class   7 needs (JSON)   8 cost, GPU-seconds
--       9 run at, ms (0: now)   10 patience without a capable worker, ms   11 reply (JSON, '' for none)
-- Returns  'queued', 'delayed', 'exists', 'nobody' (no worker is ready) or 'infeasible' (none of them can do it)

local now = clock(ARGV[1])
local id, needs = ARGV[2], cjson.decode(ARGV[7])
if redis.call('EXISTS', job_key(id)) == 1 then return 'exists' end

local run_at = tonumber(ARGV[9])
if run_at <= now then
  local answer = feasible(needs, now)
  if answer == 'nobody' then return 'nobody' end
  if answer == 'no' then return 'infeasible' end
end

local job = {
  id = id, owner = ARGV[4], group = ARGV[5], class = ARGV[6], needs = ARGV[7],
  seq = redis.call('INCR', K.seq), created = now,
}
redis.call('HSET', job_key(id), 'message', ARGV[3], 'owner', job.owner, 'group', job.group, 'class', job.class,
  'needs', job.needs, 'cost', ARGV[8], 'seq', job.seq, 'created', now, 'patience', ARGV[10],
  'deliver', ARGV[11] == '' and '0' or '1', 'state', 'waiting')
if ARGV[11] ~= '' then redis.call('SET', KEYS[2], ARGV[11], 'PX', DEAD_TTL_MS) end
open_job(job.owner, job.group)

if run_at > now then
  redis.call('HSET', job_key(id), 'state', 'delayed', 'run_at', run_at)
  redis.call('ZADD', K.delayed, run_at, id)
  return 'delayed'
end
push(job)
wake(needs)
publish({event = 'waiting', id = id})
return 'queued'
