-- Cancels a job: at once when it waits, by a flag that its worker reads when it runs.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 id   3 admin who does it ('': the owner)
--       4 why, in the admin's words ('' for no reason given)
-- Returns  'cancelled', 'cancelling', 'unknown', or the state in which the job had ended before

local now, id = clock(ARGV[1]), ARGV[2]
local job = load_job(id)
if not job then return 'unknown' end
local asked_before = job.cancel
local outcome = cancel_job(job, now)
if ARGV[3] ~= '' and not asked_before and outcome ~= job.state then
  redis.call('HSET', job_key(id), 'cancelled_by', ARGV[3])
  if ARGV[4] ~= '' then redis.call('HSET', job_key(id), 'cancelled_why', ARGV[4]) end
  audit(ARGV[3], 'cancel', id, now, ARGV[4] ~= '' and 'why' or '', ARGV[4])
end
return outcome
