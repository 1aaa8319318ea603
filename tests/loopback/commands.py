"""The command line as a user runs it: real processes, their output, their exit code."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

WAIT_S = 90


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str


class Running:
    """A command that runs on."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.text = ""

    async def says(self, pattern: str) -> re.Match[str]:
        """Waits until its output has a match."""
        assert self.process.stdout
        async with asyncio.timeout(WAIT_S):
            while not (match := re.search(pattern, self.text)):
                chunk = await self.process.stdout.read(4096)
                assert chunk, f"ended without saying {pattern!r}:\n{self.text}"
                self.text += chunk.decode()
        return match

    async def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        await self.process.wait()

    async def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Sends a signal and waits for the end."""
        assert self.process.stdout
        self.process.send_signal(number)
        async with asyncio.timeout(WAIT_S):
            self.text += (await self.process.stdout.read()).decode()
            return await self.process.wait()


class Zosma:
    """Runs `zosma` in a folder of its own, with no settings but those given."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        mine = ("REDIS_", "RESULTS_", "AWS_", "DISCORD_", "ZOSMA_", "SD_API_", "BOT_TOKEN", "OTEL_")
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
        self.env |= {"COLUMNS": "200", "ZOSMA_DATA_DIR": str(folder / "data"), **env}

    async def __call__(self, *arguments: str, **env: str) -> Ran:
        """Runs a command to its end."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "zosma_cli", *arguments, cwd=self.folder, env={**self.env, **env},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(WAIT_S):
            out, err = await process.communicate()
        return Ran(process.returncode or 0, out.decode(), err.decode())

    @asynccontextmanager
    async def running(self, *arguments: str, **env: str) -> AsyncIterator[Running]:
        """Runs a command for as long as the block runs."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "zosma_cli", *arguments, cwd=self.folder, env={**self.env, **env},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        command = Running(process)
        try:
            yield command
        finally:
            if process.returncode is None:
                await command.end(signal.SIGTERM)
