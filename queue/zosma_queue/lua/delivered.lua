-- The bot has shown a job's end to its owner: it is owed no longer, and its images may go soon.
--
-- KEYS  1 prefix
-- ARGV  1 now (unused: every verb has it)   2 id   3 how long images stay, ms   4… image keys
-- Returns  1 when it was owed

for i = 4, #ARGV do redis.call('PEXPIRE', ARGV[i], ARGV[3]) end
return redis.call('ZREM', K.undelivered, ARGV[2])
