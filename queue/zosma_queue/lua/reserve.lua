-- Makes room for a picture that a request is to start from. At a bound, the oldest that no open job needs go first.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 id   3 owner   4 bytes   5 how long it stays if no job takes it, ms
--       6 most bytes of one owner   7 most bytes of all; at most a quarter of what Redis may use
-- Returns  ok; owner or all, whichever bound it would break

local now = clock(ARGV[1])
local id, owner, bytes = ARGV[2], ARGV[3], tonumber(ARGV[4])
-- Looked at in one call: more is for the next.
local LOOK = 500

for _, gone in ipairs(redis.call('ZRANGEBYSCORE', K.inputs, '-inf', now, 'LIMIT', 0, LOOK)) do drop_input(gone) end

local most_of_all = tonumber(ARGV[7])
local maxmemory = tonumber(string.match(redis.call('INFO', 'memory'), 'maxmemory:(%d+)') or '0')
if maxmemory > 0 then most_of_all = math.min(most_of_all, maxmemory / 4) end

local function is_over_bound(whose, most) return tonumber(redis.call('HGET', K.input_bytes, whose) or '0') + bytes > most end

for whose, most in pairs({[owner] = tonumber(ARGV[6]), [''] = most_of_all}) do
  if is_over_bound(whose, most) then
    for _, old in ipairs(redis.call('ZRANGE', K.inputs, 0, LOOK - 1)) do
      local note = input_note(old)
      if not note or ((whose == '' or note.owner == whose) and is_spent(note)) then drop_input(old) end
      if not is_over_bound(whose, most) then break end
    end
    if is_over_bound(whose, most) then return whose == '' and 'all' or 'owner' end
  end
end

redis.call('ZADD', K.inputs, now + tonumber(ARGV[5]), id)
redis.call('HSET', K.input_notes, id, cjson.encode({owner = owner, bytes = bytes, jobs = {}}))
redis.call('HINCRBY', K.input_bytes, owner, bytes)
redis.call('HINCRBY', K.input_bytes, '', bytes)
return 'ok'
