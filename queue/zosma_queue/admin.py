"""What an admin may do and see: the same for Discord, HTTP and the command line.

Every act names who does it and goes to the audit stream, written by the script that does it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from zosma_queue import calls, keys
from zosma_queue.audit import Chain, note_within, read_chain
from zosma_queue.calls import Cancelled
from zosma_queue.copies import Copy
from zosma_queue.documents import encoded
from zosma_queue.errors import RequestRefusedError
from zosma_queue.job import Job, State, readable
from zosma_queue.job_sets import OPEN, jobs_in
from zosma_queue.moderation import ContentRules, parse_rules
from zosma_queue.overview import Overview, OwnerDepth, owner_depth, take_overview
from zosma_queue.policy import Policy, checked_name, parse_policy
from zosma_queue.rulebook import Rulebook, note_change, read_rulebook
from zosma_queue.scopes import Scope, paused_scope, resolve
from zosma_queue.scripts import acall, redis_errors
from zosma_queue.unreadable import numbers, row_or, skipping, texts
from zosma_queue.workers import read_workers

#: Where the jobs of each state are listed. Ended well ones are not: they are known by id until they are forgotten.
_LISTED = {
    State.WAITING: keys.WAITING,
    State.DELAYED: keys.DELAYED,
    State.RUNNING: keys.LEASES,
    State.FAILED: keys.DEAD,
}
#: More jobs than any fleet runs at once.
RUNNING_MAX = 10_000
#: Jobs that one clear looks at in one go.
BATCH = 500
#: A worker gives signs of life every two seconds; one that gives none for so long is gone.
TRY_NOW_TTL_S = 60


@dataclass(frozen=True)
class Pause:
    """A scope that is paused."""

    scope: str
    who: str
    at_ms: int
    why: str


@dataclass(frozen=True)
class Act:
    """One entry of the audit stream."""

    who: str
    act: str
    target: str
    at_ms: int
    part: str = ""
    """Which part of the target was changed, like `channels` of a server's rules; '' for all of it."""
    value: str = ""
    """What the part was changed to or by, like `on` or `+<id>`."""


@dataclass(frozen=True)
class Accuracy:
    """How forecasts of jobs that had to wait turned out, newer ones counting more."""

    count: int
    bias: float
    """Real time by forecast time: above 1, things took longer than the rules and speeds said."""
    error: float
    """Share of the real time by which the corrected forecast was off."""


