"""One function a verb: what the Lua file beside it takes and gives, in Python's words.

`now_ms` is 0, the Redis server's own clock, everywhere but in tests.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zosma_queue import history, keys
from zosma_queue.errors import ErrorKind
from zosma_queue.fleet import Capabilities, Trust, WorkerState
from zosma_queue.job import Result, State
from zosma_queue.needs import SKIP, Lane, Needs
from zosma_queue.policy import LIMITS_BY_NAME, UNLIMITED, Limit, Policy
from zosma_queue.scripts import Argument, Call
from zosma_queue.unreadable import skipping

#: A killed worker's job is free again when its lease has run out; renewed nine times as often (as in _common.lua).
LEASE_MS = 4_500
#: The lease of a job that a waiting worker is handed, until it has renewed it: it may be dead (as in _take.lua).
HANDED_MS = 2_000
#: A worker that is silent for this long counts as gone (_common.lua has the same number).
WORKER_TTL_MS = 8_000
#: Leases are renewed so often that only a longer standstill of Redis lets one of a living worker run out; without that,
#: signs of life and sweeps come oftener. As in _common.lua.
AWAY_MS = 3_000
#: Who sweeps does so for this long after each sweep, then anybody may.
SWEEPER_MS = 1_500
#: A bot process that is silent for this long is gone, and another one posts.
BOT_TTL_MS = 3_000
#: A job that lost this many workers is set aside: it may be what kills them.
MAX_LOST = 3
#: How far behind the head a job without a load may stand and still be taken first, in GPU-seconds.
AFFINITY_WINDOW_S = 60.0
#: A head passed over this often, or for this long, goes next whatever it costs.
MAX_SKIPS = 16
MAX_SKIP_MS = 120_000
#: While relax jobs wait, every so-manieth job is one of them.
TRICKLE = 10
#: Among how many owners, in fair order, one is looked for whose checkpoint nobody holds.
LOOK_OWNERS = 200
#: Most jobs that one sweep handles in one go; it comes again in a second.
SWEEP_LIMIT = 100
#: About so many µs one script spends on filing what a new sort of worker can do: others wait for it meanwhile.
FILING_US = 4_000
#: Most jobs whose pictures go in one call; the next one comes in a second.
EVICT_LIMIT = 200
#: As good as none: of bytes.
NO_LIMIT = 2**53
#: How long a program may leave its pictures here when others need the room.
LEFT_HERE_MS = 3600_000
#: A picture that a request starts from, once that is queued: for as long as its result is kept. Longer while a job that
#: needs it has not ended.
INPUT_TTL_S = 24 * 3600
#: How long an accepted job waits for a capable worker to come back.
PATIENCE_MS = 10 * 60_000


class Accepted(enum.StrEnum):
    """The queue's answer to a new job."""

    QUEUED = "queued"
    DELAYED = "delayed"
    EXISTS = "exists"  # the same id before: the same job
    OTHER = "other"  # refused: the same id before, and another request
    NOBODY = "nobody"  # refused: no worker is ready
    INFEASIBLE = "infeasible"  # refused: no ready worker can do it
    INPUT_GONE = "input-gone"  # refused: a picture that it starts from is no longer stored
    STALE = "stale"  # not looked at: what it was judged by has changed since
    OVER_LIMIT = "over-limit"  # refused: it would break a limit


@dataclass(frozen=True)
class Admission:
    """An answer, and for a refusal when to try again."""

    answer: Accepted
    retry_after_s: float
    limit: Limit | None = None
    """The one that it would break."""


