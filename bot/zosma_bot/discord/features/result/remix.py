"""Buttons that make something new of a picture: again, varied, larger, with another checkpoint."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import discord

from zosma_bot.discord.core.button_owner import may_use
from zosma_bot.discord.core.defaults import wants_private
from zosma_bot.discord.core.recipes import KIND, Recipe, keep, on_checkpoint, picture_of, recall, recipe_of
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.core.submit import Wanted, submit, submit_late
from zosma_bot.discord.state.reply_record import Reply
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.choices import checkpoint_options
from zosma_bot.discord.ui.custom_id import Act, CustomId, OfJob
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Handler, Router, chosen
from zosma_queue.errors import QueueUnavailableError

#: How much of the noise comes from another seed.
SUBTLE, STRONG = 0.12, 0.45
#: How much larger the upscale button makes a picture.
LARGER = 2.0

Make = Callable[[Recipe], dict[str, Any]]


def add(router: Router, services: Services) -> None:
    """Registers the buttons."""

    def press(act: Callable[[Services, discord.Interaction[Any], OfJob], Awaitable[None]]) -> Handler:
        async def pressed(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
            if of := await may_use(services, interaction, custom_id):
                await act(services, interaction, of)

        return pressed

    router.add(Act.AGAIN, press(again))
    router.add(Act.VARY_SUBTLE, press(vary_subtle))
    router.add(Act.VARY_STRONG, press(vary_strong))
    router.add(Act.UPSCALE, press(enlarge))
    router.add(Act.CHECKPOINT, press(ask_for_checkpoint))
    router.add(Act.CHOOSE_CHECKPOINT, press(with_checkpoint))


async def again(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """Asks for the same pictures with other seeds."""
    await take(services, interaction, of, lambda recipe: recipe.anew())


async def vary_subtle(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """Asks for pictures much like one of these."""
    await take(services, interaction, of, lambda recipe: varied(recipe, of.number, SUBTLE))


async def vary_strong(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """Asks for pictures somewhat like one of these."""
    await take(services, interaction, of, lambda recipe: varied(recipe, of.number, STRONG))


async def with_checkpoint(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """The same with the checkpoint that was chosen in the menu."""
    if checkpoint := chosen(interaction):
        catalogue = await services.catalogue()
        await take(services, interaction, of, lambda recipe: on_checkpoint(recipe.anew(), checkpoint, catalogue))


def varied(recipe: Recipe, number: int, strength: float) -> dict[str, Any]:
    """The fields of pictures like picture `number`: its seed, with some of the noise from others."""
    seed = recipe.seed_of(number)
    return recipe.anew() if seed is None else recipe.anew(seed=seed, subseed_strength=strength)


async def take(services: Services, interaction: discord.Interaction[Any], of: OfJob, make: Make) -> None:
    """Asks for what `make` makes of the picture's recipe, at once when the queue knows it."""
    try:
        known = await recall(services, of)
    except QueueUnavailableError:
        await say(interaction, refusals.queue_away(translations_of(interaction)))
        return
    private = await is_private(services, interaction, of)
    if known:
        await submit(services, interaction, make(known), private=private)
        return

    async def find() -> Wanted:
        return make(await recipe_of(services, interaction.message, of)), {}

    await submit_late(services, interaction, find, private=private)


async def enlarge(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """Asks for the picture made larger."""

    async def find() -> Wanted:
        source = await picture_of(services, interaction.message, of)
        return {"upscale": {"upscaling_resize": LARGER}}, {("upscale", "image"): source}

    await submit_late(services, interaction, find, private=await is_private(services, interaction, of))


async def ask_for_checkpoint(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """Shows the member a menu of the checkpoints that are online."""
    w = translations_of(interaction)
    known = await _known(services, of)
    same = known.fields.get("checkpoint") if known else None
    options = [one for one in checkpoint_options(w, await services.offered(interaction)) if one.value != same]
    if not options:
        await say(interaction, w("checkpoint-none"))
        return
    key = of.job_id
    if known is None:
        # The menu is a message of its own, without the picture that tells how it was made.
        await interaction.response.defer(ephemeral=True, thinking=True)
        private = await is_private(services, interaction, of)
        key = await keep(
            services, await recipe_of(services, interaction.message, of), by=interaction.user.id, private=private
        )
    view = discord.ui.View(timeout=None)
    menu = OfJob(key, of.owner).custom_id(Act.CHOOSE_CHECKPOINT)
    view.add_item(discord.ui.Select(custom_id=menu, placeholder=w("edit-checkpoint"), options=options))
    view.stop()
    await say(interaction, w("checkpoint-ask"), view=view)


async def _known(services: Services, of: OfJob) -> Recipe | None:
    try:
        return await recall(services, of)
    except QueueUnavailableError:
        return None


async def is_private(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> bool:
    """True when only its member shall see the new one: when only they see the first, or as they have set it.

    Where nothing is known any more, an ephemeral message makes an ephemeral one.
    """
    try:
        known = await services.background.within(CHECKS_S, _known_private(services, of))
        wanted = await wants_private(services, interaction, None)
    except QueueUnavailableError:
        known, wanted = None, False
    message = interaction.message
    return wanted or (bool(message and message.flags.ephemeral) if known is None else known)


async def _known_private(services: Services, of: OfJob) -> bool | None:
    text = await services.queue.reply(of.job_id)
    if reply := Reply.parse(text) if text else None:
        return reply.private
    kept = await services.queue.documents.get(KIND, of.job_id)
    return bool(kept.get("private")) if kept else None
