"""Random lives of a queue: the real scripts on a real server, against a small model in Python.

After every step each job must be in exactly the one place that its state names, counters must add up, and what a worker
gets must be what the rules (as the forecast plays them) say it should get.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from zosma_queue import calls, keys
from zosma_queue.calls import Accepted, Cancelled, Lease, Leased
from zosma_queue.fleet import WorkerState
from zosma_queue.forecast import Machine, Snapshot, WaitingJob, next_job, split_of
from zosma_queue.job import State
from zosma_queue.needs import Lane, Needs, needs_of
from zosma_queue.policy import Policy
from zosma_queue.request import PIXELS_MAX, parse_request
from zosma_queue.scripts import call

from .conftest import Rig, about, result

OWNERS = {"ann": "big", "bob": "big", "cid": "big", "dan": "small", "ann elsewhere": "small"}
#: Who is one person in two places.
PERSONS = {"ann": "Ann", "ann elsewhere": "Ann"}
WORKERS = {
    "gpu1/webui/1": ("dream", "anime"),
    "gpu2/webui/1": ("dream", "anime", "photo"),
    "gpu3/webui/1": ("photo", "dream"),
}
CHECKPOINTS = (None, "dream", "anime", "photo")
SAMPLERS = ("Euler a", "DPM++ 2M")
#: What a worker may be able to do from one moment to the next.
ABILITIES = [
    about("dream", "anime", "photo"), about("dream", "anime"), about("photo", "dream"), about("dream"),
    about("dream", "anime", "photo", samplers=("Euler a",)), about("anime", "photo", samplers=("DPM++ 2M",)),
]  # fmt: skip
PIXELS = (PIXELS_MAX, 1024 * 1024)


@dataclass
class Known:
    """What the model knows of a job."""

    owner: str
    state: State
    attempt: int = 0
    lost: int = 0
    lost_at: int = 0
    """The attempt that was counted last as lost."""
    failures: int = 0
    cancelling: bool = False
    lease_until: int = 0
    run_at: int = 0
    pictures: int = 1
    first: int = 0
    """Of a part of a set: its first picture."""
    parts: tuple[str, ...] = ()
    """Of a set that was split: its parts. Its state is theirs."""

    def taken_again(self):
        """Its worker goes on with it: nobody was lost."""
        if self.lost_at == self.attempt and self.state is State.WAITING:
            self.lost, self.lost_at = self.lost - 1, 0


@dataclass
class Index:
    """All that is filed of waiting jobs, by what buckets stand for and not by their numbers."""

    buckets: dict[tuple, set[str]]
    """What a bucket's classes have in common, the profiles that can do them among it → its classes."""
    tags: dict[tuple, dict[str, float]]
    """Groups of a bucket, owners of a group in it, checkpoints of an owner in it, jobs of those; buckets of an owner.
    Each with its rank."""
    marks: dict[tuple, set[str]]
    """By checkpoint: the groups of a bucket, the owners of a group in it. What buckets groups are in."""

    @classmethod
    def made_anew(cls, client, waiting):
        """What should be filed, by the jobs and workers that there are."""
        profiles = texts(client.zrange(keys.PROFILES, 0, -1))
        can = {profile: texts(client.smembers(keys.can(profile))) for profile in profiles}
        paused = texts(client.hkeys(keys.PAUSED))
        caps, running = (numbers(client.hgetall(key)) for key in (keys.CAPS, keys.RUNNING))
        made = cls(defaultdict(set), defaultdict(dict), defaultdict(set))
        for job in waiting:
            row = {name.decode(): value.decode() for name, value in client.hgetall(keys.job(job)).items()}
            needs, owner, group, seq = Needs.from_json(row["needs"]), row["owner"], row["group"], float(row["seq"])
            able = frozenset(
                one for one in profiles
                if set(needs.tokens) <= can[one] and needs.pixels <= int(one.rpartition(".")[2])
            )  # fmt: skip
            checkpoint = needs.checkpoint or ""
            held_back = f"checkpoint:{checkpoint}" in paused
            lane = row["class"].partition("|")[0]
            mode = "named" if checkpoint else "any"
            bucket = (lane, mode, needs.avoid, needs.kind, checkpoint if held_back else None, able)
            made.buckets[bucket].add(row["class"])
            made.tags["heads", bucket, owner][checkpoint] = min(
                made.tags["heads", bucket, owner].get(checkpoint, seq), seq
            )
            made.tags["jobs", bucket, checkpoint, owner][job] = seq
            firsts = made.tags["owner", owner]
            firsts[bucket] = min(firsts.get(bucket, seq), seq)
            person = PERSONS.get(owner)
            busy = max(running.get(owner, 0), running.get(f"person {person}", 0))
            if owner in caps and busy >= caps[owner]:
                continue
            made.tags["groups", bucket][group] = float(client.hget(keys.TAGS, group) or 0)
            made.tags["owners", bucket, group][owner] = float(client.hget(keys.group_tags(group), owner) or 0)
            made.tags["all owners", group][owner] = made.tags["owners", bucket, group][owner]
            made.marks["group", group].add(bucket)
            if mode == "named":
                made.marks["groups with", bucket, checkpoint].add(group)
                made.marks["buckets", checkpoint].add(bucket)
                if not client.hexists(keys.HELD, checkpoint):
                    made.marks["cold", bucket].add(checkpoint)
                made.marks["owners with", bucket, checkpoint, group].add(owner)
        return made

    @classmethod
    def of(cls, client):
        """What is filed."""
        found = cls(defaultdict(set), defaultdict(dict), defaultdict(set))
        like = {}
        for name, bucket in client.hgetall(keys.BUCKETS).items():
            bucket = bucket.decode()
            special = json.loads(client.hget(keys.SPECIAL, bucket) or "{}")
            assert bucket.endswith("!") is bool(special)
            lane, mode, _ = bucket.split(".")
            able = frozenset(texts(client.smembers(keys.able(bucket))))
            assert all(client.sismember(keys.serves(profile), bucket) for profile in able)
            as_it_is = *map(special.get, ("avoid", "kind", "paused")), able
            like[bucket] = (lane, mode, *as_it_is)
            assert client.sismember(keys.bucket_classes(bucket), name)
            found.buckets[like[bucket]].add(name.decode())
        # What is being moved is in one bucket or another, which are alike: the first may have no class left.
        move = [one and one.decode() for one in client.hmget(keys.JOIN, "from", "to")]
        if all(move):
            assert like.setdefault(move[0], like[move[1]]) == like[move[1]]
        assert texts(client.hkeys(keys.ALIKE)) == like.keys()
        assert texts(client.hkeys(keys.NEEDS)) == texts(client.hkeys(keys.BUCKETS))
        assert texts(client.hvals(keys.BUCKET_LIKE)) <= like.keys()
        assert len(texts(client.hkeys(keys.BUCKET_LIKE))) <= len(set(like.values()))
        # Two that have become alike are one to whoever looks.
        known = keys.PREFIX + "index:"
        for key in texts(client.keys(known + "*")):
            kind, _, rest = key.removeprefix(known).partition(":")
            bucket, _, rest = rest.partition(":")
            if kind in ("groups", "owners", "heads", "jobs"):
                ranks = {name.decode(): score for name, score in client.zrange(key, 0, -1, withscores=True)}
                where = (kind, like[bucket], *of_names(kind, rest))
                for name, score in ranks.items():
                    found.tags[where][name] = min(score, found.tags[where].get(name, score))
            elif kind in ("groups-with", "owners-with", "cold"):
                found.marks[kind.replace("-", " "), like[bucket], *of_names(kind, rest)] |= texts(client.smembers(key))
            elif kind == "all-owners":
                group = key.removeprefix(f"{known}{kind}:")
                found.tags["all owners", group] = {
                    name.decode(): tag for name, tag in client.zrange(key, 0, -1, withscores=True)
                }
            elif kind == "first":
                firsts = found.tags["owner", key.removeprefix(f"{known}{kind}:")]
                for one, seq in client.zrange(key, 0, -1, withscores=True):
                    firsts[like[one.decode()]] = min(seq, firsts.get(like[one.decode()], seq))
            elif kind in ("group-buckets", "buckets-with"):
                name = key.removeprefix(f"{known}{kind}:")
                found.marks[kind.partition("-")[0], name] |= {like[one] for one in texts(client.smembers(key))}
        return found


