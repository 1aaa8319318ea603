-- A new profile comes: what of all that waits can its workers do? A bucket of which they can do a part is split. That is
-- done in steps, between which others have their turn, and until the last one nothing is known of the profile: its workers
-- are not there yet. So what is filed is always right for all profiles that are known; it is only filed more finely.
--
-- Bucket by bucket it is looked at each class, then the classes of the smaller part get a bucket of their own, into which
-- their jobs are moved. Meanwhile those jobs are in either, and both are served by the same workers.
--
-- `effort.left` is about so many µs of work that may still be done; a step does something even when there are few.
local CLASS_US = 15
local JOB_US = 3
local MOVED_US = 6
local OWNER_US = 6
local BUCKET_US = 1
local SOME = 50

-- Looks at some classes of a bucket; true once it has at all.
local function look_at(profile, bucket, effort)
  local page = redis.call('SSCAN', bucket_classes_key(bucket), redis.call('HGET', K.join, 'cursor') or '0', 'COUNT', SOME)
  for _, class in ipairs(page[2]) do
    local needs = needs_in(redis.call('HGET', K.needs, class))
    local verdict = can_do(profile, needs) and 'can' or 'cannot'
    redis.call('SADD', join_classes_key(verdict), class)
    redis.call('SADD', join_checkpoints_key(verdict), needs.checkpoint or '')
  end
  effort.left = effort.left - CLASS_US * #page[2]
  redis.call('HSET', K.join, 'cursor', page[1])
  return page[1] == '0'
end

