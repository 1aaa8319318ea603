"""What a picture tells of how it was made, shown with buttons that go on from there."""

from __future__ import annotations

import io
from typing import Any

import discord

from zosma_bot import inputs
from zosma_bot.discord.core.drawing import typed_prompt
from zosma_bot.discord.core.recipes import Recipe
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.buttons import Button, view_of
from zosma_bot.discord.ui.custom_id import Act, OfJob
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_queue import infotext

#: What a message may hold besides the words around it.
SHOWN_MAX_CHARS = 1700
#: A file that says more than this about itself says something else than how it was made.
PARAMETERS_MAX_CHARS = 16_000


async def told_by(data: bytes, who: str) -> Recipe | None:
    """What an encoded picture that `who` sent says; without fields when it isn't in A1111's form.

    Raises:
      RequestRefusedError: when it is no picture, has too many pixels, or takes too long.
    """
    text = (await inputs.told_by(data, "image", who)).strip()
    if not text:
        return None
    if len(text) > PARAMETERS_MAX_CHARS:
        return Recipe({}, parameters=text[:PARAMETERS_MAX_CHARS])
    fields = infotext.request_fields(text)
    return Recipe(fields, (int(fields["seed"]),) if "seed" in fields else (), text)


async def show(interaction: discord.Interaction[Any], recipe: Recipe, key: str | None = None) -> None:
    """Tells the member; what is too long for a message comes as a file. `key`: under which the recipe is kept."""
    w = translations_of(interaction)
    rows: tuple[tuple[Button, ...], ...] = ()
    if key:
        of = OfJob(key, interaction.user.id)
        rows = (
            (
                Button(of.custom_id(Act.REMAKE), w("button-remake"), "🔄", discord.ButtonStyle.primary),
                Button(of.custom_id(Act.EDIT), w("button-edit"), "✏️"),
            ),
        )
    typed = recipe.fields | {"prompt": typed_prompt(recipe.fields)}
    command = texts.command_for(w, typed, recipe.seed_of(1)) if recipe.fields else ""
    shown = [f"{w('parameters-shown')}\n{texts.code_block(command)}"] if command else []
    if recipe.fields.get("img2img") or recipe.fields.get("subseed_strength"):
        shown.append(w("parameters-not-alone"))
    if recipe.job is None and recipe.fields and (left_out := infotext.not_asked_for(recipe.parameters)):
        shown.append(w("parameters-left-out", names=", ".join(left_out)))
    if recipe.parameters:
        shown.append(f"{w('parameters-text')}\n{texts.code_block(recipe.parameters)}")
    text = "\n".join(shown)
    if len(text) <= SHOWN_MAX_CHARS:
        await say(interaction, text, view=view_of(rows))
        return
    whole = "\n\n".join(part for part in (command, recipe.parameters) if part) + "\n"
    file = discord.File(io.BytesIO(whole.encode()), filename="parameters.txt")
    await say(interaction, w("parameters-file"), view=view_of(rows), files=[file])
