"""Buttons that make something new of a picture: again, varied, larger, with another checkpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import discord

from zosma_bot.discord.core.button_owner import may_use
from zosma_bot.discord.core.defaults import wants_private
from zosma_bot.discord.core.drawing import words_of
from zosma_bot.discord.core.recipes import KIND, Recipe, on_checkpoint, picture_of, read, recall, recipe_of
from zosma_bot.discord.core.seen import keep_seen, seen
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.core.submit import Wanted, submit, submit_late
from zosma_bot.discord.state.reply_record import Origin, Reply
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.choices import checkpoint_options
from zosma_bot.discord.ui.custom_id import Act, CustomId, OfJob
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Handler, Router, chosen
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError

#: How much of the noise comes from another seed.
SUBTLE, STRONG = 0.12, 0.45
#: How much larger the upscale button makes a picture.
LARGER = 2.0
#: How long a picture is asked for its own words before the first answer. Discord waits 3 s for that.
READ_S = 1.0

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
    await take(services, interaction, of, "again", lambda recipe: recipe.anew())


async def vary_subtle(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """Asks for pictures much like one of these."""
    await take(services, interaction, of, "variation", lambda recipe: varied(recipe, of.number, SUBTLE))


async def vary_strong(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """Asks for pictures somewhat like one of these."""
    await take(services, interaction, of, "variation", lambda recipe: varied(recipe, of.number, STRONG))


async def with_checkpoint(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """The same with the checkpoint that was chosen in the menu."""
    if checkpoint := chosen(interaction):
        catalogue = await services.catalogue()
        await take(
            services, interaction, of, "checkpoint", lambda recipe: on_checkpoint(recipe.anew(), checkpoint, catalogue)
        )


def varied(recipe: Recipe, number: int, strength: float) -> dict[str, Any]:
    """The fields of pictures like picture `number`: its seed, with some of the noise from others."""
    seed = recipe.seed_of(number)
    if seed is None:
        return recipe.anew()
    return recipe.of_picture(number).anew(seed=seed, subseed_strength=strength)


async def take(services: Services, interaction: discord.Interaction[Any], of: OfJob, deed: str, make: Make) -> None:
    """Asks for what `make` makes of the picture's recipe: at once when that is known, or read from the picture soon.

    `deed`: what it is, as in the texts `deed-<deed>`.
    """
    private = await is_private(services, interaction, of)
    origin: Origin | None = Origin(deed=deed, user_id=of.owner)
    reading = services.background.start(recipe_of(services, seen(interaction), of))
    await asyncio.wait([reading], timeout=READ_S)
    if not reading.done():

        async def find() -> Wanted:
            return make(await reading), {}

        await submit_late(services, interaction, find, private=private, origin=origin)
        return
    try:
        recipe = reading.result()
        fields = make(recipe)
    except (RequestRefusedError, QueueUnavailableError) as error:
        await say(interaction, refusals.told(translations_of(interaction), error))
        return
    if recipe.job and recipe.job.result is None:
        origin = recipe.origin  # no picture came of it: it is tried again
    await submit(services, interaction, fields, private=private, origin=origin)


async def enlarge(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """Asks for the picture made larger. How it was made goes along, so that the larger one can be varied too."""
    try:
        source = await picture_of(services, seen(interaction), of)
        known = await recall(services, of) or await known_or_read(services, interaction, of)
    except (RequestRefusedError, QueueUnavailableError) as error:
        await say(interaction, refusals.told(translations_of(interaction), error))
        return
    seed = known.seed_of(of.number) if known else None
    origin = Origin(deed="upscale", user_id=of.owner)
    if known and known.fields and not known.fields.get("upscale"):
        # The words of this one picture; what they were drawn from stays, so that Again draws anew.
        fields = {name: value for name, value in known.fields.items() if name != "prompts"}
        fields["prompt"] = words_of(known.fields, of.number)
        origin = origin.model_copy(update={"fields": fields, "seeds": () if seed is None else (seed,)})
    private = await is_private(services, interaction, of)
    larger = {"upscale": {"upscaling_resize": LARGER}}
    await submit(
        services, interaction, larger, sources={("upscale", "image"): source}, private=private, origin=origin
    )  # fmt: skip


async def known_or_read(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> Recipe | None:
    """How this very picture was made, as the queue knows it, else as the picture itself says it, if it says so soon.

    Raises:
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    if known := await recall(services, of):
        return known.of_picture(of.number)
    reading = services.background.start(read(seen(interaction), of.number))
    done, _ = await asyncio.wait([reading], timeout=READ_S)
    try:
        return reading.result() if done else None
    except RequestRefusedError:
        return None


async def ask_for_checkpoint(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> None:
    """Shows the member a menu of the checkpoints that are online."""
    w = translations_of(interaction)
    try:
        known = await recall(services, of)
        if not of.menu:
            # A button of its own, as messages had it before: its menu is a message without the picture.
            of = replace(of, menu=await keep_seen(services, interaction))
    except QueueUnavailableError as error:
        await say(interaction, refusals.told(w, error))
        return
    same = known.fields.get("checkpoint") if known else None
    options = [one for one in checkpoint_options(w, await services.offered(interaction)) if one.value != same]
    if not options:
        await say(interaction, w("checkpoint-none"))
        return
    view = discord.ui.View(timeout=None)
    menu = of.custom_id(Act.CHOOSE_CHECKPOINT)
    view.add_item(discord.ui.Select(custom_id=menu, placeholder=w("edit-checkpoint"), options=options))
    view.stop()
    await say(interaction, w("checkpoint-ask"), view=view)


async def is_private(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> bool:
    """True when only its member shall see the new one: when only they see the first, or as they have set it.

    Where nothing is known any more, an ephemeral message makes an ephemeral one.
    """
    try:
        known = await services.background.within(CHECKS_S, _known_private(services, of))
        wanted = await wants_private(services, interaction, None)
    except QueueUnavailableError:
        known, wanted = None, False
    message = seen(interaction)
    return wanted or (bool(message and message.private) if known is None else known)


async def _known_private(services: Services, of: OfJob) -> bool | None:
    text = await services.queue.reply(of.job_id)
    if reply := Reply.parse(text) if text else None:
        return reply.private
    kept = await services.queue.documents.get(KIND, of.job_id)
    return bool(kept.get("private")) if kept else None
