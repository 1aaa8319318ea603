-- Takes a job into the queue, or says why not. The same id twice is the same job, and must ask for the same.
--
-- KEYS  1 prefix   2 where its answer goes (`reply:<id>`, written by the bot only)   3 what its owner asked for (`history:<owner>`, the bot's)
-- ARGV  1 now (0: server's)   2 id   3 message ('' asks only, '?' too, and what it is refused counts for nothing)   4 owner   5 group   6 the group's weight   7 class   8 needs (JSON)
--       9 cost, GPU-seconds   10 run at, ms (0: now)   11 not before this many ms from now (0: at once)
--       12 patience without a capable worker, ms   13 where its answer goes (JSON, '' for nowhere)
--       14 ms for which the job is kept once its end is shown (0: as long as all are)
--       15 digest of what was asked ('' for none)   16 limits (JSON: the fields of `Policy`, 0 for none)
--       17 person, who the owner is in all places together ('' for nobody but the owner): limits count over all of those too
--       18 what it may be split into (JSON: `count` pictures, or `variants` of `needs`, `class`, `cost`; '' for nothing)
--       19 ms for which it waits while no worker at all is ready (0: then it is not taken)
--       20 version of the fleet and   21 of rules and policies by which it was judged ('' for neither)
--       22 most jobs that are known of one owner   23 how long they are, ms
--       24 ms for which an open connection waits for it, unless that says so again (0: none does; `want.lua`)
--       25 how long a picture that it starts from is kept, ms   26… ids of those pictures
-- Returns  {answer, ms after which to try again, name of the limit that it would break}
-- Answers  queued, delayed, exists; other (the id is of a job that asked for something else); stale (what it was judged by has changed: nothing is done);
--          nobody (no worker is ready), infeasible (none of them can do it); over-limit; input-gone (a picture that it starts from is no longer stored)

local given_now, id, message, owner, group, group_weight, class, needs_json, cost, run_at, delay_ms, patience_ms, reply,
  keep_ms, digest, limits_json, person, set, wait_ms, fleet_version, rules_version, history_most, history_ms, wanted_ms, input_ms = unpack(ARGV, 1, 25)
local now, needs, limits = clock(given_now), cjson.decode(needs_json), cjson.decode(limits_json)

local function note_wanted()
  if tonumber(wanted_ms) > 0 then redis.call('ZADD', K.wanted, now + tonumber(wanted_ms), id) end
end

if redis.call('EXISTS', job_key(id)) == 1 then
  local known = redis.call('HGET', job_key(id), 'digest')
  if known and digest ~= '' and known ~= digest then return {'other', 0} end
  note_wanted()
  return {'exists', 0}
end

-- A version beyond the newest is that of a queue that was wiped, or put back to an older state.
local function is_stale()
  local newest, binding = fleet_versions()
  local judged_by = tonumber(fleet_version)
  if judged_by and (judged_by < binding or judged_by > newest) then return true end
  return rules_version ~= '' and (redis.call('GET', K.rules_version) or 'none') ~= rules_version
end
if is_stale() then return {'stale', 0} end

local function waiting_of(name) return number_in(redis.call('HGET', K.open, name), 0) - running_of(name) end
local function most_waiting() return math.max(waiting_of(owner), person ~= '' and waiting_of(all_of(person)) or 0) end

-- Ms until the person may ask anywhere again, by the cooldown that holds here.
local function cooling_elsewhere()
  local last = person ~= '' and tonumber(redis.call('GET', cooldown_key(person)) or '')
  return last and last + limits.cooldown_s * 1000 - now or 0
end

local function spent_on(day)
  local function spent(name) return number_in(redis.call('GET', spent_key(name, day)), 0) end
  return math.max(spent(owner), person ~= '' and spent(person) or 0)
end

-- The first limit that this job would break.
local function over()
  if limits.waiting > 0 and most_waiting() >= limits.waiting then
    -- Their next place is free when their next job begins: at about the cost of one.
    return 'waiting', math.max(1000, tonumber(cost) * 1000)
  end
  local cooling = math.max(redis.call('PTTL', cooldown_key(owner)), cooling_elsewhere())
  if cooling > 0 then return 'cooldown_s', cooling end
  local day = math.floor(now / DAY_MS)
  if limits.daily_gpu_s > 0 and spent_on(day) >= limits.daily_gpu_s then
    return 'daily_gpu_s', (day + 1) * DAY_MS - now
  end
  if limits.depth > 0 and redis.call('ZCARD', K.waiting) >= limits.depth then return 'depth', 30000 end
end

-- What its pictures need, where they need different things.
local function variants()
  local found = {}
  for i, variant in ipairs(set ~= '' and cjson.decode(set).variants or {}) do
    found[i] = {class = variant.class, needs = cjson.decode(variant.needs)}
  end
  return found
end

local limit, retry_ms = over()
if limit then
  if message ~= '?' then
    count_in_stats('refused', 1)
    record({refused = 1}, now)
  end
  return {'over-limit', math.ceil(retry_ms), limit}
end
local due = math.max(tonumber(run_at), now + tonumber(delay_ms))
if due <= now then
  for _, wanted in ipairs({{class = class, needs = needs}, unpack(variants())}) do
    local answer = feasible(wanted.class, wanted.needs, now)
    if answer == 'nobody' and tonumber(wait_ms) <= 0 then return {'nobody', 30000} end
    if answer == 'no' then return {'infeasible', 0} end
  end
end
if message == '' or message == '?' then return {'queued', 0} end
local inputs = {unpack(ARGV, 26)}
for _, input in ipairs(inputs) do
  if redis.call('EXISTS', input_key(input)) == 0 then return {'input-gone', 0} end
end

-- Before anything else is written: a full Redis refuses this, and would let a script go on that had begun with a DEL.
-- Not again for a job that is forgotten and sent once more. Of one ms their ids decide, which begin with the time.
redis.call('ZADD', KEYS[3], 'NX', now, id)
local job = {
  id = id, message = message, owner = owner, group = open_job(owner, group, person), class = class, needs = needs_json,
  cost = cost, seq = redis.call('INCR', K.seq), created = now, patience = patience_ms, wait = wait_ms,
}
redis.call('HSET', job_key(id), 'message', message, 'owner', owner, 'group', job.group, 'class', class,
  'needs', needs_json, 'cost', cost, 'seq', job.seq, 'created', now, 'patience', patience_ms,
  'deliver', reply == '' and '0' or '1', 'state', 'waiting')
if person ~= '' then redis.call('HSET', job_key(id), 'person', person) end
if set ~= '' then redis.call('HSET', job_key(id), 'set', set) end
if digest ~= '' then redis.call('HSET', job_key(id), 'digest', digest) end
if reply ~= '' then redis.call('SET', KEYS[2], reply, 'PX', DEAD_TTL_MS) end
if tonumber(wait_ms) > 0 then redis.call('HSET', job_key(id), 'wait', wait_ms) end
if tonumber(keep_ms) > 0 then redis.call('HSET', job_key(id), 'keep', keep_ms) end
for _, input in ipairs(inputs) do hold_input(input, id, tonumber(input_ms) + math.max(due - now, 0), now) end
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -tonumber(history_most) - 1)
redis.call('PEXPIRE', KEYS[3], history_ms)
record({submitted = 1}, now)
note_wanted()
set_cap(owner, job.group, limits.running)
if limits.cooldown_s > 0 then
  local cooldown_ms = math.ceil(limits.cooldown_s * 1000)
  redis.call('SET', cooldown_key(owner), '1', 'PX', cooldown_ms)
  if person ~= '' then
    -- As long as the longest cooldown among the person's places may ask for it.
    redis.call('SET', cooldown_key(person), now, 'PX', math.max(cooldown_ms, redis.call('PTTL', cooldown_key(person))))
  end
end
set_weight(owner, limits.weight)
if job.group == group then set_weight('group ' .. group, group_weight) end

if due > now then
  redis.call('HSET', job_key(id), 'state', 'delayed', 'run_at', due)
  redis.call('ZADD', K.delayed, due, id)
  publish({event = 'delayed', id = id})
  return {'delayed', 0}
end
local idle = idle_for(class, needs, now)
-- Junk in the worker's keys, or in a job that goes before this one, is no fault of who submits: the worker meets it, or the
-- lease runs out that it hasn't heard of.
if idle and set == '' and not needs.avoid and not needs.kind then
  local could, handed = pcall(hand_new, job, idle, now)
  local is_leased = not could and redis.call('HGET', job_key(id), 'state') == 'running'
  if is_leased then ring(idle) end
  if is_leased or (could and handed) then return {'queued', 0} end
end
push(job)
publish({event = 'waiting', id = id})
if idle then
  local could, handed = pcall(hand, idle, now)
  if not (could and handed) then ring(idle) end
end
return {'queued', 0}
