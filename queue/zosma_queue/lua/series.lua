-- What was counted in spans of time, several neighbouring ones summed up to one. Changes nothing.
--
-- KEYS  1 prefix
-- ARGV  1 now (unused: every verb has it)   2 seconds of one span, 60 or 3600   3 number of the first one
--       4 how many are summed up to one   5 how many sums
-- Returns  for each sum, oldest first, {name, count, name, count, …}; {} where nothing was counted

local seconds, first, size, count = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local function sum_up_in(sums, number)
  local flat = redis.pcall('HGETALL', series_key(seconds, number))
  if flat.err then return end -- junk under its name
  for i = 1, #flat, 2 do
    local name = flat[i]
    sums[name] = (sums[name] or 0) + math.max(tonumber(flat[i + 1]) or 0, 0)
  end
end

local found = {}
for at = 1, count do
  local sums, told = {}, {}
  for number = first + (at - 1) * size, first + at * size - 1 do sum_up_in(sums, number) end
  for name, sum in pairs(sums) do
    table.insert(told, name)
    table.insert(told, string.format('%.0f', sum))
  end
  found[at] = told
end
return found
