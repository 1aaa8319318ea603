-- A bot process says that it is there, and hears whether it is the one that posts. The first one does, until it goes or
-- falls silent; then whoever asks next.
--
-- KEYS  1 prefix   2 the bots that are there   3 those of them that hear Discord   4 the one that posts
-- ARGV  1 now (0: server's)   2 bot   3 ms after which a silent bot counts as gone   4 '1' when it hears Discord
--       5 '1' when it goes
-- Returns  {1 when it posts, how many others hear Discord}

local now, bot = clock(ARGV[1]), ARGV[2]
local silent = '(' .. (now - tonumber(ARGV[3]))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', silent)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', silent)

if ARGV[5] == '1' then
  redis.call('ZREM', KEYS[2], bot)
  redis.call('ZREM', KEYS[3], bot)
  if redis.call('GET', KEYS[4]) == bot then redis.call('DEL', KEYS[4]) end
  return {0, redis.call('ZCARD', KEYS[3])}
end

redis.call('ZADD', KEYS[2], now, bot)
if ARGV[4] == '1' then redis.call('ZADD', KEYS[3], now, bot) else redis.call('ZREM', KEYS[3], bot) end
local poster = redis.call('GET', KEYS[4])
if not poster or not redis.call('ZSCORE', KEYS[2], poster) then
  poster = bot
  redis.call('SET', KEYS[4], bot)
end
local others = redis.call('ZCARD', KEYS[3]) - (ARGV[4] == '1' and 1 or 0)
return {poster == bot and 1 or 0, others}
