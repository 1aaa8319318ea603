-- How a job leaves the queue, or goes back into it. The caller has taken it out of wherever it was.

local function end_lease(job)
  redis.call('ZREM', K.leases, job.id)
  local mine = job.worker and worker_key(job.worker)
  if mine and redis.call('HGET', mine, 'job') == job.id then redis.call('HDEL', mine, 'job') end
end

-- The delivery that had this waiting job last goes on with it.
local function take_again(job)
  pull(job)
  charge(job.owner, job.group, tonumber(job.cost))
  redis.call('HSET', job_key(job.id), 'state', 'running')
  job.state = 'running'
end

local function finish(job, state, now, ttl)
  close_job(job.owner, job.group)
  redis.call('HSET', job_key(job.id), 'state', state, 'finished', now)
  redis.call('HDEL', job_key(job.id), 'cancel')
  redis.call('PEXPIRE', job_key(job.id), ttl)
  redis.call('DEL', preview_key(job.id))
  redis.call('HINCRBY', K.stats, state, 1)
  if job.deliver == '1' then redis.call('ZADD', K.undelivered, now, job.id) end
  publish({event = 'settled', id = job.id, state = state})
end

local function fail(job, kind, text, now)
  redis.call('HSET', job_key(job.id), 'error_kind', kind, 'error', text)
  redis.call('ZADD', K.dead, now, job.id)
  finish(job, 'failed', now, DEAD_TTL_MS)
end

local function put_back(job)
  redis.call('HSET', job_key(job.id), 'state', 'waiting')
  redis.call('HDEL', job_key(job.id), 'progress', 'eta')
  push(job)
  publish({event = 'waiting', id = job.id})
  wake(cjson.decode(job.needs))
end
