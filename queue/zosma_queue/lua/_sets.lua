-- Sets: the pictures of one job, made by several workers at the same time. A job that is split has a part for each of them,
-- `<job>~<number of its first picture>`, which waits, runs, is retried, lost and cancelled as a job of its own. What becomes of
-- a part is written down in the job's hash (`made:<first>`, `lack:<first>`), and the part is forgotten; when the last has
-- ended, the job has its end. In all that is counted the job stays one: it is open once, and runs once while any part does.

-- What a checkpoint load takes while nobody has measured one, in seconds.
local USUAL_LOAD_S = 10

-- The parts of a job that has been split, in the order of its pictures; {} for any other.
local function parts_of(job)
  local found = {}
  for first, count in string.gmatch(job.parts or '', '(%d+):(%d+)') do
    table.insert(found, {id = part_id(job.id, first), first = first, count = tonumber(count)})
  end
  return found
end

local function add(key, field, number)
  redis.call('HSET', key, field, exact(number_in(redis.call('HGET', key, field), 0) + number))
end

-- The job is at work, or no longer.
local function count_at_work(job, by)
  if not job.of then return count_running(job.owner, job.group, by) end
  local parts = redis.call('HINCRBY', job_key(job.of), 'at_work', by)
  if parts == (by > 0 and 1 or 0) then
    count_running(job.owner, job.group, by)
    redis.call('HSET', job_key(job.of), 'state', by > 0 and 'running' or 'waiting')
  end
end

-- How far the whole set is, by its parts. Nobody knows how long it takes while one of them waits.
local function sum_up(of)
  local pictures, done, eta, estimated = 0, 0, 0, '0'
  for _, part in ipairs(parts_of({id = of, parts = redis.call('HGET', job_key(of), 'parts')})) do
    local state, progress, its_eta, by_time = unpack(redis.call('HMGET', job_key(part.id), 'state', 'progress', 'eta', 'estimated'))
    pictures = pictures + part.count
    if not state then done = done + part.count
    elseif state == 'running' and progress then
      done = done + part.count * number_in(progress, 0)
      eta = eta and number_in(its_eta) and math.max(eta, number_in(its_eta))
      if by_time == '1' then estimated = '1' end
    else eta = nil
    end
  end
  local share = string.format('%.4f', done / pictures)
  redis.call('HSET', job_key(of), 'progress', share, 'eta', eta and string.format('%.1f', eta) or '', 'estimated', estimated)
  publish({event = 'progress', id = of, progress = tonumber(share), eta = eta})
end

-- Needs that name the checkpoint, and the class of jobs with them: all pictures of a set are made on one.
local function pinned(job, checkpoint)
  local needs = needs_in(job.needs)
  if needs.checkpoint then return needs, job.needs, job.class end
  needs.checkpoint = checkpoint
  table.insert(needs.tokens, 'checkpoint:' .. checkpoint)
  table.sort(needs.tokens)
  local lane, rest = string.match(job.class, '^[^|]*'), string.match(job.class, '|pixels:.*$')
  return needs, cjson.encode(needs), lane .. '|' .. table.concat(needs.tokens, '|') .. rest
end

local function load_s(worker)
  local known = redis.call('HMGET', K.loads, place_of(worker), '')
  return math.max(number_in(known[1], number_in(known[2], USUAL_LOAD_S)), 0)
end

-- A job that was begun goes on with the kind that began it, where workers of both could take it.
local function keep_kind(job, now)
  local needs = needs_in(job.needs)
  if not job.kind or needs.kind then return end
  for _, profile in ipairs(redis.call('ZRANGEBYSCORE', K.profiles, now - WORKER_TTL_MS, '+inf')) do
    if kind_of_profile(profile) ~= job.kind and can_do(profile, needs) then
      needs.kind = job.kind
      local avoiding = string.match(job.class, '|not:.*$') or ''
      job.class = string.gsub(job.class, '|not:.*$', '') .. '|kind:' .. job.kind .. avoiding
      job.needs = cjson.encode(needs)
      redis.call('HSET', job_key(job.id), 'needs', job.needs, 'class', job.class)
      return
    end
  end
end

-- Who makes how many of a job's `count` pictures: this worker, and those of the `idle` ones of its kind with whom it is done
-- sooner, by how fast each is and what it would have to load first. nil: it stays one job.
local function spread(job, count, worker, loaded, idle, now)
  local checkpoint = needs_in(job.needs).checkpoint or loaded
  if not checkpoint or checkpoint == '' then return nil end
  local needs, needs_text, class = pinned(job, checkpoint)
  local machines = {}
  for _, one in ipairs({worker, unpack(idle)}) do
    if one == worker or kind_of(one) == kind_of(worker) and serves(one, class, needs, now) then
      local cold = filed(one).loaded ~= checkpoint
      table.insert(machines, {
        worker = one, pictures = one == worker and 1 or 0, free_at = cold and load_s(one) or 0,
        each = number_in(job.cost, 0) / count * speed_of(one, checkpoint),
      })
    end
  end
  for _ = 2, count do
    local soonest, at
    for _, machine in ipairs(machines) do
      local ends = machine.free_at + (machine.pictures + 1) * machine.each
      if not at or ends < at then soonest, at = machine, ends end
    end
    soonest.pictures = soonest.pictures + 1
  end
  local shares, first = {}, 0
  for _, machine in ipairs(machines) do
    if machine.pictures > 0 then
      table.insert(shares, {
        first = first, count = machine.pictures, worker = machine.worker, needs = needs_text, class = class,
        cost = number_in(job.cost, 0) * machine.pictures / count,
      })
      first = first + machine.pictures
    end
  end
  return #shares > 1 and shares or nil
