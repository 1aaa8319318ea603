"""`/console/history`: throughput, waits, GPU use and faults over an hour, a day, a week, 90 days."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web

from zosma_bot.console.gate import Visitor
from zosma_bot.console.parts import Parts
from zosma_bot.console.plots import plots, totals
from zosma_queue.series import Step


@dataclass(frozen=True)
class Range:
    """A time that is looked at."""

    word: str
    step: Step
    count: int
    size: int
    bar: str


RANGES = {
    "hour": Range("1 hour", Step.MINUTE, 60, 1, "a minute"),
    "day": Range("24 hours", Step.MINUTE, 96, 15, "a quarter of an hour"),
    "week": Range("7 days", Step.HOUR, 168, 1, "an hour"),
    "quarter": Range("90 days", Step.HOUR, 90, 24, "a day"),
}
_USUAL = "day"


class History:
    """The handlers, over the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """The plots of one time."""
        name = request.query.get("over", _USUAL)
        name = name if name in RANGES else _USUAL
        over = RANGES[name]
        spans = await self._parts.queue.series(over.step, over.count, size=over.size)
        return await self._parts.page(
            request, visitor, "history.html", part="part-history.html", ranges=RANGES, chosen=name, over=over,
            plots=await asyncio.to_thread(plots, spans), totals=totals(spans),
        )  # fmt: skip


def routes(parts: Parts) -> list[web.RouteDef]:
    """The plots."""
    return [web.get("/console/history", parts.gate.sees(History(parts).page))]
