"""`/console/queue`: who waits, why, since when, and when they will begin."""

from __future__ import annotations

from aiohttp import web

from zosma_bot.console.cards import card, cards, in_line
from zosma_bot.console.forms import Form
from zosma_bot.console.gate import Visitor
from zosma_bot.console.parts import Parts
from zosma_queue.job import State

#: Rows of one page; more would be more than anybody reads, and slow on a phone.
ROWS = 50
DELAYED = 50
_FIRST_DIGITS = 7


class Line:
    """The handlers, over the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """What runs, what waits from `from` on, and what is put off."""
        first = _first(request.query.get("from", ""))
        now = await self._parts.board.now()
        waiting = await self._parts.board.line(first, ROWS)
        delayed = await self._parts.queue.admin.jobs(State.DELAYED, limit=DELAYED) if first == 0 else []
        sights = await self._parts.sights.of(visitor, [job for _, job in waiting])
        running = [] if first else list(now.running.values())
        running_sights = await self._parts.sights.of(visitor, running)
        return await self._parts.page(
            request, visitor, "queue.html", part="part-queue.html", first=first, rows_max=ROWS, board=now,
            waiting=in_line(visitor, now, [(line, sights[job.id]) for line, job in waiting]),
            running=[card(visitor, running_sights[job.id]) for job in running],
            delayed=await cards(self._parts, visitor, delayed),
        )  # fmt: skip

    async def strip(self, _: web.Request, visitor: Visitor) -> web.StreamResponse:
        """The line at the head of every page."""
        return self._parts.renderer.answer("part-strip.html", visitor=visitor, now=await self._parts.board.now())

    async def clear(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """Cancels everything that an owner has open."""
        count = await self._parts.queue.admin.clear(visitor.owner, form.get("owner", ""))
        return self._parts.done(request, f"{count} cancelled.", "/console/queue")


def _first(given: str) -> int:
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= _FIRST_DIGITS else 0


def routes(parts: Parts) -> list[web.RouteDef]:
    """The queue."""
    view = Line(parts)
    return [
        web.get("/console/queue", parts.gate.sees(view.page)),
        web.get("/console/strip", parts.gate.sees(view.strip)),
        web.post(
            "/console/queue/clear",
            parts.gate.changes(view.clear, admin=True, confirm="Cancel everything that this owner has in the queue?"),
        ),
    ]
