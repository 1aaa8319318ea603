-- What time alone changes: delayed jobs fall due, leases run out, workers fall silent, jobs wait for nobody.
-- Of all processes that are there one sweeps, as long as it goes on to; a bot rather than a worker. Did several at once,
-- each change would still be made once.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 most lost workers for one job   3 most jobs to handle in one call
--       4 who sweeps, `bot <id>` or `worker <id>` ('': it is done whoever else does it)   5 ms for which nobody else then does
-- Returns  {promoted, returned, set aside, given up, ms until there is something to do; -1: somebody else sweeps,
--          1 when something is being filed (file.lua), which then is to be gone on with}

local now, max_lost, most, who = clock(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local promoted, returned, aside, given_up = 0, 0, 0, 0

local function is_somebody_elses()
  local other = redis.call('GET', K.sweeper)
  if not other or other == who then return false end
  return not (string.find(who, '^bot ') and string.find(other, '^worker '))
end

if who ~= '' then
  if is_somebody_elses() then return {0, 0, 0, 0, -1, 0} end
  redis.call('SET', K.sweeper, who, 'PX', ARGV[5])
end
note_alive(now)

for _, id in ipairs(redis.call('ZRANGEBYSCORE', K.delayed, '-inf', now, 'LIMIT', 0, most)) do
  redis.call('ZREM', K.delayed, id)
  local job = load_job(id)
  if job then
    put_back(job, now)
    promoted = promoted + 1
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
      drop_stored(job)
      finish(job, 'cancelled', now, DONE_TTL_MS)
    elseif lost >= max_lost then
      drop_stored(job)
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
  forget_worker(worker, now)
end
for _, profile in ipairs(redis.call('ZRANGEBYSCORE', K.profiles, '-inf', '(' .. (now - PROFILE_TTL_MS))) do
  part_from(profile)
end

age_pictures(now, most)

-- What has failed is listed for as long as it is kept.
redis.call('ZREMRANGEBYSCORE', K.dead, '-inf', now - DEAD_TTL_MS)

-- An end that nobody could be shown for so long that the job is forgotten is owed no longer.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', K.undelivered, '-inf', now - FORGET_TTL_MS, 'LIMIT', 0, most)) do
  if redis.call('EXISTS', job_key(id)) == 0 then redis.call('ZREM', K.undelivered, id) end
end

-- Jobs in a bucket that nobody can serve end when their patience does, or where no worker at all is there, when they have
-- waited as long as they may for one. Few are looked at in one call.
local looks = 5 * most
local function give_up(bucket, since, alone)
  if now - since < shortest_in(bucket, alone) then return end
  local function each(owner, checkpoint)
    for _, id in ipairs(redis.call('ZRANGE', jobs_key(bucket, checkpoint, owner), 0, most)) do
      looks = looks - 1
      if looks < 0 or given_up >= most then return end
      local its = redis.call('HMGET', job_key(id), 'created', 'run_at', 'patience', 'wait')
      local wait = alone and number_in(its[4], 0) or 0
      local began = math.max(since, number_in(its[1], 0), number_in(its[2], 0))
      if now - began >= (wait > 0 and wait or number_in(its[3], USUAL_PATIENCE_MS)) then
        local job = load_job(id)
        pull(job)
        if wait > 0 then fail(job, 'no-gpu', 'no GPU came within the time for which jobs wait for one', now)
        else fail(job, 'no-worker', 'no worker that can do it came back in time', now) end
        given_up = given_up + 1
      end
    end
  end
  for _, group in ipairs(redis.call('ZRANGE', groups_key(bucket), 0, -1)) do
    for _, owner in ipairs(redis.call('ZRANGE', owners_key(bucket, group), 0, -1)) do
      for _, checkpoint in ipairs(redis.call('ZRANGE', heads_key(bucket, owner), 0, -1)) do each(owner, checkpoint) end
      if looks < 0 or given_up >= most then return end
    end
  end
end

-- Notes since when nobody can serve a bucket, and says whether no worker at all is there. That changes with the profiles
-- that are there, and with new buckets, so all are looked at only then. A fleet that comes or goes as a whole begins it
-- anew.
local function strand()
  local there = {}
  for _, profile in ipairs(redis.call('ZRANGE', K.profiles, 0, -1)) do
    if is_there(profile, now) then
      there[profile] = true
      table.insert(there, profile)
    end
  end
  table.sort(there)
  local alone = #there == 0
  local seen = redis.sha1hex(table.concat(there, ' ')) .. (redis.call('GET', K.bucket_seq) or '')
  if redis.call('HGET', K.stranded, '') == seen then return alone end
  redis.call('HSET', K.stranded, '', seen)
  for _, bucket in ipairs(redis.call('HKEYS', K.alike)) do
    local can = false
    for _, profile in ipairs(redis.call('SMEMBERS', able_key(bucket))) do can = can or there[profile] end
    local since = tonumber(redis.call('HGET', K.stranded, bucket) or '')
    if can then redis.call('HDEL', K.stranded, bucket)
    elseif not since or (since < 0) ~= alone then
      redis.call('HSET', K.stranded, bucket, string.format('%.0f', alone and -now or now))
    end
  end
  return alone
end

adopt(now)
look_again(now)

-- Nobody's patience runs while the queue is paused: the workers may well be down for that.
if redis.call('HEXISTS', K.paused, 'queue') == 1 then redis.call('DEL', K.stranded)
else
  local alone = strand()
  local flat = redis.call('HGETALL', K.stranded)
  for i = 1, #flat, 2 do
    local since = tonumber(flat[i + 1])
    if flat[i] ~= '' and since then give_up(flat[i], math.abs(since), alone) end
  end
end

-- Since when the next job of a bucket waits; nil where none does.
local function waits_since(bucket)
  local group = redis.call('ZRANGE', groups_key(bucket), 0, 0)[1]
  local owner = group and redis.call('ZRANGE', owners_key(bucket, group), 0, 0)[1]
  local id = owner and next_of(bucket, owner)
  return id and (tonumber(redis.call('HGET', job_key(id), 'created') or '') or 0)
end

-- Whoever was woken for a job may be dead, or gone before it came: where jobs wait and somebody who can do them is idle, the
-- next one is woken. Not at once: who was woken is on the way, and for a set it is one of those that it may be split for.
local ON_THE_WAY_MS = 1000
local function wake_again()
  if redis.call('EXISTS', K.idle) == 0 or redis.call('HEXISTS', K.paused, 'queue') == 1 then return end
  local function has_work(profile)
    for _, bucket in ipairs(redis.call('SMEMBERS', serves_key(profile))) do
      local lane = string.match(bucket, '^%w+') or ''
      local is_open = string.sub(bucket, -1) ~= '!' and redis.call('HEXISTS', K.paused, 'lane:' .. lane) == 0
      local since = is_open and waits_since(bucket)
      if since and now - since >= ON_THE_WAY_MS then return true end
    end
    return false
  end
  for _, profile in ipairs(redis.call('ZRANGE', K.profiles, 0, -1)) do
    local first = redis.call('ZRANGE', idle_key(profile), 0, 0)[1]
    if first and has_work(profile) then ring(first) end
  end
end

-- Ms until the first of these falls due; at most so many.
local function due(within)
  if promoted >= most or returned + aside >= most then return 0 end
  for _, key in ipairs({K.delayed, K.leases, K.wanted}) do
    local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
    if first then within = math.min(within, math.max(tonumber(first) - now, 0)) end
  end
  return within
end

wake_again()
sample(now)
return {promoted, returned, aside, given_up, math.ceil(due(60000)), redis.call('EXISTS', K.join)}
