-- Gives a free worker the job it should do next, under a lease, or notes that it is idle.
--
-- What the worker was promised as a set was split goes first, then a bumped job. Then fast before relax, but every
-- TRICKLE-th job is a relax one while any waits. Within the
-- lane, the first job in fair order that this worker can serve is its head. Another is taken before it when it stands at
-- most WINDOW GPU-seconds behind and saves a load: rather one whose checkpoint this worker holds, else one whose
-- checkpoint nobody holds yet, so that the fleet does not all load the same one. A head that was passed over MAX_SKIPS
-- times, or for MAX_SKIP_MS, goes next whatever it costs. A job of several pictures is split as it is taken, where others
-- with nothing to do could make some of them.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 worker   3 lease, ms   4 affinity window, GPU-seconds   5 most skips   6 most ms skipped
--       7 trickle   8 a secret of the worker's, without which nobody renews or settles what it is given
-- Returns  nil, or {id, attempt, message, owner}, and for a part of a set {…, its first picture, how many, checkpoint ('': any)}

local now, worker = clock(ARGV[1]), ARGV[2]
local window, max_skips, max_skip_ms = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local loaded = redis.call('HGET', worker_key(worker), 'loaded')

local paused = {}
for _, scope in ipairs(redis.call('HKEYS', K.paused)) do paused[scope] = true end

local function rest()
  redis.call('ZADD', K.idle, 'NX', now, worker)
  return nil
end

-- What a job runs on here: what it names, else what is loaded. What makes no picture, or one larger, runs on none.
local function checkpoint_of(needs)
  if needs.checkpoint then return needs.checkpoint end
  for _, token in ipairs(needs.tokens) do
    if token == 'upscale' or token == 'interrogate' then return '' end
  end
  return loaded or ''
end

local function may_run(lane, needs)
  if paused['lane:' .. lane] or paused['checkpoint:' .. checkpoint_of(needs)] then return false end
  return serves(worker, needs, now)
end

local function lane_of(class) return string.match(class, '^[^|]*') end

local function promised()
  local id = redis.call('HGET', worker_key(worker), 'promised')
  if not id then return end
  redis.call('HDEL', worker_key(worker), 'promised')
  local job = load_job(id)
  if job and job.state == 'waiting' and may_run(lane_of(job.class), cjson.decode(job.needs)) then return job end
end

local function bumped()
  for _, id in ipairs(redis.call('ZRANGE', K.bumped, 0, 99)) do
    local job = load_job(id)
    if job and may_run(lane_of(job.class), cjson.decode(job.needs)) then return job end
  end
end

-- For each lane, the heads of the classes that this worker can serve.
local function heads()
  local found = {fast = {}, relax = {}}
  local flat = redis.call('HGETALL', K.classes)
  for i = 1, #flat, 2 do
    local lane, needs = lane_of(flat[i]), cjson.decode(flat[i + 1])
    if may_run(lane, needs) then
      local candidate = head(flat[i])
      candidate.checkpoint = needs.checkpoint
      table.insert(found[lane], candidate)
    end
  end
  return found
end

local function earliest(candidates, allowed)
  local first
  for _, candidate in ipairs(candidates) do
    if (not allowed or allowed(candidate)) and (not first or before(candidate, first)) then first = candidate end
  end
  return first
end

local function overdue(first)
  local skipped = redis.call('HMGET', job_key(first.id), 'skips', 'skipped_since')
  return tonumber(skipped[1] or '0') >= max_skips or now - tonumber(skipped[2] or now) >= max_skip_ms
end

local function is_warm(candidate) return not candidate.checkpoint or candidate.checkpoint == loaded end

-- The checkpoints that other workers hold or are about to.
local function held_elsewhere()
  local held = {}
  for _, other in ipairs(live_workers(now)) do
    if other ~= worker then
      local its = redis.call('HMGET', worker_key(other), 'loaded', 'target')
      if its[1] then held[its[1]] = true end
      if its[2] then held[its[2]] = true end
    end
  end
  return held
end

