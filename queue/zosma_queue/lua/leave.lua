-- A worker says goodbye, so that nobody counts on it for the next eight seconds.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 worker
-- Returns  1 when it was known

local now, worker = clock(ARGV[1]), ARGV[2]
local known = redis.call('ZREM', K.workers, worker)
redis.call('ZREM', K.idle, worker)
redis.call('DEL', can_key(worker), worker_key(worker), wake_key(worker))
note_fleet(worker, now, true, true)
if known == 1 then publish({event = 'worker-left', worker = worker}) end
return known
