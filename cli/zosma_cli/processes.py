"""Child processes of `zosma demo` and `zosma up`."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import IO

from zosma_queue.errors import ZosmaError

#: A child that was asked to stop and hasn't after this is killed.
STOP_S = 15.0
_PR_SET_PDEATHSIG = 1


class ChildEndedError(ZosmaError):
    """Raised when a child process ends that should run on."""


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def die_with_parent() -> None:
    """Runs in the child: a killed parent must not leave a fleet behind. Linux has a call for it, others do without."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """A running `zosma` command."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self._process = process

    async def ended(self) -> None:
        """Returns never, but raises when the child ends.

        Raises:
          ChildEndedError: names the child and its exit code.
        """
        code = await self._process.wait()
        raise ChildEndedError(f"the {self.name} process ended with exit code {code}")

    async def stop(self) -> None:
        """Asks it to stop, and kills it when it doesn't."""
        if self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
            try:
                async with asyncio.timeout(STOP_S):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()


@asynccontextmanager
async def child(
    name: str, *arguments: str, env: Mapping[str, str], log: IO[bytes] | None = None
) -> AsyncIterator[Child]:
    """Runs `zosma ARGUMENTS` beside us for as long as the block runs; its output goes to `log`, or to ours."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "zosma_cli", *arguments, env={**os.environ, **env}, stdin=asyncio.subprocess.DEVNULL,
        stdout=log, stderr=log, preexec_fn=die_with_parent,
        # Ctrl-C in the terminal is for us: we stop the children in order.
        process_group=0,
    )  # fmt: skip
    running = Child(name, process)
    try:
        yield running
    finally:
        await running.stop()
