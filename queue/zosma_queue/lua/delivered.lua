-- The bot has shown a job's end to its owner: it is owed no longer, and its images may go soon. How long the job
-- itself stays is as its sender said; one that its owner has erased goes at once.
--
-- KEYS  1 prefix   2 where its answer goes
-- ARGV  1 now (0: server's)   2 id   3 how long images stay, ms   4 what is kept of the result (JSON, '' for none)
--       5 '1' when its owner has the pictures ('0': its end could be shown nowhere)   6… image keys
-- Returns  1 when it was owed

local now, id = clock(ARGV[1]), ARGV[2]
for i = 6, #ARGV do redis.call('PEXPIRE', ARGV[i], ARGV[3]) end
local parts = parts_of({id = id, parts = redis.call('HGET', job_key(id), 'parts')})
for _, one in ipairs({{id = id}, unpack(parts)}) do keep_pictures(one.id, tonumber(ARGV[3]), ARGV[5] == '1', now) end
local owed = redis.call('ZREM', K.undelivered, id)

-- Counts what was made for whom: once, when it is shown. Of a set in parts the whole result is only in what is kept.
local function count_made(job)
  local readable, made = pcall(cjson.decode, ARGV[4] ~= '' and ARGV[4] or job.result or '')
  if not readable or type(made) ~= 'table' or type(made.pictures) ~= 'table' then return end
  for _, scope in ipairs({job.owner, job.group}) do
    local key = made_key(scope, math.floor(now / DAY_MS))
    redis.call('HINCRBY', key, 'jobs', 1)
    redis.call('HINCRBY', key, 'pictures', #made.pictures)
    redis.call('HINCRBY', key, 'gpu_ms', math.floor((tonumber(made.gpu_seconds) or 0) * 1000))
    if type(made.checkpoint) == 'string' and made.checkpoint ~= '' then
      redis.call('HINCRBY', key, 'checkpoint:' .. string.sub(made.checkpoint, 1, 200), #made.pictures)
    end
    redis.call('PEXPIRE', key, MADE_TTL_MS)
  end
end
if owed == 1 and redis.call('HGET', job_key(id), 'state') == 'done' then count_made(load_job(id)) end

local job = redis.call('HMGET', job_key(id), 'erase', 'keep')
if job[1] then
  redis.call('DEL', job_key(id), KEYS[2])
  redis.call('ZREM', K.dead, id)
  return owed
end
if owed == 1 and job[2] then
  redis.call('PEXPIRE', job_key(id), job[2])
  redis.call('PEXPIRE', KEYS[2], job[2])
end
if ARGV[4] ~= '' and (#parts > 0 or redis.call('HEXISTS', job_key(id), 'result') == 1) then
  redis.call('HSET', job_key(id), 'result', ARGV[4])
  for _, one in ipairs(parts) do redis.call('HDEL', job_key(id), 'made:' .. one.first) end
end
return owed