@dataclass(frozen=True)
class Variant:
    """One picture of a set whose pictures need different things."""

    needs: Needs
    cost: float


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """What the queue is given."""

    id: str
    message: bytes
    owner: str
    group: str
    needs: Needs
    cost: float
    lane: Lane | None = None
    """None: the lane of the policy."""
    run_at_ms: int = 0
    """Of the Redis server's clock; 0: at once."""
    delay_ms: int = 0
    patience_ms: int = PATIENCE_MS
    wait_ms: int = 0
    """How long it waits where no worker at all is ready; 0: then it isn't taken, and waits as long as its patience."""
    wanted_ms: int = 0
    """How long an open connection waits for it, unless that says so again (`want`): then it ends. 0: none does."""
    digest: str = ""
    """Of what was asked, for a sender that chose the id itself; '' for one that was drawn."""
    reply: str = ""
    """JSON that says where the answer goes; '' when its sender waits for it."""
    keep_ms: int = 0
    """How long it is kept once its end is shown; 0: as long as all are."""
    person: str = ""
    """Who the owner is in all places together: limits count over all of those too. '' for the owner alone."""
    policy: Policy = UNLIMITED
    group_weight: float = 1.0
    pictures: int = 1
    """How many single pictures it may be split into; 1: it can't be."""
    variants: tuple[Variant, ...] = ()
    """What each of its pictures needs, where that differs: then it is split in any case."""
    inputs: tuple[str, ...] = ()
    """Ids of the pictures that it starts from."""
    fleet_version: str = ""
    """By which its names were looked up; '' where nobody looked."""
    rules_version: bytes = b""
    """By which it was found to be allowed, with this policy; '' where nobody asked."""

    def split_as(self, lane: Lane) -> str:
        """What it may be split into, as JSON; '' for nothing."""
        if self.variants:
            each = [
                {"needs": one.needs.to_json(), "class": one.needs.class_in(lane), "cost": one.cost}
                for one in self.variants
            ]
            return json.dumps({"variants": each})
        return json.dumps({"count": self.pictures}) if self.pictures > 1 else ""


def enqueue(job: NewJob, *, now_ms: int = 0) -> Call[Admission]:
    """Takes a job in, or says why not.

    Raises:
      ValueError: when the cost is no positive number.
    """
    if not 0 < job.cost < float("inf"):
        raise ValueError(f"cost is {job.cost}: it must be a positive number of GPU-seconds")
    lane = job.lane or job.policy.lane
    return Call(
        "enqueue",
        (
            now_ms, job.id, job.message, job.owner, job.group, job.group_weight, job.needs.class_in(lane),
            job.needs.to_json(), job.cost, job.run_at_ms, job.delay_ms, job.patience_ms, job.reply, job.keep_ms,
            job.digest, job.policy.model_dump_json(), job.person, job.split_as(lane), job.wait_ms, job.fleet_version,
            job.rules_version, history.HISTORY_MAX, history.HISTORY_TTL_S * 1000, job.wanted_ms,
            INPUT_TTL_S * 1000, *job.inputs,
        ),
        lambda reply: Admission(
            Accepted(reply[0].decode()), reply[1] / 1000, LIMITS_BY_NAME[reply[2].decode()] if len(reply) > 2 else None
        ),
        more_keys=(keys.reply(job.id), keys.history(job.owner)),
    )  # fmt: skip


class Room(enum.StrEnum):
    """The answer to a picture that is to be stored."""

    OK = "ok"
    OWNER = "owner"  # refused: its sender has as many bytes stored as they may
    ALL = "all"  # refused: all together have


def reserve(
    input_id: str, owner: str, size: int, *, ttl_ms: int, most: int, most_of_all: int, now_ms: int = 0
) -> Call[Room]:
    """Makes room for a picture of `size` bytes; its own may still be written, for `ttl_ms`."""
    return Call(
        "reserve", (now_ms, input_id, owner, size, ttl_ms, most, most_of_all), lambda reply: Room(reply.decode())
    )


def prolong(*, within_ms: int, ttl_ms: int, now_ms: int = 0) -> Call[int]:
    """Gives pictures that open jobs start from `ttl_ms` more, if they would go `within_ms`; how many."""
    return Call("prolong", (now_ms, within_ms, ttl_ms), int)


