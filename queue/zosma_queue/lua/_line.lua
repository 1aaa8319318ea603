-- How jobs get into the line and out of it, and how owners and groups move on in it.

-- The checkpoint that a job's needs name, or ''.
local function checkpoint_in(needs) return needs_in(needs).checkpoint or '' end

-- A group or owner that had nothing to be taken starts at the clock.
local function wake_tags(owner, group, seq)
  if redis.call('EXISTS', group_buckets_key(group)) == 0 then raise_tag(K.tags, group, start(tag(K.tags, 'v'), seq)) end
  raise_tag(group_tags_key(group), owner, start(tag(group_tags_key(group), 'v'), seq))
end

local function note_shortest(field, its)
  if not its or its >= USUAL_PATIENCE_MS then return end
  local shortest = tonumber(redis.call('HGET', K.patience, field) or '') or its
  redis.call('HSET', K.patience, field, math.min(its, shortest))
end

local function note_patience(bucket, job)
  local patience, wait = number_in(job.patience), number_in(job.wait, 0)
  note_shortest(bucket, patience)
  note_shortest('*' .. bucket, wait > 0 and wait or patience)
end

-- Jobs of the bucket have at least so much patience, in ms, while workers are there or none at all is.
local function shortest_in(bucket, alone)
  return tonumber(redis.call('HGET', K.patience, alone and '*' .. bucket or bucket) or '') or USUAL_PATIENCE_MS
end

-- Lets a job wait.
local function push(job)
  local id, owner, group, class = job.id, job.owner, job.group, job.class
  local asleep = redis.call('EXISTS', owner_buckets_key(owner)) == 0
  local created, seq = number_in(job.created, 0), number_in(job.seq, 0)
  if redis.call('ZADD', K.waiting, created, id) == 1 then count_waiting(class, 1) end
  local bucket, checkpoint = bucket_of(class, job.needs), checkpoint_in(job.needs)
  note_patience(bucket, job)
  local first = put_in(bucket, checkpoint, owner, {exact(seq), id})
  if is_parked(owner) then return end
  if asleep or redis.call('EXISTS', group_buckets_key(group)) == 0 then wake_tags(owner, group, seq) end
  if first then file(owner, group, bucket, {checkpoint}) end
end

-- Takes a waiting job out of its place. False when it was not waiting.
local function pull(job)
  if redis.call('ZREM', K.waiting, job.id) == 0 then return false end
  redis.call('ZREM', K.bumped, job.id)
  local bucket = redis.call('HGET', K.buckets, job.class)
  if bucket then
    local checkpoint = checkpoint_in(job.needs)
    for _, one in ipairs({bucket, moving_to(bucket)}) do take_out(one, checkpoint, job.owner, job.group, {job.id}) end
  end
  count_waiting(job.class, -1)
  return true
end

-- Files or unfiles an owner after something that may have parked or unparked them.
local function refile(owner, group, was_parked)
  local park = is_parked(owner)
  if park == was_parked then return end
  local buckets = buckets_of(owner)
  if park then
    for _, bucket in ipairs(buckets) do unfile(owner, group, bucket) end
    redis.call('ZREM', all_owners_key(group), owner)
    return
  end
  local seq = redis.call('ZRANGE', owner_buckets_key(owner), 0, 0, 'WITHSCORES')[2]
  if seq then wake_tags(owner, group, tonumber(seq)) end
  for _, bucket in ipairs(buckets) do file(owner, group, bucket, heads_of(bucket, owner)) end
  -- Jobs that a worker of an older version has put back meanwhile: the next sweep looks (`_adopt.lua`).
  if redis.call('EXISTS', P .. 'owner-classes:' .. owner) == 1 then redis.call('HSET', K.classes, '', '') end
end

local function count_running(owner, group, by)
  local person, owners, was_parked = person_of(owner), {owner}, {}
  for _, other in ipairs(same_person(owner)) do
    if other ~= owner then table.insert(owners, other) end
  end
  -- Only who has a limit can come to it.
  for i, cap in ipairs(redis.call('HMGET', K.caps, unpack(owners))) do
    if cap then was_parked[owners[i]] = is_parked(owners[i]) end
  end
  for _, name in ipairs({owner, person and all_of(person) or nil}) do
    if count_on(K.running, name, by, 0) <= 0 then redis.call('HDEL', K.running, name) end
  end
  for one, was in pairs(was_parked) do
    local its = one == owner and group or redis.call('HGET', K.group_of, one)
    if its then refile(one, its, was) end
  end
end

-- 0: no limit.
local function set_cap(owner, group, cap)
  if cap <= 0 and redis.call('HEXISTS', K.caps, owner) == 0 then return end
  local was_parked = is_parked(owner)
  if cap > 0 then redis.call('HSET', K.caps, owner, cap) else redis.call('HDEL', K.caps, owner) end
  refile(owner, group, was_parked)
end

-- Moves an owner on within their group, and in line there.
local function move_owner(owner, group, by)
  local tags = group_tags_key(group)
  local mine = tag(tags, owner) + by
  local text, buckets = exact(mine), buckets_of(owner)
  redis.call('HSET', tags, owner, text)
  if buckets[1] then redis.call('ZADD', all_owners_key(group), 'XX', text, owner) end
  for _, bucket in ipairs(buckets) do redis.call('ZADD', owners_key(bucket, group), 'XX', text, owner) end
  return mine
end

-- Moves owner and group on by `cost` GPU-seconds (back, when negative), wherever they stand in line; with the owner all
-- owners that are the same person, by a hair less, so that a person's places take turns.
local function charge(owner, group, cost)
  local person = person_of(owner)
  for _, other in ipairs(same_person(owner)) do
    if other ~= owner then
      move_owner(other, redis.call('HGET', K.group_of, other) or group, cost * BESIDE / weights_of(other)[1])
    end
  end
  local weights = weights_of(owner, 'group ' .. group)
  local mine = move_owner(owner, group, cost / weights[1])
  if person then redis.call('HSET', group_tags_key(group), all_of(person), exact(mine)) end
  local ours = exact(tag(K.tags, group) + cost / weights[2])
  redis.call('HSET', K.tags, group, ours)
  for _, bucket in ipairs(redis.call('SMEMBERS', group_buckets_key(group))) do
    redis.call('ZADD', groups_key(bucket), 'XX', ours, group)
  end
end
