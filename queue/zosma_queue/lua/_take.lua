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
local function message_of(job)
  local about, message = {job.id, tonumber(job.attempt), job.owner}, job.message
  if job.of then
    message = redis.call('HGET', job_key(job.of), 'message')
    -- Junk is no picture of the set: whoever is told so sets the part aside. A count of 0 would mean all of them.
    local first, count = number_in(job.first, -1), number_in(job.count, -1)
    if count == 0 then count = -1 end
    about = {job.id, tonumber(job.attempt), job.owner, first, count, needs_in(job.needs).checkpoint or ''}
  end
  return cjson.encode(about) .. '\n' .. (message or '')
end

-- As in calls.py, which says what they mean.
local WINDOW_S = 60
local MAX_SKIPS = 16
local MAX_SKIP_MS = 120000
local TRICKLE = 10
local LOOK_OWNERS = 200

-- A worker that is to take a job: {worker, now, its (as it is filed), loaded, paused (scopes)}.
local function taker_of(worker, now)
  local paused, its = {}, filed(worker)
  for _, scope in ipairs(redis.call('HKEYS', K.paused)) do paused[scope] = true end
  return {worker = worker, now = now, its = its, loaded = its.loaded, paused = paused}
end

-- What a job runs on there: what it names, else what is loaded. What makes no picture, or one larger, runs on none.
local function runs_on(taker, needs)
  local mode = mode_of(needs)
  return mode == 'named' and needs.checkpoint or mode == 'any' and taker.loaded or ''
end

local function may_run(taker, job)
  local needs, paused = needs_in(job.needs), taker.paused
  if paused['lane:' .. lane_of(job.class)] or paused['checkpoint:' .. runs_on(taker, needs)] then return false end
  return serves(taker.worker, job.class, needs, taker.now)
end

local function promised_to(taker)
  local id = redis.call('HGET', worker_key(taker.worker), 'promised')
  if not id then return end
  redis.call('HDEL', worker_key(taker.worker), 'promised')
  local job = load_job(id)
  if job and job.state == 'waiting' and may_run(taker, job) then return job end
end

local function bumped_for(taker)
  for _, id in ipairs(redis.call('ZRANGE', K.bumped, 0, 99)) do
    local job = load_job(id)
    if job and may_run(taker, job) then return job end
  end
end

-- -- the fair order --------------------------------------------------------------------------------------------------
-- A candidate is the first job of an owner in a bucket, or of those of them that name a checkpoint: {bucket, group, owner,
-- checkpoint, group_tag, owner_tag, seq}. What its id is is asked of the chosen one alone.

local function stands_before(a, b)
  if a.group_tag ~= b.group_tag then return a.group_tag < b.group_tag end
  if a.group ~= b.group then return a.group < b.group end
  if a.owner_tag ~= b.owner_tag then return a.owner_tag < b.owner_tag end
  if a.owner ~= b.owner then return a.owner < b.owner end
  return a.seq < b.seq
end

local function earliest(candidates)
  local first
  for _, one in ipairs(candidates) do
    if not first or stands_before(one, first) then first = one end
  end
  return first
end

-- Of one that is filed and has no jobs, the number is before all others: it is the next that is found to be a ghost.
local function candidate(bucket, group, group_tag, owner, owner_tag, checkpoint)
  local heads, seq = heads_key(bucket, owner), nil
  if checkpoint then seq = redis.call('ZSCORE', heads, checkpoint)
  else
    local first = redis.call('ZRANGE', heads, 0, 0, 'WITHSCORES')
    checkpoint, seq = first[1] or '', first[2]
  end
  return {
    bucket = bucket, group = group, owner = owner, checkpoint = checkpoint, group_tag = tonumber(group_tag),
    owner_tag = tonumber(owner_tag), seq = seq and tonumber(seq) or -math.huge,
  }
end

local function id_of(one)
  if one.id == nil then one.id = redis.call('ZRANGE', jobs_key(one.bucket, one.checkpoint, one.owner), 0, 0)[1] or false end
  return one.id
end

