"""Names that an admin types, checked against what is there."""

from __future__ import annotations

from zosma_bot.discord.core.services import Services
from zosma_bot.discord.ui.refusals import refused

#: As many names are offered in a refusal.
NAMED = 10


async def known_checkpoint(services: Services, typed: str) -> str:
    """The checkpoint's own name. While no worker is there nobody knows them, and it is taken at its word.

    Raises:
      RequestRefusedError: when no worker has it.
    """
    there = (await services.catalogue()).checkpoints
    for one in there:
        if one.is_called(typed):
            return one.name
    if not there:
        return typed.strip()
    raise refused("admin-no-scope", given=typed[:60], there=", ".join(one.name for one in there[:NAMED]))


async def known_style(services: Services, guild_id: int, typed: str) -> str:
    """A preset that the server shares, or a style of the WebUIs: a member's own is no use to others.

    Raises:
      RequestRefusedError: when there is no such one.
    """
    shared = list(await services.member_settings.shared(guild_id))
    there = [*shared, *(one.name for one in (await services.catalogue()).styles)]
    for name in there:
        if name.casefold() == typed.strip().casefold():
            return name
    if not there:
        raise refused("admin-no-styles")
    raise refused("admin-no-scope", given=typed[:60], there=", ".join(there[:NAMED]))
