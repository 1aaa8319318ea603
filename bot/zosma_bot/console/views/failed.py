"""`/console/failed`: what went wrong for good, why, and again with it."""

from __future__ import annotations

from aiohttp import web

from zosma_bot.console.cards import card
from zosma_bot.console.forms import Form
from zosma_bot.console.gate import Visitor
from zosma_bot.console.parts import Parts
from zosma_queue.job import State

SHOWN = 100


class Failed:
    """The handlers, over the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """One's own failed jobs; to admins everybody's."""
        queue = self._parts.queue
        if visitor.is_admin:
            jobs = await queue.admin.jobs(State.FAILED, limit=SHOWN)
        else:
            jobs = (await queue.page_of(visitor.owner, limit=SHOWN, states=(State.FAILED,))).jobs
        sights = await self._parts.sights.of(visitor, jobs)
        return await self._parts.page(
            request, visitor, "failed.html", part="part-failed.html",
            cards=[card(visitor, sights[job.id]) for job in jobs], most=SHOWN,
        )  # fmt: skip

    async def purge(self, request: web.Request, visitor: Visitor, _: Form) -> web.StreamResponse:
        """Forgets all failed jobs."""
        count = await self._parts.queue.admin.purge(visitor.owner)
        return self._parts.done(request, f"{count} forgotten.", "/console/failed")


def routes(parts: Parts) -> list[web.RouteDef]:
    """What failed."""
    view = Failed(parts)
    return [
        web.get("/console/failed", parts.gate.sees(view.page)),
        web.post(
            "/console/failed/purge",
            parts.gate.changes(view.purge, admin=True, confirm="Forget all failed jobs? They can't be replayed then."),
        ),
    ]
