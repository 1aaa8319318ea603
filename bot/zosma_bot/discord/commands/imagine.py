"""`/imagine`: a picture from words."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord import texts
from zosma_bot.discord.commands import options
from zosma_bot.discord.commands.choices import size_choices
from zosma_bot.discord.commands.slash import everywhere, slash
from zosma_bot.discord.desk import Desk, say
from zosma_bot.discord.language import words_of
from zosma_bot.discord.sizes import SIZES
from zosma_bot.discord.sources import Source, of_attachment
from zosma_bot.discord.wishes import complete
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError
from zosma_queue.request import (
    CFG_MAX,
    HIRES_SCALE_MAX,
    LATENT_PX,
    PROMPT_MAX_CHARS,
    SEED_MAX,
    SIDE_MAX_PX,
    SIDE_MIN_PX,
    STEPS_MAX,
)

#: More make a message that nobody can look at; the HTTP API takes up to `COUNT_MAX`.
PICTURES_MAX = 4
NAME_MAX_CHARS = 200
#: How much of an attached picture is painted anew when nothing is said.
STRENGTH = 0.6

Side = app_commands.Range[int, SIDE_MIN_PX, SIDE_MAX_PX]
Name = app_commands.Range[str, 1, NAME_MAX_CHARS]


def request_fields(*, size: str | None = None, **given: Any) -> dict[str, Any]:
    """A request's fields from the options that were given. Width and height win over size."""
    fields = {name: value for name, value in given.items() if value is not None}
    if size:
        wide, high = SIZES[size]
        fields = {"width": wide, "height": high} | fields
    return fields


def add(tree: app_commands.CommandTree[Any], desk: Desk) -> None:
    """Registers `/imagine`."""

    @slash(tree, "imagine")
    @app_commands.choices(size=size_choices())
    async def imagine(
        interaction: discord.Interaction[Any],
        prompt: app_commands.Range[str, 1, PROMPT_MAX_CHARS],
        negative: app_commands.Range[str, 1, PROMPT_MAX_CHARS] | None = None,
        size: str | None = None,
        width: Side | None = None,
        height: Side | None = None,
        count: app_commands.Range[int, 1, PICTURES_MAX] | None = None,
        checkpoint: Name | None = None,
        style: Name | None = None,
        lora: Name | None = None,
        sampler: Name | None = None,
        scheduler: Name | None = None,
        steps: app_commands.Range[int, 1, STEPS_MAX] | None = None,
        guidance: app_commands.Range[float, 0.0, CFG_MAX] | None = None,
        seed: app_commands.Range[int, 0, SEED_MAX] | None = None,
        hires: app_commands.Range[float, 1.0, HIRES_SCALE_MAX] | None = None,
        image: discord.Attachment | None = None,
        strength: app_commands.Range[float, 0.0, 1.0] | None = None,
        private: bool | None = None,
    ) -> None:
        given = request_fields(
            size=size, prompt=prompt, negative_prompt=negative, width=width, height=height,
            count=count, checkpoint=checkpoint, sampler=sampler, scheduler=scheduler, steps=steps, cfg_scale=guidance,
            seed=seed, hires=None if hires is None else {"scale": hires},
        )  # fmt: skip
        with desk.chores.counted():
            try:
                given["prompt"] = options.with_loras(prompt, lora)
                sources = start_from(given, image, strength)
                wish = await complete(desk, interaction, given, style, private)
            except (RequestRefusedError, QueueUnavailableError) as error:
                await say(interaction, texts.refused(words_of(interaction), error))
                return
            await desk.take(interaction, wish.fields, sources=sources, private=wish.private)

    everywhere(imagine)
    options.complete_names(imagine, desk, "checkpoint", "style", "lora", "sampler", "scheduler")


def start_from(
    fields: dict[str, Any], image: discord.Attachment | None, strength: float | None
) -> dict[tuple[str, str], Source]:
    """Makes the fields those of an image-to-image request, and says where its picture comes from.

    Raises:
      RequestRefusedError: when the attachment can't be used, or there is a strength and no image.
    """
    if image is None:
        if strength is not None:
            raise RequestRefusedError(
                "strength says how much of an attached image is painted anew: attach one as image, or leave it out",
                field="strength",
                code="strength-without-image",
            )
        return {}
    source = of_attachment(image, "image")
    fields["img2img"] = {"denoising_strength": STRENGTH if strength is None else strength, "resize_mode": 1}
    if "width" not in fields and "height" not in fields:
        fields["width"], fields["height"] = fitting_size(source.width, source.height)
    return {("img2img", "image"): source}


def fitting_size(width: int, height: int) -> tuple[int, int]:
    """The size nearest to a picture's shape that is no larger than a checkpoint can do well: about a megapixel."""
    scale = min(1.0, (1024 * 1024 / (width * height)) ** 0.5, SIDE_MAX_PX / max(width, height))
    sides = (
        max(SIDE_MIN_PX, min(SIDE_MAX_PX, round(side * scale / LATENT_PX) * LATENT_PX)) for side in (width, height)
    )
    wide, high = sides
    return wide, high
