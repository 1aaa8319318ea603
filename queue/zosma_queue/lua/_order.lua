-- Start-time fair queueing on two levels: groups (a guild, an API key), and owners (its members) inside each.
--
-- `tags` holds the virtual clock `v` and, for each group, the tag at which its next job starts; `tags:<group>` holds
-- the same one level down. A dispatch moves clock and tags on by cost / weight. An owner's tag is worked out when its
-- job is taken and not when it is queued, so a correction, a refund or a cancel changes all their later jobs at once.
--
-- Waiting jobs are filed by class (lane and what the job needs), so that a fetch looks at one head for each class
-- that its worker can serve, however many jobs wait behind it.

-- Of a charge, what the same person's other owners are moved on by.
local BESIDE = 1 - 1e-6

local function tag(key, field) return tonumber(redis.call('HGET', key, field) or '0') or 0 end
local function raise_tag(key, field, floor)
  local value = math.max(tag(key, field), floor)
  redis.call('HSET', key, field, exact(value))
  return value
end

local function weight(name) return tonumber(redis.call('HGET', K.weights, name) or '1') or 1 end

local function set_weight(name, value)
  if tonumber(value) ~= 1 then redis.call('HSET', K.weights, name, value) else redis.call('HDEL', K.weights, name) end
end

-- Nothing open: the busy period is over, and with it every debt (else a lone night owl would pay for the day).
local function reset_if_idle()
  if redis.call('EXISTS', K.open) == 0 then redis.call('DEL', K.tags) end
end

-- What is counted of a person over all their owners is in the same hashes as that of each owner.
local function all_of(person) return 'person ' .. person end

local function person_of(owner) return redis.call('HGET', K.person_of, owner) end

-- The owners with open jobs that are the same person as this one, who has some: one person has one share (`charge`).
local function same_person(owner)
  local person = person_of(owner)
  return person and redis.call('SMEMBERS', owners_of_key(person)) or {owner}
end

-- The group in which a person has open jobs already, in whatever place.
local function group_of_person(person)
  for _, other in ipairs(person ~= '' and redis.call('SMEMBERS', owners_of_key(person)) or {}) do
    local group = redis.call('HGET', K.group_of, other)
    if group then return group end
  end
end

-- `person`: who the owner is in all places together, '' for nobody but the owner.
-- Returns the group that the owner's jobs are in: as long as some of the person's are open, all are where the first is,
-- whatever a sender says.
local function open_job(owner, group, person)
  reset_if_idle()
  redis.call('HSETNX', K.group_of, owner, group_of_person(person) or group)
  group = redis.call('HGET', K.group_of, owner)
  local open = redis.call('HINCRBY', K.open, owner, 1)
  redis.call('ZADD', K.busiest, open, owner)
  redis.call('HINCRBY', K.open, 'group ' .. group, 1)
  if person ~= '' then
    redis.call('HSETNX', K.person_of, owner, person)
    redis.call('SADD', owners_of_key(person), owner)
    redis.call('HINCRBY', K.open, all_of(person), 1)
    -- What they have used in another place counts in this one.
    local tags = group_tags_key(group)
    if open == 1 then raise_tag(tags, owner, tag(tags, all_of(person))) end
  end
  return group
end

local function close_job(owner, group)
  local person = person_of(owner)
  if person and redis.call('HINCRBY', K.open, all_of(person), -1) <= 0 then
    redis.call('HDEL', K.open, all_of(person))
  end
  local left = redis.call('HINCRBY', K.open, owner, -1)
  if left > 0 then redis.call('ZADD', K.busiest, left, owner)
  else
    redis.call('ZREM', K.busiest, owner)
    redis.call('HDEL', K.open, owner)
    redis.call('HDEL', K.caps, owner)
    redis.call('HDEL', K.weights, owner)
    redis.call('HDEL', K.group_of, owner)
    redis.call('HDEL', K.person_of, owner)
    if person then redis.call('SREM', owners_of_key(person), owner) end
  end
  if redis.call('HINCRBY', K.open, 'group ' .. group, -1) <= 0 then
    redis.call('HDEL', K.open, 'group ' .. group)
    redis.call('HDEL', K.weights, 'group ' .. group)
    redis.call('DEL', group_tags_key(group))
    if tag(K.tags, group) <= tag(K.tags, 'v') then redis.call('HDEL', K.tags, group) end
  end
