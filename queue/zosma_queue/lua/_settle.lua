-- How a delivery ends, for the verbs that end one. A delivery that was superseded changes nothing, nor does anybody but who
-- fetched it. A lease that ran out while nobody else took the job (Redis was away, say) still counts for a finished picture.
-- A cancel that came before this wins, also over a finished picture: the member was told that it stops.

-- `outcome`, from the third argument of `settle.lua` on: attempt, verb, result (JSON) or error text, error kind, GPU-seconds
-- really used, back-off (ms), most failures, '1' for rather on another worker, the secret that fetched it.
-- Returns the job's new state, or 'stale'.
local function settle(id, outcome, now)
  local attempt, verb, text, kind, gpu_seconds, backoff, most, other, token = unpack(outcome)
  local real_s, backoff_ms, most_failures, elsewhere = tonumber(gpu_seconds), tonumber(backoff), tonumber(most), other == '1'
  local job = load_job(id)
  if not job or job.attempt ~= attempt or not is_holder(job.lease, token) then return 'stale' end
  if job.state == 'waiting' and verb == 'done' then take_again(job) end
  if job.state ~= 'running' then return 'stale' end
  local made = verb == 'done'
  if job.cancel then verb = 'cancelled' end

  local parked = {}
  for _, owner in ipairs(same_person(job.owner)) do
    if is_parked(owner) then table.insert(parked, owner) end
  end
  end_lease(job)
  for _, owner in ipairs(parked) do let_in(owner, now) end
  local gpu_ms = math.floor(math.min(math.max(real_s, 0), 86400) * 1000 + 0.5)
  if gpu_ms > 0 then record({gpu_ms = gpu_ms}, now) end

  -- What the owner pays: the real seconds, but never for a checkpoint load that the order of jobs brought about.
  local function bill()
    local real, cost, expected = math.max(real_s, 0), number_in(job.cost, 0), number_in(job.charged, 0)
    if job.cold == '1' then
      learn(K.loads, math.max(real - expected, 0), place_of(job.worker), '')
      return math.min(real, expected)
    end
    -- What makes no pictures with a checkpoint (one made larger, put into words, …) says nothing of how fast they are made.
    local needs = needs_in(job.needs)
    if cost > 0 and mode_of(needs) ~= 'none' then
      local checkpoint = needs.checkpoint or filed(job.worker).loaded or ''
      learn_speed(job.worker, checkpoint, real / cost)
    end
    return real
  end

  -- What was used of a job that was stopped. On a checkpoint that was not loaded yet only what came after the load counts,
  -- and how far the picture has come tells how much that was.
  local function used()
    if made then return bill() end
    local real = math.max(real_s, 0)
    if job.cold ~= '1' then return real end
    return math.min(real, number_in(job.charged, 0) * number_in(job.progress, 0))
  end

  -- Puts what the owner pays in the place of what was predicted, in their share and their quota.
  local function pay(billed)
    charge(job.owner, job.group, billed - number_in(job.charged, 0))
    if billed == 0 then return end
    if job.of then add(job_key(job.of), 'paid', billed) end
    for _, name in ipairs({job.owner, job.person}) do
      local spent = spent_key(name, math.floor(now / DAY_MS))
      if type(redis.pcall('INCRBYFLOAT', spent, exact(billed))) ~= 'string' then redis.call('SET', spent, exact(billed)) end
      redis.call('PEXPIRE', spent, 2 * DAY_MS)
    end
  end

  if verb == 'done' then
    pay(bill())
    learn_accuracy(job, now)
    if job.kind and kind_of(job.worker) ~= job.kind then redis.call('HSET', job_key(id), 'other_kind', '1') end
    redis.call('HSET', job_key(id), 'result', text, 'gpu_seconds', gpu_seconds, 'progress', '1')
    record({pictures = note_pictures(id, text, now)}, now)
    record_at(job.worker, 'done')
    finish(job, 'done', now, DONE_TTL_MS)
    return 'done'
  end

  if verb == 'cancelled' then
    local paid = used()
    pay(paid)
    redis.call('HSET', job_key(id), 'paid', exact(paid))
    finish(job, 'cancelled', now, DONE_TTL_MS)
    return 'cancelled'
  end

  -- Whatever else did not make a picture costs its owner nothing.
  refund(job)
  if verb == 'release' then
    if kind ~= '' then redis.call('HSET', job_key(id), 'error_kind', kind, 'error', text) end
    record_fault(kind, job.worker, now)
    put_back(job, now)
    return 'waiting'
  end

  local failures = count_on(job_key(id), 'failures', 1, 0)
  redis.call('HSET', job_key(id), 'error_kind', kind, 'error', text)
  if verb == 'retry' and failures < most_failures then
    keep_kind(job, now)
    if elsewhere then
      local needs = needs_in(job.needs)
      needs.avoid = place_of(job.worker)
      local class = string.gsub(job.class, '|not:.*$', '') .. '|not:' .. needs.avoid
      redis.call('HSET', job_key(id), 'needs', cjson.encode(needs), 'class', class)
    end
    redis.call('HSET', job_key(id), 'state', 'delayed', 'run_at', now + backoff_ms)
    redis.call('HDEL', job_key(id), 'progress', 'eta')
    redis.call('ZADD', K.delayed, now + backoff_ms, id)
    count_in_stats('retried', 1)
    record({retried = 1}, now)
    record_fault(kind, job.worker, now)
    if job.of then sum_up(job.of) end
    publish({event = 'retry', id = id, kind = kind})
    return 'delayed'
  end
  fail(job, kind, text, now)
  return 'failed'
end
