-- Gives a free worker the job it should do next, under a lease, or notes that it is idle.
--
-- The first job in fair order that this worker can serve is its head. A job that needs no load is taken before it
-- when it stands at most WINDOW GPU-seconds behind, unless the head was passed over MAX_SKIPS times or for MAX_SKIP_MS.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 worker   3 lease, ms   4 affinity window, GPU-seconds   5 most skips   6 most ms skipped
-- Returns  nil, or {id, attempt, message}

local now, worker = clock(ARGV[1]), ARGV[2]
local window, max_skips, max_skip_ms = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local loaded = redis.call('HGET', worker_key(worker), 'loaded')

local function rest()
  redis.call('ZADD', K.idle, 'NX', now, worker)
  return nil
end

-- The first job of a lane for this worker, and the first that needs no load.
local function candidates(lane)
  local first, warm
  local flat = redis.call('HGETALL', K.classes)
  for i = 1, #flat, 2 do
    local class = flat[i]
    if string.sub(class, 1, #lane + 1) == lane .. '|' then
      local needs = cjson.decode(flat[i + 1])
      if serves(worker, needs) then
        local candidate = head(class)
        if not first or before(candidate, first) then first = candidate end
        if (not needs.checkpoint or needs.checkpoint == loaded) and (not warm or before(candidate, warm)) then
          warm = candidate
        end
      end
    end
  end
  return first, warm
end

local function may_pass(first, warm)
  local behind = warm.group_tag - first.group_tag
  if warm.group == first.group then behind = warm.owner_tag - first.owner_tag end
  if behind > window then return false end
  local skipped = redis.call('HMGET', job_key(first.id), 'skips', 'skipped_since')
  if tonumber(skipped[1] or '0') >= max_skips then return false end
  return now - tonumber(skipped[2] or now) < max_skip_ms
end

if redis.call('EXISTS', K.paused) == 1 or not is_ready(worker) then return rest() end
local first, warm = candidates('fast')
if not first then first, warm = candidates('relax') end
if not first then return rest() end

local chosen = first
if warm and warm.id ~= first.id and may_pass(first, warm) then
  chosen = warm
  redis.call('HINCRBY', job_key(first.id), 'skips', 1)
  redis.call('HSETNX', job_key(first.id), 'skipped_since', now)
  redis.call('HINCRBY', K.stats, 'loads_saved', 1)
end

local job = load_job(chosen.id)
raise_tag(K.tags, 'v', first.group_tag)
raise_tag(group_tags_key(job.group), 'v', chosen.owner_tag)
pull(job)
charge(job.owner, job.group, tonumber(job.cost))

local attempt = redis.call('HINCRBY', job_key(job.id), 'attempt', 1)
redis.call('HSET', job_key(job.id), 'state', 'running', 'worker', worker, 'started', now)
redis.call('ZADD', K.leases, now + tonumber(ARGV[3]), job.id)
redis.call('ZREM', K.idle, worker)
redis.call('DEL', wake_key(worker))
redis.call('HSET', worker_key(worker), 'job', job.id)
publish({event = 'started', id = job.id, worker = worker, attempt = attempt})
return {job.id, attempt, job.message}
