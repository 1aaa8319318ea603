-- Makes room: of the pictures that their owners have seen, those go first that would go soonest by themselves, which
-- are those that were shown longest ago (an original that a link leads to stays longer). What nobody has seen stays,
-- but for pictures that lie ready for a program which has not come for them in all that time: those go last.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 bytes that all of them may take   3 bytes that must become free whatever they take
--       4 most jobs whose pictures go in one call   5 for how long a program may leave them here, ms
-- Returns  {jobs whose pictures went, their bytes, bytes that are left}

-- Members' pictures that could be shown nowhere lie among them and stay: so many are looked through at once.
local LOOK_MAX = 5000

local now, most, must_free, limit = clock(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

age_pictures(now, -1)
local stored = 0
for _, value in ipairs(redis.call('HVALS', K.picture_bytes)) do
  stored = stored + (tonumber(string.match(value, '^%d+')) or 0)
end

local jobs, freed = 0, 0
local function enough() return jobs >= limit or (stored - freed <= most and freed >= must_free) end
local function drop(id)
  local value = redis.call('HGET', K.picture_bytes, id) or ''
  local bytes, attempt, count = string.match(value, '^(%d+) (%d+) (%d+)$')
  for index = 0, tonumber(count or 0) - 1 do redis.call('UNLINK', image_key(id, attempt, index)) end
  forget_pictures(id)
  jobs, freed = jobs + 1, freed + tonumber(bytes or 0)
end

for _, id in ipairs(redis.call('ZRANGE', K.shown, 0, limit - 1)) do
  if enough() then break end
  drop(id)
end
if not enough() then
  -- They go by themselves a day after they were made, so the oldest come first.
  local latest = now - tonumber(ARGV[5]) + DAY_MS
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', K.picture_ends, '-inf', latest, 'LIMIT', 0, LOOK_MAX)) do
    if enough() then break end
    if redis.call('HGET', job_key(id), 'deliver') ~= '1' then drop(id) end
  end
end
return {jobs, freed, stored - freed}
