"""`zosma up`: the whole system on this machine until Ctrl-C."""

from __future__ import annotations

import asyncio
import fcntl
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field
from rich.console import Console
from rich.table import Table

from zosma_bot.settings import BotSettings
from zosma_cli.stack import Plan, Stack, running
from zosma_queue.connections import check_login
from zosma_queue.errors import SettingsError, ZosmaError
from zosma_queue.settings import Settings, address_of, load
from zosma_worker.settings import WorkerSettings


class UpSettings(Settings):
    """What only `zosma up` is told."""

    data_dir: Path = Field(Path("~/.local/share/zosma"), validation_alias="ZOSMA_DATA_DIR")
    """Where the built-in Valkey of `zosma up` keeps its data."""


async def run() -> None:
    """Runs until SIGINT or SIGTERM.

    Raises:
      SettingsError: when a setting is wrong, Redis can't be reached, or another `zosma up` has the data folder.
      ChildEndedError: when a part ends by itself.
    """
    console = Console()
    bot, worker = load(BotSettings), load(WorkerSettings)
    check_login(bot, must_answer=True)
    folder = load(UpSettings).data_dir.expanduser()
    with _locked(folder):
        plan = Plan(
            folder=folder,
            redis_url=bot.redis,
            webuis=tuple(one.url for one in worker.webuis),
            host=bot.host,
            port=bot.port or 1324,
        )
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        async with running(plan) as stack:
            console.print(_table(stack, bot, worker))
            if stack.ready:
                console.print("[green]Ready:[/green] a first request will be drawn at once.")
            else:
                console.print(
                    "[yellow]Not ready:[/yellow] no WebUI answers yet; what the worker says above is the reason."
                )
            console.print(f"Try: zosma imagine 'a lighthouse at dusk' --server {stack.address}    Stop: Ctrl-C")
            await _until(stopped, stack)


async def _until(stopped: asyncio.Event, stack: Stack) -> None:
    """Returns on the signal; raises when a part ends first."""
    watch = asyncio.create_task(stack.watch())
    stop = asyncio.create_task(stopped.wait())
    await asyncio.wait({watch, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not watch.done():
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        return
    error = watch.exception()
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if error:
        raise error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Two of us in one data folder would spoil Valkey's log."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise SettingsError(
            f"ZOSMA_DATA_DIR={str(folder)!r}: can't write there ({error.strerror}): choose another folder"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ZosmaError(
                f"another `zosma up` runs with ZOSMA_DATA_DIR={str(folder)!r}: stop it, or choose another folder"
            ) from error
        yield


def _table(stack: Stack, bot: BotSettings, worker: WorkerSettings) -> Table:
    """What is real, what is built in, and where it is."""
    table = Table("part", "", "where", title="zosma up")
    builtin = "[yellow]built in[/yellow]"
    real = "[green]real[/green]"
    table.add_row("HTTP API", real, stack.address)
    table.add_row("Redis", real if bot.redis else builtin, address_of(stack.redis_url))
    if stack.url_file:
        table.add_row("", "", f"with its password: {stack.url_file}")
    for webui in stack.webuis:
        table.add_row("WebUI", real if worker.webuis else builtin, address_of(webui))
    if bot.discord_token:
        table.add_row("Discord", real, bot.discord_api_url or "discord.com")
    else:
        table.add_row("Discord", "off", "set DISCORD_TOKEN in .env")
    return table
