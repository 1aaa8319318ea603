"""The page, put together."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from zosma_bot.console.assets import the_assets
from zosma_bot.console.board import Board
from zosma_bot.console.gate import Gate, Visitor
from zosma_bot.console.live import Live
from zosma_bot.console.parts import Parts
from zosma_bot.console.render import Renderer
from zosma_bot.console.sight import Sights
from zosma_bot.console.views import admin, connect, create, failed, fleet, gallery, history, job, keys, line
from zosma_bot.http.key_ring import KeyRing
from zosma_bot.http.negotiation import Negotiator
from zosma_bot.hub import Hub
from zosma_queue.client import Queue

#: A module each; CONTRIBUTING.md says how to add one.
VIEWS = (create, line, fleet, history, gallery, failed, job, connect, keys, admin)


class Console:
    """The page over one queue."""

    def __init__(
        self,
        queue: Queue,
        hub: Hub,
        ring: KeyRing,
        forms: Negotiator,
        *,
        names: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        """`names` knows what Discord's members are called, by their owner; None for those who are unknown."""
        self._assets = the_assets()
        renderer = Renderer(self._assets)
        self._gate = Gate(queue, ring, renderer)
        self.live = Live(queue, hub, self._gate)
        self._parts = Parts(
            queue=queue, gate=self._gate, renderer=renderer, board=Board(queue), sights=Sights(queue, names),
            forms=forms,
        )  # fmt: skip

    def routes(self) -> list[web.RouteDef]:
        """Everything below `/` that is for people."""
        views = [route for view in VIEWS for route in view.routes(self._parts)]
        nothing = web.get("/console/{nothing:.*}", self._gate.sees(_nothing))
        return [*views, *self._gate.routes(), *self.live.routes(), *self._assets.routes(), nothing]


async def _nothing(_: web.Request, __: Visitor) -> web.StreamResponse:
    """For an address below the page's that there is not."""
    raise web.HTTPNotFound
