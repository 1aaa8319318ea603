"""The built-in WebUI as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence

from .app import WebUI, serve
from .errors import STAND_IN


def run(host: str, port: int, models: Sequence[str], load_seconds: float, step_seconds: float) -> None:
    """Serve until SIGINT or SIGTERM; one line says where, once it listens. Raises OSError when the port is taken."""
    webui = WebUI(models, load_seconds=load_seconds, step_seconds=step_seconds)
    asyncio.run(_serve(webui, host, port, models))


async def _serve(webui: WebUI, host: str, port: int, models: Sequence[str]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    webui.engine.crash = _die
    async with serve(webui, host=host, port=port) as url:
        print(f"{url}: {STAND_IN}; models: {', '.join(models)}", flush=True)  # noqa: T201 - the line that was asked for
        await stop.wait()


async def _die() -> None:
    # As a segfault would: no clean-up, no answers.
    os._exit(1)
