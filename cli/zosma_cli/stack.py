"""The whole system on one machine: Valkey, WebUI, worker and bot, each real part only if it is named."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import zosma
from zosma_cli.processes import Child, child, free_port
from zosma_cli.valkey import PrivateValkey
from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError, SettingsError, ZosmaError
from zosma_queue.fleet import WorkerInfo, WorkerState
from zosma_worker.settings import Address
from zosma_worker.slot import worker_id

POLL_S = 0.1
#: The bot's imports take a few seconds on a slow disk; a real WebUI may still be loading.
START_S = 60.0
_TAKES_JOBS = (WorkerState.READY, WorkerState.BUSY)
#: Checkpoints that the built-in WebUI offers.
BUILTIN_MODELS = "dream,anime,photo"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is real and what is built in."""

    folder: Path
    """For Valkey's data."""
    redis_url: str | None = None
    webuis: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 0
    """0: any free one."""
    load_seconds: float = 2.0
    env: tuple[tuple[str, str], ...] = ()
    """More variables for the children."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A running system."""

    address: str
    redis_url: str
    url_file: Path | None
    """Where the built-in Valkey's URL is told, with its password; None for a real Redis."""
    webuis: tuple[str, ...]
    children: tuple[Child, ...]
    ready: bool = True
    """False when none of its own workers was ready in time: a first request would wait for one."""

    async def watch(self) -> None:
        """Returns never, but raises when a part ends.

        Raises:
          ChildEndedError: names the part.
        """
        async with asyncio.TaskGroup() as tasks:
            for part in self.children:
                tasks.create_task(part.ended())


@asynccontextmanager
async def running(plan: Plan, log: IO[bytes] | None = None) -> AsyncIterator[Stack]:
    """Starts everything, in order, and stops it in the other. Ready when the first of its own workers is.

    Raises:
      SettingsError: when the port is taken.
      ChildEndedError: when a part ends.
    """
    if plan.port:
        check_free(plan.host, plan.port)
    async with AsyncExitStack() as parts:
        children: list[Child] = []
        env = dict(plan.env)

        async def start(name: str, *arguments: str) -> None:
            children.append(await parts.enter_async_context(child(name, *arguments, env=env, log=log)))

        valkey = None if plan.redis_url else parts.enter_context(PrivateValkey(plan.folder / "valkey"))
        redis_url = valkey.url if valkey else plan.redis_url or ""
        env["REDIS_URL"] = redis_url
        webuis = plan.webuis
        if not webuis:
            port = free_port()
            webuis = (f"http://127.0.0.1:{port}",)
            env.setdefault("SD_BENCHMARK", "off")  # its speed is made up
            await start(
                "WebUI",
                "webui",
                "--port",
                str(port),
                "--models",
                BUILTIN_MODELS,
                "--load-seconds",
                str(plan.load_seconds),
            )
        env["SD_API_HOST"] = ",".join(webuis)
        port = plan.port or free_port()
        env |= {"ZOSMA_HOST": plan.host, "ZOSMA_PORT": str(port), "ZOSMA_DATA_DIR": str(plan.folder)}
        known = await _workers(redis_url)
        await start("bot", "bot")
        await start("worker", "worker")
        # The bot may listen on every interface; we ask it on this one.
        local = "127.0.0.1" if plan.host in ("0.0.0.0", "::") else plan.host  # noqa: S104
        address = f"http://{f'[{local}]' if ':' in local else local}:{port}"
        stack = Stack(
            address=address, redis_url=redis_url, url_file=valkey.url_file if valkey else None, webuis=webuis,
            children=tuple(children),
        )  # fmt: skip
        yield replace(stack, ready=await _until_ready(stack, known))


def check_free(host: str, port: int) -> None:
    """Returns when we could listen there. Otherwise whoever does would be taken for our own bot.

    Raises:
      SettingsError: when somebody else listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            raise SettingsError(
                f"ZOSMA_HOST={host!r} ZOSMA_PORT={port}: can't listen there ({error.strerror or error}):"
                " stop what uses it, or choose another port"
            ) from error


async def _workers(redis_url: str) -> dict[str, WorkerInfo]:
    """The workers that there are, by id; none while Redis doesn't answer."""
    async with Queue(redis_url) as queue:
        with suppress(QueueUnavailableError):
            return {worker.id: worker for worker in await queue.workers()}
    return {}


async def _until_ready(stack: Stack, known: Collection[str]) -> bool:
    """True once the bot answers and a worker of ours is ready; False after `START_S` (a WebUI may be off).

    `known` are the ids of workers that were there before.

    Raises:
      ChildEndedError: when a part ends meanwhile.
    """
    watch = asyncio.create_task(stack.watch())
    poll = asyncio.create_task(_poll(stack, known))
    try:
        done, _ = await asyncio.wait({watch, poll}, return_when=asyncio.FIRST_COMPLETED, timeout=START_S)
        for task in done:
            await task
        return poll in done
    except* zosma.ZosmaError as group:
        raise ZosmaError(str(group.exceptions[0])) from None
    except* Exception as group:
        raise _first(group) from None
    finally:
        for task in (watch, poll):
            task.cancel()
        await asyncio.gather(watch, poll, return_exceptions=True)


def _first(group: BaseExceptionGroup) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _poll(stack: Stack, known: Collection[str]) -> None:
    ours = {worker_id(Address(url)).rpartition("/")[0] for url in stack.webuis}
    async with zosma.AsyncClient(stack.address, key="", timeout_s=5, retry_for_s=0) as client:
        while True:
            with suppress(zosma.ZosmaError):  # not up yet
                await client.request("GET", "/readyz")
                workers = (await _workers(stack.redis_url)).values()
                if any(one.place in ours and one.id not in known and one.state in _TAKES_JOBS for one in workers):
                    return
            await asyncio.sleep(POLL_S)
