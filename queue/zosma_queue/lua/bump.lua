-- Moves a waiting job to the very front, before everybody's.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 admin who does it   3 id
-- Returns  1, or 0 when it does not wait

local now, id = clock(ARGV[1]), ARGV[3]
local job = load_job(id)
if not job or job.state ~= 'waiting' then return 0 end
local moved = 0
for _, one in ipairs(job.parts and parts_of(job) or {job}) do
  local its = load_job(one.id)
  if its and its.state == 'waiting' and redis.call('ZADD', K.bumped, 'NX', now, its.id) == 1 then
    wake(its.class, needs_in(its.needs), now)
    moved = moved + 1
  end
end
if moved == 0 then return 1 end
audit(ARGV[2], 'bump', id, now)
return 1
