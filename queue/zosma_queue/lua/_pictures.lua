-- How much room finished jobs' pictures take, and which of them may go first. `picture_bytes` has for each job
-- `<bytes> <attempt> <pictures>`, `picture_ends` when they go by themselves, `shown` the same of those that have been seen.
-- Of pictures in a bucket `object_bytes`, `object_ends` and `object_shown` have the same, and in the first the bucket besides:
-- they don't go by themselves, so they stay listed until the bot has deleted them there. No worker reads that.

-- Returns how many there are.
local function note_pictures(id, result, now)
  local readable, made = pcall(cjson.decode, result)
  if not readable or type(made) ~= 'table' or type(made.pictures) ~= 'table' then return 0 end
  local bytes, count = 0, 0
  for _, one in ipairs(made.pictures) do
    if type(one) ~= 'table' then return 0 end
    bytes = bytes + (tonumber(one.bytes) or 0)
    count = math.max(count, (tonumber(one.index) or 0) + 1)
  end
  if count == 0 or count > 1000 or not tonumber(made.attempt) then return 0 end
  local noted = string.format('%.0f %.0f %.0f', bytes, made.attempt, count)
  -- The bucket that the worker says it has put them into; it may say anything.
  local store = string_in(made.pictures[1].store) or ''
  if #store <= 300 and string.find(store, '^s3://[%w._/-]+$') then
    redis.call('HSET', K.object_bytes, id, noted .. ' ' .. store)
    redis.call('ZADD', K.object_ends, now + DAY_MS, id)
  else
    redis.call('HSET', K.picture_bytes, id, noted)
    redis.call('ZADD', K.picture_ends, now + DAY_MS, id)
  end
  return #made.pictures
end

-- They go in `keep` ms. `seen`: their owner has them, so they may go earlier.
local function keep_pictures(id, keep, seen, now)
  local ends, shown = K.picture_ends, K.shown
  if redis.call('HEXISTS', K.picture_bytes, id) == 0 then
    if redis.call('HEXISTS', K.object_bytes, id) == 0 then return end
    ends, shown = K.object_ends, K.object_shown
  end
  redis.call('ZADD', ends, now + keep, id)
  if seen then redis.call('ZADD', shown, now + keep, id) end
end

-- `in_bucket`: the bot deletes them there from now on, and they count no longer.
local function forget_pictures(id, in_bucket)
  if not in_bucket then
    redis.call('HDEL', K.picture_bytes, id)
    redis.call('ZREM', K.picture_ends, id)
    redis.call('ZREM', K.shown, id)
    return
  end
  local noted = redis.call('HGET', K.object_bytes, id)
  if not noted then return end
  redis.call('HSET', K.object_bytes, id, (string.gsub(noted, '^%d+', '0')))
  redis.call('ZADD', K.object_ends, 0, id)
  redis.call('ZREM', K.object_shown, id)
end

-- What the worker of a job's last attempt had stored when it died: once another attempt begins, or the job has ended, its
-- settle would change nothing any more. In a bucket it goes with the job's own pictures.
local function drop_stored(job)
  local count = tonumber(job.count) or tonumber(table_in(job.set).count) or 1
  for index = 0, math.min(count, 1000) - 1 do redis.call('DEL', image_key(job.id, job.attempt, index)) end
end

-- Those that have gone by themselves count no longer.
local function age_pictures(now, most)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', K.picture_ends, '-inf', now, 'LIMIT', 0, most)) do
    forget_pictures(id)
  end
end
