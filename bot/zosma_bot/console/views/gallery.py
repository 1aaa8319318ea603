"""`/console/gallery`: the newest pictures that are still stored, with how they were made."""

from __future__ import annotations

from aiohttp import web

from zosma_bot.console.cards import card
from zosma_bot.console.gate import Visitor
from zosma_bot.console.parts import Parts
from zosma_queue.job import Job, State

#: Jobs that are looked at, and those that are shown.
LOOKED, SHOWN = 200, 48


class Gallery:
    """The handlers, over the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """One's own pictures; to admins also everybody's that were not made in private."""
        whose = "all" if visitor.is_admin and request.query.get("of") == "all" else "own"
        jobs = [job for job in await self._jobs(visitor, whose) if job.state is State.DONE and job.result]
        jobs.sort(key=lambda job: job.finished_ms or 0, reverse=True)
        sights = await self._parts.sights.of(visitor, jobs)
        shown = [card(visitor, sights[job.id]) for job in jobs if sights[job.id].shows][:SHOWN]
        return await self._parts.page(
            request, visitor, "gallery.html", part="part-gallery.html", cards=shown, whose=whose
        )

    async def _jobs(self, visitor: Visitor, whose: str) -> list[Job]:
        stored = await self._parts.queue.with_pictures(LOOKED if whose == "all" else LOOKED * 10)
        if whose == "all":
            return await self._parts.queue.jobs(stored)
        own, there = await self._parts.queue.jobs_of(visitor.owner, limit=LOOKED), set(stored)
        return [job for job in own if job.id in there]


def routes(parts: Parts) -> list[web.RouteDef]:
    """The gallery."""
    return [web.get("/console/gallery", parts.gate.sees(Gallery(parts).page))]
