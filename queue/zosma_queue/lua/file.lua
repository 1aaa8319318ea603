-- Goes on filing what a new sort of worker can do (`_join.lua`).
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 about so many µs may be spent on it
-- Returns  1 when nothing is left to be filed

return join_on({left = tonumber(ARGV[2])}, clock(ARGV[1])) and 1 or 0
