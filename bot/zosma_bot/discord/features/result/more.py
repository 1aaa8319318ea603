"""The "More…" button: a menu that its presser alone sees, with everything that is not needed every day."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import discord

from zosma_bot.discord.core.button_owner import anybody
from zosma_bot.discord.core.permissions import is_moderator, may_press
from zosma_bot.discord.core.recipes import Recipe, recall
from zosma_bot.discord.core.seen import keep_seen, seen
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.custom_id import Act, CustomId, OfJob
from zosma_bot.discord.ui.language import Translations, translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Router, chosen
from zosma_queue.errors import QueueUnavailableError

#: What makes something new: for those who may use this picture's buttons.
_NEW = (
    (Act.VARY_STRONG, "button-vary-strong", "🎲"),
    (Act.REGION, "button-region", "🖌️"),
    (Act.ZOOM_OUT, "button-zoom-out", "🔭"),
    (Act.ZOOM_OUT_FAR, "button-zoom-out-far", "🔭"),
    (Act.PAN_LEFT, "button-pan-left", "⬅️"),
    (Act.PAN_RIGHT, "button-pan-right", "➡️"),
    (Act.PAN_UP, "button-pan-up", "⬆️"),
    (Act.PAN_DOWN, "button-pan-down", "⬇️"),
    (Act.SQUARE, "button-square", "⏹️"),
    (Act.CHECKPOINT, "button-checkpoint", "🧩"),
)
#: For everybody who sees the picture.
_SHOWN = (
    (Act.PARAMETERS, "button-parameters", "📋"),
    (Act.SEND, "button-send", "📨"),
    (Act.REPORT, "button-report", "🚩"),
)
_DELETE = (Act.DELETE, "button-delete", "🗑️")
#: Needs nothing but the picture and new words.
_WITHOUT_RECIPE = (Act.REGION,)
_ACTS = frozenset(act for act, *_ in (*_NEW, *_SHOWN, _DELETE))
#: More pictures of a set than a menu has lines are not offered.
PICTURES_MAX = 25


def add(router: Router, services: Services) -> None:
    """Registers the button and its menus."""

    async def press(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        of = await anybody(services, interaction, custom_id)
        if of is None:
            return
        w = translations_of(interaction)
        try:
            view = await _menu(services, interaction, replace(of, menu=await keep_seen(services, interaction)))
        except QueueUnavailableError as error:
            await say(interaction, refusals.told(w, error))
            return
        # Not as an answer of its own: so the press's token goes on standing for the picture's message.
        await interaction.response.defer()
        await say(interaction, w("more-ask"), view=view)

    async def choose_picture(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        of = await anybody(services, interaction, custom_id)
        number = chosen(interaction) or ""
        if of is None or not number.isdecimal():
            return
        try:
            view = await _menu(services, interaction, replace(of, number=int(number)))
        except QueueUnavailableError as error:
            await say(interaction, refusals.told(translations_of(interaction), error))
            return
        await interaction.response.edit_message(view=view)

    async def choose_act(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        act = chosen(interaction)
        if act in _ACTS:
            await router.hand_on(interaction, CustomId(act, custom_id.args))
        else:
            await say(interaction, translations_of(interaction)("button-unknown"))

    router.add(Act.MORE, press)
    router.add(Act.MORE_PICTURE, choose_picture)
    router.add(Act.MORE_ACT, choose_act)


async def _menu(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> discord.ui.View:
    """The menu of picture `of.number`, and for a set one that chooses another picture.

    Raises:
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    w = translations_of(interaction)
    here, recipe = await services.settings_here(interaction), await recall(services, of)
    acts = [*_SHOWN]
    if interaction.user.id == of.owner or may_press(here, interaction, of.owner):
        # What is forgotten is most likely told by the picture itself; whoever chooses it will read if not.
        known = recipe is None or bool(recipe.fields)
        acts = [one for one in _NEW if (known or one[0] in _WITHOUT_RECIPE) and not _is_in_vain(one[0], recipe)] + acts
    if interaction.user.id == of.owner or is_moderator(interaction):
        acts.append(_DELETE)
    view = discord.ui.View(timeout=None)
    count = _count(interaction, recipe)
    if count > 1:
        pictures = [
            discord.SelectOption(label=w("more-picture", number=n), value=str(n), default=n == of.number)
            for n in range(1, count + 1)
        ]
        view.add_item(discord.ui.Select(custom_id=of.custom_id(Act.MORE_PICTURE), options=pictures, row=0))
    view.add_item(_acts(w, of, acts))
    view.stop()
    return view


def _acts(w: Translations, of: OfJob, acts: list[tuple[Act, str, str]]) -> discord.ui.Select[discord.ui.View]:
    options = [
        discord.SelectOption(
            label=w(key)[:100], value=str(act), emoji=emoji,
            description=w(f"{key}.hint")[:100] if f"{key}.hint" in w else None,
        )
        for act, key, emoji in acts
    ]  # fmt: skip
    menu = of.custom_id(Act.MORE_ACT)
    return discord.ui.Select(custom_id=menu, placeholder=w("more-choose"), options=options, row=1)


def _is_in_vain(act: Act, recipe: Recipe | None) -> bool:
    """True for making a picture square that is."""
    if act is not Act.SQUARE or recipe is None or recipe.job is None or recipe.job.result is None:
        return False
    return all(one.width == one.height for one in recipe.job.result.pictures)


def _count(interaction: discord.Interaction[Any], recipe: Recipe | None) -> int:
    if recipe and recipe.job and recipe.job.result:
        return min(len(recipe.job.result.pictures), PICTURES_MAX)
    message = seen(interaction)
    return min(len(message.pictures) if message else 1, PICTURES_MAX)
