-- What time alone changes: delayed jobs fall due, leases run out, workers fall silent, jobs wait for nobody.
-- Any number of processes may call it; each change is made once.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 most lost workers for one job   3 most jobs to handle in one call   4 lease, ms
--       5 ms without a sweep after which Redis itself must have been away
-- Returns  {promoted, returned, set aside, given up}

local now, max_lost, most = clock(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local lease_ms, away_ms = tonumber(ARGV[4]), tonumber(ARGV[5])
local promoted, returned, aside, given_up = 0, 0, 0, 0

for _, id in ipairs(redis.call('ZRANGEBYSCORE', K.delayed, '-inf', now, 'LIMIT', 0, most)) do
  redis.call('ZREM', K.delayed, id)
  local job = load_job(id)
  if job then
    put_back(job, now)
    promoted = promoted + 1
  end
end

-- Whoever is alive sweeps once a second. When nobody did, Redis stood still (or all of us did), and nobody could renew:
-- whose lease ran out meanwhile gets a new one, in which its worker shows whether it is alive. The gap is told by the
-- server's clock alone, whatever `now` a test passes.
local function gap_ms()
  local real = clock(0)
  local last = tonumber(redis.call('GET', K.swept) or '') or real
  redis.call('SET', K.swept, real)
  return real - last
end

local gap = gap_ms()
if gap > away_ms then
  for _, leases in ipairs({K.leases, K.wanted}) do
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, now - gap, now)) do
      redis.call('ZADD', leases, now + lease_ms, id)
    end
  end
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', K.leases, '-inf', now, 'LIMIT', 0, most)) do
  local job = load_job(id)
  if not job or job.state ~= 'running' then
    redis.call('ZREM', K.leases, id)
  else
    end_lease(job)
    refund(job)
    local lost = count_loss(job)
    -- One that ends for it is counted by `fail`.
    if lost < max_lost then record_fault('worker-lost', job.worker, now) end
    if job.cancel then
      finish(job, 'cancelled', now, DONE_TTL_MS)
    elseif lost >= max_lost then
      fail(job, 'worker-lost', 'its worker died ' .. lost .. ' times', now)
      aside = aside + 1
    else
      put_back(job, now)
      returned = returned + 1
    end
  end
end

-- Whoever waited for these has gone without a word.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', K.wanted, '-inf', now, 'LIMIT', 0, most)) do
  redis.call('ZREM', K.wanted, id)
  local job = load_job(id)
  if job then cancel_job(job, now) end
end

for _, worker in ipairs(redis.call('ZRANGEBYSCORE', K.workers, '-inf', '(' .. (now - WORKER_TTL_MS))) do
  redis.call('ZREM', K.workers, worker)
  redis.call('ZREM', K.idle, worker)
  redis.call('DEL', can_key(worker), worker_key(worker), wake_key(worker))
  note_fleet(worker, now, true, true)
  publish({event = 'worker-left', worker = worker})
end

age_pictures(now, most)

-- What has failed is listed for as long as it is kept.
redis.call('ZREMRANGEBYSCORE', K.dead, '-inf', now - DEAD_TTL_MS)

-- An end that nobody could be shown for so long that the job is forgotten is owed no longer.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', K.undelivered, '-inf', now - FORGET_TTL_MS, 'LIMIT', 0, most)) do
  if redis.call('EXISTS', job_key(id)) == 0 then redis.call('ZREM', K.undelivered, id) end
end

-- A class that nobody can serve: its jobs end when their patience does, or where no worker at all is ready, when they have
-- waited as long as they may for one.
local function give_up(class, since, alone)
  for _, group in ipairs(redis.call('ZRANGE', groups_key(class), 0, -1)) do
    for _, owner in ipairs(redis.call('ZRANGE', owners_key(class, group), 0, -1)) do
      for _, id in ipairs(redis.call('ZRANGE', jobs_key(class, owner), 0, most)) do
        if given_up >= most then return end
        local job = load_job(id)
        local wait = alone and tonumber(job.wait or '0') or 0
        local began = math.max(since, tonumber(job.created), tonumber(job.run_at or '0'))
        if now - began >= (wait > 0 and wait or tonumber(job.patience)) then
          pull(job)
          if wait > 0 then fail(job, 'no-gpu', 'no GPU came within the time for which jobs wait for one', now)
          else fail(job, 'no-worker', 'no worker that can do it came back in time', now) end
          given_up = given_up + 1
        end
      end
    end
  end
end

-- `feasible`, but what can't be read is let be: one class of junk must not keep the lost jobs of all others from coming back.
local function possible(text, now)
  local readable, needs = pcall(cjson.decode, text)
  if not readable or type(needs) ~= 'table' then return 'yes' end
  if type(needs.tokens) ~= 'table' or type(needs.pixels) ~= 'number' then return 'yes' end
  return feasible(needs, now)
end

-- Since when nobody can serve a class: a fleet that comes or goes as a whole begins it anew. Of one in which no worker at
-- all is ready the number is negative.
local function stranded_since(class, alone)
  local since = tonumber(redis.call('HGET', K.stranded, class) or '')
  if not since or (since < 0) ~= alone then
    since = alone and -now or now
    redis.call('HSET', K.stranded, class, string.format('%.0f', since))
  end
  return math.abs(since)
end

-- Nobody's patience runs while the queue is paused: the workers may well be down for that.
local at_rest = redis.call('HEXISTS', K.paused, 'queue') == 1
local flat = redis.call('HGETALL', K.classes)
for i = 1, #flat, 2 do
  local class, answer = flat[i], possible(flat[i + 1], now)
  if at_rest or answer == 'yes' then
    redis.call('HDEL', K.stranded, class)
  else
    local alone = answer == 'nobody'
    give_up(class, stranded_since(class, alone), alone)
  end
end
sample(now)
return {promoted, returned, aside, given_up}