-- The buckets that a worker may take jobs from, by lane, each with its first group.
local function open_buckets(taker)
  local found, paused = {fast = {}, relax = {}}, taker.paused
  for _, bucket in ipairs(redis.call('SMEMBERS', serves_key(taker.its.profile))) do
    local lane, mode, special = string.match(bucket, '^(%w+)%.(%w+)%.%d+(!?)$')
    lane = lane or '' -- one that is none is passed over
    local open = found[lane] and not paused['lane:' .. lane] and not (mode == 'any' and paused['checkpoint:' .. (taker.loaded or '')])
    if open and special == '!' then
      local its = table_in(redis.call('HGET', K.special, bucket))
      open = not its.paused
        and not is_outdone(taker.worker, taker.its.profile, its, redis.call('SMEMBERS', able_key(bucket)), taker.now)
    end
    local group = open and redis.call('ZRANGE', groups_key(bucket), 0, 0, 'WITHSCORES') or {}
    if group[1] then
      table.insert(found[lane], {bucket = bucket, named = mode == 'named', group = group[1], group_tag = tonumber(group[2])})
    end
  end
  return found
end

-- The first job of an owner among those in some buckets; nil for none.
local function first_job_in(open, group, group_tag, owner, owner_tag)
  for from = 0, math.huge, PAGE do
    local theirs = redis.call('ZRANGE', owner_buckets_key(owner), from, from + PAGE - 1)
    for _, bucket in ipairs(theirs) do
      if open[bucket] then return candidate(bucket, group, group_tag, owner, owner_tag) end
    end
    if #theirs < PAGE then return nil end
  end
end

-- The first owner of a group in some buckets, and in which of these they are first.
local function first_owner_in(some, group)
  local owner, owner_tag, there = nil, nil, {}
  for _, its in ipairs(some) do
    if its.group == group then
      local found = redis.call('ZRANGE', owners_key(its.bucket, group), 0, 0, 'WITHSCORES')
      local name, name_tag = found[1], tonumber(found[2])
      if not owner or name_tag < owner_tag or (name_tag == owner_tag and name < owner) then
        owner, owner_tag, there = name, name_tag, {}
      end
      if name == owner then there[its.bucket] = true end
    end
  end
  return owner, owner_tag, there
end

-- The head of the line: the first job of all in some buckets. Where these are several, mostly one of the group's first
-- owners is in one of them, which is found by fewer looks than at each.
local FIRST_OWNERS = 3
local function head_of(some)
  local group, group_tag
  for _, its in ipairs(some) do
    if not group or its.group_tag < group_tag or (its.group_tag == group_tag and its.group < group) then
      group, group_tag = its.group, its.group_tag
    end
  end
  if #some > 1 then
    local open = {}
    for _, its in ipairs(some) do open[its.bucket] = its.group == group end
    local owners = redis.call('ZRANGE', all_owners_key(group), 0, FIRST_OWNERS - 1, 'WITHSCORES')
    for i = 1, #owners, 2 do
      local first = first_job_in(open, group, group_tag, owners[i], owners[i + 1])
      if first then return first end
    end
  end
  local owner, owner_tag, there = first_owner_in(some, group)
  return first_job_in(there, group, group_tag, owner, owner_tag) or candidate(next(there), group, group_tag, owner, owner_tag)
end

-- -- affinity --------------------------------------------------------------------------------------------------------

local function is_warm(taker, one) return one.checkpoint == '' or one.checkpoint == taker.loaded end

local function is_overdue(first, now)
  local skipped = redis.call('HMGET', job_key(id_of(first)), 'skips', 'skipped_since')
  return tonumber(skipped[1] or '0') >= MAX_SKIPS or now - tonumber(skipped[2] or now) >= MAX_SKIP_MS
end

-- The first of `members`, with its tag: all of them, with others, are in `ordered` by their tags, which the hash `tags` has
-- too. `but`: one that is not meant. Beyond `most` nobody is looked for. Mostly one of the first few is a member; if not,
-- where there are few members each is looked at, else the others in their order.
local FIRST_FEW = 8
local function first_among(members, ordered, tags, most, but)
  local from, size = 0, FIRST_FEW
  while true do
    local page, names = redis.call('ZRANGE', ordered, from, from + size - 1, 'WITHSCORES'), {}
    for i = 1, #page, 2 do names[(i + 1) / 2] = page[i] end
    if #names == 0 then return nil end
    for i, is_one in ipairs(redis.call('SMISMEMBER', members, unpack(names))) do
      local its = tonumber(page[2 * i])
      if its > most then return nil end
      if is_one == 1 and names[i] ~= but then return names[i], its end
    end
    if #names < size then return nil end
    if from == 0 and redis.call('SCARD', members) <= PAGE then break end
    from, size = from + size, PAGE
  end
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

