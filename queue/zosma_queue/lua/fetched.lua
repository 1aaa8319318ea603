-- A program has fetched one of its job's pictures. Once it has all of them they may go when room is needed, as those that
-- were shown; until then they stay as long as before.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 id   3 index of the picture
-- Returns  1 when it has all of them

local id = ARGV[2]
local noted, ends, shown = redis.call('HGET', K.picture_bytes, id), K.picture_ends, K.shown
if not noted then noted, ends, shown = redis.call('HGET', K.object_bytes, id), K.object_ends, K.object_shown end
local at = redis.call('ZSCORE', ends, id)
local count = tonumber(string.match(noted or '', '^%d+ %d+ (%d+)'))
if not at or not count or redis.call('EXISTS', job_key(id)) == 0 then return 0 end
redis.call('HSET', job_key(id), 'fetched:' .. ARGV[3], '1')
for index = 0, count - 1 do
  if redis.call('HEXISTS', job_key(id), 'fetched:' .. index) == 0 then return 0 end
end
redis.call('ZADD', shown, at, id)
return 1
