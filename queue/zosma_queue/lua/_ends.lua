-- How a job leaves the queue, or goes back into it. The caller has taken it out of wherever it was.

-- The job, which has a lease, is its worker's from now on, and its predicted cost is charged. What follows is written of it.
local function begin(job, ...)
  redis.call('HSET', job_key(job.id), 'state', 'running', ...)
  job.state = 'running'
  count_at_work(job, 1)
  charge(job.owner, job.group, number_in(job.charged, 0))
end

-- True for whoever fetched the job: only they know what `lease` is the hash of. Anybody who works may read the hash.
local function is_holder(lease, token) return not lease or lease == redis.sha1hex(token) end

-- The job is nobody's any more. The charge stays as it is: the caller corrects or returns it.
local function end_lease(job)
  redis.call('ZREM', K.leases, job.id)
  count_at_work(job, -1)
  local mine = job.worker and worker_key(job.worker)
  if mine and redis.call('HGET', mine, 'job') == job.id then
    redis.call('HDEL', mine, 'job', 'target')
    aim_worker(job.worker, nil)
  end
end

local function refund(job) charge(job.owner, job.group, -number_in(job.charged, 0)) end

-- Each attempt loses its worker once at most. Returns how many attempts have.
local function count_loss(job)
  if job.lost_at == job.attempt then return number_in(job.lost, 1) end
  redis.call('HSET', job_key(job.id), 'lost_at', job.attempt)
  count_in_stats('lost', 1)
  return count_on(job_key(job.id), 'lost', 1, 0)
end

-- The delivery that had this waiting job last goes on with it: its worker is alive after all.
local function take_again(job)
  pull(job)
  begin(job)
  local mine = job.worker and worker_key(job.worker)
  -- Unless it has the next one already.
  if mine and redis.call('EXISTS', mine) == 1 and redis.call('HSETNX', mine, 'job', job.id) == 1 then
    redis.call('HSET', mine, 'target', job.runs_on or '')
  end
  if job.lost_at == job.attempt then
    redis.call('HDEL', job_key(job.id), 'lost_at')
    count_on(job_key(job.id), 'lost', -1, 1)
    count_in_stats('lost', -1)
  end
end

-- How long an ended job is kept: as its sender said, but not less than usual while its end has not been shown.
local function retention(job, ttl)
  if job.erase then return FORGET_TTL_MS end
  local keep = tonumber(job.keep)
  if not keep then return ttl end
  return job.deliver == '1' and math.max(keep, ttl) or keep
end

local function finish(job, state, now, ttl)
  if job.of then
    job = end_part(job, state, now)
    if not job then return end
    state = job.ends
  end
  close_job(job.owner, job.group)
  redis.call('HSET', job_key(job.id), 'state', state, 'finished', now)
  if job.cancel then redis.call('HDEL', job_key(job.id), 'cancel') end
  redis.call('PEXPIRE', job_key(job.id), retention(job, ttl))
  redis.call('DEL', preview_key(job.id))
  count_in_stats(state, 1)
  record({[state] = 1}, now)
  if job.deliver == '1' then redis.call('ZADD', K.undelivered, now, job.id) end
  publish({event = 'settled', id = job.id, state = state})
end

local function fail(job, kind, text, now)
  redis.call('HSET', job_key(job.id), 'error_kind', kind, 'error', text)
  if not job.of then redis.call('ZADD', K.dead, now, job.id) end
  record_fault(kind, job.state == 'running' and job.worker or '', now)
  finish(job, 'failed', now, DEAD_TTL_MS)
end

local function put_back(job, now)
  keep_kind(job, now)
  redis.call('HSET', job_key(job.id), 'state', 'waiting')
  redis.call('HDEL', job_key(job.id), 'progress', 'eta')
  push(job)
  if job.of then sum_up(job.of) end
  publish({event = 'waiting', id = job.id})
  wake(job.class, needs_in(job.needs), now)
end

-- A worker that takes no more jobs gives back what it was handed and has not come for: its wait had just ended.
local function give_back(worker, now)
  redis.call('DEL', handed_key(worker))
  local job = load_job(redis.call('HGET', worker_key(worker), 'job') or '')
  if not job or job.state ~= 'running' or job.worker ~= worker then return end
  end_lease(job)
  refund(job)
  if job.cancel then finish(job, 'cancelled', now, DONE_TTL_MS) else put_back(job, now) end
end

-- 'cancelled', 'cancelling' (its worker reads the flag), or the state in which it had ended before.
local function cancel_job(job, now)
  if tonumber(job.open_parts or '0') > 0 then
    redis.call('HSET', job_key(job.id), 'cancel', '1')
    publish({event = 'cancelling', id = job.id})
    for _, part in ipairs(parts_of(job)) do
      local its = load_job(part.id)
      if its then cancel_job(its, now) end
    end
    return redis.call('HGET', job_key(job.id), 'state') == 'cancelled' and 'cancelled' or 'cancelling'
  end
  if job.state == 'running' then
    redis.call('HSET', job_key(job.id), 'cancel', '1')
    publish({event = 'cancelling', id = job.id})
    return 'cancelling'
  end
  if job.state == 'waiting' then pull(job)
  elseif job.state == 'delayed' then redis.call('ZREM', K.delayed, job.id)
  else return job.state end
  finish(job, 'cancelled', now, DONE_TTL_MS)
  return 'cancelled'
end
