-- A worker's sign of life, every two seconds; with `about` when what it can do has changed.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 worker   3 state (ready, busy, away)   4 loaded checkpoint ('' unknown)   5 pixels
--       6 why it is away ('' when it isn't)   7 trust (fleet.py)
--       8 about (JSON, '' unchanged)   9 about so many µs may be spent on filing   10… tokens (with about only)
-- Returns  {1 when the queue knows what this worker can do, 0 when it must send `about` again, 2 when it must once that is
--          filed (file.lua): nothing was noted of it yet; 1 when nobody sweeps}

local now, worker, state = clock(ARGV[1]), ARGV[2], ARGV[3]
local its = filed(worker)
note_alive(now)
local before = redis.call('HMGET', worker_key(worker), 'state', 'loaded', 'pixels')
local was_away, is_away = before[1] == 'away', state == 'away'

local function tokens_told()
  local tokens = {}
  for i = 10, #ARGV do tokens[i - 9] = ARGV[i] end
  return tokens
end

-- Its tokens may have gone, or be junk, like anything in Redis: it must tell them anew then.
local function are_known(one)
  local count = redis.pcall('SCARD', can_key(one))
  if type(count) ~= 'number' then redis.call('DEL', can_key(one)) end
  return type(count) == 'number' and count > 0
end

local profile = its.profile
if ARGV[8] ~= '' then
  local tokens = tokens_told()
  profile = profile_named(tokens, ARGV[5])
  if not are_known(profile) then
    redis.call('ZREM', K.profiles, profile)
    for i = 1, #tokens, 1000 do
      redis.call('SADD', can_key(profile), unpack(tokens, i, math.min(i + 999, #tokens)))
    end
  end
elseif profile and not (tonumber(string.match(profile, '%d+$')) == tonumber(ARGV[5])
    and redis.call('EXISTS', worker_key(worker)) == 1 and are_known(profile)) then
  profile = nil
end
if profile then
  redis.call('PEXPIRE', can_key(profile), WORKER_TTL_MS * 6)
  if not redis.call('ZSCORE', K.profiles, profile) and not meet(profile, {left = tonumber(ARGV[9])}, now) then
    -- It stays what it was.
    if its.profile and redis.call('ZSCORE', K.workers, worker) then
      redis.call('ZADD', K.workers, now, worker)
      redis.call('HSET', worker_key(worker), 'seen', now)
      redis.call('PEXPIRE', worker_key(worker), WORKER_TTL_MS * 6)
      file_worker(worker, its, now)
    end
    return {2, 1 - redis.call('EXISTS', K.sweeper)}
  end
  redis.call('ZADD', K.profiles, now, profile)
end

local new = redis.call('ZADD', K.workers, now, worker)
redis.call('HSET', worker_key(worker), 'state', state, 'loaded', ARGV[4], 'pixels', ARGV[5], 'reason', ARGV[6],
  'trust', ARGV[7], 'seen', now)
if ARGV[8] ~= '' then redis.call('HSET', worker_key(worker), 'about', ARGV[8], 'profile', profile) end
-- The sweep removes a silent worker; the expiry is for when nobody is left to sweep.
redis.call('PEXPIRE', worker_key(worker), WORKER_TTL_MS * 6)
file_worker(worker, {
  profile = profile or its.profile, ready = profile ~= nil and state ~= 'away', loaded = ARGV[4] ~= '' and ARGV[4] or nil,
  target = its.target, idle = its.idle, waits = its.waits,
}, now)
if new == 1 then
  publish({event = 'worker-joined', worker = worker})
elseif was_away ~= is_away or ARGV[8] ~= '' then
  publish({event = 'worker-changed', worker = worker})
end
local binds = new == 1 or was_away ~= is_away or before[3] ~= ARGV[5] or ARGV[8] ~= ''
if binds or before[2] ~= ARGV[4] or type(redis.pcall('HGET', K.versions, worker)) ~= 'string' then
  note_fleet(worker, now, binds)
end
-- One that comes back may be waiting since before, filed nowhere: it is to look.
if was_away and not is_away then knock(worker) end
return {profile and 1 or 0, 1 - redis.call('EXISTS', K.sweeper)}
