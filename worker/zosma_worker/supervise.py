"""Several WebUIs: a process for each, started again when it dies."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence

from zosma_queue.hourly import Hourly
from zosma_queue.tasks import set_within
from zosma_worker.settings import Address

log = logging.getLogger(__name__)

#: The exit code that means "the settings are wrong": starting again would not help.
EXIT_SETTINGS = 2
#: Before a dead child is started again; doubled with each death in a row.
FIRST_PAUSE_S = 0.5
PAUSE_MAX_S = 30.0
#: A child that lived this long had started well: the next death is a first one.
HEALTHY_S = 60.0
#: Argument with which a child is started: it ends when its standard input closes.
CHILD = "--child"


def when_parent_ends(loop: asyncio.AbstractEventLoop, then: Callable[[], object]) -> None:
    """Calls `then` in the loop once standard input closes, which its supervisor holds open for as long as it lives."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        loop.call_soon_threadsafe(then)

    threading.Thread(target=wait, daemon=True, name="parent-watch").start()


class Child:
    """One worker process."""

    def __init__(self, redis_url: str, address: Address) -> None:
        self._redis_url = redis_url
        self._address = address
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._said = Hourly()

    def signal(self, number: signal.Signals) -> None:
        """Passes a signal on; from the first one on the child isn't started again."""
        self._stopping.set()
        if self._process and self._process.returncode is None:
            self._process.send_signal(number)

    async def run(self) -> int:
        """Keeps the process alive until it is told to stop; its last exit code."""
        pause = FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            code = await self._once()
            if self._stopping.is_set() or code == EXIT_SETTINGS:
                return code
            if time.monotonic() - began > HEALTHY_S:
                pause = FIRST_PAUSE_S
            if self._said.due(f"died of {code:+}"):
                log.warning("the worker for %s died (%d), starts again in %.1f s", self._address.url, code, pause)
            if await set_within(self._stopping, pause):
                return 0
            pause = min(2 * pause, PAUSE_MAX_S)

    async def _once(self) -> int:
        # In a group of its own: a terminal's Ctrl-C reaches it once, through us, and not twice.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "zosma_worker",
            CHILD,
            env=self._environment(),
            stdin=asyncio.subprocess.PIPE,
            process_group=0,
        )
        if self._stopping.is_set():
            self._process.terminate()
        return await self._process.wait()

    def _environment(self) -> dict[str, str]:
        # By the environment, not by arguments: those are there for all users of the machine to read.
        env = {**os.environ, "REDIS_URL": self._redis_url, "SD_API_HOST": self._address.url}
        if self._address.auth:
            env["SD_API_AUTH"] = self._address.auth.get_secret_value()
        return env


async def supervise(redis_url: str, addresses: Sequence[Address]) -> int:
    """Runs a worker process for each address until a signal; 0 when all ended well, else the worst exit code."""
    children = [Child(redis_url, address) for address in addresses]
    loop = asyncio.get_running_loop()

    def pass_on(number: signal.Signals) -> None:
        for child in children:
            child.signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, pass_on, number)
    codes = await asyncio.gather(*(child.run() for child in children))
    return max(abs(code) for code in codes)
