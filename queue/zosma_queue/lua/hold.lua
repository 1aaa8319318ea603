-- Keeps the pictures that a job starts from.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 job   3 how long, ms   4… ids of pictures
-- Returns  how many of them are there

local now, job, there = clock(ARGV[1]), ARGV[2], 0
-- Of a picture that is used again and again, the newest jobs; those that have ended go first.
local JOBS = 50
local function drop_one(jobs)
  for at, one in ipairs(jobs) do
    if is_over(one) then return table.remove(jobs, at) end
  end
  return table.remove(jobs, 1)
end
for i = 4, #ARGV do
  local id, note = ARGV[i], input_note(ARGV[i])
  if redis.call('PEXPIRE', input_key(id), ARGV[3]) == 1 then
    there = there + 1
    if note then
      if #note.jobs >= JOBS then drop_one(note.jobs) end
      table.insert(note.jobs, job)
      redis.call('HSET', K.input_notes, id, cjson.encode(note))
      redis.call('ZADD', K.inputs, now + tonumber(ARGV[3]), id)
    end
  end
end
return there
