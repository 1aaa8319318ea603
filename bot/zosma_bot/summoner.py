"""Calls the operator's machines: to come when jobs wait and no GPU is there, to go when GPUs have had nothing to do.

When it is time is decided in Redis (lua/summon.lua), for all bot processes together and through their restarts. A call
is a command, a webhook, or both. Its failure is no error of ours: the next call comes, later each time.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
from prometheus_client import Counter

from zosma_bot.settings import BotSettings
from zosma_bot.webhooks import EVENT_ID, SIGNATURE, shown, signature
from zosma_queue.calls import Summons
from zosma_queue.client import Demand, Queue
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.settings import aliases_of
from zosma_queue.tasks import end
from zosma_queue.terminal import visible
from zosma_queue.tracing import PREFIX

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
#: From the first call to the second: machines in a cloud take minutes. Twice as long after each further one.
AGAIN_S, AGAIN_MAX_S = 120.0, 3600.0
#: A command that takes longer is killed: it is to start something, not to be it.
COMMAND_S = 60.0
WEBHOOK_S = 10.0
OUTPUT_BYTES = 2000
WAKE, IDLE = "wake", "idle"


@dataclass(frozen=True)
class Signal:
    """What is done for one reason."""

    what: str
    """`wake` or `idle`."""
    command: Sequence[str]
    webhook: str | None
    idle_s: float = 0


def signals_of(settings: BotSettings) -> list[Signal]:
    """Those that the settings ask for."""
    both = [
        Signal(WAKE, settings.wake_command, settings.wake_webhook),
        Signal(IDLE, settings.idle_command, settings.idle_webhook, settings.idle_after_s),
    ]
    return [one for one in both if one.command or one.webhook]


class Summoner:
    """One look every two seconds, for as long as `run` is not cancelled."""

    def __init__(
        self,
        queue: Queue,
        settings: BotSettings,
        calls: Counter,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        command_s: float = COMMAND_S,
    ) -> None:
        """`calls` counts by `signal`, `way` and `outcome`."""
        self._queue = queue
        self._signals = signals_of(settings)
        self._secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else ""
        self._calls = calls
        self._sleep = sleep
        self._command_s = command_s

    async def run(self) -> None:
        """Looks until cancelled; returns at once where nothing is to be called."""
        looks = [asyncio.create_task(self._look(one)) for one in self._signals]
        try:
            await asyncio.gather(*looks)
        finally:
            await end(*looks)

    async def _look(self, one: Signal) -> None:
        while True:
            with suppress(QueueUnavailableError):  # said by the sweeper
                await self.run_once(one)
            await self._sleep(LOOK_EVERY_S)

    async def run_once(self, one: Signal) -> bool:
        """Calls if it is time; whether it was.

        Raises:
          QueueUnavailableError: when Redis doesn't answer; then nobody was called.
        """
        summons = await self._queue.summon(one.what, again_s=AGAIN_S, most_s=AGAIN_MAX_S, idle_s=one.idle_s)
        if not summons.call:
            return False
        demand = Demand(jobs=summons.waiting, gpu_seconds=0.0)
        with suppress(QueueUnavailableError):  # called all the same: it won't be for a while
            demand = await self._queue.demand()
        why = f"{summons.waiting} jobs wait and no GPU is there" if one.what == WAKE else "the GPUs have nothing to do"
        about = {"signal": one.what, "call": summons.call, "jobs": summons.waiting}
        log.info("%s: %s; call %d", one.what, why, summons.call, extra=about)
        ways: list[tuple[str, Awaitable[str]]] = []
        if one.command:
            ways.append(("command", self._run(one, summons, demand)))
        if one.webhook:
            ways.append(("webhook", self._post(one.what, one.webhook, summons, demand)))
        for (way, _), wrong in zip(ways, await asyncio.gather(*(call for _, call in ways)), strict=True):
            self._calls.labels(one.what, way, "failed" if wrong else "ok").inc()
            if wrong:
                log.error("%s: the %s %s; it is called again later", one.what, way, wrong, extra=about)
        return True

    async def _run(self, one: Signal, summons: Summons, demand: Demand) -> str:
        """Runs the command, without a shell; what went wrong, '' when nothing did."""
        told = {
            "ZOSMA_SIGNAL": one.what,
            "ZOSMA_CALL": str(summons.call),
            "ZOSMA_WAITING_JOBS": str(demand.jobs),
            "ZOSMA_WAITING_GPU_SECONDS": f"{demand.gpu_seconds:.0f}",
        }
        try:
            process = await asyncio.create_subprocess_exec(
                *one.command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT, start_new_session=True, env=_environment() | told,
            )  # fmt: skip
        except OSError as error:
            return f"can't be run ({error.strerror or error}): give a program that exists, with its arguments"
        output = bytearray()
        reading = asyncio.create_task(_read(process.stdout, output))
        ending = asyncio.create_task(process.wait())
        try:
            done, _ = await asyncio.wait({ending}, timeout=self._command_s)
            if done:
                await asyncio.wait({reading}, timeout=1.0)  # what it leaves behind may hold the pipe open
        finally:
            if process.returncode is None:
                _kill(process.pid)
            await end(reading, ending)
        said = " ".join(visible(bytes(output).decode(errors="replace"), lines=True).split())
        tail = f": {said}" if said else ""
        if not done:
            return f"was still running after {self._command_s:.0f} s and is killed{tail}"
        if process.returncode:
            return f"ended with {process.returncode}{tail}"
        log.info("%s: the command is done%s", one.what, tail, extra={"signal": one.what, "call": summons.call})
        return ""

    async def _post(self, what: str, url: str, summons: Summons, demand: Demand) -> str:
        """Posts to the webhook; what went wrong, '' when nothing did."""
        at_ms = int(time.time() * 1000)
        event: dict[str, Any] = {
            "id": f"evt_{what}_{summons.since_ms}_{summons.call}",
            "type": f"fleet.{what}",
            "at_ms": at_ms,
            "call": summons.call,
            "since_ms": summons.since_ms,
            "waiting_jobs": demand.jobs,
            "waiting_gpu_seconds": round(demand.gpu_seconds, 1),
        }
        body = json.dumps(event, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json", "User-Agent": "zosma-webhook", EVENT_ID: event["id"],
            SIGNATURE: signature(self._secret, at_ms // 1000, body),
        }  # fmt: skip
        try:
            async with (
                aiohttp.ClientSession(
                    cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=WEBHOOK_S)
                ) as http,
                http.post(url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                return "" if answer.ok and answer.status < 300 else f"{shown(url)} answered {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return f"{shown(url)}: {visible(str(error)[:200]) or type(error).__name__}"


def _environment() -> dict[str, str]:
    """This process's environment without what is ours: a command needs the cloud's credentials, not the bot's token."""
    ours = {alias for field in BotSettings.model_fields.values() for alias in aliases_of(field.validation_alias)}
    return {name: value for name, value in os.environ.items() if name not in ours and not name.startswith(PREFIX)}


async def _read(stream: asyncio.StreamReader | None, output: bytearray) -> None:
    """The beginning of what a command says; the rest is read and dropped, for a full pipe would hold it up."""
    while stream and (chunk := await stream.read(4096)):
        output += chunk[: OUTPUT_BYTES - len(output)]


def _kill(pid: int) -> None:
    """Kills a command and what it has started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
