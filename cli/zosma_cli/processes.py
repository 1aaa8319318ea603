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
#: What it had to say at its end is waited for so long.
LAST_WORDS_S = 2.0
#: How a line begins that tells the user what to put right (`main.fail`).
TO_THE_USER = b"zosma: "
LINE_MAX = 65536
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

    def __init__(self, name: str, process: asyncio.subprocess.Process, out: IO[bytes]) -> None:
        self.name = name
        self._process = process
        self._out = out
        self._last_words = ""
        self._listening = asyncio.create_task(self._pass_on())

    async def _pass_on(self) -> None:
        """Passes on what it says, and keeps in mind what it says for its user."""
        assert self._process.stderr is not None  # noqa: S101 it was started with a pipe
        rest = b""
        while chunk := await self._process.stderr.read(65536):
            with contextlib.suppress(OSError):  # nobody listens to us any more: no reason to stop the child
                self._out.write(chunk)
                self._out.flush()
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.startswith(TO_THE_USER):
                    self._last_words = line.removeprefix(TO_THE_USER).decode(errors="replace")
            rest = rest[-LINE_MAX:]

    async def ended(self) -> None:
        """Returns never, but raises when the child ends.

        Raises:
          ChildEndedError: names the child, and what it said was the matter or its exit code.
        """
        code = await self._process.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await asyncio.shield(self._listening)
        why = f": {self._last_words}" if self._last_words else f" with exit code {code}"
        raise ChildEndedError(f"the {self.name} process ended{why}")

    async def stop(self) -> None:
        """Asks it to stop, and kills it when it doesn't."""
        if self._process.returncode is None:
            await self._end()
        with contextlib.suppress(TimeoutError):  # a child of its own may hold the pipe open
            async with asyncio.timeout(LAST_WORDS_S):
                await asyncio.shield(self._listening)
        self._listening.cancel()

    async def _end(self) -> None:
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
        stdout=log, stderr=asyncio.subprocess.PIPE, preexec_fn=die_with_parent,
        # Ctrl-C in the terminal is for us: we stop the children in order.
        process_group=0,
    )  # fmt: skip
    running = Child(name, process, log or sys.stderr.buffer)
    try:
        yield running
    finally:
        await running.stop()