def want(job_ids: Sequence[str], *, for_ms: int, now_ms: int = 0) -> Call[int]:
    """Says that open connections wait for these jobs: a sweep after `for_ms` ends them. 0: they are let be."""
    return Call("want", (now_ms, for_ms, *job_ids), int)


def let_go(job_id: str, input_ids: Sequence[str], *, now_ms: int = 0) -> Call[int]:
    """Deletes those of the pictures that no job but this one needs, with "" all of them; how many."""
    return Call("let_go", (now_ms, job_id, *input_ids), int)


@dataclass(frozen=True)
class Leased:
    """A job handed to a worker: `attempt` is the fence that every later call carries."""

    id: str
    attempt: int
    body: bytes
    owner: str = ""
    """Who asked for it, so that a worker can tell one member's bad luck from a broken WebUI."""
    first: int = 0
    count: int = 0
    """The pictures that are wanted, where it is a part of a set: so many, from `first` on. 0: all."""
    checkpoint: str = ""
    """What a part is made on, where its request names none."""


def fetch(
    worker: str, *, token: str = "", waits: bool = False, now_ms: int = 0, lease_ms: int = LEASE_MS
) -> Call[Leased | None]:
    """The next job for a free worker; None notes that it is idle. Whoever lacks `token` can't renew or settle it.

    `waits`: with None it blocks on `keys.handed`, where a job may be put for it (`leased_in`).
    """
    return Call(
        "fetch", (now_ms, worker, lease_ms, token, int(waits)), lambda reply: leased_in(reply) if reply else None
    )


def leased_in(text: bytes) -> Leased | None:
    """The job that a worker has fetched or was handed; None for one whose id is no text."""
    head, _, body = text.partition(b"\n")
    with skipping(keys.LEASES):  # by an id that is no text nothing can be settled: the sweep sees to it
        job_id, attempt, owner, *part = json.loads(head.decode(errors="surrogateescape"))
        job_id.encode()
        owner = owner.encode(errors="surrogateescape").decode(errors="replace")
        return Leased(job_id, attempt, body, owner, *part)
    return None


class Lease(enum.StrEnum):
    """The queue's answer to a renewal: what has become of a running job."""

    OK = "ok"
    SKIP = "skip"  # the picture at hand, once
    CANCEL = "cancel"
    LOST = "lost"


