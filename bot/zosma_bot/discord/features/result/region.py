"""Vary a region: a form for which part of a picture is painted anew, and what shall be there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import aiohttp
import discord

from zosma_bot import masks, painted_masks
from zosma_bot.discord.core.alternatives import escaped
from zosma_bot.discord.core.attachments import Source, of_attachment
from zosma_bot.discord.core.button_owner import may_use
from zosma_bot.discord.core.drawing import drawn, templated, typed_words, with_flags, words_of
from zosma_bot.discord.core.identity import sender_of
from zosma_bot.discord.core.inpainting import REGIONS, first_possible, read_mask, refusal, repainted
from zosma_bot.discord.core.recipes import picture_of
from zosma_bot.discord.core.seen import keep_seen, seen
from zosma_bot.discord.core.services import CHECKS_S, FETCH_S, Services
from zosma_bot.discord.core.sizes import PICTURES_MAX
from zosma_bot.discord.core.submit import submit
from zosma_bot.discord.features.result.remix import is_private, known_or_read
from zosma_bot.discord.state.reply_record import Origin
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.custom_id import Act, CustomId, OfJob
from zosma_bot.discord.ui.language import Translations, translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.router import Handler, Router, uploaded, values_of
from zosma_bot.masks import MaskError
from zosma_bot.painted_masks import MaskPage
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError
from zosma_queue.request import PROMPT_MAX_CHARS

LABEL_MAX_CHARS, HINT_MAX_CHARS = 45, 100
#: How much of a part is changed, by the names of its texts; the second is the usual one.
STRENGTHS = {"a-little": 0.5, "clearly": 0.75, "wholly": 1.0}
USUAL = "clearly"
#: What flags in the words for a part may not say, by the fields that they become: the picture has a size, and styles.
_NOT_HERE = {"aspect": "--ar", "width": "--width", "height": "--height", "style": "--style"}
#: Chosen instead of a named part.
PAINT = "paint"
_PAGE_WORDS = ("title", "hint", "size-label", "erase", "undo", "clear", "send", "saved", "failed", "unreadable",
               "mask-empty", "mask-full", "mask-shape")  # fmt: skip


def add(router: Router, services: Services) -> None:
    """Registers the form and the button under a link to paint."""

    def press(act: Callable[[Services, discord.Interaction[Any], OfJob], Awaitable[None]]) -> Handler:
        async def pressed(interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
            of = await may_use(services, interaction, custom_id)
            if of is None:
                return
            try:
                await act(services, interaction, of)
            except (RequestRefusedError, QueueUnavailableError) as error:
                await say(interaction, refusals.told(translations_of(interaction), error))

        return pressed

    router.add(Act.REGION, press(_open))
    router.add(Act.REGION_FORM, press(_filled_in))
    router.add(Act.REGION_PAINTED, press(_painted))


async def _open(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> None:
    if not of.menu:
        of = replace(of, menu=await keep_seen(services, interaction))
    recipe = await known_or_read(services, interaction, of)
    words = escaped(words_of(recipe.fields, of.number)) if recipe else ""
    w = translations_of(interaction)
    await interaction.response.send_modal(form(w, of, words, paint=services.links.can_be_made))


async def _filled_in(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> None:
    asked = _asked(values_of(interaction))
    if asked["region"] == PAINT:
        await _invite(services, interaction, of, asked)
        return
    source = await picture_of(services, seen(interaction), of)
    await _submit(services, interaction, of, source, _mask(interaction, asked["region"], source), asked)


async def _painted(services: Services, interaction: discord.Interaction[Any], of: OfJob) -> None:
    key = painted_masks.key_of(of.menu, of.number)
    page = await services.background.within(CHECKS_S, painted_masks.page_of(services.queue, key))
    drawn = await services.background.within(CHECKS_S, painted_masks.painted(services.queue, key))
    if page is None or page.by != interaction.user.id:
        raise refused("region-page-gone")
    if drawn is None:
        raise refused("region-unpainted")
    source = await picture_of(services, seen(interaction), of)
    mask = _read(drawn, source, sender_of(interaction).everywhere)
    await _submit(services, interaction, of, source, mask, page.asked)


def form(w: Translations, of: OfJob, words: str, *, paint: bool) -> discord.ui.Modal:
    """The form, filled with the picture's own words. `paint`: there is a page to paint on."""
    modal = discord.ui.Modal(title=w("region-title")[:LABEL_MAX_CHARS], custom_id=of.custom_id(Act.REGION_FORM))
    regions = [(PAINT, w("region-paint"))] if paint else []
    regions += [(name, w(f"region-{name}")) for name in REGIONS]
    text = discord.ui.TextInput[discord.ui.Modal](
        style=discord.TextStyle.paragraph, custom_id="prompt", max_length=PROMPT_MAX_CHARS,
        default=words[:PROMPT_MAX_CHARS] or None,
    )  # fmt: skip
    upload = discord.ui.FileUpload[discord.ui.Modal](custom_id="mask", required=False, min_values=0, max_values=1)
    counts = [(str(count), w("use-pictures", count=count)) for count in range(1, PICTURES_MAX + 1)]
    strengths = [(name, w(f"region-{name}")) for name in STRENGTHS]
    for key, component in (
        ("region-where", _menu("region", regions)),
        ("region-words", text),
        ("region-mask", upload),
        ("region-strength", _menu("strength", strengths, USUAL)),
        ("use-count", _menu("count", counts, "1")),
    ):
        hint = w(f"{key}.hint")[:HINT_MAX_CHARS] if f"{key}.hint" in w else None
        modal.add_item(discord.ui.Label(text=w(key)[:LABEL_MAX_CHARS], description=hint, component=component))
    modal.stop()
    return modal


