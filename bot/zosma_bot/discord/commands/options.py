"""Options that several commands have: names from the living fleet, offered while they are typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.commands.choices import checkpoint_choices, lora_choices, name_choices
from zosma_bot.discord.desk import Desk
from zosma_bot.discord.language import words_of
from zosma_bot.discord.wishes import style_names
from zosma_queue.errors import RequestRefusedError

#: A LoRA as it may be typed: `name`, `name:0.8`, `name:-1` or a whole tag.
_LORA = re.compile(r"^(?:<lora:)?(?P<name>[^:<>]+?)(?::(?P<weight>-?(?:\d+(?:\.\d+)?|\.\d+)))?>?$")

Offer = Callable[[discord.Interaction[Any], str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]


def complete_names(command: app_commands.Command[Any, Any, Any], desk: Desk, *names: str) -> None:
    """Gives these options of a command their autocomplete."""
    offered = offers(desk)
    for name in names:
        command.autocomplete(name)(offered[name])


def offers(desk: Desk) -> dict[str, Offer]:
    """Autocomplete by the name of the option."""

    async def checkpoints(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return checkpoint_choices(words_of(interaction), await desk.offered(interaction), typed)

    async def styles(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return name_choices(await style_names(desk, interaction), typed)

    async def loras(_: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return lora_choices(await desk.catalogue(), typed)

    async def samplers(_: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return name_choices((await desk.catalogue()).samplers, typed)

    async def schedulers(_: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return name_choices([one.label for one in (await desk.catalogue()).schedulers], typed)

    async def upscalers(_: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return name_choices((await desk.catalogue()).enlargers, typed)

    return {
        "checkpoint": checkpoints, "style": styles, "lora": loras, "sampler": samplers, "scheduler": schedulers,
        "upscaler": upscalers,
    }  # fmt: skip


def with_loras(prompt: str, typed: str | None) -> str:
    """The prompt with a tag for each LoRA in `name, other:0.8`.

    Raises:
      RequestRefusedError: when something in it is no LoRA.
    """
    tags = []
    for part in (part.strip() for part in (typed or "").split(",")):
        found = _LORA.match(part)
        if found:
            tags.append(f"<lora:{found['name'].strip()}:{found['weight'] or 1}>")
        elif part:
            raise RequestRefusedError(
                f"lora {part[:60]!r} can't be read: write name or name:0.8, with commas between",
                field="lora",
                code="unreadable-lora",
                values={"given": part[:60]},
            )
    return " ".join([prompt, *tags])
