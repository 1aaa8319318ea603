-- Gives a free worker the job it should do next, under a lease (`_take.lua`), or notes that it is idle.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 worker   3 lease, ms   4 a secret of the worker's, without which nobody renews or settles what it is given
--       5 '1': where there is none, it waits to be handed one
-- Returns  nil, or the job as `message_of` tells it

return fetch_for(ARGV[2], redis.sha1hex(ARGV[4]), tonumber(ARGV[3]), ARGV[5] == '1', clock(ARGV[1]))
