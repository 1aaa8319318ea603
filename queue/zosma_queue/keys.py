"""Every Redis key, one function or constant each.

Scripts have the constants from here (`K.needs` is `NEEDS`), and build what the functions do in lua/_common.lua; a test
compares them.

All queue keys share the hash tag `{zosma}`, so that they lie on one node of a Redis Cluster. What only the bot may read
begins with `bot:`. What a worker's Redis user needs is in README.md, by name; tests/worker/test_redis_user.py holds it.
"""

from __future__ import annotations

#: KEYS[1] of every script.
PREFIX = "{zosma}:"
#: Pub/sub channel with one JSON object an event; see zosma_queue/events.py.
EVENTS = PREFIX + "events"
#: zset: waiting job ids by the ms at which they were accepted.
WAITING = PREFIX + "waiting"
#: zset: job ids by the ms at which they fall due.
DELAYED = PREFIX + "delayed"
#: zset: running job ids by the ms at which their lease runs out.
LEASES = PREFIX + "leases"
#: zset: jobs failed for good, by the ms at which they did.
DEAD = PREFIX + "dead"
#: zset: ended jobs whose end the bot has not shown yet, by the ms at which they ended.
UNDELIVERED = PREFIX + "undelivered"
#: zset: workers by the ms of their last sign of life.
WORKERS = PREFIX + "workers"
#: hash: worker → version at which what the catalogue says of it changed last; `` → the newest version, and the newest
#: that changed what may be admitted (fleet_reader.py).
VERSIONS = PREFIX + "versions"
#: zset: workers that wait for a job, by the ms since which they do.
IDLE = PREFIX + "idle"
#: hash: class → its needs (JSON), as versions before the index had it. Where it is there, `_adopt.lua` files its jobs.
CLASSES = PREFIX + "classes"
#: string: how waiting jobs are filed (`FORMAT` in _common.lua).
FORMAT = PREFIX + "index:format"
#: string: when the sweep last looked for what workers of a version before left, and how far it came; goes by itself.
LOOKED = PREFIX + "index:looked"
#: hash: class → its needs (JSON), for each class with waiting jobs.
NEEDS = PREFIX + "index:needs"
#: hash: class → the bucket in which its jobs wait. A bucket has the classes which the same workers can do.
BUCKETS = PREFIX + "index:buckets"
#: hash: what all classes of a bucket have in common → the bucket.
BUCKET_LIKE = PREFIX + "index:bucket-like"
#: hash: bucket → what all its classes have in common.
ALIKE = PREFIX + "index:alike"
#: hash: bucket → who is rather to do its jobs, or what checkpoint is paused (JSON), where there is such a thing.
SPECIAL = PREFIX + "index:special"
#: string: number of the last bucket.
BUCKET_SEQ = PREFIX + "index:bucket-seq"
#: hash: token → number of classes with waiting jobs that need it.
WANTED_TOKENS = PREFIX + "index:tokens"
#: zset: what workers can do (a profile) by the ms of the last sign of life of a worker that can do exactly that.
PROFILES = PREFIX + "index:profiles"
#: hash: what is being filed (_join.lua): `profile`; the `bucket` that is looked at, or `from`, `to` and `verdict` of
#: the jobs that are being moved; and how far that is.
JOIN = PREFIX + "index:join"
#: hash: meanwhile, bucket → `can` or `cannot`: what workers of that profile can do of it.
JOIN_VERDICTS = PREFIX + "index:join-verdicts"
#: hash: verdict and what all classes of a bucket have in common → the bucket.
JOIN_LIKE = PREFIX + "index:join-like"
#: set: owners in whose jobs is to be looked next.
JOIN_OWNERS = PREFIX + "index:join-owners"
#: hash: worker → how it is filed in the index (JSON).
FLEET = PREFIX + "index:fleet"
#: hash: checkpoint → number of workers that hold it, or are about to.
HELD = PREFIX + "index:held"
#: hash: bucket → ms since which no worker can serve it, the negative of it where no worker at all is there; under ``
#: what was there when that was looked at last.
STRANDED = PREFIX + "index:stranded"
#: hash: bucket → the shortest patience of its jobs, in ms, where it is shorter than usual; `*` and bucket → the
#: shortest time for which they wait while no worker at all is there.
PATIENCE = PREFIX + "index:patience"
#: hash: the virtual clock `v`, and group → tag of its next job.
TAGS = PREFIX + "tags"
#: hash: owner, `group <group>` or `person <person>` → number of jobs that have not ended.
OPEN = PREFIX + "open"
#: zset: owners by the number of their jobs that have not ended.
BUSIEST = PREFIX + "busiest"
#: hash: owner or `group <group>` with open jobs → weight in the fair order by their policies, where it isn't 1.
WEIGHTS = PREFIX + "weights"
#: hash: owner with open jobs → the group that they are in, one for all owners that are one person.
GROUP_OF = PREFIX + "group-of"
#: hash: owner with open jobs → the person who they are in all places together, where there are several.
PERSON_OF = PREFIX + "person-of"
#: hash: owner, or `person <person>` → number of their running jobs.
RUNNING = PREFIX + "running"
#: hash: owner → most running jobs, where their policy sets a limit.
CAPS = PREFIX + "caps"
#: zset: jobs that go before everybody's, by the ms at which an admin said so.
BUMPED = PREFIX + "bumped"
#: hash: `<place>|<checkpoint>`, `<place>|` and `|<checkpoint>` → real seconds for each predicted one.
SPEED = PREFIX + "speed"
#: hash: place, or `` for all → seconds that one checkpoint load takes.
LOADS = PREFIX + "loads"
#: hash: how forecasts turned out: `bias` (real by forecast time), `error` (share by which they were off), `count`.
ACCURACY = PREFIX + "accuracy"
#: stream: what admins did, each entry chained to the one before (audit.py). The bot's alone.
AUDIT = f"bot:{PREFIX}audit"
#: hash: number `n` and `hash` of its last entry. The bot's alone.
AUDIT_HEAD = f"bot:{PREFIX}audit-head"
#: hash: role or API key → its policy (JSON). The bot's alone.
POLICIES = f"bot:{PREFIX}policies"
#: hash: name → what is kept of an API key (JSON), its digest but never the key; `` → stamp of the last change
#: (api_keys.py). The bot's alone.
API_KEYS = f"bot:{PREFIX}api-keys"
#: hash: name of an API key, in Redis or in the environment → ms at which it was last used. The bot's alone.
API_KEY_USES = f"bot:{PREFIX}api-key-uses"
#: hash: group, or `` for everybody → what is allowed there (JSON). The bot's alone.
RULES = f"bot:{PREFIX}rules"
#: string: drawn anew whenever rules or policies are written (rulebook.py). The bot's alone.
RULES_VERSION = f"bot:{PREFIX}rules-version"
#: hash: class → number of jobs that wait in it.
DEPTH = PREFIX + "depth"
#: hash: counters since the beginning (done, failed, cancelled, retried, replayed, lost, refused, loads, loads_saved,
#: and `fault:<kind of error>` for each try that went wrong).
STATS = PREFIX + "stats"
#: string: the process that sweeps; goes by itself when it does no longer.
SWEEPER = PREFIX + "index:sweeper"
#: string: ms of the last sweep or worker's sign of life, by the server's clock.
SWEPT = PREFIX + "swept"
#: hash: job → `<bytes> <attempt> <pictures>` of its pictures, while they are stored.
PICTURE_BYTES = PREFIX + "picture-bytes"
#: zset: the same jobs by the ms at which their pictures go by themselves.
PICTURE_ENDS = PREFIX + "picture-ends"
#: zset: those of them whose owners have seen the pictures, by the same time.
SHOWN = PREFIX + "shown"
#: string: `<name> <mark>` of the bucket that the bot reads pictures from (s3_pictures.py); '' for none but Redis.
RESULTS = PREFIX + "results"
#: hash: job → `<bytes> <attempt> <pictures> <store>` of its pictures in a bucket, until they are deleted there.
OBJECT_BYTES = PREFIX + "object-bytes"
#: zset: the same jobs by the ms from which on the bot is to delete them.
OBJECT_ENDS = PREFIX + "object-ends"
#: zset: those of them whose owners have seen the pictures, by the same time.
OBJECT_SHOWN = PREFIX + "object-shown"
#: string: number of the last job accepted.
SEQ = PREFIX + "seq"
#: string: the oldest worker protocol that may work (fleet.py).
PROTOCOL = PREFIX + "protocol"
#: hash: scope (`queue`, `lane:…`, `checkpoint:…`, `worker:…`) → who paused it, when and why (JSON).
PAUSED = PREFIX + "paused"
#: zset: jobs that a client's open connection waits for, by the ms at which they end if nobody says that it still does.
WANTED = PREFIX + "wanted"
#: zset: requests that the bot has taken and not yet queued, by the ms at which it did. The bot's alone.
ASKED = f"bot:{PREFIX}asked"
#: zset: ids of pictures that requests start from, by the ms at which they go.
INPUTS = PREFIX + "inputs"
#: hash: id of such a picture → who sent it, its bytes, the jobs that need it (JSON).
INPUT_NOTES = PREFIX + "input-notes"
#: hash: owner, or `` for all → bytes of such pictures.
INPUT_BYTES = PREFIX + "input-bytes"
#: string: what the bot signs links with. The bot's alone.
SECRET = f"bot:{PREFIX}secret"
#: zset: jobs whose end is told by webhook, by the ms at which it is their turn. The bot's alone.
WEBHOOKS = f"bot:{PREFIX}webhooks"
#: zset: bot processes by the ms of their last sign of life. The bots' alone, as all that follows.
BOTS = f"bot:{PREFIX}bots"
#: zset: those of them that hear Discord.
HEARING = f"bot:{PREFIX}hearing"
#: string: the bot process that posts.
POSTER = f"bot:{PREFIX}poster"
#: hash: a worker's place → what it could do when it was last ready (JSON).
LAST_FLEET = f"bot:{PREFIX}fleet"
#: zset: these places by the ms at which they were last ready.
LAST_FLEET_SEEN = f"bot:{PREFIX}fleet-seen"
#: hash: when the operator's machines were last called to come or to go, and how often (lua/summon.lua).
SUMMONS = f"bot:{PREFIX}summons"