def of_names(kind, rest):
    """What stands in a key's name behind its bucket."""
    if kind in ("jobs", "owners-with"):
        length, _, rest = rest.partition(":")
        return rest[: int(length)], rest[int(length) + 1 :]
    return (rest,) if rest else ()


def texts(found):
    return {one.decode() for one in found}


def numbers(found):
    return {name.decode(): int(value) for name, value in found.items()}


class QueueMachine(RuleBasedStateMachine):
    """One queue's life."""

    client = None

    @initialize(loads=st.sampled_from([{}, {"": 0.2}, {"": 0.2, "gpu2/webui": 5.0}]))
    def begin(self, loads):
        self.client.flushall()
        if loads:  # the quicker, the more sets are split
            self.client.hset(keys.LOADS, mapping=loads)
        self.rig = Rig(self.client, self.client)
        self.jobs: dict[str, Known] = {}
        self.held: list[tuple[str, Leased]] = []
        self.promised: dict[str, str] = {}
        self.loaded = dict.fromkeys(WORKERS)
        self.paused: set[str] = set()
        self.spent: Counter[str] = Counter()
        self.can = {worker: about(*checkpoints) for worker, checkpoints in WORKERS.items()}
        self.pixels = dict.fromkeys(WORKERS, PIXELS_MAX)
        for worker in WORKERS:
            self.beat(worker)

    # -- steps --------------------------------------------------------------------------------------------------

    @rule(worker=st.sampled_from(sorted(WORKERS)))
    def beat(self, worker):
        call(
            self.client,
            calls.beat(
                worker, WorkerState.READY, loaded=self.loaded[worker], pixels=self.pixels[worker],
                about=self.can[worker], now_ms=self.rig.now,
            ),
        )  # fmt: skip

    @rule(worker=st.sampled_from(sorted(WORKERS)), can=st.sampled_from(ABILITIES), pixels=st.sampled_from(PIXELS))
    def can_do_something_else(self, worker, can, pixels):
        self.can[worker], self.pixels[worker] = can, pixels
        self.beat(worker)

    @rule(
        worker=st.sampled_from(sorted(WORKERS)), can=st.sampled_from(ABILITIES), pixels=st.sampled_from(PIXELS),
        steps=st.integers(0, 40),
    )  # fmt: skip
    def begins_to_do_something_else(self, worker, can, pixels, steps):
        """As where much waits: in small steps, which others go on with or nobody does."""
        beat = calls.beat(
            worker, WorkerState.READY, loaded=self.loaded[worker], pixels=pixels, about=can, filing_us=1,
            now_ms=self.rig.now,
        )  # fmt: skip
        if call(self.client, beat).filing:
            for _ in range(steps):
                call(self.client, calls.file(filing_us=1, now_ms=self.rig.now))
            if call(self.client, beat).filing:
                return  # it stays what it was
        self.can[worker], self.pixels[worker] = can, pixels

    @rule(
        worker=st.sampled_from(sorted(WORKERS)),
        can=st.sampled_from(ABILITIES),
        pixels=st.sampled_from(PIXELS),
        steps=st.integers(0, 40),
        asked=st.lists(
            st.tuples(
                st.sampled_from(sorted(OWNERS)), st.sampled_from(CHECKPOINTS), st.sampled_from((None, *SAMPLERS)),
                st.sampled_from([512, 1536]),
            ),
            min_size=3, max_size=8,
        ),
    )  # fmt: skip
    def much_waits_when_a_worker_changes(self, worker, can, pixels, steps, asked):
        for owner, checkpoint, sampler, side in asked:
            self.enqueue(owner, 4.0, checkpoint, Lane.FAST, 0, 0, 1, 1, sampler, side)
        self.begins_to_do_something_else(worker, can, pixels, steps)

    @rule(
        owner=st.sampled_from(sorted(OWNERS)),
        cost=st.sampled_from([1.0, 4.0, 30.0]),
        checkpoint=st.sampled_from(CHECKPOINTS),
        lane=st.sampled_from([Lane.FAST, Lane.FAST, Lane.RELAX]),
        delay_s=st.sampled_from([0, 0, 0, 5]),
        running=st.sampled_from([0, 0, 1, 2]),
        weight=st.sampled_from([1, 2]),
        pictures=st.sampled_from([1, 1, 2, 4, 5]),
        sampler=st.sampled_from([None, None, *SAMPLERS]),
        side=st.sampled_from([512, 512, 1536]),
    )
    def enqueue(self, owner, cost, checkpoint, lane, delay_s, running, weight, pictures, sampler=None, side=512):
        job = f"job-{len(self.jobs) + 1}"
        fields = {"checkpoint": checkpoint} if checkpoint else {}
        fields |= {"sampler": sampler} if sampler else {}
        fields |= {"width": side, "height": side}

        def offer():
            return self.rig.offer(
                owner, group=OWNERS[owner], cost=cost, job_id=job, lane=lane, run_in_s=delay_s,
                policy=Policy(running=running, weight=weight), person=PERSONS.get(owner, ""), count=pictures, **fields,
            )  # fmt: skip

        waits = self.who_waits()
        with self.where_nobody_is_handed_anything(bool(waits)) as twin:
            if twin:
                offer()
        answer = offer()
        if answer is Accepted.QUEUED:
            self.jobs[job] = Known(owner, State.WAITING, pictures=pictures)
        elif answer is Accepted.DELAYED:
            self.jobs[job] = Known(owner, State.DELAYED, run_at=self.rig.now + delay_s * 1000, pictures=pictures)
        else:
            assert answer in (Accepted.NOBODY, Accepted.INFEASIBLE)
            assert not self.client.exists(keys.job(job))
        if twin:
            self.is_handed_what_would_be_fetched(waits)

    def who_waits(self):
        """The workers that rest to be handed a job."""
        return {name.decode() for name, text in self.client.hgetall(keys.FLEET).items() if "waits" in json.loads(text)}

    @contextmanager
    def where_nobody_is_handed_anything(self, copied):
        """The rig over a copy of all, where workers are only woken; over the copy of before unless `copied`."""
        here, rig = self.client, self.rig
        twin = redis.Redis(connection_pool=redis.ConnectionPool(**{**here.connection_pool.connection_kwargs, "db": 1}))
        if copied:
            twin.flushdb()
            copies = here.pipeline()
            for key in here.keys("*"):
                copies.copy(key, key, destination_db=1)
            copies.execute()
            for name, text in twin.hgetall(keys.FLEET).items():
                fetches = {field: value for field, value in json.loads(text).items() if field != "waits"}
                twin.hset(keys.FLEET, name, json.dumps(fetches))
            for worker in WORKERS:
                twin.delete(keys.wake(worker))
        self.client, self.rig = twin, Rig(twin, twin)
        self.rig.now = rig.now
        try:
            yield copied
        finally:
            self.client, self.rig = here, rig
            twin.close()

    def is_handed_what_would_be_fetched(self, waits):
        """A worker that waits has been handed what it would have fetched, had it only been woken."""
        with self.where_nobody_is_handed_anything(copied=False):
            woken = {worker for worker in waits if self.client.exists(keys.wake(worker))}
            before = self.snapshot()
        for worker in waits:
            leased = self.rig.handed(worker)
            expected = next_job(before, worker) if worker in woken else None
            if worker in woken:
                self.promised.pop(worker, None)
            self.takes(worker, leased, expected, before, calls.HANDED_MS)

    @rule(worker=st.sampled_from(sorted(WORKERS)), waits=st.booleans())
    def fetch(self, worker, waits=False):
        if any(holder == worker for holder, _ in self.held):
            return  # one slot: a busy worker asks for nothing
        self.beat(worker)
        before = self.snapshot()
        expected = next_job(before, worker)
        self.promised.pop(worker, None)
        self.takes(worker, self.rig.fetch(worker, waits=waits), expected, before, calls.LEASE_MS)

    def takes(self, worker, leased, expected, before, lease_ms):
        """The worker has been given what it was to be given, as things stood before."""
        split = split_of(before, expected, worker) if expected else []
        if split:
            self.is_split(expected.id, split)
        assert (leased and leased.id) == (expected and (keys.part(expected.id, 0) if split else expected.id))
        if leased is None:
            return
        known = self.jobs[leased.id]
        assert known.state is State.WAITING
        assert leased.attempt == known.attempt + 1
        # A part says which pictures it is.
        assert (leased.first, leased.count) == ((known.first, known.pictures) if "~" in leased.id else (0, 0))
        known.state, known.attempt = State.RUNNING, leased.attempt
        known.lease_until = self.rig.now + lease_ms
        self.held.append((worker, leased))
        self.loaded[worker] = leased.checkpoint or self.request_of(leased.id).checkpoint or self.loaded[worker]

    @rule(
        data=st.data(), owner=st.sampled_from(sorted(OWNERS)), checkpoint=st.sampled_from(CHECKPOINTS),
        pictures=st.sampled_from([2, 3, 4]), running=st.sampled_from([0, 1]),
    )  # fmt: skip
    def ask_for_a_set_while_workers_are_idle(self, data, owner, checkpoint, pictures, running):
        for _ in range(20):
            for held in list(self.held):
                self.ends(*held, "done", 4.0, self.rig.settle)
            for worker in WORKERS:
                self.fetch(worker)  # whoever is free takes what there is, and then rests
            if not self.held:
                break
        self.enqueue(owner, 30.0, checkpoint, Lane.FAST, 0, running, 1, pictures)
        self.fetch(data.draw(st.sampled_from(sorted(WORKERS))))

    def is_split(self, job, shares):
        """The job is its parts from now on, which wait until those fetch them for whom they are meant."""
        known = self.jobs[job]
        for share in shares:
            self.jobs[keys.part(job, share.first)] = Known(
                known.owner, State.WAITING, attempt=known.attempt, lost=known.lost, failures=known.failures,
                pictures=share.count, first=share.first,
            )  # fmt: skip
        known.parts = tuple(keys.part(job, share.first) for share in shares)
        known.attempt += 1
        self.promised |= {share.machine: keys.part(job, share.first) for share in shares[1:]}
        assert self.client.hget(keys.job(job), "parts") == ",".join(f"{s.first}:{s.count}" for s in shares).encode()

    def request_of(self, job):
        return self.rig.job(keys.whole(job)).request

    @rule(data=st.data())
    def renew(self, data):
        if not self.held:
            return
        _, leased = data.draw(st.sampled_from(self.held))
        known = self.jobs[leased.id]
        answer = self.rig.renew(leased, progress=data.draw(st.sampled_from([0.1, 0.9])))
        if known.attempt != leased.attempt or known.state not in (State.RUNNING, State.WAITING):
            assert answer is Lease.LOST
            return
        assert answer is (Lease.CANCEL if known.cancelling else Lease.OK)
        known.taken_again()
        known.state, known.lease_until = State.RUNNING, self.rig.now + calls.LEASE_MS

    @rule(data=st.data(), verb=st.sampled_from(["done", "done", "done", "fail", "retry", "release"]))
    def settle(self, data, verb):
        if not self.held:
            return
        held = data.draw(st.sampled_from(self.held))
        self.ends(*held, verb, data.draw(st.sampled_from([0.5, 4.0, 20.0])), self.rig.settle)

    @rule(data=st.data(), verb=st.sampled_from(["done", "done", "fail", "retry", "release"]), waits=st.booleans())
    def settle_and_fetch(self, data, verb, waits):
        """The end of a delivery in one step with its worker's next one, as if it fetched that right afterwards."""
        single = [one for one in self.held if sum(worker == one[0] for worker, _ in self.held) == 1]
        if not single:
            return
        worker, leased = data.draw(st.sampled_from(single))
        self.beat(worker)
        before = following = None

        def settle(leased, outcome):
            nonlocal before, following
            with self.where_nobody_is_handed_anything(copied=True):
                first = self.rig.settle(leased, outcome)
                before = self.snapshot()
            state, following = self.rig.settle_and_fetch(leased, worker, outcome, waits=waits)
            assert state == first
            return state

        self.ends(worker, leased, verb, data.draw(st.sampled_from([0.5, 4.0, 20.0])), settle)
        self.promised.pop(worker, None)
        self.takes(worker, following, next_job(before, worker), before, calls.LEASE_MS)

    def ends(self, worker, leased, verb, real, settle):
        """A delivery ends, by `settle`."""
        self.held.remove((worker, leased))
        known = self.jobs[leased.id]
        if known.cancelling and verb == "release":
            verb = "cancelled"
        outcome = {
            "done": calls.done(result(real, leased.attempt)),
            "cancelled": calls.cancelled(real),
            "fail": calls.fail("refused", "no"),
            "retry": calls.retry("oom", "out of memory", backoff_ms=1000, max_failures=2),
            "release": calls.RELEASE,
        }[verb]
        row = self.client.hgetall(keys.job(leased.id))
        state = settle(leased, outcome)
        live = known.state is State.RUNNING or (known.state is State.WAITING and verb == "done")
        if known.attempt != leased.attempt or not live:
            assert state is None
            return
        known.taken_again()
        self.pays(known.owner, row, verb, real)
        if known.cancelling:
            expected = State.CANCELLED
        elif verb == "retry":
            known.failures += 1
            known.run_at = self.rig.now + 1000
            expected = State.FAILED if known.failures == 2 else State.DELAYED
        else:
            expected = {"done": State.DONE, "fail": State.FAILED, "release": State.WAITING}[verb]
        assert state is expected
        known.state = expected

    def pays(self, owner, row, verb, real):
        """Notes what a picture costs its owner, or what was used until it was stopped; a load costs nothing."""
        if row[b"cold"] == b"1":
            share = 1.0 if verb == "done" else float(row.get(b"progress", 0))
            real = min(real, float(row[b"charged"]) * share)
        if verb in ("done", "cancelled"):
            for name in {owner, PERSONS.get(owner, owner)}:
                self.spent[name] += real

    @rule(data=st.data())
    def crash(self, data):
        """A worker is gone with its job, without a word; another starts in its place."""
        if self.held:
            self.held.remove(data.draw(st.sampled_from(self.held)))

    @rule(data=st.data())
    def cancel(self, data):
        if not self.jobs:
            return
        job = data.draw(st.sampled_from(sorted(self.wholes())))
        known, before = self.jobs[job], self.state_of(job)
        answer = self.rig.cancel(job)
        if known.parts:
            known.cancelling = known.cancelling or not before.ended
            for part in map(self.jobs.get, known.parts):
                if part.state in (State.WAITING, State.DELAYED):
                    part.state = State.CANCELLED
                part.cancelling = part.cancelling or part.state is State.RUNNING
            after = self.state_of(job)
            assert answer == (before if before.ended else after if after.ended else Cancelled.CANCELLING)
        elif known.state in (State.WAITING, State.DELAYED):
            assert answer is Cancelled.CANCELLED
            known.state = State.CANCELLED
        elif known.state is State.RUNNING:
            assert answer is Cancelled.CANCELLING
            known.cancelling = True
        else:
            assert answer == known.state

    @rule(seconds=st.sampled_from([0.1, 1, 3, 7, 15]))
    def time_passes(self, seconds):
        self.rig.later(seconds)
        for worker in WORKERS:
            self.beat(worker)

    @rule(stood_still_s=st.sampled_from([0, 0, 2, 8]), filing_us=st.sampled_from([1, calls.FILING_US]))
    def sweep(self, stood_still_s, filing_us):
        self.rig.sweep(stood_still_s=stood_still_s, filing_us=filing_us)
        for known in self.jobs.values():
            ran_out_s = (self.rig.now - known.lease_until) / 1000
            was_away = stood_still_s > calls.AWAY_MS / 1000
            if known.state is State.RUNNING and was_away and 0 <= ran_out_s <= stood_still_s:
                known.lease_until = self.rig.now + calls.LEASE_MS
        for known in self.jobs.values():
            if known.state is State.DELAYED and known.run_at <= self.rig.now:
                known.state = State.WAITING
            elif known.state is State.RUNNING and known.lease_until <= self.rig.now:
                known.lost, known.lost_at = known.lost + 1, known.attempt
                if known.cancelling:
                    known.state = State.CANCELLED
                else:
                    known.state = State.FAILED if known.lost == calls.MAX_LOST else State.WAITING

    @rule(scope=st.sampled_from(["queue", "lane:relax", "checkpoint:dream", "worker:gpu1/webui"]), on=st.booleans())
    def pause(self, scope, on):
        call(self.client, calls.pause("admin", scope, now_ms=self.rig.now) if on else calls.resume("admin", scope))
        (self.paused.add if on else self.paused.discard)(scope)

    @rule(data=st.data())
    def bump(self, data):
        if not self.jobs:
            return
        job = data.draw(st.sampled_from(sorted(self.wholes())))
        assert call(self.client, calls.bump("admin", job, now_ms=self.rig.now)) is (self.state_of(job) is State.WAITING)

    # -- what always holds --------------------------------------------------------------------------------------

    @invariant()
    def every_job_is_where_its_state_says(self):
        if not hasattr(self, "jobs"):
            return
        places = {
            State.WAITING: self.members(keys.WAITING),
            State.DELAYED: self.members(keys.DELAYED),
            State.RUNNING: self.members(keys.LEASES),
            State.FAILED: self.members(keys.DEAD),
        }
        for state, found in places.items():
            # What waits and runs are parts, what has failed is the set.
            listed = self.wholes() if state is State.FAILED else self.single()
            assert found == {job for job in listed if self.state_of(job) is state}, state
        for job, known in self.jobs.items():
            state, lost = self.client.hmget(keys.job(job), "state", "lost")
            if "~" in job and known.state.ended:
                assert state is None  # the set has what became of it
            else:
                assert (state, int(lost or 0)) == (self.state_of(job).encode(), known.lost)

    @invariant()
    def a_set_knows_what_became_of_its_parts(self):
        if not hasattr(self, "jobs"):
            return
        for job, known in self.jobs.items():
            parts = [self.jobs[part] for part in known.parts]
            ended = {part.first: part.state for part in parts if part.state.ended}
            fields = {name.decode() for name in self.client.hkeys(keys.job(job))} if known.parts else set()
            told = {name for name in fields if name.startswith(("made:", "lack:"))}
            assert told == {f"{'made' if state is State.DONE else 'lack'}:{first}" for first, state in ended.items()}
            assert int(self.client.hget(keys.job(job), "open_parts") or 0) == len(parts) - len(ended)

    @invariant()
    def every_waiting_job_is_filed_once(self):
        if not hasattr(self, "jobs"):
            return
        filed = Counter(
            member.decode()
            for key in self.client.keys(keys.PREFIX + "index:jobs:*")
            for member in self.client.zrange(key, 0, -1)
        )
        assert filed == Counter(job for job in self.single() if self.jobs[job].state is State.WAITING)

    @invariant()
    def the_index_is_what_it_would_be_were_it_made_anew(self):
        if not hasattr(self, "jobs"):
            return
        found = Index.of(self.client)
        assert found == Index.made_anew(self.client, [j for j in self.single() if self.jobs[j].state is State.WAITING])

    @invariant()
    def workers_are_filed_as_they_are(self):
        if not hasattr(self, "jobs"):
            return
        held = Counter()
        for worker in WORKERS:
            held.update({its.decode() for its in self.client.hmget(keys.worker(worker), "loaded", "target") if its})
        assert self.numbers(keys.HELD) == held
        profiles = {worker: self.client.hget(keys.worker(worker), "profile").decode() for worker in WORKERS}
        for profile in {*profiles.values()}:
            there = {worker for worker, its in profiles.items() if its == profile}
            assert self.members(keys.ready(profile)) == there
            assert self.members(keys.idle(profile)) == self.members(keys.IDLE) & there

    @invariant()
    def counters_add_up(self):
        if not hasattr(self, "jobs"):
            return
        # A set is one job, however many of its parts run.
        open_jobs = Counter(self.jobs[job].owner for job in self.wholes() if not self.state_of(job).ended)
        running = Counter(self.jobs[job].owner for job in self.wholes() if self.state_of(job) is State.RUNNING)
        for counts in (open_jobs, running):
            for owner, person in PERSONS.items():
                counts.update({f"person {person}": counts[owner]} if counts[owner] else {})
        assert self.numbers(keys.RUNNING) == running
        groups = {name for name in self.numbers(keys.OPEN) if name.startswith("group ")}
        assert {name: n for name, n in self.numbers(keys.OPEN).items() if name not in groups} == open_jobs
        here = {owner for owner in PERSONS if open_jobs[owner]}
        assert {owner.decode() for owner in self.client.smembers(keys.owners_of("Ann"))} == here
        assert {owner.decode() for owner in self.client.hkeys(keys.PERSON_OF)} == here
        for owner, cap in self.numbers(keys.CAPS).items():
            # A limit that was lowered, or a job taken up again, may leave more running; no fetch adds to it.
            assert cap > 0, owner

    @invariant()
    def what_was_used_is_what_was_spent(self):
        if not hasattr(self, "jobs"):
            return
        found = Counter()
        for key in self.client.keys(keys.PREFIX + "spent:*"):
            found[key.decode().rpartition(":")[2]] += float(self.client.get(key))
        assert found == pytest.approx(+self.spent)

    @invariant()
    def no_head_is_passed_over_beyond_the_bound(self):
        if not hasattr(self, "jobs"):
            return
        for job in self.jobs:
            assert int(self.client.hget(keys.job(job), "skips") or 0) <= calls.MAX_SKIPS

    # -- sets ---------------------------------------------------------------------------------------------------

    def wholes(self):
        """Jobs as their owners know them."""
        return [job for job in self.jobs if "~" not in job]

    def single(self):
        """What is leased, lost and settled by itself: jobs, and the parts of those that are split."""
        return [job for job, known in self.jobs.items() if not known.parts]

    def state_of(self, job):
        """A job's state; a set's is worked out from those of its parts."""
        known = self.jobs[job]
        if not known.parts:
            return known.state
        states = [self.jobs[part].state for part in known.parts]
        if all(state.ended for state in states):
            if known.cancelling:
                return State.CANCELLED
            return State.DONE if State.DONE in states else State.FAILED
        return State.RUNNING if State.RUNNING in states else State.WAITING

    # -- the model's view ---------------------------------------------------------------------------------------

    def members(self, key):
        return {member.decode() for member in self.client.zrange(key, 0, -1)}

    def numbers(self, key):
        return numbers(self.client.hgetall(key))

    def floats(self, key):
        return {name.decode(): float(value) for name, value in self.client.hgetall(key).items()}

    def snapshot(self):
        jobs = []
        for job in self.single():
            known = self.jobs[job]
            if known.state is not State.WAITING:
                continue
            row = {name.decode(): value.decode() for name, value in self.client.hgetall(keys.job(job)).items()}
            request = self.request_of(job)
            if "~" in job:
                request = request.part(known.first, known.pictures, json.loads(row["needs"])["checkpoint"])
            needs = needs_of(parse_request(request.model_dump(exclude_defaults=True)))
            avoid = row["class"].partition("|not:")[2] or None
            jobs.append(
                WaitingJob(
                    id=job, owner=known.owner, group=row["group"], lane=Lane(row["class"].partition("|")[0]),
                    cost=float(row["cost"]), seq=float(row["seq"]), tokens=frozenset(needs.tokens), pixels=needs.pixels,
                    checkpoint=needs.checkpoint, avoid=avoid, skips=int(row.get("skips", 0)),
                    skipped_since_ms=int(row["skipped_since"]) if "skipped_since" in row else None,
                    pictures=1 if "~" in job else known.pictures,
                )
            )  # fmt: skip
        tags = self.floats(keys.TAGS)
        inner = {group: self.floats(keys.group_tags(group)) for group in set(OWNERS.values())}
        # What a worker has loaded is known from its last sign of life, not from what it has loaded since.
        known = {worker: self.client.hmget(keys.worker(worker), "loaded", "target") for worker in WORKERS}
        held = {worker: [value.decode() or None if value else None for value in row] for worker, row in known.items()}
        return Snapshot(
            now_ms=self.rig.now, jobs=tuple(jobs),
            machines=tuple(
                Machine(
                    id=worker, can=frozenset(self.can[worker].tokens()), pixels=self.pixels[worker],
                    loaded=held[worker][0], target=held[worker][1], promised=self.promised.get(worker),
                )
                for worker in WORKERS
                if self.client.exists(keys.worker(worker))
            ),
            clock=tags.get("v", 0.0), group_tags=tags,
            group_clocks={group: found.get("v", 0.0) for group, found in inner.items()},
            owner_tags={job.owner: inner[job.group].get(job.owner, 0.0) for job in jobs},
            weights=self.floats(keys.WEIGHTS), caps=self.numbers(keys.CAPS),
            running=self.numbers(keys.RUNNING), persons=PERSONS,
            speed=self.floats(keys.SPEED), loads=self.floats(keys.LOADS), paused=frozenset(self.paused),
            bumped=tuple(member.decode() for member in self.client.zrange(keys.BUMPED, 0, -1)),
            idle=tuple(member.decode() for member in self.client.zrange(keys.IDLE, 0, -1)),
            fast_in_a_row=int(self.client.hget(keys.STATS, "fast_in_a_row") or 0),
        )  # fmt: skip


@pytest.mark.parametrize("steps", [25, 80])
def test_no_life_of_a_queue_breaks_it(raw, steps):
    machine = type("ThisQueue", (QueueMachine,), {"client": raw})
    examples = int(os.environ.get("ZOSMA_TEST_EXAMPLES", "30"))

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=examples == 30,
            suppress_health_check=list(HealthCheck), print_blob=True,
            # Shrinking replays thousands of lives on a real server: minutes. The blob reproduces the one that failed.
            phases=set(Phase) - {Phase.shrink, Phase.explain},
        ),
    )  # fmt: skip