end

-- Where somebody with nothing waiting starts: at the clock, for they bring no credit along. The job's number breaks the
-- tie between those who start at one clock: by arrival, where Redis would go by name and favour the same names for ever.
local function start(clock, seq) return clock + (seq % 1000000) * 1e-9 end

-- An owner at their limit of running jobs is parked: their jobs wait, but are not filed where a fetch looks.
-- What runs elsewhere for the same person counts.
local function running_of(name) return tonumber(redis.call('HGET', K.running, name) or '0') or 0 end

local function is_parked(owner)
  local cap = redis.call('HGET', K.caps, owner)
  if not cap then return false end
  local person = person_of(owner)
  return math.max(running_of(owner), person and running_of(all_of(person)) or 0) >= (tonumber(cap) or math.huge)
end

-- Files an owner under a class in which they have waiting jobs.
local function file(owner, group, class, needs)
  local tags = group_tags_key(group)
  redis.call('ZADD', owners_key(class, group), exact(tag(tags, owner)), owner)
  if redis.call('SADD', group_classes_key(group), class) == 1 then
    redis.call('ZADD', groups_key(class), exact(tag(K.tags, group)), group)
    redis.call('HSETNX', K.classes, class, needs)
  end
end

local function unfile(owner, group, class)
  if redis.call('ZREM', owners_key(class, group), owner) == 0 then return end
  if redis.call('EXISTS', owners_key(class, group)) == 1 then return end
  redis.call('SREM', group_classes_key(group), class)
  redis.call('ZREM', groups_key(class), group)
  if redis.call('EXISTS', groups_key(class)) == 1 then return end
  redis.call('HDEL', K.classes, class)
  redis.call('HDEL', K.stranded, class)
end

-- A group or owner that had nothing to be taken starts at the clock.
local function wake_tags(owner, group, seq)
  if redis.call('EXISTS', group_classes_key(group)) == 0 then raise_tag(K.tags, group, start(tag(K.tags, 'v'), seq)) end
  raise_tag(group_tags_key(group), owner, start(tag(group_tags_key(group), 'v'), seq))
end

-- Keeps count of the jobs that wait in a class, so that nobody has to look through them.
local function count_waiting(class, by)
  if redis.call('HINCRBY', K.depth, class, by) <= 0 then redis.call('HDEL', K.depth, class) end
end

-- Lets a job wait under its class.
local function push(job)
  local id, owner, group, class = job.id, job.owner, job.group, job.class
  local asleep = redis.call('EXISTS', owner_classes_key(owner)) == 0
  if redis.call('ZADD', K.waiting, job.created, id) == 1 then count_waiting(class, 1) end
  redis.call('ZADD', jobs_key(class, owner), job.seq, id)
  local first = redis.call('SADD', owner_classes_key(owner), class) == 1
  if is_parked(owner) then return end
  if asleep or redis.call('EXISTS', group_classes_key(group)) == 0 then wake_tags(owner, group, job.seq) end
  if first then file(owner, group, class, job.needs) end
end

-- Takes a waiting job out of its class. False when it was not waiting.
local function pull(job)
  local id, owner, group, class = job.id, job.owner, job.group, job.class
  if redis.call('ZREM', K.waiting, id) == 0 then return false end
  count_waiting(class, -1)
  redis.call('ZREM', K.bumped, id)
  redis.call('ZREM', jobs_key(class, owner), id)
  if redis.call('EXISTS', jobs_key(class, owner)) == 0 then
    redis.call('SREM', owner_classes_key(owner), class)
    unfile(owner, group, class)
  end
  return true
