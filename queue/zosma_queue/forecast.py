"""When a waiting job will run: the rules of fetch.lua, run forward over the real workers.

Nothing here decides anything. A snapshot of the queue is played through the same order, speeds and loads that the
scripts use; a test holds the two against each other. Only jobs that some worker can do are counted.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from zosma_queue import keys
from zosma_queue.calls import AFFINITY_WINDOW_S, LOOK_OWNERS, MAX_SKIP_MS, MAX_SKIPS, TRICKLE
from zosma_queue.needs import KIND_COMFYUI, WITHOUT_CHECKPOINT, Lane
from zosma_queue.scopes import CHECKPOINT, LANE, QUEUE, Scope, worker_scopes

#: What a checkpoint load takes while nobody has measured one; see _sets.lua.
USUAL_LOAD_S = 10.0
#: As many idle machines are asked to help with a set; see fetch.lua.
MOST_HELPERS = 64
#: Of ties between those who start at one clock; see _order.lua.
_TIE_S = 1e-9
#: Of a charge, what the same person's other owners are moved on by.
_BESIDE = 1 - 1e-6
_SEQ_ROUND = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a waiting job stands."""

    position: int
    """1 for the job that starts next."""
    starts_in_s: float
    ends_in_s: float
    raw_ends_in_s: float
    """Before the correction by how forecasts have turned out; what that correction is learned from."""


@dataclass(frozen=True, kw_only=True)
class WaitingJob:
    """What the order needs to know of a waiting job."""

    id: str
    owner: str
    group: str
    lane: Lane
    cost: float
    seq: float
    """A whole number; of the parts of a set, a hair more for each that follows."""
    tokens: frozenset[str] = frozenset()
    pixels: int = 0
    checkpoint: str | None = None
    avoid: str | None = None
    kind: str | None = None
    """The kind of WebUI that began it."""
    skips: int = 0
    skipped_since_ms: int | None = None
    pictures: int = 1
    """How many single pictures it may be split into; 1: it stays one."""
    variants: tuple[WaitingVariant, ...] = ()
    """What each of its pictures needs, where they need different things."""


@dataclass(frozen=True, kw_only=True)
class WaitingVariant:
    """What the order needs to know of one picture of a comparison."""

    tokens: frozenset[str]
    pixels: int
    checkpoint: str | None
    cost: float


@dataclass(frozen=True)
class Share:
    """What one worker gets of a set that is split."""

    machine: str
    first: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A worker, as far as the order looks at it."""

    id: str
    can: frozenset[str]
    pixels: int
    loaded: str | None
    target: str | None = None
    """The checkpoint of the job it runs."""
    busy_s: float = 0.0
    """Until its running job should end; 0 when it has none."""
    owner: str | None = None
    """Of its running job."""
    job: str | None = None
    """Its running job; of a set, the whole."""
    promised: str | None = None
    """The part of a set that is to be its next job."""

    @property
    def place(self) -> str:
        """Its name beyond this process."""
        return self.id.rsplit("/", 1)[0] if "/" in self.id else self.id


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The queue at one moment."""

    now_ms: int
    jobs: tuple[WaitingJob, ...]
    machines: tuple[Machine, ...]
    """The ready ones."""
    clock: float = 0.0
    group_tags: dict[str, float] = field(default_factory=dict)
    group_clocks: dict[str, float] = field(default_factory=dict)
    owner_tags: dict[str, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    caps: dict[str, int] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)
    """By owner, and under `person <person>` those of all the owners that are one person."""
    persons: dict[str, str] = field(default_factory=dict)
    """Owner → person, where a person has several."""
    speed: dict[str, float] = field(default_factory=dict)
    loads: dict[str, float] = field(default_factory=dict)
    paused: frozenset[str] = frozenset()
    bumped: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    """Machines that wait for a job, those that have waited longest first."""
    fast_in_a_row: int = 0
    bias: float = 1.0
    """How much longer than forecast things have taken."""


