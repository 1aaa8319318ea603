-- What every part and verb may use. Names of Redis keys are those of zosma_queue/keys.py: `P` is the prefix of all queue
-- keys, KEYS[1] of each verb, and `K.needs` is `keys.NEEDS` (lua_assembly.py). Times are milliseconds, costs and tags GPU-seconds.

local function job_key(id) return P .. 'job:' .. id end
local function worker_key(worker) return P .. 'worker:' .. worker end
local function can_key(profile) return P .. 'can:' .. profile end
local function ready_key(profile) return P .. 'index:ready:' .. profile end
local function idle_key(profile) return P .. 'index:idle:' .. profile end
local function idle_with_key(profile, checkpoint) return P .. 'index:idle:' .. profile .. ':' .. checkpoint end
local function serves_key(profile) return P .. 'index:serves:' .. profile end
local function able_key(bucket) return P .. 'index:able:' .. bucket end
local function bucket_classes_key(bucket) return P .. 'index:bucket-classes:' .. bucket end
local function join_classes_key(verdict) return P .. 'index:join-classes:' .. verdict end
local function join_checkpoints_key(verdict) return P .. 'index:join-checkpoints:' .. verdict end
local function wake_key(worker) return P .. 'wake:' .. worker end
local function handed_key(worker) return P .. 'wake:handed:' .. worker end
local function preview_key(id) return P .. 'preview:' .. id end
local function image_key(id, attempt, index) return P .. 'image:' .. id .. ':' .. attempt .. ':' .. index end
local function group_tags_key(group) return P .. 'tags:' .. group end
local function groups_key(bucket) return P .. 'index:groups:' .. bucket end
local function owners_key(bucket, group) return P .. 'index:owners:' .. bucket .. ':' .. group end
local function all_owners_key(group) return P .. 'index:all-owners:' .. group end
local function groups_with_key(bucket, checkpoint) return P .. 'index:groups-with:' .. bucket .. ':' .. checkpoint end
local function owners_with_key(bucket, checkpoint, group)
  return P .. 'index:owners-with:' .. bucket .. ':' .. #checkpoint .. ':' .. checkpoint .. ':' .. group
end
local function buckets_with_key(checkpoint) return P .. 'index:buckets-with:' .. checkpoint end
local function cold_key(bucket) return P .. 'index:cold:' .. bucket end
local function heads_key(bucket, owner) return P .. 'index:heads:' .. bucket .. ':' .. owner end
local function jobs_key(bucket, checkpoint, owner)
  return P .. 'index:jobs:' .. bucket .. ':' .. #checkpoint .. ':' .. checkpoint .. ':' .. owner
end
local function owner_buckets_key(owner) return P .. 'index:first:' .. owner end
local function group_buckets_key(group) return P .. 'index:group-buckets:' .. group end
local function cooldown_key(owner) return P .. 'cooldown:' .. owner end
local function spent_key(owner, day) return P .. 'spent:' .. day .. ':' .. owner end
local function made_key(scope, day) return 'bot:' .. P .. 'made:' .. day .. ':' .. scope end
local function owners_of_key(person) return P .. 'owners-of:' .. person end
local function series_key(seconds, number) return string.format('%sseries:%d:%d', P, seconds, number) end

-- How waiting jobs are filed; `_adopt.lua` files those of the formats before.
local FORMAT = '3'
local DAY_MS = 24 * 3600 * 1000
-- Ended jobs are kept this long without their pictures: what is asked of an old message is read from them.
local DONE_TTL_MS = 30 * DAY_MS
local DEAD_TTL_MS = 30 * DAY_MS
-- A job that is to be forgotten, but whose owner has not been told yet that it ended.
local FORGET_TTL_MS = 3600 * 1000
-- What was made on a day is counted for a month.
local MADE_TTL_MS = 31 * DAY_MS
local WORKER_TTL_MS = 8 * 1000
-- How long a lease lasts, and how long nobody must have given a sign of life for Redis itself to have stood still.
local LEASE_MS = 4500
local AWAY_MS = 3000
-- What workers can do is remembered this long after the last one that can do exactly that: most are only started anew.
local PROFILE_TTL_MS = 10 * 60 * 1000

-- The server's own clock unless a test passes another: a client's clock an hour ahead must not steal a lease.
local function clock(given)
  local ms = tonumber(given)
  if ms and ms > 0 then return ms end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- A double as text that reads back as the same double.
local function exact(x) return string.format('%.17g', x) end

-- Workers may write most of what is read here, so what is read may be anything: junk is as if it were not there.
local function table_in(text)
  local readable, its = pcall(cjson.decode, text or '')
  return readable and type(its) == 'table' and its or {}
end

-- A finite number; `otherwise` where there is none.
local function number_in(text, otherwise)
  local its = tonumber(text or '')
  if its and its - its == 0 then return its end
  return otherwise
end

local function string_in(value) return type(value) == 'string' and value or nil end

-- What a job needs; junk needs nothing.
local function needs_in(text)
  local its, tokens = table_in(text), {}
  for _, token in ipairs(type(its.tokens) == 'table' and its.tokens or {}) do
    if type(token) == 'string' then table.insert(tokens, token) end
  end
  return {
    pixels = type(its.pixels) == 'number' and its.pixels or 0, tokens = tokens, checkpoint = string_in(its.checkpoint),
    avoid = string_in(its.avoid), kind = string_in(its.kind),
  }
end

-- Adds to a counter, which begins at `junk` where there is no number; what it is then.
local function count_on(key, field, by, junk)
  local count = redis.pcall('HINCRBY', key, field, by)
  if type(count) == 'number' then return count end
  redis.call('HSET', key, field, junk)
  return redis.call('HINCRBY', key, field, by)
end

local function count_in_stats(name, by) return count_on(K.stats, name, by, 0) end

-- The part of a set that begins with this picture, and the set that an id is a part of (itself, for any other job).
local function part_id(id, first) return id .. '~' .. first end
local function whole_of(id) return string.match(id, '^[^~]*') end

-- What happens to a part of a set happens to the set: nobody outside knows of parts.
local function publish(event)
  event.id = event.id and whole_of(event.id)
  redis.call('PUBLISH', K.events, cjson.encode(event))
end

-- What an admin did, for good. The stream keeps about the last ten thousand acts. Each entry has the hash of the one
-- before, so that nobody changes one or takes one away unnoticed; audit.py works out the same hash.
local function audit(who, act, target, now, part, value)
  local head = redis.call('HMGET', K.audit_head, 'n', 'hash')
  local n = string.format('%.0f', tonumber(head[1] or '0') + 1)
  local entry = {
    'n', n, 'prev', head[2] or '', 'who', who, 'act', act, 'target', target, 'at', string.format('%.0f', now),
  }
  for _, one in ipairs(part and part ~= '' and {'part', part, 'value', value} or {}) do table.insert(entry, one) end
  local told = {}
  for i, one in ipairs(entry) do told[i] = #one .. ':' .. one end
  local hash = redis.sha1hex(table.concat(told))
  redis.call('XADD', K.audit, 'MAXLEN', '~', 10000, '*', 'hash', hash, unpack(entry))
  redis.call('HSET', K.audit_head, 'n', n, 'hash', hash)
end

-- nil for none, and for what is no job at all.
local function load_job(id)
  local flat = redis.pcall('HGETALL', job_key(id))
  if flat.err and not string.find(flat.err, 'WRONGTYPE', 1, true) then error(flat) end
  if #flat == 0 then return nil end
  local job = {id = id}
  for i = 1, #flat, 2 do job[flat[i]] = flat[i + 1] end
  return job
end
