-- A client's open connection waits for these jobs: who waits no more ends them, also by dying (sweep.lua).
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 for how long, ms (0: nobody waits any more, and the job is let be)   3… ids
-- Returns  how many are named

local now, ms = clock(ARGV[1]), tonumber(ARGV[2])
for i = 3, #ARGV do
  if ms > 0 then redis.call('ZADD', K.wanted, now + ms, ARGV[i]) else redis.call('ZREM', K.wanted, ARGV[i]) end
end
return #ARGV - 2
