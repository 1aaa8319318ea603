"""The queue manager: job types, fair order, leases and events, all decided inside Redis.

An order to read it in, each module knowing only those before it but for small helpers:

1. What is asked for and what comes out: `request`, `needs`, `cost`, `messages`, `job`; `errors` for what goes wrong.
2. Who does it: `fleet` (what a worker says of itself), `catalogue` (what all of them offer), `feasibility`;
   `last_fleet` for who did while nobody is there.
3. Who may: `policy` (limits, by role or key), `moderation` (what may be asked for) with `words`, `scopes` (pauses).
4. Redis: `keys`, the verbs in `lua/`, `scripts` (how they are run), `calls` (one function for each verb);
   `connections`, `nodes`, `redis_says` and `unreadable` for a Redis that is away, moved or holds junk.
5. The doors: `client.Queue` for the bot with `admin`, `history`, `privacy`, `documents` and `workers`;
   `worker_queue.WorkerQueue` and `broker` for a worker; `sweeper` for what time alone changes; `events` is the bell.
   `backup` with `backup_redis`, `backup_file` and `backup_parts`: all that is set up, out and in again.
6. Looking ahead and at a glance: `snapshot`, `forecast`, `overview`; back over hours and days: `series`.
"""
