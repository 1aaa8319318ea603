-- Makes room: of the pictures that their owners have seen, those go first that would go soonest by themselves, which
-- are those that were shown longest ago (an original that a link leads to stays longer). What nobody has seen stays.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 bytes that all of them may take   3 bytes that must become free whatever they take
--       4 most jobs whose pictures go in one call
-- Returns  {jobs whose pictures went, their bytes, bytes that are left}

local now, most, must_free = clock(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

age_pictures(now, -1)
local stored = 0
for _, value in ipairs(redis.call('HVALS', K.picture_bytes)) do
  stored = stored + (tonumber(string.match(value, '^%d+')) or 0)
end

local jobs, freed = 0, 0
for _, id in ipairs(redis.call('ZRANGE', K.shown, 0, tonumber(ARGV[4]) - 1)) do
  if stored - freed <= most and freed >= must_free then break end
  local value = redis.call('HGET', K.picture_bytes, id) or ''
  local bytes, attempt, count = string.match(value, '^(%d+) (%d+) (%d+)$')
  for index = 0, tonumber(count or 0) - 1 do redis.call('UNLINK', image_key(id, attempt, index)) end
  forget_pictures(id)
  jobs, freed = jobs + 1, freed + tonumber(bytes or 0)
end
return {jobs, freed, stored - freed}