def part(job_id: str, first: int) -> str:
    """The id under which the part of a set waits and runs that begins with this picture; `_sets.lua` makes them."""
    return f"{job_id}~{first}"


def whole(job_id: str) -> str:
    """The job that an id is a part of; itself for any other id."""
    return job_id.partition("~")[0]


def job(job_id: str) -> str:
    """hash: everything about a job, its Dramatiq message included."""
    return f"{PREFIX}job:{job_id}"


def image(job_id: str, attempt: int, index: int) -> str:
    """string: the bytes of one picture. The attempt is in the name, so that a late worker overwrites nothing."""
    return stored_image(f"{job_id}:{attempt}:{index}")


def stored_image(where: str) -> str:
    """string: the bytes of one picture, by what is noted of where they lie: `<job or part>:<attempt>:<index>`."""
    return f"{PREFIX}image:{where}"


def picture_input(input_id: str) -> str:
    """string: the bytes of a picture that a request starts from. Its bytes are Python's alone."""
    return f"{PREFIX}input:{input_id}"


def preview(job_id: str) -> str:
    """string: the newest preview of a running job."""
    return f"{PREFIX}preview:{job_id}"


def worker(worker_id: str) -> str:
    """hash: a worker's state, loaded checkpoint, limits, current job and what it says about itself."""
    return f"{PREFIX}worker:{worker_id}"


