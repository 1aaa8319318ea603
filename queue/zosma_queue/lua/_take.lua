-- How a free worker's next job is chosen and leased to it.
--
-- What the worker was promised as a set was split goes first, then a bumped job. Then fast before relax, but every
-- TRICKLE-th job is a relax one while any waits. Within the lane, the first job in fair order that this worker can serve
-- is its head. Another is taken before it when it stands at most WINDOW_S GPU-seconds behind and saves a load: rather the
-- first whose checkpoint this worker holds, else the first whose checkpoint nobody holds yet, so that the fleet does not
-- all load the same one. A head that was passed over MAX_SKIPS times, or for MAX_SKIP_MS, goes next whatever it costs. A
-- job of several pictures is split as it is taken, where others with nothing to do could make some of them.

-- A leased job as its worker is told: `[id, attempt, owner]` in JSON, for a part of a set with its first picture, how many,
-- and the checkpoint ('': any); then a newline, and the message.
local function told(job)
  local about, message = {job.id, tonumber(job.attempt), job.owner}, job.message
  if job.of then
    message = redis.call('HGET', job_key(job.of), 'message')
    about = {job.id, tonumber(job.attempt), job.owner, tonumber(job.first), tonumber(job.count), needs_in(job.needs).checkpoint or ''}
  end
  return cjson.encode(about) .. '\n' .. (message or '')
end

