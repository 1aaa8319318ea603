-- Versions before the index filed waiting jobs by class, in keys of their own. A queue that still has such jobs, because it
-- is of that version or because a worker of it has just put one back, is filed anew. All that counts jobs and orders
-- owners is the same, so only where they are filed changes. The index's first format had an owner's buckets without an order.

local function old_name(name, ...) return P .. table.concat({name, ...}, ':') end

local function adopt(now)
  local moved = 0
  if redis.call('GET', K.format) == FORMAT and redis.call('EXISTS', K.classes) == 0 then return moved end
  local woken = {}
  for _, owner in ipairs(redis.call('HKEYS', K.open)) do
    for _, bucket in ipairs(redis.call('SMEMBERS', old_name('index:owner-buckets', owner))) do
      local first = redis.call('ZRANGE', heads_key(bucket, owner), 0, 0, 'WITHSCORES')[2]
      if first then redis.call('ZADD', owner_buckets_key(owner), first, bucket) end
    end
    redis.call('DEL', old_name('index:owner-buckets', owner))
    local group = redis.call('HGET', K.group_of, owner)
    if group and #buckets_of(owner) > 0 and not is_parked(owner) then
      redis.call('ZADD', all_owners_key(group), exact(tag(group_tags_key(group), owner)), owner)
    end
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
