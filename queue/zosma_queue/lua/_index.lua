-- Where waiting jobs are filed. Jobs that need the same are a class; classes which the same profiles can do, in one lane,
-- are a bucket, however many there are. A fetch looks at the head of each bucket that its worker serves, and inside one at
-- the jobs for the checkpoint that it holds, so what it costs grows neither with classes nor with workers nor with jobs.
--
-- In a bucket: its groups by tag, each one's owners by tag, each one's checkpoints by the number of their first job,
-- and the jobs. Groups and owners move with every charge, so by checkpoint they are filed in sets without tags.
--
-- A bucket's name is `<lane>.<mode>.<number>`: mode named (its jobs name a checkpoint), any (they run on whichever is
-- loaded) or none (they run on none). One with a `!` behind it is special: somebody is more welcome to do its jobs than
-- others, or their checkpoint is paused.

-- Most names in one call.
local PAGE = 100
local USUAL_PATIENCE_MS = 600000

local function lane_of(class) return string.match(class, '^[^|]*') end

local function mode_of(needs)
  if needs.checkpoint then return 'named' end
  for _, token in ipairs(needs.tokens) do
    if token == 'upscale' or token == 'interrogate' or token == 'detect' then return 'none' end
  end
  return 'any'
end

-- What the classes of a bucket have in common besides who can do them: as text, the beginning of its name, and what is
-- special (nil: nothing).
local function traits_of(class, needs)
  local paused = needs.checkpoint and redis.call('HEXISTS', K.paused, 'checkpoint:' .. needs.checkpoint) == 1
  local special
  if needs.avoid or needs.kind or paused then
    special = {avoid = needs.avoid, kind = needs.kind, paused = paused and needs.checkpoint or nil}
  end
  local name = lane_of(class) .. '.' .. mode_of(needs)
  local text = {name}
  for _, trait in ipairs({'avoid', 'kind', 'paused'}) do
    local its = special and special[trait] or ''
    table.insert(text, #its .. ':' .. its)
  end
  return {text = table.concat(text, '|'), name = name, special = special}
end

local function sign_of(text, able) return text .. '|' .. redis.sha1hex(table.concat(able, ' ')) end

local function serve(bucket, profile)
  redis.call('SADD', able_key(bucket), profile)
  redis.call('SADD', serves_key(profile), bucket)
end

-- Notes what a bucket is like, for the classes to come.
local function sign(bucket, text)
  local able = redis.call('SMEMBERS', able_key(bucket))
  table.sort(able)
  redis.call('HSET', K.alike, bucket, text)
  redis.call('HSET', K.bucket_like, sign_of(text, able), bucket)
end

local function unsign(bucket, text)
  local able = redis.call('SMEMBERS', able_key(bucket))
  table.sort(able)
  local like = sign_of(text, able)
  if redis.call('HGET', K.bucket_like, like) == bucket then redis.call('HDEL', K.bucket_like, like) end
end

local function new_bucket(traits, able)
  local bucket = traits.name .. '.' .. redis.call('INCR', K.bucket_seq) .. (traits.special and '!' or '')
  if traits.special then redis.call('HSET', K.special, bucket, cjson.encode(traits.special)) end
  for _, profile in ipairs(able) do serve(bucket, profile) end
  sign(bucket, traits.text)
  return bucket
end

local function drop_bucket(bucket)
  unsign(bucket, redis.call('HGET', K.alike, bucket))
  for _, profile in ipairs(redis.call('SMEMBERS', able_key(bucket))) do
    redis.call('SREM', serves_key(profile), bucket)
  end
  redis.call('DEL', able_key(bucket))
  for _, key in ipairs({K.alike, K.special, K.stranded, K.join_verdicts}) do redis.call('HDEL', key, bucket) end
  redis.call('HDEL', K.patience, bucket, '*' .. bucket)
end

-- What a class needs besides, as a token like the others.
local function all_tokens(needs) return {'pixels:' .. string.format('%.0f', needs.pixels), unpack(needs.tokens)} end

-- The bucket of a class with waiting jobs.
local function known_bucket(class)
  local bucket = redis.call('HGET', K.buckets, class)
  return bucket and redis.call('HEXISTS', K.alike, bucket) == 1 and bucket or nil
end

-- The profiles that can do a class, sorted.
local able_now = {}
local function able_for(class, needs)
  if able_now[class] then return able_now[class] end
  local bucket, able = known_bucket(class), nil
  if bucket then able = redis.call('SMEMBERS', able_key(bucket))
  else
    able = {}
    for _, profile in ipairs(redis.call('ZRANGE', K.profiles, 0, -1)) do
      if can_do(profile, needs) then table.insert(able, profile) end
    end
  end
  table.sort(able)
  able_now[class] = able
  return able
end

local function class_joins(class, bucket)
  redis.call('HSET', K.buckets, class, bucket)
  redis.call('SADD', bucket_classes_key(bucket), class)
end

-- The bucket from which jobs of another one are still being moved (`_join.lua`); nil for all others.
local function moving_to(bucket)
  local move = redis.call('HMGET', K.join, 'from', 'to')
  return move[1] and move[2] == bucket and move[1] or nil
end

-- Nothing of a bucket is in another one any more.
local function end_move()
  local from = redis.call('HGET', K.join, 'from')
  redis.call('HDEL', K.join, 'from', 'to', 'verdict', 'cursor', 'owner', 'checkpoint', 'seq')
  redis.call('DEL', K.join_owners, join_checkpoints_key('can'), join_checkpoints_key('cannot'))
  if redis.call('EXISTS', bucket_classes_key(from)) == 0 then drop_bucket(from) end
end

local function class_leaves(class, bucket)
  redis.call('SREM', bucket_classes_key(bucket), class)
  for _, verdict in ipairs({'can', 'cannot'}) do redis.call('SREM', join_classes_key(verdict), class) end
  if redis.call('EXISTS', bucket_classes_key(bucket)) == 1 or redis.call('HGET', K.join, 'from') == bucket then return end
  if moving_to(bucket) then end_move() end
  drop_bucket(bucket)
end

-- Of the profile that is being filed: whether it can do what is in a bucket, `can` or `cannot`.
local function judge(bucket, text, able, verdict)
  redis.call('HSET', K.join_verdicts, bucket, verdict)
  redis.call('HSET', K.join_like, verdict .. '|' .. sign_of(text, able), bucket)
end

-- The bucket for classes of these traits that these profiles, sorted, can do. While another profile is being filed, none
-- that it can do a part of.
local function home_of(traits, able, needs)
  local like, joining = sign_of(traits.text, able), redis.call('HGET', K.join, 'profile')
  if not joining then return redis.call('HGET', K.bucket_like, like) or new_bucket(traits, able) end
  local verdict = can_do(joining, needs) and 'can' or 'cannot'
  local bucket = redis.call('HGET', K.join_like, verdict .. '|' .. like)
  if bucket and redis.call('HEXISTS', K.alike, bucket) == 1 then return bucket end
  bucket = new_bucket(traits, able)
  judge(bucket, traits.text, able, verdict)
  return bucket
end

-- The bucket of a class, which begins to have jobs if it has none.
local function bucket_of(class, needs_text)
  local bucket = known_bucket(class)
  if bucket then return bucket end
  local needs = needs_in(needs_text)
  bucket = home_of(traits_of(class, needs), able_for(class, needs), needs)
  redis.call('HSET', K.needs, class, needs_text)
  for _, token in ipairs(all_tokens(needs)) do count_on(K.wanted_tokens, token, 1, 1) end
  class_joins(class, bucket)
  return bucket
end

-- No job of the class waits any more.
local function drop_class(class)
  local bucket, needs = known_bucket(class), redis.call('HGET', K.needs, class)
  redis.call('HDEL', K.buckets, class)
  if not bucket then return end
  redis.call('HDEL', K.needs, class)
  for _, token in ipairs(all_tokens(needs_in(needs))) do
    -- Looked for in vain is better than overlooked.
    if count_on(K.wanted_tokens, token, -1, 2) <= 0 then redis.call('HDEL', K.wanted_tokens, token) end
  end
  class_leaves(class, bucket)
end

-- Keeps count of the jobs that wait in a class, so that nobody has to look through them.
local function count_waiting(class, by)
  if count_on(K.depth, class, by, 2) > 0 then return end
  redis.call('HDEL', K.depth, class)
  drop_class(class)
end

local function is_named(bucket) return string.find(bucket, '.named.', 1, true) ~= nil end

local function mark(bucket, checkpoint, group, owner)
  if redis.call('SADD', owners_with_key(bucket, checkpoint, group), owner) == 0 then return end
  if redis.call('SADD', groups_with_key(bucket, checkpoint), group) == 0 then return end
  if redis.call('SADD', buckets_with_key(checkpoint), bucket) == 0 then return end
  if redis.call('HEXISTS', K.held, checkpoint) == 0 then redis.call('SADD', cold_key(bucket), checkpoint) end
end

local function unmark(bucket, checkpoint, group, owner)
  local owners, groups = owners_with_key(bucket, checkpoint, group), groups_with_key(bucket, checkpoint)
  if redis.call('SREM', owners, owner) == 0 or redis.call('EXISTS', owners) == 1 then return end
  redis.call('SREM', groups, group)
  if redis.call('EXISTS', groups) == 1 then return end
  redis.call('SREM', buckets_with_key(checkpoint), bucket)
  redis.call('SREM', cold_key(bucket), checkpoint)
end

-- Files an owner in a bucket in which they have waiting jobs, of which some name these checkpoints.
local function file(owner, group, bucket, checkpoints)
  local its = exact(tag(group_tags_key(group), owner))
  redis.call('ZADD', owners_key(bucket, group), its, owner)
  redis.call('ZADD', all_owners_key(group), its, owner)
  if is_named(bucket) then
    for _, checkpoint in ipairs(checkpoints) do mark(bucket, checkpoint, group, owner) end
  end
  if redis.call('SADD', group_buckets_key(group), bucket) == 1 then
    redis.call('ZADD', groups_key(bucket), exact(tag(K.tags, group)), group)
  end
end

-- The buckets in which an owner has waiting jobs, that of the first one first.
local function buckets_of(owner) return redis.call('ZRANGE', owner_buckets_key(owner), 0, -1) end

local function heads_of(bucket, owner) return redis.call('ZRANGE', heads_key(bucket, owner), 0, -1) end

-- The id of the next job of an owner in a bucket; nil for none.
local function next_of(bucket, owner)
  local checkpoint = redis.call('ZRANGE', heads_key(bucket, owner), 0, 0)[1]
  return checkpoint and redis.call('ZRANGE', jobs_key(bucket, checkpoint, owner), 0, 0)[1]
end

local function unfile(owner, group, bucket)
  if redis.call('ZREM', owners_key(bucket, group), owner) == 0 then return end
  if is_named(bucket) then
    for _, checkpoint in ipairs(heads_of(bucket, owner)) do unmark(bucket, checkpoint, group, owner) end
  end
  if redis.call('EXISTS', owners_key(bucket, group)) == 1 then return end
  redis.call('SREM', group_buckets_key(group), bucket)
  redis.call('ZREM', groups_key(bucket), group)
end

-- Puts jobs, {seq, id, seq, id, …}, among those of a bucket, without a look at whether their owner is filed there. True
-- when the owner had none for this checkpoint.
local function put_in(bucket, checkpoint, owner, jobs)
  local key = jobs_key(bucket, checkpoint, owner)
  for from = 1, #jobs, 2 * PAGE do redis.call('ZADD', key, unpack(jobs, from, math.min(from + 2 * PAGE - 1, #jobs))) end
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  redis.call('ZADD', owner_buckets_key(owner), 'LT', first[2], bucket)
  return redis.call('ZADD', heads_key(bucket, owner), first[2], checkpoint) == 1
end

local function take_out(bucket, checkpoint, owner, group, ids)
  local key, heads = jobs_key(bucket, checkpoint, owner), heads_key(bucket, owner)
  for from = 1, #ids, PAGE do redis.call('ZREM', key, unpack(ids, from, math.min(from + PAGE - 1, #ids))) end
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if first[1] then redis.call('ZADD', heads, first[2], checkpoint)
  else
    redis.call('ZREM', heads, checkpoint)
    if is_named(bucket) then unmark(bucket, checkpoint, group, owner) end
  end
  local head = redis.call('ZRANGE', heads, 0, 0, 'WITHSCORES')
  if head[1] then redis.call('ZADD', owner_buckets_key(owner), head[2], bucket)
  else
    redis.call('ZREM', owner_buckets_key(owner), bucket)
    unfile(owner, group, bucket)
    if redis.call('EXISTS', owner_buckets_key(owner)) == 0 then redis.call('ZREM', all_owners_key(group), owner) end
  end
end

-- Jobs of a bucket come into another one, which may have had more patience.
local function share_patience(from, to)
  for _, kind in ipairs({'', '*'}) do
    local its, there = redis.call('HGET', K.patience, kind .. from), redis.call('HGET', K.patience, kind .. to)
    if its and (not there or tonumber(its) < tonumber(there)) then redis.call('HSET', K.patience, kind .. to, its) end
  end
end

-- Moves the jobs of some classes (each by its checkpoint, or '') from one bucket to another.
local function move_classes(from, to, classes)
  -- Of the checkpoints at hand, those of which some classes stay: there each job's class must be looked at.
  local at_hand, some_stay = {}, {}
  for _, checkpoint in pairs(classes) do at_hand[checkpoint] = true end
  for _, class in ipairs(redis.call('SMEMBERS', bucket_classes_key(from))) do
    if not classes[class] then
      local checkpoint = needs_in(redis.call('HGET', K.needs, class)).checkpoint or ''
      some_stay[checkpoint] = true
    end
  end
  local function is_moved(id) return classes[redis.call('HGET', job_key(id), 'class') or ''] ~= nil end
  for _, owner in ipairs(redis.call('HKEYS', K.open)) do
    local group, moved, came = nil, {}, {}
    for _, checkpoint in ipairs(heads_of(from, owner)) do
      if at_hand[checkpoint] then
        local found = redis.call('ZRANGE', jobs_key(from, checkpoint, owner), 0, -1, 'WITHSCORES')
        local ids, jobs = {}, {}
        for i = 1, #found, 2 do
          if not some_stay[checkpoint] or is_moved(found[i]) then
            table.insert(ids, found[i])
            table.insert(jobs, found[i + 1])
            table.insert(jobs, found[i])
          end
        end
        if #ids > 0 then
          put_in(to, checkpoint, owner, jobs)
          table.insert(moved, checkpoint)
          table.insert(came, ids)
        end
      end
    end
    if #moved > 0 then
      group = redis.call('HGET', K.group_of, owner)
      if not is_parked(owner) then file(owner, group, to, moved) end
      for i, checkpoint in ipairs(moved) do take_out(from, checkpoint, owner, group, came[i]) end
    end
  end
  share_patience(from, to)
  for class in pairs(classes) do
    class_joins(class, to)
    class_leaves(class, from)
  end
end

-- Nobody of a profile has been here for long.
local function part_from(profile)
  for _, bucket in ipairs(redis.call('SMEMBERS', serves_key(profile))) do
    local text = redis.call('HGET', K.alike, bucket)
    unsign(bucket, text)
    redis.call('SREM', able_key(bucket), profile)
    sign(bucket, text)
  end
  redis.call('DEL', serves_key(profile), can_key(profile), ready_key(profile), idle_key(profile))
  redis.call('ZREM', K.profiles, profile)
end

-- A checkpoint was paused, or goes on: its classes move to where that is known. No move of `_join.lua` may be on.
local function refit(checkpoint)
  local flat, moves = redis.call('HGETALL', K.needs), {}
  for i = 1, #flat, 2 do
    local class, needs = flat[i], needs_in(flat[i + 1])
    if needs.checkpoint == checkpoint then
      local from = known_bucket(class)
      local to = home_of(traits_of(class, needs), able_for(class, needs), needs)
      if from and to ~= from then
        moves[from] = moves[from] or {}
        moves[from][to] = moves[from][to] or {}
        moves[from][to][class] = checkpoint
      end
    end
  end
  for from, all in pairs(moves) do
    for to, classes in pairs(all) do move_classes(from, to, classes) end
  end
end
