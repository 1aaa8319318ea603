"""What admins do, at once or after a "yes": each deed checks the right to it and says what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import discord

from zosma_bot.discord.desk import Desk

#: What a deed needs to know; small enough for a record.
Args = dict[str, Any]
Deed = Callable[[Desk, discord.Interaction[Any], Args], Awaitable[str]]