def _menu(custom_id: str, offers: list[tuple[str, str]], first: str = "") -> discord.ui.Select[discord.ui.Modal]:
    options = [discord.SelectOption(label=text[:100], value=value, default=value == first) for value, text in offers]
    return discord.ui.Select(custom_id=custom_id, options=options, required=False)


def _asked(values: Mapping[str, str | list[str]]) -> dict[str, Any]:
    """What the form says; for what was left out, the usual."""

    def chosen(name: str, otherwise: str) -> str:
        value = values.get(name)
        return value[0] if isinstance(value, list) and value else otherwise

    count = chosen("count", "1")
    return {
        "prompt": str(values.get("prompt", "")),
        "region": chosen("region", ""),
        "strength": STRENGTHS.get(chosen("strength", USUAL), STRENGTHS[USUAL]),
        "count": int(count) if count.isdecimal() else 1,
    }


def _mask(interaction: discord.Interaction[Any], region: str, source: Source) -> Callable[[], Awaitable[bytes]]:
    """Makes the mask: from the attached file, else of the part that was chosen.

    Raises:
      RequestRefusedError: when there is neither, or the file can't be one.
    """
    files = uploaded(interaction, "mask")
    if files:
        file, who = of_attachment(files[0], "mask"), sender_of(interaction).everywhere
        size = source.width, source.height

        async def attached() -> bytes:
            return await read_mask(await file.fetch(), size, who)

        return attached
    if region not in REGIONS:
        raise refused("region-none")

    async def named() -> bytes:
        return await asyncio.to_thread(masks.region_mask, (source.width, source.height), REGIONS[region])

    return named


def _read(drawn: bytes, source: Source, who: str) -> Callable[[], Awaitable[bytes]]:
    async def read() -> bytes:
        return await read_mask(drawn, (source.width, source.height), who)

    return read


async def _submit(
    services: Services,
    interaction: discord.Interaction[Any],
    of: OfJob,
    source: Source,
    mask: Callable[[], Awaitable[bytes]],
    asked: Mapping[str, Any],
) -> None:
    recipe = await known_or_read(services, interaction, of)
    typed = {"count": asked["count"]} | with_flags({"prompt": asked["prompt"]})
    if flag := next((flag for name, flag in _NOT_HERE.items() if name in typed), None):
        raise refused("flag-not-here", flag=flag)
    if recipe and typed.get("negative_prompt") and recipe.fields.get("negative_prompt"):
        typed["negative_prompt"] = f"{typed_words(recipe.fields)['negative_prompt']}, {typed['negative_prompt']}"
    said = await drawn(services, interaction, templated(typed))
    who = sender_of(interaction).everywhere
    possible = repainted(recipe, source, mask, asked["strength"], who, said)
    fields, sources = await first_possible(services, possible)
    private = await is_private(services, interaction, of)
    origin = Origin(deed="region", user_id=of.owner)
    await submit(services, interaction, fields, sources=sources, private=private, origin=origin)


async def _invite(
    services: Services, interaction: discord.Interaction[Any], of: OfJob, asked: Mapping[str, Any]
) -> None:
    """Gives the member a link to the page where they paint, and a button for when they have.

    Raises:
      RequestRefusedError: when the picture can't be had.
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    w = translations_of(interaction)
    source = await picture_of(services, seen(interaction), of)
    await interaction.response.defer(ephemeral=True, thinking=True)
    try:
        async with asyncio.timeout(FETCH_S):
            data = await source.fetch()
        picture = await masks.page_of(data, sender_of(interaction).everywhere)
    except MaskError as error:
        raise refusal(error, "image", (source.width, source.height)) from None
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError):
        raise refused("picture-unfetched", field="image") from None
    key = painted_masks.key_of(of.menu, of.number)
    page = MaskPage(
        by=interaction.user.id, picture=picture, size=(source.width, source.height), asked=asked,
        language=w.language, words={name: w(f"mask-page-{name}") for name in _PAGE_WORDS},
    )  # fmt: skip
    await services.background.within(CHECKS_S, painted_masks.keep_page(services.queue, key, page))
    url = await services.background.within(CHECKS_S, services.links.mask_url(key))
    if url is None:
        raise refused("region-none")
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(url=url, label=w("region-open"), emoji="🖌️"))
    make = of.custom_id(Act.REGION_PAINTED)
    view.add_item(discord.ui.Button(custom_id=make, label=w("region-make"), style=discord.ButtonStyle.primary))
    view.stop()
    await say(interaction, w("region-invite"), view=view)
