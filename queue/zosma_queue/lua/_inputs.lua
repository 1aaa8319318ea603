-- Pictures that requests start from: who sent each, how large it is, which jobs need it. The bytes themselves are
-- written and read by Python alone.

local function input_key(id) return P .. 'input:' .. id end

-- What is noted of a picture, nil when nothing is.
local function input_note(id)
  local text = redis.call('HGET', K.input_notes, id)
  return text and cjson.decode(text)
end

local function drop_input(id)
  local note = input_note(id)
  redis.call('UNLINK', input_key(id))
  redis.call('ZREM', K.inputs, id)
  if not note then return end
  redis.call('HDEL', K.input_notes, id)
  for _, whose in ipairs({note.owner, ''}) do
    if redis.call('HINCRBY', K.input_bytes, whose, -note.bytes) <= 0 then redis.call('HDEL', K.input_bytes, whose) end
  end
end

-- True when a job has ended, or is forgotten.
local function is_over(job)
  local state = redis.call('HGET', job_key(job), 'state')
  return not state or state == 'done' or state == 'failed' or state == 'cancelled'
end

-- True for a picture that no open job needs, and that some job has needed: one that was only just sent has none yet.
local function is_spent(note)
  for _, job in ipairs(note.jobs) do
    if not is_over(job) then return false end
  end
  return #note.jobs > 0
end

-- Of a picture that is used again and again, the newest jobs are noted; those that have ended go first.
local HOLDERS = 50
local function drop_holder(jobs)
  for at, one in ipairs(jobs) do
    if is_over(one) then return table.remove(jobs, at) end
  end
  return table.remove(jobs, 1)
end

-- Keeps a picture for `ttl_ms` because a job starts from it. False when it is no longer there.
local function hold_input(id, job, ttl_ms, now)
  if redis.call('PEXPIRE', input_key(id), ttl_ms) == 0 then return false end
  local note = input_note(id)
  if note then
    if #note.jobs >= HOLDERS then drop_holder(note.jobs) end
    table.insert(note.jobs, job)
    redis.call('HSET', K.input_notes, id, cjson.encode(note))
    redis.call('ZADD', K.inputs, now + ttl_ms, id)
  end
  return true
end