end

-- One part for each picture of a set whose pictures need different things.
local function one_each(variants)
  local shares = {}
  for i, variant in ipairs(variants) do
    table.insert(shares, {first = i - 1, count = 1, needs = variant.needs, class = variant.class, cost = variant.cost})
  end
  return shares
end

local function make_part(job, share, now)
  local part = {
    id = part_id(job.id, share.first), of = job.id, first = share.first, count = share.count, owner = job.owner, group = job.group,
    person = job.person, class = share.class, needs = share.needs, cost = exact(share.cost), created = job.created,
    -- Where the set stood in line, one behind the other.
    seq = exact(tonumber(job.seq) + share.first / 1000), patience = job.patience, wait = job.wait or '0', deliver = '0', state = 'waiting',
    attempt = job.attempt or '0', failures = job.failures, lost = job.lost, kind = job.kind,
  }
  local flat = {}
  for name, value in pairs(part) do
    if name ~= 'id' then
      table.insert(flat, name)
      table.insert(flat, value)
    end
  end
  redis.call('HSET', job_key(part.id), unpack(flat))
  part = load_job(part.id)
  keep_kind(part, now)
  return part
end

-- Splits a waiting job as this worker, which holds `loaded`, is about to take it; `idle` are others with nothing to do. What
-- this worker gets is returned, the rest waits where the job did, promised to those for whom it is meant. nil: it stays one.
local function split(job, worker, loaded, idle, now)
  local set = table_in(job.set)
  local shares
  if set.variants then shares = one_each(set.variants)
  elseif set.count then shares = spread(job, set.count, worker, loaded, idle, now)
  end
  if not shares then return nil end
  job.kind = job.kind or kind_of(worker)
  local listed, mine, bumped = {}, make_part(job, shares[1], now), redis.call('ZREM', K.bumped, job.id) == 1
  local parts = {mine}
  for i, share in ipairs(shares) do
    listed[i] = share.first .. ':' .. share.count
    if i > 1 then
      local part = make_part(job, share, now)
      parts[i] = part
      push(part)
      if bumped then redis.call('ZADD', K.bumped, now, part.id) end
    end
  end
  pull(job)
  redis.call('HINCRBY', job_key(job.id), 'attempt', 1)
  redis.call('HSET', job_key(job.id), 'parts', table.concat(listed, ','), 'open_parts', #shares, 'at_work', 0, 'started', now,
    'worker', worker, 'runs_on', needs_in(shares[1].needs).checkpoint or '')
  redis.call('HSETNX', job_key(job.id), 'kind', job.kind)
  redis.call('HDEL', job_key(job.id), 'skips', 'skipped_since')
  for i, share in ipairs(shares) do
    if i > 1 and share.worker then
      redis.call('HSET', worker_key(share.worker), 'promised', part_id(job.id, share.first))
      ring(share.worker)
    elseif i > 1 then wake(parts[i].class, needs_in(parts[i].needs), now)
    end
  end
  return mine
end

-- A part has ended. Returns its job, with its end as `ends`, when it was the last one.
local function end_part(part, state, now)
  local set = job_key(part.of)
  local its = redis.call('HMGET', job_key(part.id), 'result', 'error_kind', 'error', 'gpu_seconds', 'other_kind')
  if state == 'done' then
    redis.call('HSET', set, 'made:' .. part.first, its[1])
    add(set, 'gpu_seconds', tonumber(its[4]))
    if its[5] then redis.call('HSET', set, 'other_kind', its[5]) end
  else
    local lack = {count = number_in(part.count, 1), kind = its[2] or state, text = its[3] or ''}
    redis.call('HSET', set, 'lack:' .. part.first, cjson.encode(lack))
  end
  redis.call('DEL', job_key(part.id), preview_key(part.id))
  if redis.call('HINCRBY', set, 'open_parts', -1) > 0 then
    sum_up(part.of)
    return nil
  end
  local job, made, lack = load_job(part.of), false, nil
  for _, one in ipairs(parts_of(job)) do
    made = made or job['made:' .. one.first] ~= nil
    lack = lack or job['lack:' .. one.first]
  end
  job.ends = job.cancel and 'cancelled' or made and 'done' or 'failed'
  redis.call('HDEL', set, 'open_parts', 'at_work', 'eta')
  if job.ends ~= 'cancelled' then
    redis.call('HDEL', set, 'paid')
    if lack then redis.call('HSET', set, 'error_kind', cjson.decode(lack).kind, 'error', cjson.decode(lack).text) end
    if job.ends == 'failed' then redis.call('ZADD', K.dead, now, job.id) end
    if not lack then learn_accuracy(job, now) end
  end
  redis.call('HSET', set, 'progress', job.ends == 'done' and '1' or job.progress or '')
  return job
end

-- A set that begins anew is whole again.
local function unsplit(job)
  for _, part in ipairs(parts_of(job)) do
    redis.call('HDEL', job_key(job.id), 'made:' .. part.first, 'lack:' .. part.first)
  end
  redis.call('HDEL', job_key(job.id), 'parts', 'gpu_seconds', 'other_kind')
end
