-- Which worker can do which job. A class needs tokens (`checkpoint:dream`, `sampler:Euler a`, …) and a number of
-- pixels; a worker has a set of tokens and a limit.

-- Present and willing: a worker whose WebUI is away keeps its presence but can serve nothing. Under a worker's keys
-- there may be anything, by a neighbour on this Redis: such a worker is none (`pcall`), and stops nobody's work.
local function is_ready(worker)
  local state = redis.pcall('HGET', worker_key(worker), 'state')
  return state == 'ready' or state == 'busy'
end

-- What a worker is called beyond its process: `host/webui` of `host/webui/4f2a`. What is learned about it is kept
-- under this name.
local function place_of(worker) return string.match(worker, '^(.*)/[^/]*$') or worker end

local function is_able(worker, needs)
  local told = redis.pcall('HGET', worker_key(worker), 'pixels')
  local limit = type(told) == 'string' and tonumber(told) or 0
  if needs.pixels > limit then return false end
  if #needs.tokens == 0 then return true end
  local found = redis.pcall('SMISMEMBER', can_key(worker), unpack(needs.tokens))
  if found.err then return false end
  for i = 1, #found do
    if found[i] == 0 then return false end
  end
  return true
end

local function live_workers(now)
  return redis.call('ZRANGEBYSCORE', K.workers, now - WORKER_TTL_MS, '+inf')
end

-- The same seed makes another picture on ComfyUI than on A1111 and its relatives.
local function kind_of(worker)
  return redis.pcall('SMISMEMBER', can_key(worker), 'kind:comfyui')[1] == 1 and 'comfyui' or 'a1111'
end

-- How welcome a job is to a worker: rather not where it has just failed, and rather where the same seed is the same picture.
local function welcome(worker, needs)
  local rank = 0
  if needs.avoid and place_of(worker) ~= needs.avoid then rank = 2 end
  if needs.kind and kind_of(worker) == needs.kind then rank = rank + 1 end
  return rank
end

-- Able, and no other that is ready would be more welcome.
local function serves(worker, needs, now)
  if not is_able(worker, needs) then return false end
  if not needs.avoid and not needs.kind then return true end
  local own = welcome(worker, needs)
  for _, other in ipairs(live_workers(now)) do
    if is_ready(other) and welcome(other, needs) > own and is_able(other, needs) then return false end
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
