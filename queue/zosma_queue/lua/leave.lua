-- A worker says goodbye, so that nobody counts on it for the next eight seconds.
--
-- KEYS  1 prefix
-- ARGV  1 now (unused: every verb has it)   2 worker
-- Returns  1 when it was known

local worker = ARGV[2]
local known = redis.call('ZREM', K.workers, worker)
redis.call('ZREM', K.idle, worker)
redis.call('DEL', can_key(worker), worker_key(worker), wake_key(worker))
if known == 1 then publish({event = 'worker-left', worker = worker}) end
return known
