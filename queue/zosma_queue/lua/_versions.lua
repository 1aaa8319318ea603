-- Versions of what the catalogue says of the workers. Submits are judged by a copy of it: by these they know how old it is.

-- The newest version of the catalogue, and the newest that changed what may be admitted. Versions are ms of the clock, so
-- that those of a queue that was wiped are none of the new one.
local function fleet_versions()
  local noted = redis.pcall('HGET', K.versions, '')
  local newest, binding = string.match(type(noted) == 'string' and noted or '', '^(%d+) (%d+)$')
  newest = tonumber(newest or '0')
  return newest, math.min(tonumber(binding or '0'), newest)
end

-- What the catalogue says of a worker has changed, or it is `gone`. `binds`: another job may be admitted now, or one less.
-- A worker whose user may not write this (its rights are of an older version) is read without it.
local function note_fleet(worker, now, binds, gone)
  local newest, binding = fleet_versions()
  newest = math.max(newest + 1, now)
  local version = string.format('%.0f', newest)
  redis.pcall('HSET', K.versions, '', version .. ' ' .. (binds and version or string.format('%.0f', binding)))
  if gone then redis.pcall('HDEL', K.versions, worker) else redis.pcall('HSET', K.versions, worker, version) end
end
