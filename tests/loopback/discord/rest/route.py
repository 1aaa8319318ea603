"""A route of the API: which method and path, who may call it, and what answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loopback.discord.rest.call import Call

#: A handler returns the JSON of a 200, or None for a 204; it raises ApiError to refuse.
Handler = Callable[[Call], Any]


@dataclass(frozen=True)
class Route:
    method: str
    #: Path as Discord's own description spells it, with its parameter names.
    template: str
    handler: Handler
    #: Interactions and webhooks carry their right in the path; all else needs the bot's token.
    bot: bool = True
    success: int = 200
