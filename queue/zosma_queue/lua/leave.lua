-- A worker says goodbye, so that nobody counts on it for the next eight seconds.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 worker
-- Returns  1 when it was known

local now, worker = clock(ARGV[1]), ARGV[2]
if not redis.call('HGET', worker_key(worker), 'seen') and not filed(worker).profile then return 0 end
if redis.call('EXISTS', handed_key(worker)) == 1 then
  file_worker(worker, {}) -- it is not to be woken for its own job
  give_back(worker, now)
end
forget_worker(worker, now)
return 1
