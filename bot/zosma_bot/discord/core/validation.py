"""Defaults and presets are judged as `/imagine` would judge them, so that none of them spoils a later command."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord.core.identity import sender_of
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.state.member_settings import Fields
from zosma_queue import moderation
from zosma_queue.errors import RequestRefusedError
from zosma_queue.request import PROMPT_MAX_CHARS, parse_request

#: Stands for the words that the member has yet to say.
_SOME_WORDS = "words"
#: What only the fleet knows, and may one day know no longer.
_NAMES = ("checkpoint", "sampler", "scheduler")


async def check(services: Services, fields: Fields) -> None:
    """Judges fields that are to be kept; their names as far as a GPU is online that knows them.

    Raises:
      RequestRefusedError: when a command would be refused for them.
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    request = parse_request({"prompt": _SOME_WORDS} | {name: one for name, one in fields.items() if name != "style"})
    catalogue = await services.background.within(CHECKS_S, services.fleet.catalogue())
    if catalogue.takes_jobs:
        catalogue.resolve(request)


async def check_words(services: Services, interaction: discord.Interaction[Any], name: str, preset: Fields) -> None:
    """Judges a preset that everybody in this server is to see: its name and its words, by the server's word list.

    Raises:
      BlockedError: when one of them is blocked here.
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    rules = await services.background.within(CHECKS_S, services.queue.admin.rules_for(sender_of(interaction).group))
    words = {field: preset[field] for field in ("negative_prompt", "styles") if field in preset}
    request = parse_request({"prompt": f"{name}, {preset.get('prompt', '')}"[:PROMPT_MAX_CHARS]} | words)
    moderation.check_words(request, rules, await services.catalogue())


async def still_offered(services: Services, interaction: discord.Interaction[Any], defaults: Fields) -> Fields:
    """The defaults without names that the fleet lost or this server forbids: nobody has said them now."""
    kept = dict(defaults)
    if not any(name in kept for name in _NAMES):
        return kept
    catalogue = await services.offered(interaction)
    if not catalogue.takes_jobs:
        return kept
    for name in _NAMES:
        if name in kept:
            try:
                catalogue.resolve(parse_request({"prompt": _SOME_WORDS, name: kept[name]}))
            except RequestRefusedError:
                del kept[name]
    return kept
