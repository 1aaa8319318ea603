-- Pictures that open jobs start from stay as long as the job: those that would soon go by themselves get more time.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 how soon, ms   3 how long they stay from now, ms
-- Returns  how many got more time

local now, count = clock(ARGV[1]), 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', K.inputs, now, now + tonumber(ARGV[2]))) do
  local note = input_note(id)
  if note and #note.jobs > 0 and not is_spent(note) and redis.call('PEXPIRE', input_key(id), ARGV[3]) == 1 then
    redis.call('ZADD', K.inputs, now + tonumber(ARGV[3]), id)
    count = count + 1
  end
end
return count
