-- Start-time fair queueing on two levels: groups (a guild, an API key), and owners (its members) inside each.
--
-- `tags` holds the virtual clock `v` and, for each group, the tag at which its next job starts; `tags:<group>` holds
-- the same one level down. A dispatch moves clock and tags on by cost / weight. An owner's tag is worked out when its
-- job is taken and not when it is queued, so a correction, a refund or a cancel changes all their later jobs at once.
--
-- Where waiting jobs are filed is `_index.lua`'s.

-- Of a charge, what the same person's other owners are moved on by.
local BESIDE = 1 - 1e-6

local function tag(key, field) return number_in(redis.call('HGET', key, field), 0) end
local function raise_tag(key, field, floor)
  if floor > tag(key, field) then redis.call('HSET', key, field, exact(floor)) end
end

-- Of owners and groups, in their order.
local function weights_of(...)
  local found = redis.call('HMGET', K.weights, ...)
  for i, text in ipairs(found) do
    local its = number_in(text, 1)
    found[i] = its > 0 and its or 1
  end
  return found
end

local function set_weight(name, value)
  if tonumber(value) ~= 1 then redis.call('HSET', K.weights, name, value) else redis.call('HDEL', K.weights, name) end
end

-- Nothing open: the busy period is over, and with it every debt (else a lone night owl would pay for the day). Nor is there
-- anything that an older version has filed (`_adopt.lua`).
local function reset_if_idle()
  if redis.call('EXISTS', K.open) == 1 then return end
  redis.call('DEL', K.tags)
  redis.call('SET', K.format, FORMAT)
end

-- What is counted of a person over all their owners is in the same hashes as that of each owner.
local function all_of(person) return 'person ' .. person end

-- False for nobody; read once in a call.
local persons_now = {}
local function person_of(owner)
  if persons_now[owner] == nil then persons_now[owner] = redis.call('HGET', K.person_of, owner) end
  return persons_now[owner]
end

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
  group = group_of_person(person) or group
  if redis.call('HSETNX', K.group_of, owner, group) == 1 then persons_now[owner] = person ~= '' and person
  else group = redis.call('HGET', K.group_of, owner)
  end
  local open = count_on(K.open, owner, 1, 0)
  redis.call('ZADD', K.busiest, open, owner)
  count_on(K.open, 'group ' .. group, 1, 0)
  if person ~= '' then
    redis.call('HSETNX', K.person_of, owner, person)
    persons_now[owner] = nil
    redis.call('SADD', owners_of_key(person), owner)
    count_on(K.open, all_of(person), 1, 0)
    -- What they have used in another place counts in this one.
    local tags = group_tags_key(group)
    if open == 1 then raise_tag(tags, owner, tag(tags, all_of(person))) end
  end
  return group
end

local function close_job(owner, group)
  local person, gone = person_of(owner), {}
  if person and count_on(K.open, all_of(person), -1, 1) <= 0 then table.insert(gone, all_of(person)) end
  local left = count_on(K.open, owner, -1, 1)
  if left > 0 then redis.call('ZADD', K.busiest, left, owner)
  else
    table.insert(gone, owner)
    redis.call('ZREM', K.busiest, owner)
    redis.call('HDEL', K.caps, owner)
    redis.call('HDEL', K.group_of, owner)
    redis.call('HDEL', K.person_of, owner)
    persons_now[owner] = nil
    if person then redis.call('SREM', owners_of_key(person), owner) end
  end
  local left_of_group = count_on(K.open, 'group ' .. group, -1, 1)
  if left_of_group <= 0 then table.insert(gone, 'group ' .. group) end
  if #gone > 0 then
    redis.call('HDEL', K.open, unpack(gone))
    redis.call('HDEL', K.weights, unpack(gone))
  end
  if left_of_group <= 0 then
    redis.call('DEL', group_tags_key(group))
    local tags = redis.call('HMGET', K.tags, group, 'v')
    if number_in(tags[1], 0) <= number_in(tags[2], 0) then redis.call('HDEL', K.tags, group) end
  end
end

-- Where somebody with nothing waiting starts: at the clock, for they bring no credit along. The job's number breaks the
-- tie between those who start at one clock: by arrival, where Redis would go by name and favour the same names for ever.
local function start(v, seq) return v + (seq % 1000000) * 1e-9 end

-- A group or owner (`field` of the hash `key`) that has nothing but the job of number `seq` is the next: the clock moves on
-- to where it starts.
local function go_next(key, field, seq)
  local its = redis.call('HMGET', key, field, 'v')
  local v = number_in(its[2], 0)
  local mine = math.max(number_in(its[1], 0), start(v, seq))
  redis.call('HSET', key, field, exact(mine), 'v', exact(math.max(v, mine)))
end

-- An owner at their limit of running jobs is parked: their jobs wait, but are not filed where a fetch looks.
-- What runs elsewhere for the same person counts.
local function running_of(name) return number_in(redis.call('HGET', K.running, name), 0) end

local function is_parked(owner)
  local cap = redis.call('HGET', K.caps, owner)
  if not cap then return false end
  local person = person_of(owner)
  return math.max(running_of(owner), person and running_of(all_of(person)) or 0) >= (tonumber(cap) or math.huge)
end