local function choose(candidates, first)
  if is_warm(first) or overdue(first) then return first end
  local function near(candidate)
    local behind = candidate.group_tag - first.group_tag
    if candidate.group == first.group then behind = candidate.owner_tag - first.owner_tag end
    return behind <= window
  end
  local warm = earliest(candidates, function(one) return is_warm(one) and near(one) end)
  if warm then return warm end
  local held = held_elsewhere()
  if not held[first.checkpoint] then return first end
  return earliest(candidates, function(one) return not held[one.checkpoint] and near(one) end) or first
end

local function is_paused(one) return paused['worker:' .. one] or paused['worker:' .. place_of(one)] end

-- Other workers that wait for a job, alive and free to take one.
local function others_idle()
  local found, alive = {}, {}
  for _, other in ipairs(live_workers(now)) do alive[other] = other ~= worker end
  for _, other in ipairs(redis.call('ZRANGE', K.idle, 0, -1)) do
    if alive[other] and is_ready(other) and not is_paused(other) then table.insert(found, other) end
  end
  return found
end

-- Takes the job, or the part of it that is this worker's, and gives it to the worker.
local function hand_over(job)
  if job.set then job = split(job, worker, loaded, others_idle(), now) or job end
  local needs = cjson.decode(job.needs)
  local checkpoint = needs.checkpoint or loaded or ''
  local cold = needs.checkpoint and needs.checkpoint ~= loaded
  pull(job)
  job.charged = exact(tonumber(job.cost) * speed_of(worker, checkpoint))
  local attempt = redis.call('HINCRBY', job_key(job.id), 'attempt', 1)
  redis.call('HSET', job_key(job.id), 'worker', worker, 'started', now, 'charged', job.charged, 'cold', cold and '1' or '0',
    'runs_on', checkpoint_of(needs), 'lease', redis.sha1hex(ARGV[8]))
  redis.call('HSETNX', job_key(job.id), 'kind', kind_of(worker))
  begin(job)
  if cold then
    redis.call('HINCRBY', K.stats, 'loads', 1)
    record({loads = 1}, now)
  end
  -- A job that was put off begins to wait when it falls due.
  if attempt == 1 then record_wait(now - math.max(tonumber(job.created), tonumber(job.run_at or '0')), now) end
  redis.call('ZADD', K.leases, now + tonumber(ARGV[3]), job.id)
  redis.call('ZREM', K.idle, worker)
  redis.call('DEL', wake_key(worker))
  redis.call('HSET', worker_key(worker), 'job', job.id, 'target', checkpoint)
  publish({event = 'started', id = job.id, worker = worker, attempt = attempt})
  if not job.of then return {job.id, attempt, job.message, job.owner} end
  local message = redis.call('HGET', job_key(job.of), 'message')
  return {job.id, attempt, message, job.owner, tonumber(job.first), tonumber(job.count), needs.checkpoint or ''}
end

if not is_ready(worker) or paused['queue'] or is_paused(worker) then return rest() end
local ahead = promised() or bumped()
if ahead then return hand_over(ahead) end

local found = heads()
local relax_is_due = tonumber(redis.call('HGET', K.stats, 'fast_in_a_row') or '0') >= tonumber(ARGV[7]) - 1
local lane = 'fast'
if #found.relax > 0 and (#found.fast == 0 or relax_is_due) then lane = 'relax' end
local candidates = found[lane]
local first = earliest(candidates)
if not first then return rest() end

local chosen = choose(candidates, first)
if chosen.id ~= first.id then
  redis.call('HINCRBY', job_key(first.id), 'skips', 1)
  redis.call('HSETNX', job_key(first.id), 'skipped_since', now)
  if is_warm(chosen) then redis.call('HINCRBY', K.stats, 'loads_saved', 1) end
end
if lane == 'relax' or #found.relax == 0 then
  redis.call('HDEL', K.stats, 'fast_in_a_row')
else
  redis.call('HINCRBY', K.stats, 'fast_in_a_row', 1)
end
raise_tag(K.tags, 'v', first.group_tag)
raise_tag(group_tags_key(chosen.group), 'v', chosen.owner_tag)
return hand_over(load_job(chosen.id))