-- Of a group, the first owner in a bucket, or of those whose jobs name a checkpoint; nil when they stand beyond `most`.
local function near_in_group(bucket, checkpoint, group, group_tag, most)
  local owners, owner, owner_tag = owners_key(bucket, group), nil, nil
  if checkpoint then
    owner, owner_tag = first_among(owners_with_key(bucket, checkpoint, group), owners, group_tags_key(group), most)
  else
    local first = redis.call('ZRANGE', owners, 0, 0, 'WITHSCORES')
    if first[1] and tonumber(first[2]) <= most then owner, owner_tag = first[1], first[2] end
  end
  return owner and candidate(bucket, group, group_tag, owner, owner_tag, checkpoint)
end

-- The first job of a bucket that stands near enough to the head; of those that name a checkpoint, where one is given. In
-- the group of the head, which is before all others, nearness is told by owners.
local function near_in(bucket, checkpoint, head)
  local here = near_in_group(bucket, checkpoint, head.group, head.group_tag, head.owner_tag + WINDOW_S)
  if here then return here end
  local groups, most = groups_key(bucket), head.group_tag + WINDOW_S
  if checkpoint then
    local group, group_tag = first_among(groups_with_key(bucket, checkpoint), groups, K.tags, most, head.group)
    return group and near_in_group(bucket, checkpoint, group, group_tag, math.huge)
  end
  local two = redis.call('ZRANGE', groups, 0, 1, 'WITHSCORES')
  for i = 1, #two, 2 do
    if two[i] ~= head.group and tonumber(two[i + 1]) <= most then
      return near_in_group(bucket, nil, two[i], two[i + 1], math.huge)
    end
  end
end

-- For each of some checkpoints whether others than the worker hold it, or are about to.
local function held_elsewhere(taker, checkpoints)
  if #checkpoints == 0 then return {} end
  local counts = redis.call('HMGET', K.held, unpack(checkpoints))
  local found = {}
  for i, checkpoint in ipairs(checkpoints) do
    found[i] = (tonumber(counts[i] or '0') or 0) > (holds(taker.its, checkpoint) and 1 or 0)
  end
  return found
end

-- The first job of a bucket whose checkpoint nobody else holds and that stands near enough; `own` is one that the worker
-- does. Where there are few such checkpoints it is looked for by each, else in the fair order, where one comes soon.
local FEW = 10
local function unheld_in(taker, bucket, head, own)
  local count = redis.call('SCARD', cold_key(bucket))
  if count <= FEW then
    local cold, found = count > 0 and redis.call('SMEMBERS', cold_key(bucket)) or {}, {}
    if own then table.insert(cold, own) end
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
        for n, held in ipairs(held_elsewhere(taker, checkpoints)) do
          if not held then return candidate(bucket, group[1], group[2], owners[i], owners[i + 1], checkpoints[n]) end
        end
      end
      if #owners < 2 * PAGE then break end
    end
  end
end