class Admin:
    """The queue's admin side, over an asyncio Redis client."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self.rulebook: Copy[Rulebook] = Copy(functools.partial(read_rulebook, redis))

    # -- looking ------------------------------------------------------------------------------------------------

    async def jobs(self, state: State, *, limit: int = 100) -> list[Job]:
        """Jobs in a state: waiting, delayed and running ones oldest first, failed ones newest first.

        Raises:
          RequestRefusedError: for a state whose jobs aren't listed.
        """
        if state not in _LISTED:
            known = ", ".join(_LISTED)
            raise RequestRefusedError(
                f"state {str(state)!r} is not listed: {known} are",
                code="unknown-state",
                field="state",
                values={"given": str(state), "known": known},
            )
        # A set is one job, however many of its parts are listed.
        return list({job.id: job for job in await self._listed(state, limit)}.values())

    async def _listed(self, state: State, limit: int) -> list[Job]:
        """The jobs in a state; a set once for each of its parts that is, with the worker that has the part."""
        with redis_errors():
            found = await self._redis.zrange(_LISTED[state], 0, limit - 1, desc=state is State.FAILED)
            ids = texts(_LISTED[state], found)
            pipe = self._redis.pipeline(transaction=False)
            for job_id in ids:
                pipe.hgetall(keys.job(keys.whole(job_id)))
                pipe.hmget(keys.job(job_id), "worker", "runs_on")
            rows = await pipe.execute(raise_on_error=False) if ids else []
        jobs: list[Job] = []
        for job_id, row, at_work in zip(ids, rows[0::2], rows[1::2], strict=True):
            with skipping(keys.job(job_id)):
                worker, runs_on = (value and value.decode() for value in row_or(keys.job(job_id), at_work, [None] * 2))
                for job in readable([keys.whole(job_id)], [row]):
                    jobs.append(job if job.id == job_id else replace(job, worker=worker, runs_on=runs_on or None))
        return jobs

    async def running(self, scope: str) -> list[Job]:
        """The running jobs of a scope, those included that run on a checkpoint because it is loaded.

        Raises:
          RequestRefusedError: when the scope is none.
        """
        wanted = Scope.parse(await self.resolve_paused(scope))
        running = await self._listed(State.RUNNING, RUNNING_MAX)
        return list({job.id: job for job in running if wanted.contains(job)}.values())

    async def pauses(self) -> list[Pause]:
        """What is paused."""
        with redis_errors():
            found: dict[bytes, bytes] = await self._redis.hgetall(keys.PAUSED)
        pauses: list[Pause] = []
        for scope, value in sorted(found.items()):
            with skipping(keys.PAUSED):
                note = json.loads(value)
                pauses.append(Pause(scope.decode(), str(note["who"]), int(note["at"]), str(note["why"])))
        return pauses

    async def audit(self, *, limit: int = 100) -> list[Act]:
        """The newest acts of admins, newest first."""
        with redis_errors():
            rows: list[tuple[bytes, dict[bytes, bytes]]] = await self._redis.xrevrange(keys.AUDIT, count=limit)
        acts = []
        for _, row in rows:
            with skipping(keys.AUDIT):
                told = {name.decode(): value.decode() for name, value in row.items()}
                part, value = told.get("part", ""), told.get("value", "")
                acts.append(Act(told["who"], told["act"], told["target"], int(told["at"]), part, value))
        return acts

    async def audit_chain(self) -> Chain:
        """The whole audit trail with its hashes, for whoever verifies it (audit.py)."""
        return await read_chain(self._redis)

    async def stats(self) -> dict[str, int]:
        """Counters since the beginning; `loads_saved` is how often a checkpoint load was avoided."""
        with redis_errors():
            found: dict[bytes, bytes] = await self._redis.hgetall(keys.STATS)
        whole = {name: value for name, value in found.items() if b"." not in value}
        return {name: int(value) for name, value in numbers(keys.STATS, whole).items()}

    async def accuracy(self) -> Accuracy:
        """How forecasts turned out."""
        with redis_errors():
            found = numbers(keys.ACCURACY, await self._redis.hgetall(keys.ACCURACY))
        return Accuracy(int(found.get("count", 0)), found.get("bias", 1.0), found.get("error", 0.0))

    async def overview(self, sees: Callable[[str], bool] | None = None) -> Overview:
        """What waits and runs, by lane, checkpoint, owner and worker; of owners, those that `sees` allows."""
        return await take_overview(self._redis, sees)

    async def owner_depth(self, owner: str) -> OwnerDepth:
        """How many jobs of an owner have not ended."""
        return await owner_depth(self._redis, owner)

    # -- acting -------------------------------------------------------------------------------------------------

    async def cancel(self, who: str, job_id: str, why: str = "") -> Cancelled:
        """Cancels anybody's job; its owner is told by whom, and why."""
        return await acall(self._redis, calls.cancel(job_id, admin=who, why=why))

    async def resolve_scope(self, scope: str) -> str:
        """What somebody means who names a scope: with the name of a worker or checkpoint that there is.

        Raises:
          RequestRefusedError: when there is none; names those that there are.
        """
        return resolve(scope, await read_workers(self._redis))

    async def resolve_paused(self, scope: str) -> str:
        """The scope that is to go on: what is paused counts, even if its worker or checkpoint is gone.

        Raises:
          RequestRefusedError: when it is neither paused nor there.
        """
        paused = [pause.scope for pause in await self.pauses()]
        return paused_scope(scope, paused) or await self.resolve_scope(scope)

    async def pause(self, who: str, scope: str, why: str = "") -> bool:
        """Hands out no more jobs of a scope; running ones finish. False when it was paused already.

        Raises:
          RequestRefusedError: when the scope is none.
        """
        return await acall(self._redis, calls.pause(who, await self.resolve_scope(scope), why=why))

    async def resume(self, who: str, scope: str) -> bool:
        """Goes on; False when the scope was not paused.

        Raises:
          RequestRefusedError: when the scope is none.
        """
        return await acall(self._redis, calls.resume(who, await self.resolve_paused(scope)))

    async def try_now(self, who: str, worker: str) -> None:
        """Has a worker that is away look at its WebUI at once, a sick one with its canary job, instead of in its time.

        Told by a key that the worker takes with its next sign of life: an event would be lost on one that is not there.
        """
        pipe = self._redis.pipeline(transaction=True)
        pipe.set(keys.try_now(worker), who, ex=TRY_NOW_TTL_S)
        note_within(pipe, who, "try", worker)
        with redis_errors():
            await pipe.execute()

    async def bump(self, who: str, job_id: str) -> bool:
        """Moves a waiting job before everybody's; False when it doesn't wait."""
        return await acall(self._redis, calls.bump(who, job_id))

    async def clear(self, who: str, owner: str, why: str = "") -> int:
        """Cancels every job of an owner that has not ended; how many. The owner is told by whom, and why."""
        ids = await jobs_in(self._redis, OPEN)
        count = 0
        for first in range(0, max(len(ids), 1), BATCH):
            count += await acall(self._redis, calls.clear(who, owner, ids[first : first + BATCH], why=why))
        return count

    async def retry(self, who: str, job_id: str) -> bool:
        """Gives a failed job a new life; False when it hasn't failed."""
        return await acall(self._redis, calls.replay(who, job_id))

    async def purge(self, who: str, job_ids: list[str] | None = None) -> int:
        """Forgets failed jobs, all of them when none are named; how many."""
        if job_ids is None:
            with redis_errors():
                job_ids = texts(keys.DEAD, await self._redis.zrange(keys.DEAD, 0, -1))
        count = 0
        for first in range(0, max(len(job_ids), 1), BATCH):
            count += await acall(self._redis, calls.purge(who, job_ids[first : first + BATCH]))
        return count

    async def note(self, who: str, act: str, target: str, *, part: str = "", value: str = "") -> None:
        """Writes into the audit stream what was done beside the queue: the fields of an `Act`."""
        await acall(self._redis, calls.note(who, act, target, part=part, value=value))

    # -- policies -----------------------------------------------------------------------------------------------

    async def policies(self) -> Mapping[str, Policy]:
        """Role or key → policy."""
        return (await self.rulebook.latest()).policies

    async def set_policy(self, who: str, name: str, fields: Mapping[str, object]) -> Policy:
        """Sets the policy of a role, key or owner; fields left out have no limit.

        Raises:
          RequestRefusedError: when the name can be nobody's, or a field is wrong.
        """
        policy = parse_policy(fields)
        await self._write_policy(who, checked_name(name), policy.model_dump_json())
        return policy

    async def drop_policy(self, who: str, name: str) -> bool:
        """Whoever had it gets `default` again; False when there was none."""
        return await self._write_policy(who, name, None)

    async def _write_policy(self, who: str, name: str, value: str | None) -> bool:
        with redis_errors():
            old: bytes | None = await self._redis.hget(keys.POLICIES, name)
        if (old and old.decode()) == value:
            return False
        pipe = self._redis.pipeline(transaction=True)
        if value is None:
            pipe.hdel(keys.POLICIES, name)
        else:
            pipe.hset(keys.POLICIES, name, value)
        note_change(pipe)
        note_within(pipe, who, "limits", name)
        with redis_errors():
            await pipe.execute()
        return True

    # -- rules --------------------------------------------------------------------------------------------------

    async def rules(self, group: str = "") -> ContentRules:
        """What is allowed in a group, or with "" to everybody."""
        return (await self.rulebook.latest()).rules.get(group, ContentRules())

    async def rules_by_group(self) -> dict[str, ContentRules]:
        """Group, or "" for everybody → what is allowed there, where anything is ruled."""
        return dict((await self.rulebook.latest()).rules)

    async def rules_for(self, group: str) -> list[ContentRules]:
        """What a request from this group is held to: everybody's rules, and its own."""
        return (await self.rulebook.latest()).rules_for(group)

    async def set_rules(self, who: str, group: str, fields: Mapping[str, object]) -> ContentRules:
        """Sets what is allowed in a group, or with "" to everybody; fields left out allow everything.

        Raises:
          RequestRefusedError: when a field is wrong.
        """
        rules = parse_rules(fields)
        pipe = self._redis.pipeline(transaction=True)
        if rules == ContentRules():
            pipe.hdel(keys.RULES, group)
        else:
            pipe.hset(keys.RULES, group, rules.model_dump_json())
        note_change(pipe)
        note_within(pipe, who, "rules", group or "everybody")
        with redis_errors():
            await pipe.execute()
        return rules

    async def replace(
        self,
        who: str,
        group: str,
        *,
        document: tuple[str, str, dict[str, Any]] | None = None,
        rules: ContentRules | None = None,
        policies: Mapping[str, Policy | None] | None = None,
    ) -> None:
        """Sets a server's document (kind, id, content), rules and policies (None drops one): all of it or nothing.

        Raises:
          RequestRefusedError: when the document is too large.
        """
        pipe = self._redis.pipeline(transaction=True)
        if document:
            pipe.set(keys.document(document[0], document[1]), encoded(document[2]))
        if rules:
            pipe.hset(keys.RULES, group, rules.model_dump_json())
        for name, policy in (policies or {}).items():
            if policy is None:
                pipe.hdel(keys.POLICIES, name)
            else:
                pipe.hset(keys.POLICIES, name, policy.model_dump_json())
        note_change(pipe)
        note_within(pipe, who, "import", group)
        with redis_errors():
            await pipe.execute()
