-- What a worker's second is worth: learned from real times, for each worker with each checkpoint, and more coarsely for
-- what has not been seen yet. `speed` is real seconds by predicted second, `loads` is seconds for one checkpoint load.

local KEEP = 0.8 -- how much of the old value stays when a new one comes

-- A new value of all these fields.
local function learn(key, value, ...)
  local pairs_ = {}
  for i, old in ipairs(redis.call('HMGET', key, ...)) do
    old = number_in(old)
    pairs_[2 * i - 1], pairs_[2 * i] = select(i, ...), exact(old and old * KEEP + value * (1 - KEEP) or value)
  end
  redis.call('HSET', key, unpack(pairs_))
end

local function possible(ratio) return math.min(math.max(ratio, 0.001), 1000) end

local function learn_speed(worker, checkpoint, ratio)
  ratio = possible(ratio)
  local place = place_of(worker)
  learn(K.speed, ratio, place .. '|' .. checkpoint, place .. '|', '|' .. checkpoint)
end

local function speed_of(worker, checkpoint)
  local place = place_of(worker)
  local known = redis.call('HMGET', K.speed, place .. '|' .. checkpoint, place .. '|', '|' .. checkpoint)
  return possible(number_in(known[1], number_in(known[2], number_in(known[3], 1))))
end

-- How the forecast of a finished job turned out.
local function learn_accuracy(job, now)
  local at, span = number_in(job.forecast_at), number_in(job.forecast, 0)
  if not at or span <= 0 then return end
  local real = (now - at) / 1000
  learn(K.accuracy, math.min(math.max(real / span, 0.2), 5), 'bias')
  learn(K.accuracy, math.abs(real - span * number_in(job.forecast_bias, 1)) / math.max(real, 1), 'error')
  count_on(K.accuracy, 'count', 1, 0)
end
