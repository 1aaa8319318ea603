"""Pictures in messages that new ones start from: remembered while a form is open, fetched once it has come back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import discord

from zosma_bot.discord.core.attachments import ADDRESS_TTL_S, Source, fitting_size, of_attachment
from zosma_bot.discord.core.drawing import typed_words
from zosma_bot.discord.core.options import STRENGTH
from zosma_bot.discord.core.recipes import Recipe
from zosma_bot.discord.core.seen import pictures_in
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.core.sizes import PICTURES_MAX
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.custom_id import Act, CustomId
from zosma_bot.discord.ui.language import Translations
from zosma_queue import infotext
from zosma_queue.errors import RequestRefusedError
from zosma_queue.request import PROMPT_MAX_CHARS

#: A form that is open for longer than the picture's address is good for is of no use.
KIND, KEPT_S = "picture", ADDRESS_TTL_S
LABEL_MAX_CHARS = 45
#: Of the line under a label.
HINT_MAX_CHARS = 100
SHOWN_MAX = 25
STRENGTHS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def usable(attachments: Sequence[discord.Attachment]) -> list[discord.Attachment]:
    """The attachments that a request can start from.

    Raises:
      RequestRefusedError: when there are pictures, but none that can be used; says why of the first.
    """
    good, problems = [], []
    for attachment in attachments:
        try:
            of_attachment(attachment, "image")
            good.append(attachment)
        except RequestRefusedError as error:
            problems.append(error)
    if problems and not good:
        raise problems[0]
    return good[:SHOWN_MAX]


async def keep(
    services: Services, message: discord.Message, attachments: Sequence[discord.Attachment], *, by: int
) -> str:
    """Remembers where the pictures are, for the member `by` alone, and gives the key under which the form names them.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    key = secrets.token_hex(10)
    pictures = [
        {"id": one.id, "url": one.url, "width": one.width or 512, "height": one.height or 512} for one in attachments
    ]
    document = {
        "channel": message.channel.id,
        "message": message.id,
        "pictures": pictures,
        "private": message.flags.ephemeral,
        "by": by,
    }
    await services.queue.documents.put(KIND, key, document, ttl_s=KEPT_S)
    return key


def form(w: Translations, key: str, attachments: Sequence[discord.Attachment], told: Recipe) -> discord.ui.Modal:
    """The form, filled with what the picture `told` of itself; under the prompt what of that can't be asked for."""
    left_out = infotext.not_asked_for(told.parameters) if told.fields else ()
    hint = texts.cut(w("use-left-out", names=", ".join(left_out)), HINT_MAX_CHARS) if left_out else None
    modal = discord.ui.Modal(
        title=w("use-title")[:LABEL_MAX_CHARS], custom_id=str(CustomId(Act.USE_PICTURE_FORM, (key,)))
    )
    told_fields = told.fields | typed_words(told.fields)
    for name, label, required in (("prompt", "edit-prompt", True), ("negative_prompt", "edit-negative", False)):
        words = discord.ui.TextInput[discord.ui.Modal](
            style=discord.TextStyle.paragraph, custom_id=name, required=required, max_length=PROMPT_MAX_CHARS,
            default=str(told_fields.get(name, ""))[:PROMPT_MAX_CHARS] or None,
        )  # fmt: skip
        described = hint if name == "prompt" else None
        modal.add_item(discord.ui.Label(text=w(label)[:LABEL_MAX_CHARS], component=words, description=described))
    strengths = [(f"{value:g}", w("use-strength-of", percent=round(value * 100))) for value in STRENGTHS]
    counts = [(str(count), w("use-pictures", count=count)) for count in range(1, PICTURES_MAX + 1)]
    modal.add_item(_menu(w("use-strength"), "strength", strengths, f"{STRENGTH:g}"))
    modal.add_item(_menu(w("use-count"), "count", counts, "1"))
    if len(attachments) > 1:
        which = [(str(index), f"{index + 1}: {one.filename}") for index, one in enumerate(attachments)]
        modal.add_item(_menu(w("use-which"), "which", which, "0"))
    modal.stop()
    return modal


def _menu(label: str, custom_id: str, offers: list[tuple[str, str]], first: str) -> discord.ui.Label[discord.ui.Modal]:
    options = [
        discord.SelectOption(label=texts.cut(text, 100), value=value, default=value == first) for value, text in offers
    ]
    menu = discord.ui.Select[discord.ui.Modal](custom_id=custom_id, options=options, required=False)
    return discord.ui.Label(text=label[:LABEL_MAX_CHARS], component=menu)


def wanted(
    client: discord.Client, found: dict[str, Any], values: dict[str, str | list[str]]
) -> tuple[dict[str, Any], Source]:
    """A request's fields from the form that came back, and the picture that it starts from."""

    def chosen(name: str, otherwise: str) -> str:
        value = values.get(name)
        return value[0] if isinstance(value, list) and value else otherwise

    index = int(chosen("which", "0"))
    picture = found["pictures"][index]
    wide, high = fitting_size(picture["width"], picture["height"])
    strength = float(chosen("strength", str(STRENGTH)))
    fields = {
        "prompt": str(values.get("prompt", "")),
        "negative_prompt": str(values.get("negative_prompt", "")),
        "count": int(chosen("count", "1")),
        "width": wide,
        "height": high,
        "img2img": {"denoising_strength": strength, "resize_mode": 1},
    }
    given = {name: value for name, value in fields.items() if value != ""}

    async def fetch() -> bytes:
        return await _fetch(client, found, picture)

    return given, Source(fetch, picture["width"], picture["height"], shapes=True)


async def _fetch(client: discord.Client, found: dict[str, Any], picture: dict[str, Any]) -> bytes:
    """The bytes by the address that Discord gave us; where that has run out, by a new one from the message.

    The address first: it needs no right to read the channel, which a bot that a user installed hasn't got.
    """
    try:
        return await client.http.get_from_cdn(picture["url"])
    except (discord.Forbidden, discord.NotFound):
        channel = client.get_partial_messageable(found["channel"])
        message = await channel.fetch_message(found["message"])
        for attachment in pictures_in(message):
            if attachment.id == picture["id"]:
                return await attachment.read()
        raise
