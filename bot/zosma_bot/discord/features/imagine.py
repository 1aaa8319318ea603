"""`/imagine`: a picture from words."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core.defaults import complete
from zosma_bot.discord.core.drawing import with_flags
from zosma_bot.discord.core.moments import moment_of
from zosma_bot.discord.core.options import (
    Name,
    Side,
    Size,
    complete_names,
    request_fields,
    start_from,
    with_loras,
    with_workflow,
)
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.core.sizes import PICTURES_MAX
from zosma_bot.discord.core.submit import submit
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router
from zosma_bot.discord.ui.slash import everywhere, slash
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError
from zosma_queue.request import (
    CFG_MAX,
    HIRES_SCALE_MAX,
    PROMPT_MAX_CHARS,
    SEED_MAX,
    STEPS_MAX,
)


def add(tree: app_commands.CommandTree[Any], router: Router, services: Services) -> None:
    """Registers `/imagine`."""

    @slash(tree, "imagine")
    async def imagine(
        interaction: discord.Interaction[Any],
        prompt: app_commands.Range[str, 1, PROMPT_MAX_CHARS],
        negative: app_commands.Range[str, 1, PROMPT_MAX_CHARS] | None = None,
        size: Size | None = None,
        width: Side | None = None,
        height: Side | None = None,
        count: app_commands.Range[int, 1, PICTURES_MAX] | None = None,
        checkpoint: Name | None = None,
        style: Name | None = None,
        lora: Name | None = None,
        workflow: Name | None = None,
        sampler: Name | None = None,
        scheduler: Name | None = None,
        steps: app_commands.Range[int, 1, STEPS_MAX] | None = None,
        guidance: app_commands.Range[float, 0.0, CFG_MAX] | None = None,
        seed: app_commands.Range[int, 0, SEED_MAX] | None = None,
        hires: app_commands.Range[float, 1.0, HIRES_SCALE_MAX] | None = None,
        image: discord.Attachment | None = None,
        strength: app_commands.Range[float, 0.0, 1.0] | None = None,
        private: bool | None = None,
        when: app_commands.Range[str, 1, 40] | None = None,
    ) -> None:
        with services.background.counted():
            try:
                given = with_flags(
                    request_fields(
                        size=size, prompt=prompt, negative_prompt=negative, width=width, height=height, count=count,
                        checkpoint=checkpoint, sampler=sampler, scheduler=scheduler, steps=steps, cfg_scale=guidance,
                        seed=seed, style=style, hires=None if hires is None else {"scale": hires},
                    )
                )  # fmt: skip
                known = (await services.catalogue()).lora_names if lora else ()
                given["prompt"] = with_loras(given["prompt"], lora, known)
                given |= with_workflow(workflow)
                sources = start_from(given, image, strength)
                run_at = await moment_of(services, interaction, when)
                completed = await complete(services, interaction, given, given.pop("style", None), private)
            except (RequestRefusedError, QueueUnavailableError) as error:
                await say(interaction, refusals.told(translations_of(interaction), error))
                return
            await submit(
                services, interaction, completed.fields, sources=sources, private=completed.private, run_at=run_at
            )

    everywhere(imagine)
    complete_names(imagine, services, "size", "checkpoint", "style", "lora", "workflow", "sampler", "scheduler")
