"""`/imagine`: a picture from words."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.commands.choices import checkpoint_choices, name_choices
from zosma_bot.discord.desk import Desk
from zosma_queue.catalogue import Catalogue
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.request import CFG_MAX, PROMPT_MAX_CHARS, SEED_MAX, SIDE_MAX_PX, SIDE_MIN_PX, STEPS_MAX

#: More make a message that nobody can look at; the HTTP API takes up to `COUNT_MAX`.
PICTURES_MAX = 4
NAME_MAX_CHARS = 200
#: Autocomplete answers with nothing rather than late.
CHOICES_S = 1.0

SIZES = {
    "square 512×512": (512, 512),
    "portrait 512×768": (512, 768),
    "landscape 768×512": (768, 512),
    "square 1024×1024": (1024, 1024),
    "portrait 832×1216": (832, 1216),
    "landscape 1216×832": (1216, 832),
    "wide 1344×768": (1344, 768),
}

Side = app_commands.Range[int, SIDE_MIN_PX, SIDE_MAX_PX]
Name = app_commands.Range[str, 1, NAME_MAX_CHARS]


def request_fields(*, size: str | None, **options: Any) -> dict[str, Any]:
    """A request's fields from the options that were given. Width and height win over size."""
    fields = {name: value for name, value in options.items() if value is not None}
    if size:
        wide, high = SIZES[size]
        fields = {"width": wide, "height": high} | fields
    return fields


def add(tree: app_commands.CommandTree[Any], desk: Desk) -> None:
    """Registers `/imagine`."""

    @tree.command(name="imagine", description="Make a picture from words")
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.describe(
        prompt="What the picture shows",
        negative="What it must not show",
        size="Shape and size",
        width="Width in pixels, instead of a size",
        height="Height in pixels, instead of a size",
        count="How many pictures",
        checkpoint="The model; without one, the GPU takes what it has loaded",
        sampler="How the noise is taken away",
        scheduler="How the steps are spaced",
        steps="More steps take longer and show more detail",
        guidance="How closely the picture follows the prompt",
        seed="The same seed and settings make the same picture again",
    )
    @app_commands.choices(size=[app_commands.Choice(name=name, value=name) for name in SIZES])
    async def imagine(
        interaction: discord.Interaction,
        prompt: app_commands.Range[str, 1, PROMPT_MAX_CHARS],
        negative: app_commands.Range[str, 1, PROMPT_MAX_CHARS] | None = None,
        size: str | None = None,
        width: Side | None = None,
        height: Side | None = None,
        count: app_commands.Range[int, 1, PICTURES_MAX] | None = None,
        checkpoint: Name | None = None,
        sampler: Name | None = None,
        scheduler: Name | None = None,
        steps: app_commands.Range[int, 1, STEPS_MAX] | None = None,
        guidance: app_commands.Range[float, 0.0, CFG_MAX] | None = None,
        seed: app_commands.Range[int, 0, SEED_MAX] | None = None,
    ) -> None:
        fields = request_fields(
            size=size, prompt=prompt, negative_prompt=negative, width=width, height=height, count=count,
            checkpoint=checkpoint, sampler=sampler, scheduler=scheduler, steps=steps, cfg_scale=guidance, seed=seed,
        )  # fmt: skip
        await desk.take(interaction, fields)

    @imagine.autocomplete("checkpoint")
    async def _checkpoints(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return checkpoint_choices(await _catalogue(desk), typed)

    @imagine.autocomplete("sampler")
    async def _samplers(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return name_choices((await _catalogue(desk)).samplers, typed)

    @imagine.autocomplete("scheduler")
    async def _schedulers(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return name_choices([one.label for one in (await _catalogue(desk)).schedulers], typed)


async def _catalogue(desk: Desk) -> Catalogue:
    """What there is to choose from; nothing when Redis is away."""
    try:
        return await desk.chores.within(CHOICES_S, desk.fleet.catalogue())
    except QueueUnavailableError:
        return Catalogue()
