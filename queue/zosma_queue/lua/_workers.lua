-- How workers are filed. All that a worker can do, its tokens and the most pixels, is its profile: workers of one profile
-- can do the same jobs, so the index (`_index.lua`) knows profiles only. What is filed of a worker is noted in `fleet`, so
-- that all of it can be taken back whatever has become of the worker's own keys, under which anybody may write.

-- What a worker is called beyond its process: `host/webui` of `host/webui/4f2a`. What is learned about it is kept
-- under this name.
local function place_of(worker) return string.match(worker, '^(.*)/[^/]*$') or worker end

-- The profile of a worker that can do this. Its name says its kind, for the same seed makes another picture on ComfyUI
-- than on A1111 and its relatives, and how many pixels.
local function profile_named(tokens, pixels)
  local told, kind = {}, 'a1111'
  for i, token in ipairs(tokens) do
    told[i] = #token .. ':' .. token
    if token == 'kind:comfyui' then kind = 'comfyui' end
  end
  return string.format('%s.%s.%.0f', kind, redis.sha1hex(table.concat(told)), tonumber(pixels) or 0)
end

local function kind_of_profile(profile) return string.match(profile, '^%w+') end

-- The same with junk in the place of its tokens: none then.
local function can_do(profile, needs)
  if needs.pixels > (tonumber(string.match(profile, '%d+$')) or 0) then return false end
  if #needs.tokens == 0 then return true end
  local found = redis.pcall('SMISMEMBER', can_key(profile), unpack(needs.tokens))
  if found.err then return false end
  for i = 1, #found do
    if found[i] == 0 then return false end
  end
  return true
end

-- Ready workers of a profile, the newest sign of life first.
local function ready_of(profile, now, from, count)
  return redis.call('ZREVRANGEBYSCORE', ready_key(profile), '+inf', now - WORKER_TTL_MS, 'LIMIT', from, count)
end

local function is_there(profile, now) return #ready_of(profile, now, 0, 1) > 0 end

-- {profile, ready (or busy: it can serve), loaded, target, idle (since when), waits (to be handed a job, which is leased to
-- this holder)}; empty for a worker that is unknown. It is read once in a call: whoever changes it takes a copy.
local filed_now = {}
local function filed(worker)
  local its = filed_now[worker]
  if its then return its end
  local told = table_in(redis.call('HGET', K.fleet, worker))
  its = {}
  for _, name in ipairs({'profile', 'loaded', 'target', 'waits'}) do its[name] = string_in(told[name]) end
  if its.profile then its.ready, its.idle = told.ready == true, type(told.idle) == 'number' and told.idle or nil end
  filed_now[worker] = its
  return its
end

-- The same, to be changed and filed anew.
local function copy_of(its)
  local copy = {}
  for name, value in pairs(its) do copy[name] = value end
  return copy
end

local function is_ready(worker) return filed(worker).ready == true end

local function kind_of(worker)
  local profile = filed(worker).profile
  return profile and kind_of_profile(profile) or 'a1111'
end

-- One more worker holds a checkpoint (1), or one less (-1). Each bucket knows which of its checkpoints nobody does.
local function hold(checkpoint, by)
  local count = count_on(K.held, checkpoint, by, 0)
  if count <= 0 then redis.call('HDEL', K.held, checkpoint) end
  if count > 1 or (count == 1 and by < 0) then return end
  for _, bucket in ipairs(redis.call('SMEMBERS', buckets_with_key(checkpoint))) do
    redis.call(count == 1 and 'SREM' or 'SADD', cold_key(bucket), checkpoint)
  end
end

local function holds(its, checkpoint) return checkpoint and (its.loaded == checkpoint or its.target == checkpoint) end

-- Files a worker as it is now; `seen`: it gave a sign of life. One that has never said what it can do is not filed.
local function file_worker(worker, its, seen)
  if not its.profile then its = {} end
  local was = filed(worker)
  if not its.ready then its.idle = nil end
  if not its.idle then its.waits = nil end
  if was.ready and not (its.ready and its.profile == was.profile) then
    redis.call('ZREM', ready_key(was.profile), worker)
  end
  if its.ready and seen then redis.call('ZADD', ready_key(its.profile), seen, worker) end
  local moved = was.profile ~= its.profile or was.loaded ~= its.loaded or was.idle ~= its.idle
  if was.idle and moved then
    redis.call('ZREM', idle_key(was.profile), worker)
    if was.loaded then redis.call('ZREM', idle_with_key(was.profile, was.loaded), worker) end
  end
  if was.idle and not its.idle then redis.call('ZREM', K.idle, worker) end
  if its.idle and moved then
    redis.call('ZADD', K.idle, its.idle, worker)
    redis.call('ZADD', idle_key(its.profile), its.idle, worker)
    if its.loaded then redis.call('ZADD', idle_with_key(its.profile, its.loaded), its.idle, worker) end
  end
  if was.loaded ~= its.loaded or was.target ~= its.target then
    if its.loaded and not holds(was, its.loaded) then hold(its.loaded, 1) end
    if its.target and its.target ~= its.loaded and not holds(was, its.target) then hold(its.target, 1) end
    if was.loaded and not holds(its, was.loaded) then hold(was.loaded, -1) end
    if was.target and was.target ~= was.loaded and not holds(its, was.target) then hold(was.target, -1) end
  end
  if moved or was.target ~= its.target or was.ready ~= its.ready then
    if its.profile then redis.call('HSET', K.fleet, worker, cjson.encode(its))
    else redis.call('HDEL', K.fleet, worker)
    end
    filed_now[worker] = its
  end
end

local function forget_worker(worker, now)
  file_worker(worker, {})
  redis.call('HDEL', K.fleet, worker)
  redis.call('ZREM', K.workers, worker)
  redis.call('ZREM', K.idle, worker)
  redis.call('DEL', worker_key(worker), wake_key(worker), handed_key(worker))
  note_fleet(worker, now, true, true)
  publish({event = 'worker-left', worker = worker})
end

-- Has a worker that blocks on its list look. What lies there goes: one token is enough, and workers may write anything.
local function knock(worker)
  redis.call('DEL', wake_key(worker))
  redis.call('LPUSH', wake_key(worker), '1')
  redis.call('PEXPIRE', wake_key(worker), WORKER_TTL_MS)
end

-- A worker waits for a job, or no longer.
local function rest_worker(worker, since, holder)
  local was = filed(worker)
  if not was.ready or was.idle == since or (since and was.idle) then return end
  local its = copy_of(was)
  its.idle, its.waits = since, holder
  file_worker(worker, its)
end

-- The checkpoint that a worker is about to load, or has in use; nil: none any more.
local function aim_worker(worker, checkpoint)
  local its = copy_of(filed(worker))
  if not its.profile then return end
  its.target = checkpoint ~= '' and checkpoint or nil
  if checkpoint then its.idle = nil end
  file_worker(worker, its)
end

-- Whoever lives gives signs of life, so when none came for long, Redis stood still (or all of us did), and nobody could
-- renew: whose lease ran out meanwhile gets a new one, in which its worker shows whether it is alive. The gap is told by
-- the server's clock alone, whatever `now` a test passes.
local function note_alive(now)
  local real = clock(0)
  local gap = real - (tonumber(redis.call('GET', K.swept) or '') or real)
  redis.call('SET', K.swept, real)
  if gap <= AWAY_MS then return end
  for _, leases in ipairs({K.leases, K.wanted}) do
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, now - gap, now)) do
      redis.call('ZADD', leases, now + LEASE_MS, id)
    end
  end
end
