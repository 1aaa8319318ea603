-- Writes into the audit stream what an admin did beside the queue.
--
-- KEYS  1 prefix
-- ARGV  1 now (0: server's)   2 who   3 act   4 target   5 part of the target that was changed ('' for all)   6 to what, or by what
-- Returns  1

audit(ARGV[2], ARGV[3], ARGV[4], clock(ARGV[1]), ARGV[5], ARGV[6])
return 1
