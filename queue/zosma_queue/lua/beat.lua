-- A worker's sign of life, every two seconds; with `about` when what it can do has changed.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 worker   3 state (ready, busy, away)   4 loaded checkpoint ('' unknown)   5 pixels
--       6 why it is away ('' when it isn't)   7 trust (fleet.py)
--       8 about (JSON, '' unchanged)   9… tokens (with about only)
-- Returns  1 when the queue knows what this worker can do, 0 when it must send `about` again

local now, worker = clock(ARGV[1]), ARGV[2]
local new = redis.call('ZADD', K.workers, now, worker)
local before = redis.call('HMGET', worker_key(worker), 'state', 'loaded', 'pixels')
local was_away, is_away = before[1] == 'away', ARGV[3] == 'away'
redis.call('HSET', worker_key(worker), 'state', ARGV[3], 'loaded', ARGV[4], 'pixels', ARGV[5], 'reason', ARGV[6],
  'trust', ARGV[7], 'seen', now)
if ARGV[8] ~= '' then
  redis.call('HSET', worker_key(worker), 'about', ARGV[8])
  redis.call('DEL', can_key(worker))
  for i = 9, #ARGV, 1000 do
    redis.call('SADD', can_key(worker), unpack(ARGV, i, math.min(i + 999, #ARGV)))
  end
end
-- The sweep removes a silent worker; the expiry is for when nobody is left to sweep.
redis.call('PEXPIRE', worker_key(worker), WORKER_TTL_MS * 6)
redis.call('PEXPIRE', can_key(worker), WORKER_TTL_MS * 6)
if new == 1 then
  publish({event = 'worker-joined', worker = worker})
elseif was_away ~= is_away or ARGV[8] ~= '' then
  publish({event = 'worker-changed', worker = worker})
end
local binds = new == 1 or was_away ~= is_away or before[3] ~= ARGV[5] or ARGV[8] ~= ''
if binds or before[2] ~= ARGV[4] or type(redis.pcall('HGET', K.versions, worker)) ~= 'string' then
  note_fleet(worker, now, binds)
end
return redis.call('HEXISTS', worker_key(worker), 'about')