def renew(
    job_id: str,
    attempt: int,
    *,
    progress: float | None = None,
    eta_s: float | None = None,
    preview: bytes = b"",
    estimated: bool = False,
    token: str = "",
    now_ms: int = 0,
    lease_ms: int = LEASE_MS,
) -> Call[Lease]:
    """Keeps the lease and publishes progress. `estimated`: by time, because the WebUI doesn't say."""
    return Call(
        "renew",
        (
            now_ms, job_id, attempt, lease_ms, "" if progress is None else f"{progress:.4f}",
            "" if eta_s is None else f"{eta_s:.1f}", preview, int(estimated), token,
        ),
        lambda reply: Lease(reply.decode()),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a delivery ended. Made by one of the functions below."""

    verb: str
    text: str = ""
    kind: str = ""
    gpu_seconds: float = 0.0
    backoff_ms: int = 0
    max_failures: int = 1
    elsewhere: bool = False


def done(result: Result) -> Outcome:
    """The pictures are stored."""
    return Outcome(verb="done", text=result.model_dump_json(), gpu_seconds=result.gpu_seconds)


def fail(kind: ErrorKind, text: str = "") -> Outcome:
    """Never again: another try would end the same. `text`: better than the kind's own sentence."""
    return Outcome(verb="fail", kind=kind, text=text or kind.sentence)


def retry(kind: ErrorKind, text: str, *, backoff_ms: int, max_failures: int, elsewhere: bool = True) -> Outcome:
    """Again after the back-off, until the `max_failures`th failure; by another worker, if one can do it."""
    return Outcome(
        verb="retry", kind=kind, text=text, backoff_ms=backoff_ms, max_failures=max_failures, elsewhere=elsewhere
    )


def cancelled(gpu_seconds: float = 0.0) -> Outcome:
    """The worker stopped it because it was told to, after so many seconds at the GPU, which its owner pays."""
    return Outcome(verb="cancelled", gpu_seconds=round(gpu_seconds, 3))


def release(kind: ErrorKind | None = None, text: str = "") -> Outcome:
    """Back to its place, no blame. `kind` and `text` say why, for whoever looks while it waits."""
    return Outcome(verb="release", kind=kind or "", text=text or (kind.sentence if kind else ""))


RELEASE = release()
"""Back to its place, for no reason of its own."""


def settle(job_id: str, attempt: int, outcome: Outcome, *, token: str = "", now_ms: int = 0) -> Call[State | None]:
    """Ends a delivery; None when it had lost its lease, or never had it by this token, and nothing was changed."""
    return Call("settle", (now_ms, *_settling(job_id, attempt, outcome, token)), _settled)


def _settling(job_id: str, attempt: int, outcome: Outcome, token: str) -> tuple[Argument, ...]:
    return (
        job_id, attempt, outcome.verb, outcome.text, outcome.kind, outcome.gpu_seconds, outcome.backoff_ms,
        outcome.max_failures, int(outcome.elsewhere), token,
    )  # fmt: skip


def _settled(reply: bytes) -> State | None:
    return None if reply == b"stale" else State(reply.decode())


@dataclass(frozen=True)
class Next:
    """What a worker does after a settle."""

    leased: Leased | None
    """None: nothing waits for it, and it is noted as idle."""


def settle_and_fetch(
    job_id: str, attempt: int, outcome: Outcome, worker: str, *, token: str = "", waits: bool = False, now_ms: int = 0,
    lease_ms: int = LEASE_MS,
) -> Call[tuple[State | None, Next | None]]:  # fmt: skip
    """`settle`, and in the same step `fetch`; without a `Next` what stands in its way is for a `fetch` to say."""
    return Call(
        "settle_and_fetch",
        (now_ms, *_settling(job_id, attempt, outcome, token), worker, lease_ms, int(waits)),
        lambda reply: (_settled(reply[0]), Next(leased_in(reply[1]) if reply[1] else None) if len(reply) > 1 else None),
    )


class Cancelled(enum.StrEnum):
    """The queue's answer to a cancel."""

    CANCELLED = "cancelled"  # now, or before
    CANCELLING = "cancelling"  # its worker is told
    DONE = "done"  # too late
    FAILED = "failed"  # too late
    UNKNOWN = "unknown"


def cancel(job_id: str, *, admin: str = "", why: str = "", now_ms: int = 0) -> Call[Cancelled]:
    """Cancels a job in whatever state it is; with `admin`, the act is audited, and `why` told to its owner."""
    return Call("cancel", (now_ms, job_id, admin, why), lambda reply: Cancelled(reply.decode()))


class Skipped(enum.StrEnum):
    """The queue's answer to a skip."""

    SKIPPING = "skipping"  # its worker is told
    UNABLE = "unable"  # its WebUI can't
    IDLE = "idle"  # it doesn't run
    UNKNOWN = "unknown"


def skip(job_id: str, *, now_ms: int = 0) -> Call[Skipped]:
    """Has a running job's picture at hand ended as far as it is; the job goes on with the next."""
    return Call("skip", (now_ms, job_id, SKIP), lambda reply: Skipped(reply.decode()))


@dataclass(frozen=True)
class Swept:
    """What a sweep did, in jobs."""

    promoted: int = 0
    returned: int = 0
    set_aside: int = 0
    given_up: int = 0
    due_ms: int = -1
    """Until something else falls due; -1: somebody else sweeps, and nothing was done."""
    filing: int = 0
    """1 while what waits is being filed for a new sort of worker: `file` is to be called, the next sweep comes soon."""

    @property
    def is_ours(self) -> bool:
        """False when somebody else sweeps."""
        return self.due_ms >= 0


def sweep(who: str = "", *, now_ms: int = 0) -> Call[Swept]:
    """Wakes delayed jobs, retries lost ones and forgets old ones, by time alone.

    `who`: `bot <id>` or `worker <id>`, who does nothing while somebody else sweeps; "" does, whoever else does it.
    """
    return Call("sweep", (now_ms, MAX_LOST, SWEEP_LIMIT, who, SWEEPER_MS), lambda reply: Swept(*reply))


def file(*, filing_us: int = FILING_US, now_ms: int = 0) -> Call[bool]:
    """Goes on filing what a new sort of worker can do; True when nothing is left of it."""
    return Call("file", (now_ms, filing_us), bool)


@dataclass(frozen=True)
class Heard:
    """The queue's answer to a sign of life."""

    known: bool
    """False when it must be told what the worker can do."""
    unswept: bool
    """Nobody does what time alone changes: the worker is to."""
    filing: bool = False
    """What waits must be filed for a new sort of worker: once `file` has nothing left to do, it says the same again."""


def beat(
    worker: str,
    state: WorkerState,
    *,
    loaded: str | None,
    pixels: int,
    reason: str = "",
    trust: Trust = Trust.TRUSTED,
    about: Capabilities | None = None,
    filing_us: int = FILING_US,
    now_ms: int = 0,
) -> Call[Heard]:
    """A worker's sign of life."""
    described: tuple[str, ...] = (about.model_dump_json(), *about.tokens()) if about else ("",)
    return Call(
        "beat",
        (now_ms, worker, state, loaded or "", pixels, reason, trust, described[0], filing_us, *described[1:]),
        _heard,
    )


def _heard(reply: list[int]) -> Heard:
    known, unswept = reply
    return Heard(known == 1, bool(unswept), filing=known == 2)


def leave(worker: str, *, now_ms: int = 0) -> Call[bool]:
    """A worker goes; True when it was known."""
    return Call("leave", (now_ms, worker), bool)


def delivered(
    job_id: str, images: Iterable[str], *, keep_ms: int, kept: str = "", seen: bool = True, now_ms: int = 0
) -> Call[bool]:
    """A job's end has been shown: its images go after `keep_ms`, its result becomes `kept`. True when it was owed.

    `seen`: its owner has the pictures, so that they may go earlier when room is needed.
    """
    return Call("delivered", (now_ms, job_id, keep_ms, kept, int(seen), *images), bool, more_keys=(keys.reply(job_id),))


def set_reply(job_id: str, reply: str, *, now_ms: int = 0) -> Call[bool]:
    """Changes where the answer to a job goes; False for one that has none."""
    return Call("reply", (now_ms, reply), bool, more_keys=(keys.reply(job_id),))


@dataclass(frozen=True)
class Evicted:
    """What was done to make room."""

    jobs: int
    """Whose pictures went."""
    bytes: int
    left_bytes: int
    """What the pictures of all other jobs take."""


def evict(most_bytes: int, *, must_free: int = 0, most_in_bucket: int = NO_LIMIT, now_ms: int = 0) -> Call[Evicted]:
    """Drops pictures that have been shown until all others take `most_bytes`, and `must_free` bytes are free.

    Where that is not enough, also those that programs have left here for `LEFT_HERE_MS`. What lies in a bucket counts
    for itself, to `most_in_bucket`, and is only noted as to be deleted (stored_pictures.py).
    """
    return Call(
        "evict", (now_ms, most_bytes, must_free, EVICT_LIMIT, LEFT_HERE_MS, most_in_bucket),
        lambda reply: Evicted(*reply),
    )  # fmt: skip


def fetched(job_id: str, index: int, *, now_ms: int = 0) -> Call[bool]:
    """A program has fetched a picture of its job; True once it has all of them, which may go then for room."""
    return Call("fetched", (now_ms, job_id, index), bool)


def forget(owner: str, job_ids: Sequence[str], *, now_ms: int = 0) -> Call[int]:
    """Forgets those of the jobs that are the owner's and ended, or are being cancelled; how many."""
    return Call("forget", (now_ms, owner, *job_ids), int, more_keys=tuple(keys.reply(one) for one in job_ids))


def note_forecasts(ends_in_s: Mapping[str, float], *, now_ms: int = 0) -> Call[int]:
    """Writes down the seconds until each job's end, where none are noted yet; how many were."""
    pairs = (part for job_id, seconds in ends_in_s.items() for part in (job_id, seconds))
    return Call("forecast", (now_ms, *pairs), int)


def pause(admin: str, scope: str, *, why: str = "", now_ms: int = 0) -> Call[bool]:
    """Hands out no more jobs of a scope: `queue`, `lane:<lane>`, `checkpoint:<name>` or `worker:<id>`."""
    return Call("pause", (now_ms, admin, scope, 1, why), bool)


def resume(admin: str, scope: str, *, now_ms: int = 0) -> Call[bool]:
    """Goes on; False when the scope was not paused."""
    return Call("pause", (now_ms, admin, scope, 0, ""), bool)


def bump(admin: str, job_id: str, *, now_ms: int = 0) -> Call[bool]:
    """Moves a waiting job before everybody's; False when it doesn't wait."""
    return Call("bump", (now_ms, admin, job_id), bool)


def clear(admin: str, owner: str, job_ids: Iterable[str], *, why: str = "", now_ms: int = 0) -> Call[int]:
    """Cancels those of the jobs that are the owner's; how many."""
    return Call("clear", (now_ms, admin, owner, why, *job_ids), int)


def replay(admin: str, job_id: str, *, now_ms: int = 0) -> Call[bool]:
    """Gives a failed job a new life; False when it hasn't failed."""
    return Call("replay", (now_ms, admin, job_id), bool)


def note(admin: str, act: str, target: str, *, part: str = "", value: str = "", now_ms: int = 0) -> Call[bool]:
    """Writes down what an admin did beside the queue: the fields of an `Act`."""
    return Call("note", (now_ms, admin, act, target, part, value), bool)


def purge(admin: str, job_ids: Iterable[str], *, now_ms: int = 0) -> Call[int]:
    """Forgets failed jobs, and says how many."""
    return Call("purge", (now_ms, admin, *job_ids), int)


def series(seconds: int, first: int, size: int, count: int, *, now_ms: int = 0) -> Call[list[list[bytes]]]:
    """The sums of `count` times `size` spans from the `first` on: names and numbers in turn."""
    return Call("series", (now_ms, seconds, first, size, count), list)


@dataclass(frozen=True)
class Summons:
    """Whether the operator's machines are to be called now."""

    call: int
    """Which call it is, from 1 on; 0: none now."""
    waiting: int
    """Jobs that wait."""
    since_ms: int
    """Since when it is so by the server's clock; 0: it isn't."""


def summon(what: str, *, again_ms: int, most_ms: int, idle_ms: int = 0, now_ms: int = 0) -> Call[Summons]:
    """Asks whether machines are to be called to come (`wake`) or to go (`idle`, after `idle_ms` without work)."""
    return Call(
        "summon", (now_ms, what, again_ms, most_ms, idle_ms), lambda reply: Summons(*reply), more_keys=(keys.SUMMONS,)
    )


@dataclass(frozen=True)
class Standing:
    """What a bot process is among those that share the queue."""

    posts: bool
    """True for the one of them that shows results."""
    others_hearing: int
    """How many others hear what members do in Discord."""


def stand(bot: str, *, hears: bool, goes: bool = False, now_ms: int = 0) -> Call[Standing]:
    """A bot process's sign of life, or with `goes` its farewell."""
    return Call(
        "stand", (now_ms, bot, BOT_TTL_MS, int(hears), int(goes)), lambda reply: Standing(bool(reply[0]), reply[1]),
        more_keys=(keys.BOTS, keys.HEARING, keys.POSTER),
    )  # fmt: skip
