-- Versions before the index filed waiting jobs by class, in keys of their own. A queue that still has such jobs, because it
-- is of that version or because a worker of it has just put one back, is filed anew. All that counts jobs and orders
-- owners is the same, so only where they are filed changes. The index's first format had an owner's buckets without an order.

local function old_name(name, ...) return P .. table.concat({name, ...}, ':') end

-- Files an owner by all of their waiting jobs, those included that the index's first format has put beside.
local function file_anew(owner, group)
  local before = old_name('index:owner-buckets', owner)
  for _, bucket in ipairs(redis.call('SMEMBERS', before)) do
    local first = redis.call('ZRANGE', heads_key(bucket, owner), 0, 0, 'WITHSCORES')[2]
    if first then redis.call('ZADD', owner_buckets_key(owner), first, bucket) end
  end
  redis.call('DEL', before)
  local park = is_parked(owner)
  for _, bucket in ipairs(buckets_of(owner)) do
    if park then unfile(owner, group, bucket) else file(owner, group, bucket, heads_of(bucket, owner)) end
  end
  if park then redis.call('ZREM', all_owners_key(group), owner) end
end

local function adopt(now)
  local moved = 0
  if redis.call('GET', K.format) == FORMAT and redis.call('EXISTS', K.classes) == 0 then return moved end
  local woken = {}
  for _, owner in ipairs(redis.call('HKEYS', K.open)) do
    local group = redis.call('HGET', K.group_of, owner)
    if group then file_anew(owner, group) end
    for _, class in ipairs(group and redis.call('SMEMBERS', old_name('owner-classes', owner)) or {}) do
      local jobs = old_name('jobs', class, owner)
      for _, id in ipairs(redis.call('ZRANGE', jobs, 0, -1)) do
        local job = load_job(id)
        if job and job.state == 'waiting' and pcall(cjson.decode, job.needs) then
          local bucket, checkpoint = bucket_of(job.class, job.needs), checkpoint_in(job.needs)
          put_in(bucket, checkpoint, owner, {job.seq, id})
          if not is_parked(owner) then file(owner, group, bucket, {checkpoint}) end
          note_patience(bucket, job)
          woken[job.class] = job.needs
          moved = moved + 1
        end
      end
      redis.call('DEL', jobs, old_name('owners', class, group), old_name('groups', class))
    end
    redis.call('DEL', old_name('owner-classes', owner))
    if group then redis.call('DEL', old_name('group-classes', group)) end
  end
  redis.call('DEL', K.classes, old_name('stranded'))
  redis.call('SET', K.format, FORMAT)
  for class, needs in pairs(woken) do wake(class, needs_in(needs), now) end
  return moved
end

-- Workers of a version before end and put back what they run, until the last one is updated, as if all that waits were
-- filed in their way: whom the owner's limit lets in again stays out, and what is put back is in no order. So some owners
-- are looked at from time to time.
local LOOK_AGAIN_MS = 10000
local function look_again(now)
  local slot = string.format('%.0f', math.floor(now / LOOK_AGAIN_MS))
  local noted = redis.pcall('GET', K.looked)
  local last, cursor = string.match(type(noted) == 'string' and noted or '', '^(%d+) (%d+)$')
  if last == slot then return end
  local page = redis.call('HSCAN', K.open, cursor and #cursor < 16 and cursor or '0', 'COUNT', PAGE)
  redis.call('SET', K.looked, slot .. ' ' .. page[1], 'PX', 6 * LOOK_AGAIN_MS)
  local owners = {}
  for i = 1, #page[2], 2 do table.insert(owners, page[2][i]) end
  if #owners == 0 then return end
  local groups, caps = redis.call('HMGET', K.group_of, unpack(owners)), redis.call('HMGET', K.caps, unpack(owners))
  for i, owner in ipairs(owners) do
    local group = groups[i]
    local kept_out = group and caps[i] and not redis.call('ZSCORE', all_owners_key(group), owner)
      and redis.call('EXISTS', owner_buckets_key(owner)) == 1 and not is_parked(owner)
    if kept_out then refile(owner, group, true) end
    if kept_out or group and redis.call('EXISTS', old_name('index:owner-buckets', owner)) == 1 then
      file_anew(owner, group)
      let_in(owner, now)
    end
  end
end
