"""The whole product as real processes that can be killed and started again; Discord and WebUIs are on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
from aiohttp import web

from loopback.discord.server import DiscordServer
from loopback.s3 import KEY, S3, SECRET, moto, s3_on_loopback
from loopback.webui import ScriptedWebUI, Turn
from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey

WORKERS = 3
START_S = 60.0
END_S = 60.0
#: What a picture takes a GPU, in seconds.
JOB_S = 0.4


class SteadyWebUI(ScriptedWebUI):
    """A WebUI that takes its time, and that can crash and come back in the middle of it."""

    async def usual(self, turn: Turn) -> web.StreamResponse:
        """A good answer after a while."""
        await asyncio.sleep(JOB_S)
        return await super().usual(turn)


class Part:
    """One `zosma` process, started again as often as it is killed; its output goes to a file."""

    def __init__(self, folder: Path, name: str, arguments: tuple[str, ...], env: dict[str, str]) -> None:
        self._log = folder / f"{name}.log"
        self._folder = folder
        self._arguments = arguments
        self._env = env
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Starts it, if it doesn't run."""
        if self._process is not None and self._process.returncode is None:
            return
        with self._log.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "zosma_cli", *self._arguments, cwd=self._folder, env=self._env,
                stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip

    async def kill(self) -> None:
        """kill -9, if it runs."""
        await self._stop(signal.SIGKILL)

    async def end(self) -> None:
        """SIGTERM, as an upgrade does."""
        await self._stop(signal.SIGTERM)

    async def _stop(self, number: signal.Signals) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            await asyncio.wait_for(process.wait(), END_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    @property
    def log(self) -> str:
        """All that it has said."""
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""


class System:
    """Everything there is. Use it as `async with`."""

    def __init__(self, folder: Path, *, with_bucket: bool = False) -> None:
        """`with_bucket`: pictures lie in one, and not in Redis."""
        self.port = free_port()
        self.discord = DiscordServer(rate_limits="real")
        self.valkey = PrivateValkey(folder / "valkey")
        self.webuis = [SteadyWebUI() for _ in range(WORKERS)]
        self.bot: Part
        self.workers: list[Part] = []
        self.bucket: S3 | None = None
        self._with_bucket = with_bucket
        self._folder = folder
        self._parts = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        """The bot's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pictures(self) -> S3:
        """The server of the bucket."""
        assert self.bucket
        return self.bucket

    @contextlib.contextmanager
    def redis_stands_still(self) -> Iterator[None]:
        """Redis answers nobody inside this block, and knows nothing of it afterwards."""
        with redis.Redis.from_url(self.valkey.url) as raw:
            pid = int(raw.info("server")["process_id"])
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    async def __aenter__(self) -> Self:
        await self._parts.enter_async_context(self.discord)
        self._parts.enter_context(self.valkey)
        for webui in self.webuis:
            await self._parts.enter_async_context(webui)
        mine = ("REDIS_", "DISCORD_", "ZOSMA_", "SD_API_", "BOT_TOKEN")
        env = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
        env |= {
            "REDIS_URL": self.valkey.url, "ZOSMA_PORT": str(self.port), "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_URL": self.discord.api_url, "DISCORD_GATEWAY_URL": self.discord.gateway_url,
            "ZOSMA_DATA_DIR": str(self._folder / "data"),
        }  # fmt: skip
        if self._with_bucket:
            behind = self._parts.enter_context(moto())
            self.bucket = await self._parts.enter_async_context(s3_on_loopback(behind))
            env |= {"RESULTS_URL": self.bucket.url, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
        self.bot = Part(self._folder, "bot", ("bot",), env)
        self.workers = [
            Part(self._folder, f"worker-{number}", ("worker", "--webui", webui.url), env)
            for number, webui in enumerate(self.webuis, 1)
        ]
        for part in (self.bot, *self.workers):
            await part.start()
            self._parts.push_async_callback(part.end)
        await self.discord.wait_connected(timeout=START_S)
        await self.discord.wait_for_commands("imagine", timeout=START_S)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._parts.aclose()
