-- Ends one delivery of a job (`_settle.lua`).
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 id   3 attempt   4 verb   5 result (JSON) or error text   6 error kind
--       7 GPU-seconds really used   8 back-off, ms   9 most failures   10 '1': rather on another worker next time
--       11 the secret that fetched it
-- Verbs  done: the pictures are stored.   fail: never again.   retry: again after the back-off, until `most failures`.
--        release: back to its place, no blame.   cancelled: the worker stopped it. Its owner pays for what was used until then.
-- Returns  the job's new state, or 'stale'

return settle(ARGV[2], {unpack(ARGV, 3, 11)}, clock(ARGV[1]))
