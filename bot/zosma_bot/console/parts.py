"""What every view works with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from zosma_bot.console.board import Board
from zosma_bot.console.gate import PART, Gate, Visitor, own_path
from zosma_bot.console.render import Renderer, redirect
from zosma_bot.console.sight import Sights
from zosma_bot.http.negotiation import Negotiator
from zosma_bot.hub import Hub
from zosma_queue.client import Queue


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Handed to each view's `routes`."""

    queue: Queue
    hub: Hub
    gate: Gate
    renderer: Renderer
    board: Board
    sights: Sights
    forms: Negotiator
    """Makes small pictures."""

    async def page(
        self, request: web.Request, visitor: Visitor, template: str, *, part: str = "", **values: Any
    ) -> web.Response:
        """The whole page; to a script that asks for the part alone, that template."""
        if part and PART in request.headers:
            template = part
        else:
            values |= {"theme": visitor.theme, "now": await self.board.now()}
        # The largest take some tens of milliseconds: not on the loop that answers Discord.
        text = await asyncio.to_thread(self.renderer.text, template, visitor=visitor, **values)
        return self.renderer.of_text(text)

    def done(self, request: web.Request, told: str, back: str) -> web.Response:
        """The answer to a form that did what it should: words for a script, else back to a page."""
        if PART in request.headers:
            return self.renderer.answer("told-part.html", text=told)
        return redirect(own_path(back))
