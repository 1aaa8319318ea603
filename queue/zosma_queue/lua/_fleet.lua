-- Which worker can do which job. A class needs tokens (`checkpoint:dream`, `sampler:Euler a`, …) and a number of
-- pixels; a worker has a set of tokens and a limit.

-- Present and willing: a worker whose WebUI is away keeps its presence but can serve nothing.
local function is_ready(worker)
  local state = redis.call('HGET', worker_key(worker), 'state')
  return state == 'ready' or state == 'busy'
end

-- What a worker is called beyond its process: `host/webui` of `host/webui/4f2a`. What is learned about it is kept
-- under this name.
local function place_of(worker) return string.match(worker, '^(.*)/[^/]*$') or worker end

local function is_able(worker, needs)
  local limit = tonumber(redis.call('HGET', worker_key(worker), 'pixels') or '0') or 0
  if needs.pixels > limit then return false end
  if #needs.tokens == 0 then return true end
  local found = redis.call('SMISMEMBER', can_key(worker), unpack(needs.tokens))
  for i = 1, #found do
    if found[i] == 0 then return false end
  end
  return true
end

local function live_workers(now)
  return redis.call('ZRANGEBYSCORE', K.workers, now - WORKER_TTL_MS, '+inf')
end

-- Able, and not the place where this job has just failed, unless there is no other.
local function serves(worker, needs, now)
  if not is_able(worker, needs) then return false end
  if needs.avoid ~= place_of(worker) then return true end
  for _, other in ipairs(live_workers(now)) do
    if place_of(other) ~= needs.avoid and is_ready(other) and is_able(other, needs) then return false end
  end
  return true
end

-- 'yes', 'no' (workers are there, none can) or 'nobody'.
local function feasible(needs, now)
  local someone = false
  for _, worker in ipairs(live_workers(now)) do
    if is_ready(worker) then
      someone = true
      if is_able(worker, needs) then return 'yes' end
    end
  end
  return someone and 'no' or 'nobody'
end

-- Wakes an idle worker.
local function ring(worker)
  redis.call('ZREM', K.idle, worker)
  redis.call('LPUSH', wake_key(worker), '1')
  redis.call('PEXPIRE', wake_key(worker), WORKER_TTL_MS)
end

-- Wakes one idle worker that can serve the class, rather one that holds its checkpoint already.
local function wake(needs, now)
  local chosen
  for _, worker in ipairs(redis.call('ZRANGE', K.idle, 0, -1)) do
    if not is_ready(worker) then
      redis.call('ZREM', K.idle, worker)
    elseif serves(worker, needs, now) then
      chosen = chosen or worker
      if needs.checkpoint and redis.call('HGET', worker_key(worker), 'loaded') == needs.checkpoint then
        chosen = worker
        break
      end
    end
  end
  if chosen then ring(chosen) end
end
