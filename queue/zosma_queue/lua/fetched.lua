-- A program has fetched one of its job's pictures. Once it has all of them they may go when room is needed, as those that
-- were shown; until then they stay as long as before. Those of a set are noted for each of its parts.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 id   3 index of the picture, among all of the job's
-- Returns  1 when it has all of them

local id = ARGV[2]
local stored, total = {}, 0
for _, one in ipairs({{id = id}, unpack(parts_of({id = id, parts = redis.call('HGET', job_key(id), 'parts')}))}) do
  local noted, ends, shown = redis.call('HGET', K.picture_bytes, one.id), K.picture_ends, K.shown
  if not noted then noted, ends, shown = redis.call('HGET', K.object_bytes, one.id), K.object_ends, K.object_shown end
  local at = redis.call('ZSCORE', ends, one.id)
  local count = tonumber(string.match(noted or '', '^%d+ %d+ (%d+)'))
  if at and count then
    table.insert(stored, {id = one.id, at = at, shown = shown})
    total = total + count
  end
end
if total == 0 or redis.call('EXISTS', job_key(id)) == 0 then return 0 end
redis.call('HSET', job_key(id), 'fetched:' .. ARGV[3], '1')
for index = 0, total - 1 do
  if redis.call('HEXISTS', job_key(id), 'fetched:' .. index) == 0 then return 0 end
end
for _, one in ipairs(stored) do redis.call('ZADD', one.shown, one.at, one.id) end
return 1
