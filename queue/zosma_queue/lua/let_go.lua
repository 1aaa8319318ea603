-- A job that was not taken needs its pictures no longer: those that were sent for it alone are deleted.
--
-- KEYS  1 prefix
-- ARGV  1 now (unused: every verb has it)   2 job ('': whichever needs them)   3… ids of pictures
-- Returns  how many were deleted

local deleted = 0
for i = 3, #ARGV do
  local id, note, others = ARGV[i], input_note(ARGV[i]), {}
  if note then
    for _, job in ipairs(note.jobs) do
      if ARGV[2] ~= '' and job ~= ARGV[2] then table.insert(others, job) end
    end
    if #others == 0 then
      drop_input(id)
      deleted = deleted + 1
    else
      note.jobs = others
      redis.call('HSET', K.input_notes, id, cjson.encode(note))
    end
  end
end
return deleted
