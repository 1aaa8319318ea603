"""The first answer to an interaction, on a line that may lose what Discord says of it."""

from __future__ import annotations

import logging
from typing import Any

import aiohttp
import discord
from discord.webhook.async_ import AsyncWebhookAdapter

log = logging.getLogger(__name__)

#: Discord gives three seconds in all; a line that is cut is noticed at once.
TRIES = 3
_ALREADY_ACKNOWLEDGED = 40060


class CallbackAdapter(AsyncWebhookAdapter):
    """discord.py's way to interactions, which also knows that an answer was taken when nobody said so.

    The answer to an answer may be lost: it is sent again, and Discord refuses the second with "already acknowledged".
    That is what was wanted, whether our own first try did it or another process with the same token. And servers that
    are only compatible may say 204, as Discord itself does when nobody asks for more; discord.py would fail to read
    what it asked for, after the answer has been accepted.
    """

    async def create_interaction_response(self, interaction_id: int, token: str, **options: Any) -> Any:
        """What was told, and without a word that much: which interaction it was."""
        nothing = {"interaction": {"id": str(interaction_id)}}
        for left in reversed(range(TRIES)):
            try:
                told = await super().create_interaction_response(interaction_id, token, **options)
            except discord.HTTPException as error:
                if error.code != _ALREADY_ACKNOWLEDGED:
                    raise
                log.info("an interaction had been acknowledged before")
                return nothing
            except (aiohttp.ClientError, OSError):
                if not left:
                    raise
                continue
            return told if isinstance(told, dict) and "interaction" in told else nothing
        raise AssertionError  # the last try returns or raises
