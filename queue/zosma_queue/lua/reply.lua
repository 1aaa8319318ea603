-- Changes where a job's answer goes. Runs although Redis is full: a delivery that couldn't note what it has done would
-- never end, and it is what frees the memory.
--
-- KEYS  1 prefix   2 where its answer goes
-- ARGV  1 now (unused: every verb has it)   2 the record (JSON)
-- Returns  1, or 0 when there is none: its job has none, or is forgotten

if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'KEEPTTL')
return 1