local function is_any_there(some)
  for from = 1, #some, PAGE do
    if redis.call('EXISTS', unpack(some, from, math.min(from + PAGE - 1, #some))) > 0 then return true end
  end
  return false
end

-- What goes before the head, or the head itself.
local function chosen_of(taker, some, head)
  if is_warm(taker, head) or not id_of(head) or is_overdue(head, taker.now) then return head end
  local warm, unheld, near, with, loaded = {}, {}, head.group_tag + WINDOW_S, {}, taker.loaded
  for _, bucket in ipairs(loaded and redis.call('SMEMBERS', buckets_with_key(loaded)) or {}) do with[bucket] = true end
  for _, its in ipairs(some) do
    if its.group_tag <= near and (with[its.bucket] or not its.named) then
      table.insert(warm, near_in(its.bucket, its.named and loaded or nil, head) or nil)
    end
  end
  if #warm > 0 then return earliest(warm) end
  local target = taker.its.target
  local held = held_elsewhere(taker, {head.checkpoint, target})
  if not held[1] then return head end
  local own, named, cold = held[2] == false and target or nil, {}, {}
  for _, its in ipairs(some) do
    if its.named and its.group_tag <= near then
      table.insert(named, its.bucket)
      table.insert(cold, cold_key(its.bucket))
    end
  end
  if not own and not is_any_there(cold) then return head end
  for _, bucket in ipairs(named) do table.insert(unheld, unheld_in(taker, bucket, head, own) or nil) end
  return earliest(unheld) or head
end

-- -- taking it -------------------------------------------------------------------------------------------------------

-- What is filed and doesn't wait: somebody has ended it past the index, like a bot of an older version.
local function unfile_ghost(one)
  take_out(one.bucket, one.checkpoint, one.owner, one.group, {one.id or ''})
  local job = one.id and load_job(one.id)
  local class = job and job.class
  if class and redis.call('HEXISTS', K.depth, class) == 0 then drop_class(class) end
end

-- The job that is next for a worker by the fair order and by what it saves; nil for none.
local function next_for(taker)
  while true do
    local found, lane = open_buckets(taker), 'fast'
    if #found.fast + #found.relax == 0 then return nil end
    local in_a_row = redis.call('HGET', K.stats, 'fast_in_a_row')
    local relax_is_due = (tonumber(in_a_row or '0') or 0) >= TRICKLE - 1
    if #found.relax > 0 and (#found.fast == 0 or relax_is_due) then lane = 'relax' end
    local first = head_of(found[lane])
    local chosen = chosen_of(taker, found[lane], first)
    local job = id_of(chosen) and load_job(chosen.id)
    if job and job.state == 'waiting' then
      if chosen ~= first then
        redis.call('HINCRBY', job_key(first.id), 'skips', 1)
        redis.call('HSETNX', job_key(first.id), 'skipped_since', taker.now)
        if is_warm(taker, chosen) then count_in_stats('loads_saved', 1) end
      end
      if lane == 'fast' and #found.relax > 0 then count_in_stats('fast_in_a_row', 1)
      elseif in_a_row then redis.call('HDEL', K.stats, 'fast_in_a_row')
      end
      raise_tag(K.tags, 'v', first.group_tag)
      raise_tag(group_tags_key(chosen.group), 'v', chosen.owner_tag)
      return job
    end
    unfile_ghost(chosen)
  end
end

local function is_worker_paused(taker, worker)
  return taker.paused['worker:' .. worker] or taker.paused['worker:' .. place_of(worker)]
end

-- Other workers that wait for a job, alive and free to take one; those that have waited longest.
local MOST_HELPERS = 64
local function idle_besides(taker)
  local found = {}
  for _, other in ipairs(redis.call('ZRANGE', K.idle, 0, MOST_HELPERS)) do
    local seen = redis.pcall('HGET', worker_key(other), 'seen')
    local alive = type(seen) == 'string' and taker.now - (tonumber(seen) or 0) <= WORKER_TTL_MS
    if other ~= taker.worker and alive and is_ready(other) and not is_worker_paused(taker, other) then table.insert(found, other) end
  end
  return found
end

-- Leases a job that waits no longer to the worker, and returns it as it is told.
local function lease_out(taker, job, holder, lease_ms)
  local worker, now = taker.worker, taker.now
  local needs = needs_in(job.needs)
  local checkpoint = needs.checkpoint or taker.loaded or ''
  local cold = needs.checkpoint and needs.checkpoint ~= taker.loaded
  job.charged = exact(number_in(job.cost, 0) * speed_of(worker, checkpoint))
  job.attempt = count_on(job_key(job.id), 'attempt', 1, 0)
  -- First, so that whatever of the rest Redis refuses, the lease runs out and the job comes back.
  redis.call('ZADD', K.leases, now + lease_ms, job.id)
  begin(job, 'worker', worker, 'started', now, 'charged', job.charged, 'cold', cold and '1' or '0', 'runs_on',
    runs_on(taker, needs), 'lease', holder, 'kind', job.kind or kind_of(worker))
  if cold then
    count_in_stats('loads', 1)
    record({loads = 1}, now)
  end
  -- A job that was put off begins to wait when it falls due.
  if job.attempt == 1 then record_wait(now - math.max(number_in(job.created, now), number_in(job.run_at, 0)), now) end
  aim_worker(worker, checkpoint)
  redis.call('DEL', wake_key(worker))
  redis.call('HSET', worker_key(worker), 'job', job.id, 'target', checkpoint)
  publish({event = 'started', id = job.id, worker = worker, attempt = job.attempt})
  return message_of(job)
end

-- Leases a waiting job, or the part of it that is this worker's, to the worker, and returns it as it is told.
local function hand_over(taker, job, holder, lease_ms)
  if (tonumber(job.attempt) or 0) > 0 then drop_stored(job) end
  if job.set then
    rest_worker(taker.worker, nil) -- or it might be this one that is woken for another part
    job = split(job, taker.worker, taker.loaded, idle_besides(taker), taker.now) or job
  end
  pull(job)
  return lease_out(taker, job, holder, lease_ms)
end

-- Leases to a worker for `lease_ms` what it should do next, and returns it as it is told, or nil. `holder`: hash of the
-- secret without which nobody renews or settles it.
local function take(worker, holder, lease_ms, now)
  local taker = taker_of(worker, now)
  if not taker.its.ready or taker.paused['queue'] or is_worker_paused(taker, worker) then return nil end
  local job = promised_to(taker) or bumped_for(taker) or next_for(taker)
  return job and hand_over(taker, job, holder, lease_ms)
end

local HANDED_MS = 2000
local function put_down(worker, job)
  redis.call('LPUSH', handed_key(worker), job)
  redis.call('PEXPIRE', handed_key(worker), HANDED_MS)
end

-- Hands an idle worker that waits for one its next job, as if it had fetched it. False when there is none for it, or it is
-- of a version that only fetches. Until it has renewed the lease, which it does at once, that is short: it may have died
-- since it began to wait.
local function hand(worker, now)
  local holder = filed(worker).waits
  local job = holder and take(worker, holder, HANDED_MS, now)
  if not job then return false end
  put_down(worker, job)
  return true
end

-- The same with a job that is new, where nothing else waits and nothing is paused: what filing it and taking it out again
-- would come to, in half the calls. False where it must be filed.
local function hand_new(job, worker, now)
  local taker = taker_of(worker, now)
  local holder = taker.its.waits
  if not holder or not taker.its.ready or next(taker.paused) or is_parked(job.owner) then return false end
  if redis.call('EXISTS', K.waiting, K.join, group_buckets_key(job.group)) > 0 then return false end
  if redis.call('HEXISTS', worker_key(worker), 'promised') == 1 then return false end
  go_next(K.tags, job.group, job.seq)
  go_next(group_tags_key(job.group), job.owner, job.seq)
  redis.call('HDEL', K.stats, 'fast_in_a_row')
  publish({event = 'waiting', id = job.id})
  put_down(worker, lease_out(taker, job, holder, HANDED_MS))
  return true
end

-- What it was handed in the moment in which its wait ended, leased anew; nil for nothing, or when that is over.
local function left_for(worker, holder, lease_ms, now)
  if redis.call('EXISTS', handed_key(worker)) == 0 then return nil end
  redis.call('DEL', handed_key(worker))
  local job = load_job(redis.call('HGET', worker_key(worker), 'job') or '')
  if not job or job.state ~= 'running' or job.lease ~= holder then return nil end
  redis.call('ZADD', K.leases, now + lease_ms, job.id)
  return message_of(job)
end

-- What a free worker is to do next, leased to it; nil notes that it is idle, and with `waits` that it may be handed a job.
local function fetch_for(worker, holder, lease_ms, waits, now)
  local job = left_for(worker, holder, lease_ms, now) or take(worker, holder, lease_ms, now)
  if not job then rest_worker(worker, now, waits and holder or nil) end
  return job
end
