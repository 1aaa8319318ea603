-- Forgets jobs that have ended, for their owner. One that they have not been told of yet, or that is still being stopped,
-- goes once they have been.
--
-- KEYS  1 prefix   2… for each id, where its answer goes
-- ARGV  1 now (0: server's)   2 owner   3… ids (those of other owners, and open ones that nobody cancelled, are left)
-- Returns  how many are forgotten, or will be

local owner, count = ARGV[2], 0
for i = 3, #ARGV do
  local id = ARGV[i]
  local job, reply = load_job(id), KEYS[i - 1]
  if job and job.owner == owner then
    local ended = job.state == 'done' or job.state == 'failed' or job.state == 'cancelled'
    if ended and not redis.call('ZSCORE', K.undelivered, id) then
      redis.call('DEL', job_key(id), preview_key(id), reply)
      redis.call('ZREM', K.dead, id)
      for _, one in ipairs({job, unpack(parts_of(job))}) do
        forget_pictures(one.id)
        forget_pictures(one.id, true)
      end
      count = count + 1
    elseif ended or job.cancel then
      redis.call('HSET', job_key(id), 'erase', '1')
      if ended then
        redis.call('PEXPIRE', job_key(id), FORGET_TTL_MS)
        redis.call('PEXPIRE', reply, FORGET_TTL_MS)
      end
      count = count + 1
    end
  end
end
return count