-- Gives a part of a bucket's classes a bucket of their own; their jobs follow by `move_on`.
local function divide(bucket, text, able, verdict)
  local special = redis.call('HGET', K.special, bucket)
  local traits = {text = text, name = string.match(bucket, '^%w+%.%w+'), special = special and table_in(special)}
  local to = new_bucket(traits, able)
  judge(to, text, able, verdict)
  share_patience(bucket, to)
  local classes = redis.call('SMEMBERS', join_classes_key(verdict))
  for from = 1, #classes, PAGE do
    local page, pairs_ = {unpack(classes, from, math.min(from + PAGE - 1, #classes))}, {}
    for i, class in ipairs(page) do pairs_[2 * i - 1], pairs_[2 * i] = class, to end
    redis.call('HSET', K.buckets, unpack(pairs_))
    redis.call('SADD', bucket_classes_key(to), unpack(page))
    redis.call('SREM', bucket_classes_key(bucket), unpack(page))
  end
  redis.call('HSET', K.join, 'from', bucket, 'to', to, 'verdict', verdict)
end

-- All classes of a bucket have been looked at.
local function decide(bucket)
  local text, able = redis.call('HGET', K.alike, bucket), redis.call('SMEMBERS', able_key(bucket))
  table.sort(able)
  local can, cannot = redis.call('SCARD', join_classes_key('can')), redis.call('SCARD', join_classes_key('cannot'))
  local stays, goes = 'can', 'cannot'
  if can < cannot then stays, goes = goes, stays end
  judge(bucket, text, able, stays)
  redis.call('HDEL', K.join, 'cursor', 'bucket')
  if can > 0 and cannot > 0 then divide(bucket, text, able, goes)
  else redis.call('DEL', join_checkpoints_key('can'), join_checkpoints_key('cannot'))
  end
  redis.call('DEL', join_classes_key('can'), join_classes_key('cannot'))
end

-- Moves those of some jobs of an owner, from number `seq` on, whose class is in the other bucket. The number from which to
-- go on; nil: there are no more.
local function move_some(from, to, owner, checkpoint, seq, effort)
  local key, homes = jobs_key(from, checkpoint, owner), {}
  local found = redis.call('ZRANGEBYSCORE', key, seq, '+inf', 'WITHSCORES', 'LIMIT', 0, PAGE)
  local ids, jobs = {}, {}
  for i = 1, #found, 2 do
    local class = redis.call('HGET', job_key(found[i]), 'class') or ''
    homes[class] = homes[class] or redis.call('HGET', K.buckets, class) or ''
    if homes[class] == to then
      table.insert(ids, found[i])
      table.insert(jobs, found[i + 1])
      table.insert(jobs, found[i])
    end
  end
  effort.left = effort.left - JOB_US * #found / 2 - MOVED_US * #ids - (#ids > 0 and 10 * OWNER_US or 0)
  if #ids > 0 then
    local group = redis.call('HGET', K.group_of, owner)
    put_in(to, checkpoint, owner, jobs)
    if not is_parked(owner) then file(owner, group, to, {checkpoint}) end
    take_out(from, checkpoint, owner, group, ids)
  end
  if #found < 2 * PAGE then return nil end
  local last = found[#found]
  return last == found[2] and '(' .. last or last
end

-- The next owner who may have jobs there; nil: there are none. Whoever comes while it is looked brings nothing to move.
local function next_owner(effort)
  while true do
    local owner = redis.call('SMEMBERS', K.join_owners)[1]
    if owner then
      redis.call('SREM', K.join_owners, owner)
      return owner
    end
    local cursor = redis.call('HGET', K.join, 'cursor')
    if cursor == '0' then return nil end
    local page = redis.call('HSCAN', K.open, cursor or '0', 'COUNT', SOME)
    redis.call('HSET', K.join, 'cursor', page[1])
    for i = 1, #page[2], 2 do redis.call('SADD', K.join_owners, page[2][i]) end
    effort.left = effort.left - #page[2]
  end
end

-- The checkpoints of an owner's jobs beyond `after` among those that some of the moved classes name, the last one first.
local function checkpoints_left(from, owner, verdict, after, effort)
  local names, found = heads_of(from, owner), {}
  effort.left = effort.left - OWNER_US - #names / 2
  for at = 1, #names, PAGE do
    local page = {unpack(names, at, math.min(at + PAGE - 1, #names))}
    for i, is_one in ipairs(redis.call('SMISMEMBER', join_checkpoints_key(verdict), unpack(page))) do
      if is_one == 1 and (not after or page[i] > after) then table.insert(found, page[i]) end
    end
  end
  table.sort(found, function(a, b) return a > b end)
  return found
end

-- Goes on with a move; true when it is over.
local function move_on(effort)
  local at = redis.call('HMGET', K.join, 'from', 'to', 'verdict', 'owner', 'checkpoint', 'seq')
  local from, to, verdict, owner, checkpoint, seq = at[1], at[2], at[3], at[4], at[5], at[6]
  local left
  repeat
    owner = owner or next_owner(effort)
    if not owner then
      end_move()
      return true
    end
    if not seq then
      left = left or checkpoints_left(from, owner, verdict, checkpoint, effort)
      checkpoint = table.remove(left)
    end
    if checkpoint then seq = move_some(from, to, owner, checkpoint, seq or '-inf', effort)
    else owner, seq, left = nil, nil, nil
    end
  until effort.left <= 0
  redis.call('HDEL', K.join, 'owner', 'checkpoint', 'seq')
  for name, value in pairs({owner = owner or nil, checkpoint = owner and checkpoint or nil, seq = seq or nil}) do
    redis.call('HSET', K.join, name, value)
  end
  return false
end

local function end_join()
  redis.call('DEL', K.join, K.join_like, K.join_verdicts, join_classes_key('can'), join_classes_key('cannot'),
    join_checkpoints_key('can'), join_checkpoints_key('cannot'))
end

-- Nothing is left in doubt: the profile is known from now on.
local function welcome_profile(profile, now)
  local verdicts = redis.call('HGETALL', K.join_verdicts)
  for i = 1, #verdicts, 2 do
    local bucket, text = verdicts[i], redis.call('HGET', K.alike, verdicts[i])
    if verdicts[i + 1] == 'can' and text then
      unsign(bucket, text)
      serve(bucket, profile)
      sign(bucket, text)
    end
  end
  redis.call('ZADD', K.profiles, now, profile)
  end_join()
end

-- A bucket that is to be looked at, with those first that are begun; nil: there is none.
local function next_bucket(profile, effort)
  local begun = redis.call('HGET', K.join, 'bucket')
  if begun and redis.call('HEXISTS', K.alike, begun) == 1 then return begun end
  redis.call('HDEL', K.join, 'bucket', 'cursor')
  local buckets = redis.call('HKEYS', K.alike)
  effort.left = effort.left - BUCKET_US * #buckets
  for _, bucket in ipairs(buckets) do
    if redis.call('HEXISTS', K.join_verdicts, bucket) == 0 then
      redis.call('HSET', K.join, 'bucket', bucket)
      return bucket
    end
  end
end

-- Goes on with the profile that is being filed; true when none is any more.
local function join_on(effort, now)
  local profile = redis.call('HGET', K.join, 'profile')
  if not profile then return true end
  repeat
    if redis.call('HEXISTS', K.join, 'to') == 1 then move_on(effort)
    else
      local bucket = next_bucket(profile, effort)
      if not bucket then
        welcome_profile(profile, now)
        return true
      end
      if look_at(profile, bucket, effort) then decide(bucket) end
    end
  until effort.left <= 0
  return false
end

-- Does a profile lack something that is wanted? If not there is nothing to look at.
local function lacks_some(profile)
  local wanted, limit = redis.call('HKEYS', K.wanted_tokens), tonumber(string.match(profile, '%d+$')) or 0
  for from = 1, #wanted, PAGE do
    local page = {unpack(wanted, from, math.min(from + PAGE - 1, #wanted))}
    for i, has in ipairs(redis.call('SMISMEMBER', can_key(profile), unpack(page))) do
      local pixels = tonumber(string.match(page[i], '^pixels:(%d+)$'))
      if pixels and pixels > limit or not pixels and has == 0 then return true end
    end
  end
  return false
end

-- Files a profile that isn't known, or goes on with it or with another one that came before; true once it is known.
local function meet(profile, effort, now)
  while join_on(effort, now) do
    if redis.call('ZSCORE', K.profiles, profile) then return true end
    if effort.left <= 0 then return false end
    redis.call('HSET', K.join, 'profile', profile)
    if not lacks_some(profile) then
      local alike = redis.call('HGETALL', K.alike)
      for i = 1, #alike, 2 do redis.call('HSET', K.join_verdicts, alike[i], 'can') end
    end
  end
  return redis.call('ZSCORE', K.profiles, profile) and true or false
end
