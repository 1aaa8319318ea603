-- Stops handing out jobs, for everything or a part of it, or goes on. Running jobs are not touched.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 admin who does it   3 scope: `queue`, `lane:<lane>`, `checkpoint:<name>`, `worker:<id>`
--       4 '1' pause, '0' resume   5 why ('' for no reason given)
-- Returns  1 when that changed something; another reason does, none given leaves what was said before

local now, scope = clock(ARGV[1]), ARGV[3]
local changed
if ARGV[4] == '1' then
  local noted = redis.call('HGET', K.paused, scope)
  changed = (not noted or (ARGV[5] ~= '' and cjson.decode(noted).why ~= ARGV[5])) and 1 or 0
  if changed == 1 then
    redis.call('HSET', K.paused, scope, cjson.encode({who = ARGV[2], at = now, why = ARGV[5]}))
  end
else
  changed = redis.call('HDEL', K.paused, scope)
  -- Whoever rests may have something to do now.
  for _, worker in ipairs(redis.call('ZRANGE', K.idle, 0, -1)) do knock(worker) end
end
local checkpoint = string.match(scope, '^checkpoint:(.*)$')
if checkpoint and changed == 1 then
  while redis.call('HEXISTS', K.join, 'to') == 1 do move_on({left = math.huge}) end
  refit(checkpoint)
end
if changed == 1 then
  audit(ARGV[2], ARGV[4] == '1' and 'pause' or 'resume', scope, now, ARGV[5] ~= '' and 'why' or '', ARGV[5])
end
return changed
