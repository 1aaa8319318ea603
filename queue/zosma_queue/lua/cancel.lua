-- Cancels a job: at once when it waits, by a flag that its worker reads when it runs.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 id
-- Returns  'cancelled', 'cancelling', 'unknown', or the state in which the job had ended before

local now, id = clock(ARGV[1]), ARGV[2]
local job = load_job(id)
if not job then return 'unknown' end
if job.state == 'waiting' then
  pull(job)
  finish(job, 'cancelled', now, DONE_TTL_MS)
  return 'cancelled'
end
if job.state == 'delayed' then
  redis.call('ZREM', K.delayed, id)
  finish(job, 'cancelled', now, DONE_TTL_MS)
  return 'cancelled'
end
if job.state == 'running' then
  redis.call('HSET', job_key(id), 'cancel', '1')
  publish({event = 'cancelling', id = id})
  return 'cancelling'
end
return job.state
