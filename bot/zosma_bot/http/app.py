"""The HTTP application, put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import cast

from aiohttp import hdrs, web
from aiohttp.payload import Payload

from zosma_bot.console.console import Console
from zosma_bot.http import auth, problems
from zosma_bot.http.a1111 import A1111
from zosma_bot.http.admin import AdminApi
from zosma_bot.http.bodies import INTAKE, Intake, one_after_the_other
from zosma_bot.http.connections import (
    ACCEPTED_AT_ONCE,
    ALL,
    WAITING_TO_BE_ACCEPTED,
    Bounds,
    Connections,
    accept_errors_said_once,
)
from zosma_bot.http.description import ENDPOINTS, Description
from zosma_bot.http.doors import Doors
from zosma_bot.http.events import EventStreams
from zosma_bot.http.fleet import Fleet
from zosma_bot.http.health import Health
from zosma_bot.http.jobs import Jobs
from zosma_bot.http.key_ring import KeyRing
from zosma_bot.http.keys import KeysApi
from zosma_bot.http.last_fleet import LastFleet
from zosma_bot.http.lists import Lists
from zosma_bot.http.masks import Masks
from zosma_bot.http.metrics import MetricsPage
from zosma_bot.http.negotiation import Negotiator
from zosma_bot.http.pictures import Pictures
from zosma_bot.http.protocol import Protocol
from zosma_bot.http.traced import traced
from zosma_bot.http.wanted import Wanted
from zosma_bot.http.wicket import Wicket
from zosma_bot.hub import Hub
from zosma_bot.links import Links
from zosma_bot.metrics import Metrics
from zosma_bot.webhooks import Receivers, WebhookSender
from zosma_queue import tracing
from zosma_queue.client import Queue
from zosma_queue.errors import SettingsError

#: Answers of this size are compressed; what is larger would hold the loop up.
GZIP_MIN_BYTES, GZIP_MAX_BYTES = 1_000, 1_000_000
BODY_MAX_BYTES = 4 * 1024 * 1024
#: How long open requests may take to end when the process stops.
SHUTDOWN_S = 2.0


def make_app(
    queue: Queue,
    hub: Hub,
    keys: Mapping[str, str],
    admins: Collection[str] = (),
    *,
    doors: Doors = Doors(),  # noqa: B008 - frozen
    bounds: Bounds = Bounds(),  # noqa: B008 - frozen
    wicket: Wicket | None = None,
    links: Links | None = None,
    faults: Mapping[str, int] = MappingProxyType({}),
    metrics: Metrics | None = None,
    webhooks: Receivers = Receivers(),  # noqa: B008 - frozen
    only_loopback: bool = True,
    names: Callable[[str], str | None] = lambda _: None,
) -> web.Application:
    """The application over a queue. `keys` maps key → name, for those that the environment gives.

    Without them and without keys in Redis none is asked for, and every caller is an admin; never where other machines
    get here, which `only_loopback` says.

    `faults` says how often each of the process's loops broke down, for `/healthz`; `names` what Discord's members are
    called, by their owner, for admins on the page.
    """
    ring = KeyRing(queue.api_keys, keys, admins, only_loopback=only_loopback, wicket=wicket)
    connections = Connections(bounds)
    forms = Negotiator()
    console = Console(queue, hub, ring, forms, names=names)
    chain = [
        connections.middleware(),
        doors.invite(),
        problems.as_answers,
        doors.guard(lambda: ring.required),
        auth.require_key(),
        *((traced,) if tracing.on() else ()),
        compressed,
        without_slash,
        one_after_the_other,
    ]
    app = web.Application(client_max_size=BODY_MAX_BYTES, middlewares=chain)
    app.on_response_prepare.extend((inert, doors.note_invited, auth.note_prepared))
    app[auth.RING] = ring
    app[ALL] = connections
    app[INTAKE] = Intake()
    fleet, wanted = LastFleet(queue), Wanted(queue)
    streams, sender = EventStreams(queue, hub), WebhookSender(queue, hub, webhooks)
    app.cleanup_ctx.extend((ring.beside(), wanted.beside(), streams.beside, sender.beside))
    app.on_shutdown.append(console.live.close)
    links = links or Links(queue)
    own = (Jobs(queue, sender, forms), streams, Fleet(queue, fleet), AdminApi(queue), KeysApi(queue, ring))
    app[ENDPOINTS] = endpoints = [endpoint for part in own for endpoint in part.endpoints()]
    parts = (
        A1111(queue, hub, fleet, wanted), Lists(fleet), *own, Description(endpoints),
        Health(queue, hub, faults), MetricsPage(metrics or Metrics(queue, hub)), Pictures(queue, links),
        Masks(queue, links), console,
    )  # fmt: skip
    for part in parts:
        app.add_routes(part.routes())
    return app


async def inert(_: web.Request, answer: web.StreamResponse) -> None:
    """Has browsers take every answer, those with pictures too, for what it says it is, and run nothing in it.

    A page of our own says by itself what may run there. And has caches on the way keep nothing that doesn't say so by
    itself: some keep whatever came by GET, for minutes, and `progress` would stand still.
    """
    answer.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    answer.headers.setdefault("Content-Security-Policy", "default-src 'none'; sandbox")
    answer.headers["X-Content-Type-Options"] = "nosniff"


_without_slash = web.normalize_path_middleware(
    append_slash=False, remove_slash=True, merge_slashes=False, redirect_class=web.HTTPTemporaryRedirect
)


@web.middleware
async def without_slash(request: web.Request, handler: problems.Handler) -> web.StreamResponse:
    """As A1111: `/sdapi/v1/samplers/` is told where to go, with its body.

    By an address that is relative: a proxy may have put us below a path of its own.
    """
    try:
        return await _without_slash(request, handler)
    except web.HTTPTemporaryRedirect as moved:
        up = "../" * (request.rel_url.raw_path.count("/") - 1)
        moved.headers[hdrs.LOCATION] = up + moved.headers[hdrs.LOCATION].lstrip("/")
        raise


@web.middleware
async def compressed(request: web.Request, handler: problems.Handler) -> web.StreamResponse:
    """Sends answers that are worth it as gzip to who takes it, and never pictures: those are compressed already."""
    answer = await handler(request)
    if not isinstance(answer, web.Response) or isinstance(answer.body, Payload):
        return answer
    if answer.content_type == "application/json" and GZIP_MIN_BYTES <= (answer.content_length or 0) <= GZIP_MAX_BYTES:
        answer.enable_compression()
    return answer


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    """Serves the application for as long as the block runs; gives its address.

    Raises:
      SettingsError: when the port is taken or the host isn't ours.
    """
    logging.getLogger("aiohttp.server").addFilter(problems.without_traceback)
    runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    server: asyncio.Server | None = None
    try:
        loop, manager = asyncio.get_running_loop(), cast(web.Server, runner.server)
        factory = app[ALL].watched(lambda: Protocol(manager, loop=loop, access_log=None))
        try:
            server = await loop.create_server(factory, host, port, backlog=ACCEPTED_AT_ONCE)
        except OSError as error:
            raise SettingsError(
                f"ZOSMA_HOST={host!r} ZOSMA_PORT={port}: can't listen there ({error.strerror or error}):"
                " stop what uses it, or choose another port"
            ) from error
        for listening in server.sockets:
            # asyncio takes one number for both: how many it accepts in a row, and how many the system lets wait.
            with listening.dup() as same:
                same.listen(WAITING_TO_BE_ACCEPTED)
        bound = server.sockets[0].getsockname()
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        with accept_errors_said_once():
            yield f"http://{shown}:{bound[1]}"
    finally:
        if server:
            server.close()
        await runner.cleanup()
