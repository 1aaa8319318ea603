"""What admins do, at once or after a "yes": each action checks the right to it and says what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import discord

from zosma_bot.discord.core.services import Services

#: What an action needs to know; small enough for a record.
Args = dict[str, Any]
Action = Callable[[Services, discord.Interaction[Any], Args], Awaitable[str]]