def notes(place: str) -> str:
    """string: what whoever drives the WebUI at a place must know again after a worker has died. Python's alone."""
    return f"{PREFIX}worker:{place}/notes"


def can(profile: str) -> str:
    """set: the tokens that workers of a profile can serve."""
    return f"{PREFIX}can:{profile}"


def ready(profile: str) -> str:
    """zset: the ready workers of a profile by the ms of their last sign of life."""
    return f"{PREFIX}index:ready:{profile}"


def idle(profile: str) -> str:
    """zset: those of them that wait for a job, by the ms since which they do."""
    return f"{PREFIX}index:idle:{profile}"


def idle_with(profile: str, checkpoint: str) -> str:
    """zset: those of them that hold a checkpoint."""
    return f"{PREFIX}index:idle:{profile}:{checkpoint}"


def serves(profile: str) -> str:
    """set: the buckets whose jobs workers of a profile can do."""
    return f"{PREFIX}index:serves:{profile}"


def able(bucket: str) -> str:
    """set: the profiles that can do the jobs of a bucket."""
    return f"{PREFIX}index:able:{bucket}"


def bucket_classes(bucket: str) -> str:
    """set: the classes of a bucket."""
    return f"{PREFIX}index:bucket-classes:{bucket}"


def join_classes(verdict: str) -> str:
    """set: the classes of the bucket that is looked at for which that was found."""
    return f"{PREFIX}index:join-classes:{verdict}"


def join_checkpoints(verdict: str) -> str:
    """set: their checkpoints, '' for those that name none."""
    return f"{PREFIX}index:join-checkpoints:{verdict}"


def wake(worker_id: str) -> str:
    """list: tokens that wake a worker which blocks on it."""
    return f"{PREFIX}wake:{worker_id}"


def handed(worker_id: str) -> str:
    """list: the job that a worker which blocks on it was handed (`_take.lua`); goes with its lease."""
    return f"{PREFIX}wake:handed:{worker_id}"