@dataclass(frozen=True)
class Start:
    """A job that a machine takes, and where its group and its owner stood in the fair order before it did."""

    at_s: float
    machine: str
    job: WaitingJob
    group_tag: float
    owner_tag: float
    seconds: float
    """That it will take, load included."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """A snapshot, played to its end."""

    snapshot: Snapshot
    places: Mapping[str, Place]
    starts: tuple[Start, ...]
    """In their order."""


def play(snapshot: Snapshot) -> Played:
    """The rules, run forward until no worker can do what is left."""
    running = _Play(snapshot)
    return Played(places=running.run(), starts=tuple(running.starts), snapshot=snapshot)


def places(snapshot: Snapshot) -> dict[str, Place]:
    """The place of each job that some worker can do: of a set, when its first picture starts and its last one ends."""
    return _Play(snapshot).run()


def held(snapshot: Snapshot, known: Collection[str]) -> dict[str, int]:
    """The jobs without a place among the `known` ones that would have one if nothing were paused: which one."""
    if not snapshot.paused:
        return {}
    free = _Play(replace(snapshot, paused=frozenset())).run()
    return {job_id: place.position for job_id, place in free.items() if job_id not in known}


def place_if_added(snapshot: Snapshot, job: WaitingJob) -> Place | None:
    """The place that a job would have, were it queued now."""
    play = _Play(replace(snapshot, jobs=(*snapshot.jobs, job)))
    play.arrive(job)
    return play.run().get(job.id)


def parked(snapshot: Snapshot) -> frozenset[str]:
    """The jobs whose owners have as many running as they may at once."""
    play = _Play(snapshot)
    return frozenset(keys.whole(job.id) for job in snapshot.jobs if play.is_parked(job.owner))


def next_job(snapshot: Snapshot, machine_id: str) -> WaitingJob | None:
    """The job that fetch.lua would give this worker now."""
    return _Play(snapshot).fetch(machine_id)


def split_of(snapshot: Snapshot, job: WaitingJob, machine_id: str) -> list[Share]:
    """Who makes what of a job that this worker is about to take; [] when it stays one job."""
    return _Play(snapshot).shares(job, machine_id, snapshot.idle)


class _Play:
    """One run of the rules over a snapshot. Its names are those of the Lua files."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._now_s = 0.0
        self._clock = snapshot.clock
        self._group_tags = defaultdict(float, snapshot.group_tags)
        self._group_clocks = defaultdict(float, snapshot.group_clocks)
        self._owner_tags = defaultdict(float, snapshot.owner_tags)
        self._running = defaultdict(int, snapshot.running)
        self._machines = {machine.id: machine for machine in snapshot.machines}
        self._at_work = Counter(machine.job or machine.id for machine in snapshot.machines if machine.owner)
        self._fast_in_a_row = snapshot.fast_in_a_row
        self._bumped = list(snapshot.bumped)
        self._jobs = {job.id: job for job in snapshot.jobs}
        # class → owner → their jobs, the next one last
        self._classes: dict[_Class, dict[str, list[WaitingJob]]] = defaultdict(dict)
        for job in sorted(snapshot.jobs, key=lambda job: -job.seq):
            self._file(job)
        self._groups = {job.owner: job.group for job in snapshot.jobs}
        self._found: dict[str, Place] = {}
        self.starts: list[Start] = []

    def arrive(self, job: WaitingJob) -> None:
        """Does with a new job's tags what `push` does."""
        others = [other for owners in self._classes.values() for other in owners.get(job.owner, ()) if other is not job]
        if not others and not self.is_parked(job.owner):
            self._wake_tags(job)

    def run(self) -> dict[str, Place]:
        """Lets workers take jobs until none can."""
        indices = {machine_id: index for index, machine_id in enumerate(self._machines)}
        events = [(machine.busy_s, indices[machine.id], machine.id) for machine in self._machines.values()]
        heapq.heapify(events)
        resting: list[str] = []
        while events and self._jobs:
            self._now_s, _, machine_id = heapq.heappop(events)
            if self._end(machine_id):
                # A finished job may have unparked its owner: whoever rests looks again.
                for resting_id in resting:
                    heapq.heappush(events, (self._now_s, indices[resting_id], resting_id))
                resting.clear()
            job = self.fetch(machine_id)
            if job is None:
                resting.append(machine_id)
                continue
            for one, part in self._split(job, machine_id, [*resting, *self._free_now(events)]):
                if one in resting:
                    resting.remove(one)
                events = [event for event in events if event[2] != one]
                heapq.heapify(events)
                tags = self._group_tags[part.group], self._owner_tags[part.owner]
                seconds = self._start(one, part)
                self.starts.append(Start(self._now_s, one, part, *tags, seconds))
                end_s = self._now_s + seconds
                self._note(keys.whole(part.id), end_s)
                heapq.heappush(events, (end_s, indices[one], one))
        return self._found

    def _free_now(self, events: list[tuple[float, int, str]]) -> list[str]:
        """Machines that have had nothing to do, and have not looked yet."""
        return [one for at, _, one in sorted(events) if at <= self._now_s and self._machines[one].owner is None]

    def _note(self, job_id: str, end_s: float) -> None:
        bias, known = self._snapshot.bias, self._found.get(job_id)
        if known is None:
            known = Place(
                position=len(self._found) + 1, starts_in_s=self._now_s * bias, ends_in_s=0.0, raw_ends_in_s=0.0
            )
        end_s = max(end_s, known.raw_ends_in_s)
        self._found[job_id] = replace(known, ends_in_s=end_s * bias, raw_ends_in_s=end_s)

    # -- _sets.lua ----------------------------------------------------------------------------------------------

    def _split(self, job: WaitingJob, machine_id: str, idle: list[str]) -> list[tuple[str, WaitingJob]]:
        """Which machine starts what at once; of a comparison, the rest begins to wait."""
        if job.variants:
            parts = [
                replace(
                    job, id=keys.part(job.id, number), seq=job.seq + number / 1000, variants=(), tokens=one.tokens,
                    pixels=one.pixels, checkpoint=one.checkpoint, cost=one.cost, skips=0, skipped_since_ms=None,
                )
                for number, one in enumerate(job.variants)
            ]  # fmt: skip
            parts = [replace(one, kind=self._kept_kind(one, machine_id)) for one in parts]
            for part in reversed(parts[1:]):
                self._jobs[part.id] = part
                self._file(part)
            return [(machine_id, parts[0])]
        shares = self.shares(job, machine_id, idle)
        if not shares:
            return [(machine_id, job)]
        job = self._pinned(job, machine_id)
        job = replace(job, kind=self._kept_kind(job, machine_id))
        return [
            (
                share.machine,
                replace(job, id=keys.part(job.id, share.first), pictures=1, cost=job.cost * share.count / job.pictures),
            )
            for share in shares
        ]

    def _kept_kind(self, job: WaitingJob, machine_id: str) -> str | None:
        """The kind that a part of a set stays on; None where no other kind could take it."""
        own = job.kind or _kind_of(self._machines[machine_id])
        others = (one for one in self._machines.values() if _kind_of(one) != own)
        return own if job.kind or any(_is_able(one, job) for one in others) else None

    def _pinned(self, job: WaitingJob, machine_id: str) -> WaitingJob:
        checkpoint = job.checkpoint or self._machines[machine_id].loaded
        return replace(job, checkpoint=checkpoint, tokens=job.tokens | {f"checkpoint:{checkpoint}"})

    def shares(self, job: WaitingJob, machine_id: str, idle: Iterable[str]) -> list[Share]:
        """Who makes what of a job that this machine is about to take; [] when it stays one."""
        checkpoint = job.checkpoint or self._machines[machine_id].loaded
        if job.pictures == 1 or job.variants or not checkpoint:
            return []
        pinned = self._pinned(job, machine_id)
        others = (
            self._machines[one] for one in list(idle)[:MOST_HELPERS] if one in self._machines and one != machine_id
        )
        helpers = [
            one
            for one in others
            if _kind_of(one) == _kind_of(self._machines[machine_id])
            and self._serves(one, pinned)
            and not self._snapshot.paused & set(worker_scopes(one.id))
        ]
        machines = [self._machines[machine_id], *helpers]
        each = [job.cost / job.pictures * self._speed_of(one.place, checkpoint) for one in machines]
        free_at = [0.0 if one.loaded == checkpoint else self._load_s(one.place, USUAL_LOAD_S) for one in machines]
        counts = [1] + [0] * len(helpers)
        for _ in range(1, job.pictures):
            ends = [free_at[n] + (counts[n] + 1) * each[n] for n in range(len(machines))]
            counts[ends.index(min(ends))] += 1
        found, first = [], 0
        for one, count in zip(machines, counts, strict=True):
            if count:
                found.append(Share(one.id, first, count))
            first += count
        return found if len(found) > 1 else []

    def _load_s(self, place: str, unknown: float) -> float:
        loads = self._snapshot.loads
        return loads.get(place, loads.get("", unknown))

    def _end(self, machine_id: str) -> bool:
        """The machine's job is over; False when it had none."""
        machine = self._machines[machine_id]
        if machine.owner is None:
            return False
        parked = [owner for owner in self._same_person(machine.owner) if self.is_parked(owner)]
        self._count_at_work(machine.job or machine.id, machine.owner, -1)
        for owner in parked:
            jobs = [job for owners in self._classes.values() for job in owners.get(owner, ())]
            if jobs and not self.is_parked(owner):
                self._wake_tags(min(jobs, key=lambda job: job.seq))
        self._machines[machine_id] = replace(machine, owner=None, target=None, job=None)
        return True

    def is_parked(self, owner: str) -> bool:
        """True while the owner has as many jobs running as they may."""
        cap = self._snapshot.caps.get(owner)
        return cap is not None and any(self._running[name] >= cap for name in self._counted(owner))

    def _counted(self, owner: str) -> list[str]:
        """Under which names the owner's running jobs are counted."""
        person = self._snapshot.persons.get(owner)
        return [owner, f"person {person}"] if person else [owner]

    def _count_running(self, owner: str, by: int) -> None:
        for name in self._counted(owner):
            self._running[name] += by

    def _count_at_work(self, job_id: str, owner: str, by: int) -> None:
        """A job's machine begins or ends; the job runs once, however many machines it has."""
        self._at_work[job_id] += by
        if self._at_work[job_id] == (1 if by > 0 else 0):
            self._count_running(owner, by)

    def _same_person(self, owner: str) -> list[str]:
        persons = self._snapshot.persons
        person = persons.get(owner)
        return [other for other, its in persons.items() if its == person] if person else [owner]

    def _wake_tags(self, job: WaitingJob) -> None:
        tie = tie_of(job)
        if not any(self._filed_beside(job)):
            self._group_tags[job.group] = max(self._group_tags[job.group], self._clock + tie)
        self._owner_tags[job.owner] = max(self._owner_tags[job.owner], self._group_clocks[job.group] + tie)

    def _filed_beside(self, job: WaitingJob) -> Iterable[bool]:
        """Whether others of the job's group have something that may be taken."""
        for owners in self._classes.values():
            for owner in owners:
                yield owner != job.owner and self._groups[owner] == job.group and not self.is_parked(owner)

    def _start(self, machine_id: str, job: WaitingJob) -> float:
        """Gives the job to the machine; the seconds that it will take, load included."""
        machine = self._machines[machine_id]
        checkpoint = job.checkpoint or machine.loaded or ""
        cold = job.checkpoint is not None and job.checkpoint != machine.loaded
        charged = job.cost * self._speed_of(machine.place, checkpoint)
        weights = self._snapshot.weights
        whole = keys.whole(job.id)
        self._count_at_work(whole, job.owner, 1)
        for owner in self._same_person(job.owner):
            share = 1.0 if owner == job.owner else _BESIDE
            self._owner_tags[owner] += charged * share / weights.get(owner, 1.0)
        self._group_tags[job.group] += charged / weights.get(f"group {job.group}", 1.0)
        self._machines[machine_id] = replace(
            machine, owner=job.owner, job=whole, target=checkpoint or None, loaded=checkpoint or machine.loaded
        )
        return charged + (self._load_s(machine.place, 0.0) if cold else 0.0)

    def _speed_of(self, place: str, checkpoint: str) -> float:
        return speed_of(self._snapshot, place, checkpoint)

    # -- fetch.lua ----------------------------------------------------------------------------------------------

    def fetch(self, machine_id: str) -> WaitingJob | None:
        """The job that goes to this machine now, taken out of the waiting ones."""
        machine, paused = self._machines[machine_id], self._snapshot.paused
        if paused & {QUEUE, *worker_scopes(machine.id)}:
            return None
        for job_id in (machine.promised, *self._bumped):
            job = self._jobs.get(job_id) if job_id else None
            if job and self._may_run(machine, job):
                self._take(job)
                return job
        candidates = self._candidates(machine)
        lane = Lane.FAST
        if candidates[Lane.RELAX] and (not candidates[Lane.FAST] or self._fast_in_a_row >= TRICKLE - 1):
            lane = Lane.RELAX
        if not candidates[lane]:
            return None
        first = min(candidates[lane], key=self._rank)
        chosen = self._choose(machine, candidates[lane], first)
        if chosen.id != first.id:
            self._skip(first)
        self._fast_in_a_row = 0 if lane is Lane.RELAX or not candidates[Lane.RELAX] else self._fast_in_a_row + 1
        self._clock = max(self._clock, self._group_tags[first.group])
        self._group_clocks[chosen.group] = max(self._group_clocks[chosen.group], self._owner_tags[chosen.owner])
        self._take(chosen)
        return chosen

    def _may_run(self, machine: Machine, job: WaitingJob) -> bool:
        paused = self._snapshot.paused
        checkpoint = job.checkpoint or (None if WITHOUT_CHECKPOINT & job.tokens else machine.loaded)
        if str(Scope(LANE, job.lane)) in paused or (checkpoint and str(Scope(CHECKPOINT, checkpoint)) in paused):
            return False
        return self._serves(machine, job)

    def _serves(self, machine: Machine, job: WaitingJob) -> bool:
        if not _is_able(machine, job):
            return False
        if job.avoid is None and job.kind is None:
            return True
        own = _welcome(machine, job)
        return not any(_welcome(other, job) > own and _is_able(other, job) for other in self._machines.values())

    def _candidates(self, machine: Machine) -> dict[Lane, list[WaitingJob]]:
        """Of each class that the machine may take jobs from, each owner's first."""
        found: dict[Lane, list[WaitingJob]] = {Lane.FAST: [], Lane.RELAX: []}
        for class_, owners in self._classes.items():
            filed = [jobs[-1] for owner, jobs in owners.items() if not self.is_parked(owner)]
            if filed and self._may_run(machine, filed[0]):
                found[class_.lane] += filed
        return found

    def _rank(self, job: WaitingJob) -> tuple[float, str, float, str, float]:
        """The fair order: the lowest goes first."""
        return self._group_tags[job.group], job.group, self._owner_tags[job.owner], job.owner, job.seq

    def _choose(self, machine: Machine, candidates: list[WaitingJob], first: WaitingJob) -> WaitingJob:
        def is_warm(job: WaitingJob) -> bool:
            return job.checkpoint is None or job.checkpoint == machine.loaded

        if is_warm(first) or self._is_overdue(first):
            return first
        near = [job for job in candidates if self._behind(job, first) <= AFFINITY_WINDOW_S]
        warm = [job for job in near if is_warm(job)]
        if warm:
            return min(warm, key=self._rank)
        others = [other for other in self._machines.values() if other.id != machine.id]
        held = {name for other in others for name in (other.loaded, other.target)}
        if first.checkpoint not in held:
            return first
        near.sort(key=self._rank)
        owners = set(list(dict.fromkeys(job.owner for job in near))[:LOOK_OWNERS])
        return next((job for job in near if job.checkpoint not in held and job.owner in owners), first)

    def _behind(self, job: WaitingJob, first: WaitingJob) -> float:
        if job.group == first.group:
            return self._owner_tags[job.owner] - self._owner_tags[first.owner]
        return self._group_tags[job.group] - self._group_tags[first.group]

    def _is_overdue(self, job: WaitingJob) -> bool:
        now_ms = self._snapshot.now_ms + self._now_s * 1000
        since = now_ms if job.skipped_since_ms is None else job.skipped_since_ms
        return job.skips >= MAX_SKIPS or now_ms - since >= MAX_SKIP_MS

    def _skip(self, job: WaitingJob) -> None:
        now_ms = math.floor(self._snapshot.now_ms + self._now_s * 1000)
        since = now_ms if job.skipped_since_ms is None else job.skipped_since_ms
        skipped = replace(job, skips=job.skips + 1, skipped_since_ms=since)
        self._jobs[job.id] = skipped
        jobs = self._classes[_class_of(job)][job.owner]
        jobs[jobs.index(job)] = skipped

    def _file(self, job: WaitingJob) -> None:
        """Lets a job wait, the next of its owner and class last."""
        jobs = self._classes[_class_of(job)].setdefault(job.owner, [])
        jobs.append(job)
        jobs.sort(key=lambda one: -one.seq)

    def _take(self, job: WaitingJob) -> None:
        """Takes a job out of the waiting ones."""
        class_ = _class_of(job)
        owners = self._classes[class_]
        owners[job.owner] = [other for other in owners[job.owner] if other.id != job.id]
        if not owners[job.owner]:
            del owners[job.owner]
        if not owners:
            del self._classes[class_]
        del self._jobs[job.id]


