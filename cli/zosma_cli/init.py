"""`zosma init`: asks for what is needed, tries each answer at once, and writes `.env`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from zosma_bot.discord.api.account import Account, DiscordAwayError, logged_in
from zosma_bot.settings import BotSettings
from zosma_queue.connections import check_login
from zosma_queue.errors import SettingsError, ZosmaError
from zosma_queue.fleet import Capabilities
from zosma_queue.settings import Settings, given_in, read
from zosma_queue.terminal import visible
from zosma_worker.backends import open_backend
from zosma_worker.errors import WebUIError
from zosma_worker.settings import Address, WorkerSettings

#: Where WebUIs of this machine listen unless told otherwise: A1111 and Forge (more of them count on), SwarmUI,
#: koboldcpp, sd-server, ComfyUI, SD.Next in Docker.
USUAL_PORTS = (7860, 7861, 7862, 7863, 7801, 5001, 1234, 8188, 8080)
PROBE_S = 10.0
_SECRETS = 0o600
#: Below the heading of its part.
_INDENTED = (0, 0, 0, 2)


@dataclass
class Answers:
    """What goes into the file: (comment, name, value) in this order."""

    lines: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, comment: str, name: str, value: str) -> None:
        """A setting with its comment."""
        self.lines.append((comment, name, value))

    def text(self) -> str:
        """The file. Values have no quotes: `docker run --env-file` would keep them."""
        parts = [f"# {comment}\n{name}={value}\n" for comment, name, value in self.lines]
        return "# Written by `zosma init`. .env.example says what else can be set.\n\n" + "\n".join(parts)


async def run(env_file: Path, console: Console, *, ports: tuple[int, ...] = USUAL_PORTS) -> None:
    """Asks, and writes the file.

    Raises:
      SettingsError: when the file is there already.
    """
    _check_free(env_file)
    answers = Answers()
    console.print("Enter takes what stands in brackets. What is left out is built in, or off.\n")
    await _webuis(answers, console, ports)
    await _discord(answers, console)
    await _redis(answers, console)
    _http(answers, console)
    _write(env_file, answers.text())
    console.print(f"\n[green]Wrote {escape(str(env_file))}[/], which only you may read. Now:")
    console.print("  zosma up       everything on this machine, until Ctrl-C")
    console.print("  zosma doctor   whenever something doesn't work")


def _check_free(env_file: Path) -> None:
    if env_file.exists():
        raise SettingsError(f"{env_file} is there already: change it by hand, or move it away and start anew")


def _write(env_file: Path, text: str) -> None:
    env_file.touch(_SECRETS)
    env_file.write_text(text, "utf-8")


# -- WebUIs -----------------------------------------------------------------------------------------------------


async def _webuis(answers: Answers, console: Console, ports: tuple[int, ...]) -> None:
    console.print("[bold]WebUIs[/] that make the pictures")
    found = await asyncio.gather(*(_seen(Address(f"http://127.0.0.1:{port}")) for port in ports))
    here = [about for about in found if about]
    for about in here:
        console.print(f"  found: {_told(about)}", highlight=False)
    usual = ",".join(about.webui for about in here)
    if not here:
        console.print("  none found on this machine's usual ports (a WebUI needs --api)")
        console.print("  Enter alone: one that draws on the CPU")

    async def tried(given: str) -> bool:
        worker = read(WorkerSettings, {"SD_API_HOST": given})
        if isinstance(worker, list):
            return _failed(console, worker[0])
        for address in worker.webuis:
            about = await _seen(address, console)
            if about is None and not typer.confirm(f"  Use {address.url} all the same?", default=False):
                return False
            if about and about.webui not in usual:
                console.print(f"  {_told(about)}", highlight=False)
        return True

    if value := await _asked("Address, several with commas between", tried, default=usual):
        answers.add("WebUIs of this machine's worker", "SD_API_HOST", value)


async def _seen(address: Address, console: Console | None = None) -> Capabilities | None:
    """What answers there; None for nothing of ours. With a console, it says why."""
    try:
        async with asyncio.timeout(PROBE_S), open_backend(address) as backend:
            return (await backend.probe()).about
    except (WebUIError, TimeoutError) as error:
        if console:
            why = escape(visible(str(error) or f"{address.url} does not answer"))
            console.print(Padding(f"[yellow]{why}[/]", _INDENTED))
        return None


def _told(about: Capabilities) -> str:
    count = len(about.checkpoints)
    return escape(visible(f"{about.webui}, {about.flavour}, {count} checkpoint{'' if count == 1 else 's'}"))


# -- Discord ----------------------------------------------------------------------------------------------------


async def _discord(answers: Answers, console: Console) -> None:
    console.print("\n[bold]Discord[/]: the bot's token, from discord.com/developers/applications, page Bot")
    guilds: dict[int, str] = {}

    async def tried(given: str) -> bool:
        # An address of a compatible server may stand in the environment.
        bot = read(BotSettings, {**_elsewhere(), "DISCORD_TOKEN": given})
        if isinstance(bot, list):
            return _failed(console, bot[0])
        try:
            async with logged_in(bot) as account:
                guilds.update(await _servers(account, console))
        except (SettingsError, DiscordAwayError) as error:
            return _failed(console, error)
        return True

    value = await _asked("Token, not shown (Enter: no Discord for now)", tried, hidden=True)
    if not value:
        return
    answers.add("The bot's token from the developer portal, page Bot", "DISCORD_TOKEN", value)
    if len(guilds) == 1:
        [(guild_id, name)] = guilds.items()
        if typer.confirm(f"  Show the commands in {name} at once? (else within the hour)", default=True):
            answers.add("Where the commands are registered", "DISCORD_GUILD_ID", str(guild_id))


async def _servers(account: Account, console: Console) -> dict[int, str]:
    """The bot's servers; who is in none is shown the way, and looked at again."""
    while True:
        guilds = await account.guilds()
        if guilds:
            names = escape(visible(", ".join(list(guilds.values())[:10])))
            console.print(f"  logged in as {escape(visible(account.name))}, in {names}", highlight=False)
            console.print(f"  into another server: {account.invite}", highlight=False, soft_wrap=True)
            return guilds
        console.print(f"  {escape(visible(account.name))} is in no server yet. Open this, and choose yours:")
        console.print(f"  {account.invite}", highlight=False, soft_wrap=True)
        if not typer.confirm("  Look again?", default=True):
            return {}


