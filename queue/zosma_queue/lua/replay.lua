-- Gives a job that failed for good a new life, with the failures forgotten.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 who does it   3 id
-- Returns  1, or 0 when it has not failed, or its owner has it erased

local now, id = clock(ARGV[1]), ARGV[3]
local job = load_job(id)
if not job then redis.call('ZREM', K.dead, id) end
if not job or job.state ~= 'failed' or job.erase then return 0 end
redis.call('ZREM', K.dead, id)
redis.call('ZREM', K.undelivered, id)
redis.call('PERSIST', job_key(id))
unsplit(job)
redis.call('HDEL', job_key(id), 'failures', 'lost', 'lost_at', 'error', 'error_kind', 'finished', 'skips', 'skipped_since')
-- It begins to wait anew: its patience with an empty fleet too.
job.created = now
job.group = open_job(job.owner, job.group, job.person or '')
redis.call('HSET', job_key(id), 'created', now, 'group', job.group)
put_back(job, now)
count_in_stats('replayed', 1)
audit(ARGV[2], 'retry', id, now)
return 1