end

-- Files or unfiles an owner after something that may have parked or unparked them.
local function refile(owner, group, was_parked)
  local park = is_parked(owner)
  if park == was_parked then return end
  local classes = redis.call('SMEMBERS', owner_classes_key(owner))
  if park then
    for _, class in ipairs(classes) do unfile(owner, group, class) end
    return
  end
  local needs, seq = {}, nil
  for _, class in ipairs(classes) do
    local first = redis.call('ZRANGE', jobs_key(class, owner), 0, 0, 'WITHSCORES')
    needs[class] = redis.call('HGET', job_key(first[1]), 'needs')
    seq = math.min(seq or math.huge, tonumber(first[2]))
  end
  if seq then wake_tags(owner, group, seq) end
  for class, its in pairs(needs) do file(owner, group, class, its) end
end

local function count_running(owner, group, by)
  local person = person_of(owner)
  local groups, was_parked = {[owner] = group}, {}
  for _, other in ipairs(same_person(owner)) do
    groups[other] = groups[other] or redis.call('HGET', K.group_of, other)
  end
  for one in pairs(groups) do was_parked[one] = is_parked(one) end
  for _, name in ipairs({owner, person and all_of(person) or nil}) do
    if redis.call('HINCRBY', K.running, name, by) <= 0 then redis.call('HDEL', K.running, name) end
  end
  for one, its in pairs(groups) do
    if its then refile(one, its, was_parked[one]) end
  end
end

-- 0: no limit.
local function set_cap(owner, group, cap)
  local was_parked = is_parked(owner)
  if cap > 0 then redis.call('HSET', K.caps, owner, cap) else redis.call('HDEL', K.caps, owner) end
  refile(owner, group, was_parked)
end

-- Moves an owner on within their group, and in line there.
local function move_owner(owner, group, cost)
  local tags = group_tags_key(group)
  local mine = tag(tags, owner) + cost / weight(owner)
  redis.call('HSET', tags, owner, exact(mine))
  for _, class in ipairs(redis.call('SMEMBERS', owner_classes_key(owner))) do
    redis.call('ZADD', owners_key(class, group), 'XX', exact(mine), owner)
  end
  return mine
end

-- Moves owner and group on by `cost` GPU-seconds (back, when negative), wherever they stand in line; with the owner all
-- owners that are the same person, by a hair less, so that a person's places take turns.
local function charge(owner, group, cost)
  local person = person_of(owner)
  for _, other in ipairs(same_person(owner)) do
    if other ~= owner then move_owner(other, redis.call('HGET', K.group_of, other) or group, cost * BESIDE) end
  end
  local mine = move_owner(owner, group, cost)
  if person then redis.call('HSET', group_tags_key(group), all_of(person), exact(mine)) end
  local ours = tag(K.tags, group) + cost / weight('group ' .. group)
  redis.call('HSET', K.tags, group, exact(ours))
  for _, class in ipairs(redis.call('SMEMBERS', group_classes_key(group))) do
    redis.call('ZADD', groups_key(class), 'XX', exact(ours), group)
  end
end

-- The first job of a class in fair order, with the tags that say where it stands.
local function head(class)
  local g = redis.call('ZRANGE', groups_key(class), 0, 0, 'WITHSCORES')
  local o = redis.call('ZRANGE', owners_key(class, g[1]), 0, 0, 'WITHSCORES')
  local j = redis.call('ZRANGE', jobs_key(class, o[1]), 0, 0, 'WITHSCORES')
  return {
    id = j[1], class = class, group = g[1], owner = o[1],
    group_tag = tonumber(g[2]), owner_tag = tonumber(o[2]), seq = tonumber(j[2]),
  }
end

local function before(a, b)
  if a.group_tag ~= b.group_tag then return a.group_tag < b.group_tag end
  if a.group == b.group and a.owner_tag ~= b.owner_tag then return a.owner_tag < b.owner_tag end
  return a.seq < b.seq
end
