-- Writes down when waiting jobs should end, the first time it is forecast. `settle` compares.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2… id and seconds from now until its end, in turn
-- Returns  how many had none yet

local now, count = clock(ARGV[1]), 0
local bias = redis.call('HGET', K.accuracy, 'bias') or '1'
for i = 2, #ARGV, 2 do
  local key = job_key(ARGV[i])
  if redis.call('HGET', key, 'state') == 'waiting' and redis.call('HSETNX', key, 'forecast', ARGV[i + 1]) == 1 then
    redis.call('HSET', key, 'forecast_at', now, 'forecast_bias', bias)
    count = count + 1
  end
end
return count
