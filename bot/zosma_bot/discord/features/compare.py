"""`/compare`: one prompt with several checkpoints, samplers or guidance values, as one labelled picture."""

from __future__ import annotations

import math
from typing import Any, Literal

import discord
from discord import app_commands

from zosma_bot.discord.core.defaults import complete
from zosma_bot.discord.core.drawing import with_flags
from zosma_bot.discord.core.options import Name, Size, offers, request_fields
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.core.submit import submit
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router
from zosma_bot.discord.ui.slash import choices, everywhere, slash
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError
from zosma_queue.request import PROMPT_MAX_CHARS, SEED_MAX, STEPS_MAX

#: What can be compared, as members call it → the request's field.
FIELDS = {"checkpoint": "checkpoint", "sampler": "sampler", "guidance": "cfg_scale"}
VALUES = ("first", "second", "third", "fourth")


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers `/compare`."""

    @slash(tree, "compare")
    @app_commands.choices(by=choices("compare", *FIELDS))
    async def compare(
        interaction: discord.Interaction[Any],
        prompt: app_commands.Range[str, 1, PROMPT_MAX_CHARS],
        by: Literal["checkpoint", "sampler", "guidance"],
        first: Name,
        second: Name,
        third: Name | None = None,
        fourth: Name | None = None,
        negative: app_commands.Range[str, 1, PROMPT_MAX_CHARS] | None = None,
        checkpoint: Name | None = None,
        size: Size | None = None,
        steps: app_commands.Range[int, 1, STEPS_MAX] | None = None,
        seed: app_commands.Range[int, 0, SEED_MAX] | None = None,
        private: bool | None = None,
    ) -> None:
        with services.background.counted():
            try:
                given = request_fields(
                    size=size, prompt=prompt, negative_prompt=negative, steps=steps, seed=seed, checkpoint=checkpoint
                )
                if by == "checkpoint" and checkpoint:
                    raise refused("compare-twice", field="checkpoint")
                typed = [value for value in (first, second, third, fourth) if value]
                values = [_number(value) if by == "guidance" else value for value in typed]
                given = with_flags(given)
                completed = await complete(services, interaction, given, given.pop("style", None), private)
            except (RequestRefusedError, QueueUnavailableError) as error:
                await say(interaction, refusals.told(translations_of(interaction), error))
                return
            fields = {name: value for name, value in completed.fields.items() if name != FIELDS[by]}
            fields |= {"compare": {"field": FIELDS[by], "values": values}, "count": len(values)}
            await submit(services, interaction, fields, private=completed.private)

    offered = offers(services)

    async def values(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        by = getattr(interaction.namespace, "by", "")
        return await offered[by](interaction, typed) if by in offered else []

    everywhere(compare)
    for name in ("checkpoint", "size"):
        compare.autocomplete(name)(offered[name])
    for name in VALUES:
        compare.autocomplete(name)(values)


def _number(typed: str) -> float:
    try:
        number = float(typed.replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise refused("compare-no-number", field="cfg_scale", given=typed[:60])
    return number
