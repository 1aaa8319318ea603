"""Who sees what of a job.

Its owner sees everything. Admins see whose it is and what was asked for, and its pictures, unless it was asked for in
private; everybody else sees that there is one, how it stands, and nothing of what it says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from zosma_bot.console.gate import Visitor
from zosma_queue.client import Queue
from zosma_queue.job import Job
from zosma_queue.unreadable import READING

_DISCORD = "discord:"


@dataclass(frozen=True)
class Sight:
    """What one visitor sees of one job."""

    job: Job
    is_own: bool
    shows: bool
    """What was asked for, and the pictures."""
    whose: str
    """The owner's name as this visitor may know it."""
    is_private: bool = False


class Sights:
    """Says of jobs what a visitor sees."""

    def __init__(self, queue: Queue, names: Callable[[str], str | None] = lambda _: None) -> None:
        """`names` knows what Discord's members are called, by their owner; None for those who are unknown."""
        self._queue = queue
        self._names = names

    async def of(self, visitor: Visitor, jobs: Iterable[Job]) -> dict[str, Sight]:
        """Job id → what is seen of it.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        jobs = list(jobs)
        others = [job for job in jobs if job.owner != visitor.owner]
        hidden = await self._private(others) if visitor.is_admin else set()
        return {job.id: self._sight(visitor, job, job.id in hidden) for job in jobs}

    async def one(self, visitor: Visitor, job: Job) -> Sight:
        """What is seen of one job."""
        return (await self.of(visitor, [job]))[job.id]

    def name_of(self, visitor: Visitor, owner: str) -> str:
        """What an owner is called to this visitor."""
        if owner == visitor.owner:
            return "you"
        if not visitor.is_admin:
            return "somebody else"
        if name := self._names(owner):
            return name
        return owner.removeprefix("key:")

    def _sight(self, visitor: Visitor, job: Job, is_private: bool) -> Sight:
        is_own = job.owner == visitor.owner
        shows = is_own or (visitor.is_admin and not is_private)
        return Sight(job, is_own, shows, self.name_of(visitor, job.owner), is_private)

    async def _private(self, jobs: list[Job]) -> set[str]:
        """Those that were asked for where nobody else looks, or so that it can't be told any more."""
        asked = [job.id for job in jobs if job.owner.startswith(_DISCORD)]
        replies = await self._queue.replies(asked)
        return {job_id for job_id in asked if _is_private(replies.get(job_id))}


def _is_private(reply: str | None) -> bool:
    """By the record of where the answer goes (discord/state/reply_record.py), of which the page knows these fields."""
    try:
        told = json.loads(reply or "")
        seen_by_all = told["guild_id"] is not None and not told["private"]
        return not seen_by_all or bool(told["spoiler"] or told["blocked"])
    except (*READING, KeyError):
        return True
