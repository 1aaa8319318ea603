-- Cancels jobs of one owner that have not ended.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 admin who does it   3 owner   4 why, in the admin's words ('' for no reason given)
--       5… ids (those of other owners are left alone)
-- Returns  how many were cancelled, or are being

local now, owner, count = clock(ARGV[1]), ARGV[3], 0
for i = 5, #ARGV do
  local job = load_job(ARGV[i])
  if job and job.owner == owner and not job.cancel then
    local outcome = cancel_job(job, now)
    if outcome == 'cancelled' or outcome == 'cancelling' then
      redis.call('HSET', job_key(job.id), 'cancelled_by', ARGV[2])
      if ARGV[4] ~= '' then redis.call('HSET', job_key(job.id), 'cancelled_why', ARGV[4]) end
      count = count + 1
    end
  end
end
if count > 0 then audit(ARGV[2], 'clear', owner, now, ARGV[4] ~= '' and 'why' or '', ARGV[4]) end
return count
