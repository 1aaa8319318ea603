"""A Discord to play with by hand: `PYTHONPATH=tests python -m loopback.discord`, then type as a member.

slash alice imagine prompt="a cat" steps:=20     (":=" takes JSON, "=" takes text, "@=" a file)
auto alice imagine checkpoint dre                click alice <message> <label or custom_id>
select alice <message> <menu> <value>…           modal alice field="text"…
say alice "hello"                                dm-slash alice imagine prompt="a cat"
drop [code]                                      commands, messages, quit
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shlex
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from loopback.discord.errors import RefusedByClient
from loopback.discord.handle import InteractionHandle
from loopback.discord.permissions import P
from loopback.discord.server import DiscordServer
from loopback.discord.shown import Shown
from loopback.discord.state import Member, Upload

OPTION = re.compile(r"([^\s=:@]+)(:=|@=|=)(.*)", re.DOTALL)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def option(word: str) -> tuple[str, Any]:
    """`name=text`, `name:=json` or `name@=file`."""
    matched = OPTION.fullmatch(word)
    if matched is None:
        raise ValueError(f"{word!r} is no name=value")
    name, mark, value = matched.groups()
    if mark == ":=":
        return name, json.loads(value)
    if mark == "@=":
        return name, Upload(Path(value).name, Path(value).read_bytes())
    return name, value


def describe(message: Shown) -> str:
    if message.deleted:
        return f"[{message.id}] deleted"
    marks = [word for word in ("ephemeral", "thinking", "edited") if getattr(message, word)]
    files = [f"{a.filename} {a.url}" for a in message.files]
    parts = [message.text, *files, *(f"({label})" for label in message.labels)]
    return f"[{message.id}] {message.author} {' '.join(marks)}: " + " | ".join(p for p in parts if p)


class Shell:
    def __init__(self, server: DiscordServer) -> None:
        self._server = server
        self._members: dict[str, Member] = {}
        self._last: dict[str, InteractionHandle] = {}
        self._printed: dict[int, int] = {}
        self._verbs: dict[str, Callable[[list[str]], Awaitable[None]]] = {
            "slash": self._slash,
            "dm-slash": self._dm_slash,
            "auto": self._auto,
            "click": self._click,
            "select": self._select,
            "modal": self._modal,
            "say": self._say,
            "drop": self._drop,
            "commands": self._commands,
            "messages": self._messages,
        }

    async def line(self, text: str) -> None:
        try:
            verb, *words = shlex.split(text)
            await self._verbs[verb](words)
        except RefusedByClient as refused:
            say(f"Discord's client refuses: {refused}")
        except TimeoutError:
            say("The application did not respond")
        except (KeyError, ValueError, IndexError, OSError) as wrong:
            say(f"not understood ({wrong!r}); {__doc__}")

    async def print_changes(self) -> None:
        """Print each new state of each message, as soon as it is there."""
        while True:
            for message in await self._server.world.changes.until(self._news, 1e9, lambda: ""):
                say(describe(message))

    def _news(self) -> list[Shown] | None:
        found: list[Shown] = []
        for message in self._server.world.all_messages:
            fresh = message.history[self._printed.get(message.id, 0) :]
            self._printed[message.id] = len(message.history)
            found += fresh
        return found or None

    def _member(self, name: str) -> Member:
        """Members join when they are first named; "admin" may do everything."""
        if name not in self._members:
            held = P.ADMINISTRATOR if name == "admin" else P(0)
            self._members[name] = self._server.add_member(name, permissions=held)
        return self._members[name]

    async def _answered(self, name: str, handle: InteractionHandle) -> None:
        self._last[name] = handle
        ack = await handle.response()
        say(f"answered with {ack.type.name} after {ack.after_s * 1000:.0f} ms")

    async def _slash(self, words: list[str], dm: bool = False) -> None:
        name, rest = words[0], words[1:]
        path = [word for word in rest if "=" not in word]
        options = dict(option(word) for word in rest if "=" in word)
        handle = await self._server.slash(self._member(name), " ".join(path), options, dm=dm)
        await self._answered(name, handle)

    async def _dm_slash(self, words: list[str]) -> None:
        await self._slash(words, dm=True)

    async def _auto(self, words: list[str]) -> None:
        name, *path, focused, typed = words
        member = self._member(name)
        choices = await self._server.autocomplete(member, " ".join(path), focused=focused, value=typed)
        say("\n".join(f"  {choice['name']} = {choice['value']}" for choice in choices) or "  no choices")

    async def _click(self, words: list[str]) -> None:
        handle = await self._server.click(self._member(words[0]), int(words[1]), words[2])
        await self._answered(words[0], handle)

    async def _select(self, words: list[str]) -> None:
        handle = await self._server.select(self._member(words[0]), int(words[1]), words[2], words[3:])
        await self._answered(words[0], handle)

    async def _modal(self, words: list[str]) -> None:
        values = dict(option(word) for word in words[1:])
        opened = self._last[words[0]]
        handle = await self._server.submit_modal(self._member(words[0]), opened, values)
        await self._answered(words[0], handle)

    async def _say(self, words: list[str]) -> None:
        self._server.say(self._member(words[0]), " ".join(words[1:]))

    async def _drop(self, words: list[str]) -> None:
        await self._server.drop_gateway(int(words[0]) if words else None)

    async def _commands(self, _: list[str]) -> None:
        for command in self._server.commands.all(None):
            options = ", ".join(o["name"] for o in command.get("options", []))
            say(f"  /{command['name']} ({options}): {command['description']}")

    async def _messages(self, _: list[str]) -> None:
        for message in self._server.messages():
            say(describe(message))


async def main(port: int, token: str) -> None:
    async with DiscordServer(port=port, token=token) as server:
        say(f"DISCORD_API_URL={server.api_url}\nDISCORD_GATEWAY_URL={server.gateway_url}")
        say(f"DISCORD_TOKEN={server.token}\n{__doc__}")
        shell = Shell(server)
        printing = asyncio.create_task(shell.print_changes())
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line.strip() == "quit":
                break
            if line.strip():
                await shell.line(line)
        printing.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="loopback.discord", description="A Discord on loopback")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--token", default="loopback.token")
    asked = parser.parse_args()
    asyncio.run(main(asked.port, asked.token))
