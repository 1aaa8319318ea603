"""`zosma worker`: one address is driven in this process, several get one process each."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import signal
from pathlib import Path

from zosma_queue import tracing
from zosma_queue.allocator import give_freed_memory_back
from zosma_queue.connections import check_login
from zosma_queue.errors import SettingsError
from zosma_queue.hosts import say_if_inside
from zosma_queue.s3_pictures import check_bucket
from zosma_queue.settings import address_of, given_in
from zosma_worker.backends import open_backend
from zosma_worker.settings import WorkerSettings
from zosma_worker.slot import WorkerOptions, run_slot
from zosma_worker.supervise import EXIT_SETTINGS, supervise, when_parent_ends

log = logging.getLogger(__name__)

__all__ = ["EXIT_SETTINGS", "run"]

#: Of memory, see `allocator`: the blocks of a usual picture are used again, which saves 2 ms at 1024².
MAPPED_FROM_BYTES, FREE_AT_END_BYTES = 4 * 1024**2, 16 * 1024**2


def run(settings: WorkerSettings, *, child: bool = False) -> int:
    """Works until SIGTERM or SIGINT, and returns the exit code; a second signal exits at once.

    `child`: ends also when its standard input closes, that is when its supervisor died.

    Raises:
      SettingsError: when no WebUI or no Redis is named, or Redis or the pictures' bucket refuses us.
    """
    if not settings.webuis:
        raise SettingsError("SD_API_HOST is not set: say where the WebUI answers, like SD_API_HOST=localhost:7860")
    redis_url = settings.redis
    if not redis_url:
        raise SettingsError("REDIS_URL is not set: say where the queue is, like REDIS_URL=redis://host:6379/0")
    if not child:
        check_login(settings)
        check_bucket(settings, reads=False)
        say_if_inside(settings.redis_variable, address_of(redis_url))
        for webui in settings.webuis:
            say_if_inside("SD_API_HOST", webui.url)
    give_freed_memory_back(mapped_from=MAPPED_FROM_BYTES, free_at_end=FREE_AT_END_BYTES)
    if len(settings.webuis) > 1:
        return asyncio.run(supervise(redis_url, settings.webuis))
    return asyncio.run(_alone(redis_url, settings, child))


async def _alone(redis_url: str, settings: WorkerSettings, child: bool) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stopping() -> None:
        if stop.is_set():
            os._exit(1)  # asked twice: the running job's lease runs out, and another worker makes it
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping)
    if child:
        when_parent_ends(loop, stop.set)
    options = WorkerOptions(
        grace_s=settings.grace_s, benchmark=settings.benchmark, restart=settings.restart_command,
        results=settings.results,
    )  # fmt: skip
    opened = functools.partial(open_backend, workflows=settings.workflows)
    with tracing.sent("zosma-worker", given_in(Path(".env"))):
        await run_slot(redis_url, settings.webuis[0], stop, options, opened)
    return 0
