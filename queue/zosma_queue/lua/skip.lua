-- Has a running job's worker end the picture that it draws, and go on with the next. Of a set that was split, the first
-- part that runs.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 id   3 what a worker must be able to do for that
-- Returns  'skipping', 'unable' (its WebUI can't), 'idle' (it doesn't run) or 'unknown'

local job = load_job(ARGV[2])
if not job then return 'unknown' end
for _, part in ipairs(parts_of(job)) do
  local its = load_job(part.id)
  if its and its.state == 'running' then
    job = its
    break
  end
end
if job.state ~= 'running' or not job.worker then return 'idle' end
if not can_do(filed(job.worker).profile or '', {tokens = {ARGV[3]}, pixels = 0}) then return 'unable' end
-- Of this attempt alone: the next one begins its pictures anew.
redis.call('HSET', job_key(job.id), 'skip', job.attempt)
return 'skipping'
