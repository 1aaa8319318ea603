-- Which worker gets which job, and who is told that there is one.

-- How welcome a job is to a worker: rather not where it has just failed, and rather where the same seed is the same picture.
local function welcome(worker, profile, needs)
  local rank = 0
  if needs.avoid and place_of(worker) ~= needs.avoid then rank = 2 end
  if needs.kind and kind_of_profile(profile) == needs.kind then rank = rank + 1 end
  return rank
end

-- True when another worker that is ready, of one of these profiles, would be more welcome.
local function is_outdone(worker, profile, needs, able, now)
  if not needs.avoid and not needs.kind then return false end
  local own = welcome(worker, profile, needs)
  for _, other in ipairs(able) do
    -- Mostly the first one tells: a place has one worker.
    for from = 0, math.huge, 4 do
      local page = ready_of(other, now, from, 4)
      for _, one in ipairs(page) do
        if welcome(one, other, needs) > own then return true end
      end
      if #page < 4 or not needs.avoid then break end
    end
  end
  return false
end

-- Able, and no other that is ready would be more welcome.
local function serves(worker, class, needs, now)
  local profile = filed(worker).profile
  if not profile or not can_do(profile, needs) then return false end
  if not needs.avoid and not needs.kind then return true end
  return not is_outdone(worker, profile, needs, able_for(class, needs), now)
end

-- 'yes', 'no' (workers are there, none can) or 'nobody'.
local function feasible(class, needs, now)
  for _, profile in ipairs(able_for(class, needs)) do
    if is_there(profile, now) then return 'yes' end
  end
  for _, profile in ipairs(redis.call('ZREVRANGE', K.profiles, 0, -1)) do
    if is_there(profile, now) then return 'no' end
  end
  return 'nobody'
end

-- Wakes an idle worker.
local function ring(worker)
  rest_worker(worker, nil)
  knock(worker)
end

-- Most profiles among whose idle workers one is looked for that holds the checkpoint, and workers of one that are tried.
local MOST_PROFILES = 50
local TRIES = 3

-- An idle worker that can serve the class, rather one that holds its checkpoint already, and of those whoever has waited
-- longest; nil for none.
local function idle_for(class, needs, now)
  if redis.call('EXISTS', K.idle) == 0 then return nil end
  local able = able_for(class, needs)
  local chosen, since
  local function look_in(key, profile)
    local waiting = redis.call('ZRANGE', key, 0, TRIES - 1, 'WITHSCORES')
    for i = 1, #waiting, 2 do
      local worker, its = waiting[i], tonumber(waiting[i + 1])
      if (not since or its < since) and not is_outdone(worker, profile, needs, able, now) then
        chosen, since = worker, its
        return
      end
    end
  end
  if needs.checkpoint then
    for i = 1, math.min(#able, MOST_PROFILES) do look_in(idle_with_key(able[i], needs.checkpoint), able[i]) end
  end
  if not chosen then
    for i, profile in ipairs(able) do
      if i > MOST_PROFILES and chosen then break end
      look_in(idle_key(profile), profile)
    end
  end
  return chosen
end

local function wake(class, needs, now)
  local chosen = idle_for(class, needs, now)
  if chosen then ring(chosen) end
end

-- An owner who was at their limit of running jobs may be so no longer: whoever waits for a job has looked before that.
local function let_in(owner, now)
  if is_parked(owner) then return end
  for _, bucket in ipairs(buckets_of(owner)) do
    local id = next_of(bucket, owner)
    local its = id and redis.call('HMGET', job_key(id), 'class', 'needs') or {}
    if its[1] then wake(its[1], needs_in(its[2]), now) end
  end
end
