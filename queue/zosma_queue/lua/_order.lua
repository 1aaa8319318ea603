-- Start-time fair queueing on two levels: groups (a guild, an API key), and owners (its members) inside each.
--
-- `tags` holds the virtual clock `v` and, for each group, the tag at which its next job starts; `tags:<group>` holds
-- the same one level down. A dispatch moves clock and tags on by cost / weight. An owner's tag is worked out when his
-- job is taken and not when it is queued, so a correction, a refund or a cancel changes all his later jobs at once.
--
-- Waiting jobs are filed by class (lane and what the job needs), so that a fetch looks at one head for each class
-- that its worker can serve, however many jobs wait behind it.

local function tag(key, field) return tonumber(redis.call('HGET', key, field) or '0') end
local function raise_tag(key, field, floor)
  local value = math.max(tag(key, field), floor)
  redis.call('HSET', key, field, exact(value))
  return value
end

local function weight(name) return tonumber(redis.call('HGET', K.weights, name) or '1') end

-- Nothing open: the busy period is over, and with it every debt (else a lone night owl would pay for the day).
local function reset_if_idle()
  if redis.call('EXISTS', K.open) == 0 then redis.call('DEL', K.tags) end
end

local function open_job(owner, group)
  reset_if_idle()
  redis.call('HINCRBY', K.open, owner, 1)
  redis.call('HINCRBY', K.open, 'group ' .. group, 1)
end

local function close_job(owner, group)
  if redis.call('HINCRBY', K.open, owner, -1) <= 0 then redis.call('HDEL', K.open, owner) end
  if redis.call('HINCRBY', K.open, 'group ' .. group, -1) <= 0 then
    redis.call('HDEL', K.open, 'group ' .. group)
    redis.call('DEL', group_tags_key(group))
    if tag(K.tags, group) <= tag(K.tags, 'v') then redis.call('HDEL', K.tags, group) end
  end
end

-- Where somebody with nothing waiting starts: at the clock, for he brings no credit along. The job's number breaks the
-- tie between those who start at one clock: by arrival, where Redis would go by name and favour the same names for ever.
local function start(clock, seq) return clock + (seq % 1000000) * 1e-9 end

-- Files a job under its class.
local function push(job)
  local id, owner, group, class = job.id, job.owner, job.group, job.class
  redis.call('ZADD', K.waiting, job.created, id)
  redis.call('ZADD', jobs_key(class, owner), job.seq, id)
  if redis.call('EXISTS', group_classes_key(group)) == 0 then
    raise_tag(K.tags, group, start(tag(K.tags, 'v'), job.seq))
  end
  if redis.call('EXISTS', owner_classes_key(owner)) == 0 then
    raise_tag(group_tags_key(group), owner, start(tag(group_tags_key(group), 'v'), job.seq))
  end
  if redis.call('SADD', owner_classes_key(owner), class) == 1 then
    redis.call('ZADD', owners_key(class, group), exact(tag(group_tags_key(group), owner)), owner)
    if redis.call('SADD', group_classes_key(group), class) == 1 then
      redis.call('ZADD', groups_key(class), exact(tag(K.tags, group)), group)
      redis.call('HSETNX', K.classes, class, job.needs)
    end
  end
end

-- Takes a waiting job out of its class. False when it was not waiting.
local function pull(job)
  local id, owner, group, class = job.id, job.owner, job.group, job.class
  if redis.call('ZREM', K.waiting, id) == 0 then return false end
  redis.call('ZREM', jobs_key(class, owner), id)
  if redis.call('EXISTS', jobs_key(class, owner)) == 0 then
    redis.call('SREM', owner_classes_key(owner), class)
    redis.call('ZREM', owners_key(class, group), owner)
    if redis.call('EXISTS', owners_key(class, group)) == 0 then
      redis.call('SREM', group_classes_key(group), class)
      redis.call('ZREM', groups_key(class), group)
      if redis.call('EXISTS', groups_key(class)) == 0 then
        redis.call('HDEL', K.classes, class)
        redis.call('HDEL', K.stranded, class)
      end
    end
  end
  return true
end

-- Moves owner and group on by `cost` GPU-seconds (back, when negative), wherever they stand in line.
local function charge(owner, group, cost)
  local tags = group_tags_key(group)
  local mine = tag(tags, owner) + cost / weight(owner)
  redis.call('HSET', tags, owner, exact(mine))
  for _, class in ipairs(redis.call('SMEMBERS', owner_classes_key(owner))) do
    redis.call('ZADD', owners_key(class, group), exact(mine), owner)
  end
  local ours = tag(K.tags, group) + cost / weight('group ' .. group)
  redis.call('HSET', K.tags, group, exact(ours))
  for _, class in ipairs(redis.call('SMEMBERS', group_classes_key(group))) do
    redis.call('ZADD', groups_key(class), exact(ours), group)
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
