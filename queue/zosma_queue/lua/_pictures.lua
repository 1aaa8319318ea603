-- How much room finished jobs' pictures take, and which of them may go first. `picture_bytes` has for each job
-- `<bytes> <attempt> <pictures>`, `picture_ends` when they go by themselves, `shown` the same of those that have been seen.

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
  redis.call('HSET', K.picture_bytes, id, string.format('%.0f %.0f %.0f', bytes, made.attempt, count))
  redis.call('ZADD', K.picture_ends, now + DAY_MS, id)
  return #made.pictures
end

-- They go by themselves in `keep` ms. `seen`: their owner has them, so they may go earlier.
local function keep_pictures(id, keep, seen, now)
  if redis.call('HEXISTS', K.picture_bytes, id) == 0 then return end
  redis.call('ZADD', K.picture_ends, now + keep, id)
  if seen then redis.call('ZADD', K.shown, now + keep, id) end
end

local function forget_pictures(id)
  redis.call('HDEL', K.picture_bytes, id)
  redis.call('ZREM', K.picture_ends, id)
  redis.call('ZREM', K.shown, id)
end

-- Those that have gone by themselves count no longer.
local function age_pictures(now, most)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', K.picture_ends, '-inf', now, 'LIMIT', 0, most)) do
    forget_pictures(id)
  end
end