@dataclass(frozen=True)
class _Class:
    """Jobs with the same needs in the same lane."""

    lane: Lane
    tokens: frozenset[str]
    pixels: int
    avoid: str | None
    kind: str | None


def _class_of(job: WaitingJob) -> _Class:
    return _Class(job.lane, job.tokens, job.pixels, job.avoid, job.kind)


def tie_of(job: WaitingJob) -> float:
    """What decides between those who start at one clock."""
    return job.seq % _SEQ_ROUND * _TIE_S


def may_serve(snapshot: Snapshot, machine: Machine, job: WaitingJob) -> bool:
    """Whether a machine could be given this job now, whoever else could."""
    paused = snapshot.paused
    checkpoint = job.checkpoint or machine.loaded
    scopes = {QUEUE, str(Scope(LANE, job.lane)), *worker_scopes(machine.id)}
    scopes |= {str(Scope(CHECKPOINT, checkpoint))} if checkpoint else set()
    return not paused & scopes and _is_able(machine, job)


def speed_of(snapshot: Snapshot, place: str, checkpoint: str) -> float:
    """Real seconds for each predicted one."""
    names = (f"{place}|{checkpoint}", f"{place}|", f"|{checkpoint}")
    return next((snapshot.speed[name] for name in names if name in snapshot.speed), 1.0)


def _welcome(machine: Machine, job: WaitingJob) -> int:
    """How welcome a job is to a machine: as `welcome` in `_fleet.lua`."""
    return 2 * (job.avoid is not None and machine.place != job.avoid) + (job.kind == _kind_of(machine))


def _kind_of(machine: Machine) -> str:
    return "comfyui" if KIND_COMFYUI in machine.can else "a1111"


def _is_able(machine: Machine, job: WaitingJob) -> bool:
    return job.pixels <= machine.pixels and job.tokens <= machine.can
