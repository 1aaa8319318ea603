"""A clock to turn by hand, and a discord.py client as small as one can be."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

with warnings.catch_warnings():
    # discord.py 2.7 imports `audioop`, which Python 3.11 and 3.12 call deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord
    from discord import app_commands


__all__ = ["Client", "Clock", "Start", "discord", "soon"]

T = TypeVar("T")


async def soon(awaitable: Awaitable[T]) -> T:
    """Wait for what must come at once; a test that fails says so instead of hanging."""
    return await asyncio.wait_for(awaitable, 60)


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Client(discord.Client):
    """Registers its commands at start, as a bot does."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("intents", discord.Intents.default())
        super().__init__(guild_ready_timeout=0.05, **options)
        self.tree = app_commands.CommandTree(self)
        self.errors: asyncio.Queue[Exception] = asyncio.Queue()
        self.tree.error(self._failed)

    async def _failed(self, _: discord.Interaction, error: app_commands.AppCommandError) -> None:
        self.errors.put_nowait(getattr(error, "original", error))

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Without discord.py's five seconds before a second IDENTIFY."""

    async def setup_hook(self) -> None:
        await self.tree.sync()


Start = Callable[[Client], Awaitable[Client]]