def _elsewhere() -> dict[str, str]:
    names = ("DISCORD_API_URL", "DISCORD_GATEWAY_URL")
    return {name: value for name, value in given_in(None).items() if name in names}


# -- the rest ---------------------------------------------------------------------------------------------------


async def _redis(answers: Answers, console: Console) -> None:
    console.print("\n[bold]Redis[/] or Valkey: needed once GPUs stand in several machines")
    console.print("  like redis://:password@10.0.0.5:6379/0", highlight=False)

    async def tried(given: str) -> bool:
        settings = read(Settings, {"REDIS_URL": given})
        if isinstance(settings, list):
            return _failed(console, settings[0])
        try:
            await asyncio.to_thread(check_login, settings, must_answer=True)
        except SettingsError as error:
            return _failed(console, error)
        return True

    value = await _asked("Address (Enter: built in)", tried)
    if value:
        answers.add("The queue, with `appendonly yes` and `maxmemory-policy noeviction`", "REDIS_URL", value)


def _http(answers: Answers, console: Console) -> None:
    console.print("\n[bold]Other programs[/] can use the fleet through port 1324, like one WebUI")
    if typer.confirm("  Also programs on other machines? (they need a key)", default=False):
        answers.add("Other machines may call; each needs a key: zosma keys create NAME", "ZOSMA_HOST", "0.0.0.0")  # noqa: S104


async def _asked(
    question: str, tried: Callable[[str], Awaitable[bool]], *, default: str = "", hidden: bool = False
) -> str:
    """Asks until an answer works; '' for none."""
    while True:
        given = typer.prompt(f"  {question}", default=default, show_default=bool(default), hide_input=hidden)
        if not (given := str(given).strip()) or await tried(given):
            return given


def _failed(console: Console, error: ZosmaError) -> bool:
    """Says why an answer can't be used; False."""
    console.print(Padding(f"[red]{escape(visible(str(error)))}[/]", _INDENTED), highlight=False)
    return False
