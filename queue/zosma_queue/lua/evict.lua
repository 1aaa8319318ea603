-- Makes room: of the pictures that their owners have seen, those go first that would go soonest by themselves, which
-- are those that were shown longest ago (an original that a link leads to stays longer). What nobody has seen stays,
-- but for pictures that lie ready for a program which has not come for them in all that time: those go last.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 bytes that all of them may take in Redis   3 bytes that must become free there whatever they
--       take   4 most jobs whose pictures go in one call   5 for how long a program may leave them here, ms
--       6 bytes that all of them may take in a bucket, where the bot then deletes them
-- Returns  {jobs whose pictures went, their bytes, bytes that are left}

-- Members' pictures that could be shown nowhere lie among them and stay: so many are looked through at once.
local LOOK_MAX = 5000

local now, limit, left_here = clock(ARGV[1]), tonumber(ARGV[4]), tonumber(ARGV[5])
local jobs, freed, left = 0, 0, 0

local function unlink_pictures(id, attempt, count)
  for index = 0, count - 1 do redis.call('UNLINK', image_key(id, attempt, index)) end
  forget_pictures(id)
end

local function make_room(its_bytes, its_ends, its_shown, most, must_free, delete)
  local stored, gone = 0, 0
  for _, value in ipairs(redis.call('HVALS', its_bytes)) do
    stored = stored + (tonumber(string.match(value, '^%d+')) or 0)
  end
  local function enough() return jobs >= limit or (stored - gone <= most and gone >= must_free) end
  local function drop(id)
    local bytes, attempt, count = string.match(redis.call('HGET', its_bytes, id) or '', '^(%d+) (%d+) (%d+)')
    delete(id, attempt, tonumber(count or 0))
    jobs, gone = jobs + 1, gone + tonumber(bytes or 0)
  end

  for _, id in ipairs(redis.call('ZRANGE', its_shown, 0, limit - 1)) do
    if enough() then break end
    drop(id)
  end
  if not enough() then
    -- They go a day after they were made, so the oldest come first. (At 0 are those that have gone already.)
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', its_ends, '(0', now - left_here + DAY_MS, 'LIMIT', 0, LOOK_MAX)) do
      if enough() then break end
      -- A part of a set is forgotten by now: its set knows.
      if redis.call('HGET', job_key(whole_of(id)), 'deliver') ~= '1' then drop(id) end
    end
  end
  freed, left = freed + gone, left + stored - gone
end

age_pictures(now, -1)
make_room(K.picture_bytes, K.picture_ends, K.shown, tonumber(ARGV[2]), tonumber(ARGV[3]), unlink_pictures)
make_room(K.object_bytes, K.object_ends, K.object_shown, tonumber(ARGV[6]), 0, function(id) forget_pictures(id, true) end)
return {jobs, freed, left}
