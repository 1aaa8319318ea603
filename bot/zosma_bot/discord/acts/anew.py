"""Buttons that make something new of a picture: again, varied, larger, with another checkpoint."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import discord

from zosma_bot.discord import texts
from zosma_bot.discord.acts.whose import may_use
from zosma_bot.discord.buttons import Act
from zosma_bot.discord.commands.choices import checkpoint_options
from zosma_bot.discord.custom_id import CustomId, OfJob
from zosma_bot.discord.desk import CHECKS_S, Desk, Wish, say
from zosma_bot.discord.language import words_of
from zosma_bot.discord.recipes import KIND, Recipe, keep, picture_of, recall, recipe_of
from zosma_bot.discord.reply import Reply
from zosma_bot.discord.router import Handler, Router, chosen
from zosma_bot.discord.wishes import wants_private
from zosma_queue.errors import QueueUnavailableError

#: How much of the noise comes from another seed.
SUBTLE, STRONG = 0.12, 0.45
#: How much larger the upscale button makes a picture.
LARGER = 2.0
#: The menu in which another checkpoint is chosen.
CHOOSE = "cs"

Make = Callable[[Recipe], dict[str, Any]]


def add(router: Router, desk: Desk) -> None:
    """Registers the buttons."""

    def press(act: Callable[[Desk, discord.Interaction[Any], OfJob], Awaitable[None]]) -> Handler:
        async def pressed(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
            if of := await may_use(desk, interaction, custom_id):
                await act(desk, interaction, of)

        return pressed

    router.add(Act.AGAIN, press(again))
    router.add(Act.VARY_SUBTLE, press(vary_subtle))
    router.add(Act.VARY_STRONG, press(vary_strong))
    router.add(Act.UPSCALE, press(enlarge))
    router.add(Act.CHECKPOINT, press(ask_for_checkpoint))
    router.add(CHOOSE, press(with_checkpoint))


async def again(desk: Desk, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """The same with other seeds."""
    await take(desk, interaction, of, lambda recipe: recipe.anew())


async def vary_subtle(desk: Desk, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """Much like one of the pictures."""
    await take(desk, interaction, of, lambda recipe: varied(recipe, of.number, SUBTLE))


async def vary_strong(desk: Desk, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """Somewhat like one of the pictures."""
    await take(desk, interaction, of, lambda recipe: varied(recipe, of.number, STRONG))


async def with_checkpoint(desk: Desk, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """The same with the checkpoint that was chosen in the menu."""
    if checkpoint := chosen(interaction):
        await take(desk, interaction, of, lambda recipe: recipe.anew(checkpoint=checkpoint))


def varied(recipe: Recipe, number: int, strength: float) -> dict[str, Any]:
    """The fields of pictures like picture `number`: its seed, with some of the noise from others."""
    seed = recipe.seed_of(number)
    return recipe.anew() if seed is None else recipe.anew(seed=seed, subseed_strength=strength)


async def take(desk: Desk, interaction: discord.Interaction[Any], of: OfJob, make: Make) -> None:
    """Asks for what `make` makes of the picture's recipe, at once when the queue knows it."""
    try:
        known = await recall(desk, of)
    except QueueUnavailableError:
        await say(interaction, texts.queue_away(words_of(interaction)))
        return
    private = await is_private(desk, interaction, of)
    if known:
        await desk.take(interaction, make(known), private=private)
        return

    async def find() -> Wish:
        return make(await recipe_of(desk, interaction.message, of)), {}

    await desk.take_late(interaction, find, private=private)


async def enlarge(desk: Desk, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """Asks for the picture made larger."""

    async def find() -> Wish:
        source = await picture_of(desk, interaction.message, of)
        return {"upscale": {"upscaling_resize": LARGER}}, {("upscale", "image"): source}

    await desk.take_late(interaction, find, private=await is_private(desk, interaction, of))


async def ask_for_checkpoint(desk: Desk, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """Shows the member a menu of the checkpoints that are online."""
    w = words_of(interaction)
    known = await _known(desk, of)
    same = known.fields.get("checkpoint") if known else None
    options = [one for one in checkpoint_options(w, await desk.offered(interaction)) if one.value != same]
    if not options:
        await say(interaction, w("checkpoint-none"))
        return
    key = of.job_id
    if known is None:
        # The menu is a message of its own, without the picture that tells how it was made.
        await interaction.response.defer(ephemeral=True, thinking=True)
        private = await is_private(desk, interaction, of)
        key = await keep(desk, await recipe_of(desk, interaction.message, of), private=private)
    view = discord.ui.View(timeout=None)
    menu = OfJob(key, of.owner).custom_id(CHOOSE)
    view.add_item(discord.ui.Select(custom_id=menu, placeholder=w("edit-checkpoint"), options=options))
    view.stop()
    await say(interaction, w("checkpoint-ask"), view=view)


async def _known(desk: Desk, of: OfJob) -> Recipe | None:
    try:
        return await recall(desk, of)
    except QueueUnavailableError:
        return None


async def is_private(desk: Desk, interaction: discord.Interaction[Any], of: OfJob) -> bool:
    """True when its member alone shall see what is made: of a picture that is seen by him alone, or as he has set it.

    Where nothing is known any more, an ephemeral message makes an ephemeral one.
    """
    try:
        known = await desk.chores.within(CHECKS_S, _known_private(desk, of))
        wanted = await wants_private(desk, interaction, None)
    except QueueUnavailableError:
        known, wanted = None, False
    message = interaction.message
    return wanted or (bool(message and message.flags.ephemeral) if known is None else known)


async def _known_private(desk: Desk, of: OfJob) -> bool | None:
    text = await desk.queue.reply(of.job_id)
    if reply := Reply.parse(text) if text else None:
        return reply.private
    kept = await desk.queue.records.get(KIND, of.job_id)
    return bool(kept.get("private")) if kept else None
