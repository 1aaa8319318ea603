-- Forgets jobs that failed for good.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 admin who does it   3… ids
-- Returns  how many were forgotten

local now, count = clock(ARGV[1]), 0
for i = 3, #ARGV do
  if redis.call('ZREM', K.dead, ARGV[i]) == 1 then
    redis.call('DEL', job_key(ARGV[i]))
    redis.call('ZREM', K.undelivered, ARGV[i])
    count = count + 1
  end
end
if count > 0 then audit(ARGV[2], 'purge', count .. ' jobs', now) end
return count
