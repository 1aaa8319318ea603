"""The edit button: a form with the picture's own words and settings, and new pictures from what it comes back with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import discord

from zosma_bot.discord.core.button_owner import may_use
from zosma_bot.discord.core.defaults import preset_of, style_names
from zosma_bot.discord.core.drawing import templated, typed_words, with_flags_over
from zosma_bot.discord.core.recipes import Recipe, on_checkpoint, recipe_of
from zosma_bot.discord.core.seen import seen
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.result.remix import take
from zosma_bot.discord.state.member_settings import FIELDS, WORDS, Fields, with_preset
from zosma_bot.discord.ui import refusals, texts
from zosma_bot.discord.ui.choices import checkpoint_options, size_options, style_options
from zosma_bot.discord.ui.custom_id import Act, CustomId, OfJob
from zosma_bot.discord.ui.language import Translations, translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router, values_of
from zosma_bot.discord.ui.sizes import SIZES
from zosma_queue.catalogue import Catalogue
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError
from zosma_queue.request import PROMPT_MAX_CHARS

#: A form must be the first answer, and Discord waits 3 s for it.
FIND_S = 2.0
#: A choice that changes nothing.
SAME = "="
LABEL_MAX_CHARS = 45


def add(router: Router, services: Services) -> None:
    """Registers the button and its form."""

    async def press(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        of = await may_use(services, interaction, custom_id)
        if of is None:
            return
        w = translations_of(interaction)
        try:
            async with asyncio.timeout(FIND_S):
                recipe = await recipe_of(services, seen(interaction), of)
        except (RequestRefusedError, TimeoutError):
            await say(interaction, w("recipe-gone"))
            return
        styles = await style_names(services, interaction)
        await interaction.response.send_modal(form(w, of, recipe, await services.offered(interaction), styles))

    async def filled_in(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        if of := await may_use(services, interaction, custom_id):
            values, catalogue = values_of(interaction), await services.catalogue()
            try:
                preset = await _preset(services, interaction, values)
            except (RequestRefusedError, QueueUnavailableError) as error:
                await say(interaction, refusals.told(translations_of(interaction), error))
                return
            await take(services, interaction, of, "edit", lambda recipe: changed(recipe, values, preset, catalogue))

    router.add(Act.EDIT, press)
    router.add(Act.EDIT_FORM, filled_in)


def form(w: Translations, of: OfJob, recipe: Recipe, catalogue: Catalogue, styles: Sequence[str]) -> discord.ui.Modal:
    """The form, filled with what the picture was made from. `styles`: presets, and the WebUIs' own."""
    modal = discord.ui.Modal(title=w("edit-title")[:LABEL_MAX_CHARS], custom_id=of.custom_id(Act.EDIT_FORM))
    fields = recipe.fields | typed_words(recipe.fields)
    for name, key, limit in (("prompt", "edit-prompt", 1), ("negative_prompt", "edit-negative", 0)):
        modal.add_item(
            discord.ui.Label(
                text=w(key)[:LABEL_MAX_CHARS],
                component=discord.ui.TextInput(
                    style=discord.TextStyle.paragraph, custom_id=name, required=bool(limit),
                    default=str(fields.get(name, ""))[:PROMPT_MAX_CHARS] or None, max_length=PROMPT_MAX_CHARS,
                ),
            )
        )  # fmt: skip
    checkpoint = fields.get("checkpoint")
    same = w("edit-same-checkpoint", checkpoint=checkpoint) if checkpoint else w("edit-any-checkpoint")
    others = [one for one in checkpoint_options(w, catalogue) if one.value != checkpoint]
    modal.add_item(_select(w("edit-checkpoint"), "checkpoint", same, others))
    if offered := style_options(styles):
        modal.add_item(_select(w("edit-style"), "style", w("edit-as-it-is"), offered))
    size = f"{fields.get('width', 512)}×{fields.get('height', 512)}"
    modal.add_item(_select(w("edit-size"), "size", w("edit-same-size", size=size), size_options(w)))
    modal.stop()
    return modal


def _select(
    label: str, custom_id: str, same: str, others: list[discord.SelectOption]
) -> discord.ui.Label[discord.ui.Modal]:
    options = [discord.SelectOption(label=texts.cut(same, 100), value=SAME, default=True), *others[:24]]
    return discord.ui.Label(
        text=label[:LABEL_MAX_CHARS], component=discord.ui.Select(custom_id=custom_id, options=options, required=False)
    )


def changed(recipe: Recipe, values: dict[str, str | list[str]], preset: Fields, catalogue: Catalogue) -> dict[str, Any]:
    """The fields of the new pictures, after the changes in the form; those of a preset come before the picture's own.
    What only suited the old checkpoint suits a new one then.

    Raises:
      RequestRefusedError: when the prompt can't be read.
    """
    fields = recipe.anew(prompt="", negative_prompt=values.get("negative_prompt", ""))
    fields |= {name: value for name, value in preset.items() if name in FIELDS and name not in WORDS}
    chosen = {name: found[0] for name, found in values.items() if isinstance(found, list) and found}
    if chosen.get("checkpoint", SAME) != SAME:
        fields = on_checkpoint(fields, chosen["checkpoint"], catalogue)
    if chosen.get("size", SAME) in SIZES:
        fields["width"], fields["height"] = SIZES[chosen["size"]]
    fields = with_flags_over(fields, str(values.get("prompt", "")))
    return templated(with_preset(fields, {name: preset[name] for name in WORDS if name in preset}))


async def _preset(
    services: Services, interaction: discord.Interaction[Any], values: dict[str, str | list[str]]
) -> Fields:
    """The fields of the preset or style that was chosen in the form; none for those that the picture has."""
    found = values.get("style")
    name = found[0] if isinstance(found, list) and found else SAME
    return {} if name == SAME else await preset_of(services, interaction, name)
