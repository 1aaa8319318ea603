-- What a worker's second is worth: learned from real times, for each worker with each checkpoint, and more coarsely for
-- what has not been seen yet. `speed` is real seconds by predicted second, `loads` is seconds for one checkpoint load.

local KEEP = 0.8 -- how much of the old value stays when a new one comes

local function learn(key, field, value)
  local old = tonumber(redis.call('HGET', key, field) or '')
  redis.call('HSET', key, field, exact(old and old * KEEP + value * (1 - KEEP) or value))
end

local function learn_speed(worker, checkpoint, ratio)
  ratio = math.min(math.max(ratio, 0.001), 1000)
  local place = place_of(worker)
  learn(K.speed, place .. '|' .. checkpoint, ratio)
  learn(K.speed, place .. '|', ratio)
  learn(K.speed, '|' .. checkpoint, ratio)
end

local function speed_of(worker, checkpoint)
  local place = place_of(worker)
  local known = redis.call('HMGET', K.speed, place .. '|' .. checkpoint, place .. '|', '|' .. checkpoint)
  return tonumber(known[1] or known[2] or known[3] or '1')
end

-- How the forecast of a finished job turned out.
local function learn_accuracy(job, now)
  local at, span = tonumber(job.forecast_at or ''), tonumber(job.forecast or '')
  if not at or span <= 0 then return end
  local real = (now - at) / 1000
  learn(K.accuracy, 'bias', math.min(math.max(real / span, 0.2), 5))
  learn(K.accuracy, 'error', math.abs(real - span * (tonumber(job.forecast_bias) or 1)) / math.max(real, 1))
  redis.call('HINCRBY', K.accuracy, 'count', 1)
end
