"""Child processes of `zosma demo` and `zosma up`."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import IO

from zosma_queue.errors import ZosmaError
from zosma_queue.logs import FOR_PEOPLE
from zosma_queue.terminal import visible

#: A child that was asked to stop and hasn't after this is killed.
STOP_S = 15.0
#: What it had to say at its end is waited for so long.
LAST_WORDS_S = 2.0
#: How a line begins that tells the user what to put right (`main.fail`).
TO_THE_USER = "zosma: "
#: A line without an end is passed on in pieces of this many bytes.
LINE_MAX = 65536
#: Below the range from which systems give ports to whoever asks for any (Linux: 32768 and up).
_PORTS = range(20_000, 32_768)
_PR_SET_PDEATHSIG = 1


class ChildEndedError(ZosmaError):
    """Raised when a child process ends that should run on."""


def free_port() -> int:
    """A loopback port that nobody listens on, and that no outgoing connection takes before somebody does."""
    for port in (*random.SystemRandom().sample(_PORTS, 20), 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found: int = probe.getsockname()[1]
            return found
    raise ZosmaError("there is no free port on 127.0.0.1")


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
        """Passes on what it says, line by line, and keeps in mind what it says for its user.

        What is no record of a log, as a library's warning, is escaped only here.
        """
        assert self._process.stdout is not None  # noqa: S101 it was started with a pipe
        rest = b""
        while chunk := await self._process.stdout.read(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > LINE_MAX:
                lines, rest = [*lines, rest], b""
            self._say(lines)
        self._say([rest] if rest else [])

    def _say(self, lines: Sequence[bytes]) -> None:
        if not lines:
            return
        shown = [visible(line.removesuffix(b"\r").decode(errors="replace")) for line in lines]
        with contextlib.suppress(OSError):  # nobody listens to us any more: no reason to stop the child
            self._out.write("".join(f"{line}\n" for line in shown).encode())
            self._out.flush()
        for line in shown:
            if line.startswith(TO_THE_USER):
                self._last_words = line.removeprefix(TO_THE_USER)

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
    """Runs `zosma ARGUMENTS` beside us for as long as the block runs. Its output goes to `log`, or to our errors."""
    # Its output comes to us by a pipe, and is read where ours is, or told when it dies.
    form = {FOR_PEOPLE: "1"} if log is not None or sys.stderr.isatty() else {}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "zosma_cli", *arguments, env={**os.environ, **form, **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, preexec_fn=die_with_parent,
        # Ctrl-C in the terminal is for us: we stop the children in order.
        process_group=0,
    )  # fmt: skip
    running = Child(name, process, log or sys.stderr.buffer)
    try:
        yield running
    finally:
        await running.stop()
