-- Keeps a running job's lease, notes its progress, and tells the worker what has become of it.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 id   3 attempt   4 lease, ms   5 progress, 0..1 ('' for none)   6 seconds left ('' unknown)
--       7 preview, encoded image ('' for none)   8 '1': progress is an estimate by time, the WebUI doesn't say
--       9 the secret that fetched it
-- Returns  'ok', 'skip' (end the picture at hand), 'cancel' (stop it and settle as cancelled) or 'lost' (it is somebody else's
--          now: write nothing)
--
-- A lease that ran out is taken up again while nobody else has the job: after a pause of Redis all work goes on.

local now, id = clock(ARGV[1]), ARGV[2]
local known = redis.call('HMGET', job_key(id), 'attempt', 'state', 'cancel', 'lease', 'of', 'skip')
if known[1] ~= ARGV[3] or not is_holder(known[4], ARGV[9]) then return 'lost' end
if known[2] == 'waiting' then take_again(load_job(id))
elseif known[2] ~= 'running' then return 'lost' end

redis.call('ZADD', K.leases, now + tonumber(ARGV[4]), id)
if ARGV[5] ~= '' then
  redis.call('HSET', job_key(id), 'progress', ARGV[5], 'eta', ARGV[6], 'estimated', ARGV[8])
  if ARGV[7] ~= '' then redis.call('SET', preview_key(whole_of(id)), ARGV[7], 'PX', 60000) end
  if known[5] then
    sum_up(known[5])
  else
    publish({event = 'progress', id = id, progress = tonumber(ARGV[5]), eta = tonumber(ARGV[6]), preview = ARGV[7] ~= ''})
  end
end
if known[6] then redis.call('HDEL', job_key(id), 'skip') end
if known[3] then return 'cancel' end
return known[6] == ARGV[3] and 'skip' or 'ok'