-- Leases to a worker for `lease_ms` what it should do next, and returns it as `told`, or nil. `holder`: hash of the secret
-- without which nobody renews or settles it. All in one function: only who takes a job pays for the parts of it.
local function take(worker, holder, lease_ms, now)
  -- As in calls.py, which says what they mean.
  local WINDOW_S, MAX_SKIPS, MAX_SKIP_MS, TRICKLE, LOOK_OWNERS = 60, 16, 120000, 10, 200
  local self = filed(worker)
  local loaded = self.loaded

  local paused = {}
  for _, scope in ipairs(redis.call('HKEYS', K.paused)) do paused[scope] = true end

  -- What a job runs on here: what it names, else what is loaded. What makes no picture, or one larger, runs on none.
  local function checkpoint_of(needs)
    local mode = mode_of(needs)
    return mode == 'named' and needs.checkpoint or mode == 'any' and loaded or ''
  end

  local function may_run(job)
    local needs = needs_in(job.needs)
    if paused['lane:' .. lane_of(job.class)] or paused['checkpoint:' .. checkpoint_of(needs)] then return false end
    return serves(worker, job.class, needs, now)
  end

  local function promised()
    local id = redis.call('HGET', worker_key(worker), 'promised')
    if not id then return end
    redis.call('HDEL', worker_key(worker), 'promised')
    local job = load_job(id)
    if job and job.state == 'waiting' and may_run(job) then return job end
  end

  local function bumped()
    for _, id in ipairs(redis.call('ZRANGE', K.bumped, 0, 99)) do
      local job = load_job(id)
      if job and may_run(job) then return job end
    end
  end

  -- -- the fair order ------------------------------------------------------------------------------------------------

  local function before(a, b)
    if a.group_tag ~= b.group_tag then return a.group_tag < b.group_tag end
    if a.group ~= b.group then return a.group < b.group end
    if a.owner_tag ~= b.owner_tag then return a.owner_tag < b.owner_tag end
    if a.owner ~= b.owner then return a.owner < b.owner end
    return a.seq < b.seq
  end

  -- The first job of an owner in a bucket, or of those that name a checkpoint.
  local function first_of(bucket, group, group_tag, owner, owner_tag, checkpoint)
    checkpoint = checkpoint or redis.call('ZRANGE', heads_key(bucket, owner), 0, 0)[1]
    local job = redis.call('ZRANGE', jobs_key(bucket, checkpoint, owner), 0, 0, 'WITHSCORES')
    return {
      id = job[1], bucket = bucket, group = group, owner = owner, group_tag = tonumber(group_tag),
      owner_tag = tonumber(owner_tag), seq = tonumber(job[2]), checkpoint = checkpoint,
    }
  end

  local function earliest(candidates)
    local first
    for _, one in ipairs(candidates) do
      if not first or before(one, first) then first = one end
    end
    return first
  end

  -- The buckets that this worker may take jobs from, by lane, each with its first group.
  local function buckets()
    local found = {fast = {}, relax = {}}
    for _, bucket in ipairs(redis.call('SMEMBERS', serves_key(self.profile))) do
      local lane, mode, special = string.match(bucket, '^(%w+)%.(%w+)%.%d+(!?)$')
      lane = lane or '' -- one that is none is passed over
      local open = found[lane] and not paused['lane:' .. lane] and not (mode == 'any' and paused['checkpoint:' .. (loaded or '')])
      if open and special == '!' then
        local its = table_in(redis.call('HGET', K.special, bucket))
        open = not its.paused and not is_outdone(worker, self.profile, its, redis.call('SMEMBERS', able_key(bucket)), now)
      end
      local group = open and redis.call('ZRANGE', groups_key(bucket), 0, 0, 'WITHSCORES') or {}
      if group[1] then
        table.insert(found[lane], {bucket = bucket, named = mode == 'named', group = group[1], group_tag = tonumber(group[2])})
      end
    end
    return found
  end

  -- The head of the line: the first job of all in some buckets.
  local function head_of(some)
    local group, group_tag
    for _, its in ipairs(some) do
      if not group or its.group_tag < group_tag or (its.group_tag == group_tag and its.group < group) then
        group, group_tag = its.group, its.group_tag
      end
    end
    local owner, owner_tag, there = nil, nil, {}
    for _, its in ipairs(some) do
      if its.group == group then
        local found = redis.call('ZRANGE', owners_key(its.bucket, group), 0, 0, 'WITHSCORES')
        local name, name_tag = found[1], tonumber(found[2])
        if not owner or name_tag < owner_tag or (name_tag == owner_tag and name < owner) then
          owner, owner_tag, there = name, name_tag, {}
        end
        if name == owner then table.insert(there, its.bucket) end
      end
    end
    local heads = {}
    for i, bucket in ipairs(there) do heads[i] = first_of(bucket, group, group_tag, owner, owner_tag) end
    return earliest(heads)
  end

  -- -- affinity ------------------------------------------------------------------------------------------------------

  local function is_warm(one) return one.checkpoint == '' or one.checkpoint == loaded end

  local function is_overdue(first)
    local skipped = redis.call('HMGET', job_key(first.id), 'skips', 'skipped_since')
    return tonumber(skipped[1] or '0') >= MAX_SKIPS or now - tonumber(skipped[2] or now) >= MAX_SKIP_MS
  end

  -- The first of `members`, with its tag: their tags are in the hash `tags`, and all of them, with others, in `ordered`.
  -- `but`: one that is not meant. Beyond `most` nobody is looked for.
  local function first_among(members, ordered, tags, most, but)
    if redis.call('SCARD', members) <= PAGE then
      local names, first, its = redis.call('SMEMBERS', members), nil, nil
      local values = #names > 0 and redis.call('HMGET', tags, unpack(names)) or {}
      for i, name in ipairs(names) do
        local value = tonumber(values[i] or '0') or 0
        if name ~= but and value <= most and (not its or value < its or (value == its and name < first)) then
          first, its = name, value
        end
      end
      return first, its
    end
    for from = 0, math.huge, PAGE do
      local page, names = redis.call('ZRANGE', ordered, from, from + PAGE - 1, 'WITHSCORES'), {}
      for i = 1, #page, 2 do table.insert(names, page[i]) end
      if #names == 0 then return nil end
      for i, is_one in ipairs(redis.call('SMISMEMBER', members, unpack(names))) do
        if tonumber(page[2 * i]) > most then return nil end
        if is_one == 1 and names[i] ~= but then return names[i], tonumber(page[2 * i]) end
      end
    end
  end

  -- The first job of a bucket that stands near enough to the head; of those that name a checkpoint, where one is given. In
  -- the group of the head, which is before all others, nearness is told by owners.
  local function near_in(bucket, checkpoint, head)
    local function owner_in(group, most)
      local owners, tags = owners_key(bucket, group), group_tags_key(group)
      if checkpoint then return first_among(owners_with_key(bucket, checkpoint, group), owners, tags, most) end
      local owner = redis.call('ZRANGE', owners, 0, 0, 'WITHSCORES')
      if owner[1] and tonumber(owner[2]) <= most then return owner[1], owner[2] end
    end
    local function job_of(group, group_tag, most)
      local owner, owner_tag = owner_in(group, most)
      return owner and first_of(bucket, group, group_tag, owner, owner_tag, checkpoint)
    end
    local here = job_of(head.group, head.group_tag, head.owner_tag + WINDOW_S)
    if here then return here end
    local groups, most = groups_key(bucket), head.group_tag + WINDOW_S
    if checkpoint then
      local group, group_tag = first_among(groups_with_key(bucket, checkpoint), groups, K.tags, most, head.group)
      return group and job_of(group, group_tag, math.huge)
    end
    local two = redis.call('ZRANGE', groups, 0, 1, 'WITHSCORES')
    for i = 1, #two, 2 do
      if two[i] ~= head.group and tonumber(two[i + 1]) <= most then return job_of(two[i], two[i + 1], math.huge) end
    end
  end

  -- For each of some checkpoints whether other workers hold it, or are about to.
  local function held_elsewhere(checkpoints)
    local counts = redis.call('HMGET', K.held, unpack(checkpoints))
    local found = {}
    for i, checkpoint in ipairs(checkpoints) do
      found[i] = (tonumber(counts[i] or '0') or 0) > (holds(self, checkpoint) and 1 or 0)
    end
    return found
  end

  -- The first job of a bucket whose checkpoint nobody holds and that stands near enough. Where there are few such checkpoints
  -- it is looked for by each, else in the fair order, where one comes soon.
  local FEW = 10
  local function unheld_in(bucket, head)
    local count = redis.call('SCARD', cold_key(bucket))
    if count <= FEW then
      local cold, found = redis.call('SMEMBERS', cold_key(bucket)), {}
      if self.target and not held_elsewhere({self.target})[1] then table.insert(cold, self.target) end
      for _, checkpoint in ipairs(cold) do table.insert(found, near_in(bucket, checkpoint, head) or nil) end
      return earliest(found)
    end
    local left = LOOK_OWNERS
    for at = 0, math.huge do
      local group = redis.call('ZRANGE', groups_key(bucket), at, at, 'WITHSCORES')
      if not group[1] or tonumber(group[2]) > head.group_tag + WINDOW_S then return nil end
      local most = group[1] == head.group and head.owner_tag + WINDOW_S or math.huge
      for from = 0, math.huge, PAGE do
        local owners = redis.call('ZRANGE', owners_key(bucket, group[1]), from, from + PAGE - 1, 'WITHSCORES')
        for i = 1, #owners, 2 do
          if tonumber(owners[i + 1]) > most then break end
          if left == 0 then return nil end
          left = left - 1
          local checkpoints = redis.call('ZRANGE', heads_key(bucket, owners[i]), 0, PAGE - 1)
          for n, held in ipairs(held_elsewhere(checkpoints)) do
            if not held then return first_of(bucket, group[1], group[2], owners[i], owners[i + 1], checkpoints[n]) end
          end
        end
        if #owners < 2 * PAGE then break end
      end
    end
  end

  local function choose(some, head)
    if is_warm(head) or is_overdue(head) then return head end
    local warm, unheld, near, with = {}, {}, head.group_tag + WINDOW_S, {}
    for _, bucket in ipairs(loaded and redis.call('SMEMBERS', buckets_with_key(loaded)) or {}) do with[bucket] = true end
    for _, its in ipairs(some) do
      if its.group_tag <= near and (with[its.bucket] or not its.named) then
        table.insert(warm, near_in(its.bucket, its.named and loaded or nil, head) or nil)
      end
    end
    if #warm > 0 then return earliest(warm) end
    if not held_elsewhere({head.checkpoint})[1] then return head end
    for _, its in ipairs(some) do
      if its.named and its.group_tag <= near then table.insert(unheld, unheld_in(its.bucket, head) or nil) end
    end
    return earliest(unheld) or head
  end

  -- -- taking it -----------------------------------------------------------------------------------------------------

  local function is_paused(one) return paused['worker:' .. one] or paused['worker:' .. place_of(one)] end

  -- Other workers that wait for a job, alive and free to take one; those that have waited longest.
  local MOST_HELPERS = 64
  local function others_idle()
    local found = {}
    for _, other in ipairs(redis.call('ZRANGE', K.idle, 0, MOST_HELPERS)) do
      local seen = redis.pcall('HGET', worker_key(other), 'seen')
      local alive = type(seen) == 'string' and now - (tonumber(seen) or 0) <= WORKER_TTL_MS
      if other ~= worker and alive and is_ready(other) and not is_paused(other) then table.insert(found, other) end
    end
    return found
  end

  -- Takes the job, or the part of it that is this worker's, and gives it to the worker.
  local function hand_over(job)
    if job.set then
      rest_worker(worker, nil) -- or it might be this one that is woken for another part
      job = split(job, worker, loaded, others_idle(), now) or job
    end
    local needs = needs_in(job.needs)
    local checkpoint = needs.checkpoint or loaded or ''
    local cold = needs.checkpoint and needs.checkpoint ~= loaded
    pull(job)
    job.charged = exact(tonumber(job.cost) * speed_of(worker, checkpoint))
    job.attempt = redis.call('HINCRBY', job_key(job.id), 'attempt', 1)
    redis.call('HSET', job_key(job.id), 'worker', worker, 'started', now, 'charged', job.charged, 'cold', cold and '1' or '0',
      'runs_on', checkpoint_of(needs), 'lease', holder)
    redis.call('HSETNX', job_key(job.id), 'kind', kind_of(worker))
    begin(job)
    if cold then
      redis.call('HINCRBY', K.stats, 'loads', 1)
      record({loads = 1}, now)
    end
    -- A job that was put off begins to wait when it falls due.
    if job.attempt == 1 then record_wait(now - math.max(tonumber(job.created), tonumber(job.run_at or '0')), now) end
    redis.call('ZADD', K.leases, now + lease_ms, job.id)
    aim_worker(worker, checkpoint)
    redis.call('DEL', wake_key(worker))
    redis.call('HSET', worker_key(worker), 'job', job.id, 'target', checkpoint)
    publish({event = 'started', id = job.id, worker = worker, attempt = job.attempt})
    return told(job)
  end

  if not self.ready or paused['queue'] or is_paused(worker) then return nil end
  local ahead = promised() or bumped()
  if ahead then return hand_over(ahead) end

  -- What is filed and doesn't wait: somebody has ended it past the index, like a bot of an older version.
  local function unfile_ghost(one)
    take_out(one.bucket, one.checkpoint, one.owner, one.group, {one.id or ''})
    local class = one.id and redis.call('HGET', job_key(one.id), 'class')
    if class and redis.call('HEXISTS', K.depth, class) == 0 then drop_class(class) end
  end

  -- The head of the line, what goes before it (or itself), the lane, and whether any relax job waits.
  local function next_up()
    local found = buckets()
    local relax_is_due = tonumber(redis.call('HGET', K.stats, 'fast_in_a_row') or '0') >= TRICKLE - 1
    local lane = 'fast'
    if #found.relax > 0 and (#found.fast == 0 or relax_is_due) then lane = 'relax' end
    if #found[lane] == 0 then return nil end
    local first = head_of(found[lane])
    return {first = first, chosen = choose(found[lane], first), lane = lane, relax_waits = #found.relax > 0}
  end

  local up, job = next_up(), nil
  while up do
    job = up.chosen.id and load_job(up.chosen.id)
    if job and job.state == 'waiting' then break end
    unfile_ghost(up.chosen)
    up = next_up()
  end
  if not up then return nil end

  local first, chosen = up.first, up.chosen
  if chosen.id ~= first.id then
    redis.call('HINCRBY', job_key(first.id), 'skips', 1)
    redis.call('HSETNX', job_key(first.id), 'skipped_since', now)
    if is_warm(chosen) then redis.call('HINCRBY', K.stats, 'loads_saved', 1) end
  end
  if up.lane == 'relax' or not up.relax_waits then
    redis.call('HDEL', K.stats, 'fast_in_a_row')
  else
    redis.call('HINCRBY', K.stats, 'fast_in_a_row', 1)
  end
  raise_tag(K.tags, 'v', first.group_tag)
  raise_tag(group_tags_key(chosen.group), 'v', chosen.owner_tag)
  return hand_over(job)
end

-- Hands an idle worker that waits for one its next job, as if it had fetched it. False when there is none for it, or it is
-- of a version that only fetches. Until it has renewed the lease, which it does at once, that is short: it may have died
-- since it began to wait.
local function hand(worker, now)
  local HANDED_MS = 2000
  local holder = filed(worker).waits
  local job = holder and take(worker, holder, HANDED_MS, now)
  if not job then return false end
  redis.call('LPUSH', handed_key(worker), job)
  redis.call('PEXPIRE', handed_key(worker), HANDED_MS)
  return true
end

-- What it was handed in the moment in which its wait ended, leased anew; nil for nothing, or when that is over.
local function left_for(worker, holder, lease_ms, now)
  if redis.call('EXISTS', handed_key(worker)) == 0 then return nil end
  redis.call('DEL', handed_key(worker))
  local job = load_job(redis.call('HGET', worker_key(worker), 'job') or '')
  if not job or job.state ~= 'running' or job.lease ~= holder then return nil end
  redis.call('ZADD', K.leases, now + lease_ms, job.id)
  return told(job)
end

-- What a free worker is to do next, leased to it; nil notes that it is idle, and with `waits` that it may be handed a job.
local function next_for(worker, holder, lease_ms, waits, now)
  local job = left_for(worker, holder, lease_ms, now) or take(worker, holder, lease_ms, now)
  if not job then rest_worker(worker, now, waits and holder or nil) end
  return job
end
