-- A program has fetched one of its job's pictures. Once it has all of them they may go when room is needed, as those that
-- were shown; until then they stay as long as before.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 id   3 index of the picture
-- Returns  1 when it has all of them

local id = ARGV[2]
local ends = redis.call('ZSCORE', K.picture_ends, id)
local count = tonumber(string.match(redis.call('HGET', K.picture_bytes, id) or '', '(%d+)$'))
if not ends or not count or redis.call('EXISTS', job_key(id)) == 0 then return 0 end
redis.call('HSET', job_key(id), 'fetched:' .. ARGV[3], '1')
for index = 0, count - 1 do
  if redis.call('HEXISTS', job_key(id), 'fetched:' .. index) == 0 then return 0 end
end
redis.call('ZADD', K.shown, ends, id)
return 1