def try_now(worker_id: str) -> str:
    """string: there when an admin wants a sick worker tried at once. Python's alone: no script touches it."""
    return f"{PREFIX}try-now:{worker_id}"


def cooldown(owner: str) -> str:
    """string: there while an owner has to wait before their next job."""
    return f"{PREFIX}cooldown:{owner}"


def spent(owner: str, day: int) -> str:
    """string: GPU-seconds that an owner has used on a day (days since 1970, UTC)."""
    return f"{PREFIX}spent:{day}:{owner}"


def made(scope: str, day: int) -> str:
    """hash: `jobs`, `pictures`, `gpu_ms` and `checkpoint:<name>` (pictures) that were shown to an owner or in a group.

    On a day (days since 1970, UTC). The bot's alone."""
    return f"bot:{PREFIX}made:{day}:{scope}"


def group_tags(group: str) -> str:
    """hash: the group's own clock `v`, and owner or `person <person>` → tag of their next job."""
    return f"{PREFIX}tags:{group}"


def groups(bucket: str) -> str:
    """zset: groups with waiting jobs in a bucket, by tag."""
    return f"{PREFIX}index:groups:{bucket}"


def owners(bucket: str, group: str) -> str:
    """zset: a group's owners with waiting jobs in a bucket, by tag."""
    return f"{PREFIX}index:owners:{bucket}:{group}"


def all_owners(group: str) -> str:
    """zset: a group's owners with waiting jobs in any bucket, as far as they may be taken, by tag."""
    return f"{PREFIX}index:all-owners:{group}"


def groups_with(bucket: str, checkpoint: str) -> str:
    """set: those of the groups whose jobs in a bucket name this checkpoint."""
    return f"{PREFIX}index:groups-with:{bucket}:{checkpoint}"


def owners_with(bucket: str, checkpoint: str, group: str) -> str:
    """set: those of a group's owners."""
    return f"{PREFIX}index:owners-with:{bucket}:{len(checkpoint.encode())}:{checkpoint}:{group}"


def buckets_with(checkpoint: str) -> str:
    """set: the buckets in which jobs that may be taken name this checkpoint."""
    return f"{PREFIX}index:buckets-with:{checkpoint}"


def cold(bucket: str) -> str:
    """set: the checkpoints that a bucket's jobs name, as far as they may be taken, and that no worker holds."""
    return f"{PREFIX}index:cold:{bucket}"


def heads(bucket: str, owner: str) -> str:
    """zset: the checkpoints (`` for none) that an owner's waiting jobs of a bucket name, by the number of the first."""
    return f"{PREFIX}index:heads:{bucket}:{owner}"


def jobs(bucket: str, checkpoint: str, owner: str) -> str:
    """zset: those jobs by sequence number."""
    return f"{PREFIX}index:jobs:{bucket}:{len(checkpoint.encode())}:{checkpoint}:{owner}"


def owner_buckets(owner: str) -> str:
    """zset: the buckets in which an owner has waiting jobs, by the number of the first one."""
    return f"{PREFIX}index:first:{owner}"


def group_buckets(group: str) -> str:
    """set: the buckets in which a group has waiting jobs that may be taken."""
    return f"{PREFIX}index:group-buckets:{group}"


def owners_of(person: str) -> str:
    """set: the owners with open jobs that are one person."""
    return f"{PREFIX}owners-of:{person}"


def reply(job_id: str) -> str:
    """string: where the answer to a job goes (JSON). The bot's alone: it holds interaction tokens."""
    return f"bot:{PREFIX}reply:{job_id}"


def asked(job_id: str) -> str:
    """string: where the answer goes to a request that the bot has taken and not yet queued (JSON). The bot's alone."""
    return f"bot:{PREFIX}asked:{job_id}"


def webhook(job_id: str) -> str:
    """hash: where a job's end is told, what of it has been, how often it was tried. The bot's alone."""
    return f"bot:{PREFIX}webhook:{job_id}"


def document(kind: str, document_id: str) -> str:
    """string: a document that the bot keeps (JSON), like a member's settings. The bot's alone."""
    return f"bot:{PREFIX}record:{kind}:{document_id}"


def history(owner: str) -> str:
    """zset: ids of an owner's newest jobs by the ms at which they asked for them. The bot's alone."""
    return f"bot:{PREFIX}history:{owner}"


def series(seconds: int, number: int) -> str:
    """hash: what was counted in the `number`th span of so many seconds since 1970 (series.py has the fields)."""
    return f"{PREFIX}series:{seconds}:{number}"


def claim(name: str) -> str:
    """string: there once a bot process has taken up an interaction, so that no other does. The bots' alone."""
    return f"bot:{PREFIX}claim:{name}"
