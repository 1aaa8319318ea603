"""Limits of a message: text, embeds, files."""

from __future__ import annotations

from typing import Any

from loopback.discord.components import check_message_components
from loopback.discord.errors import FormErrors, Path, too_large
from loopback.discord.state import COMPONENTS_V2

Json = dict[str, Any]

#: Longest content a bot may send. (Only Nitro members may write 4000.)
CONTENT = 2000
EMBEDS = 10
EMBED_TOTAL = 6000
ATTACHMENTS = 10


def check_message(body: Json, files: dict[int, tuple[str, bytes]], flags: int, at: Path = ()) -> None:
    """Raise 50035 with everything that is wrong with a message body; `at` is where the body sits."""
    form = FormErrors()
    inner = FormErrors() if at else form
    v2 = bool(flags & COMPONENTS_V2)
    _check_content(inner, body, v2)
    _check_embeds(inner, body.get("embeds") or [])
    check_message_components(inner, body.get("components"), v2)
    _check_attachments(inner, body.get("attachments"), files)
    nonce = body.get("nonce")
    if isinstance(nonce, str) and len(nonce) > 25:
        inner.add(("nonce",), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    if at:
        form.graft(at, inner)
    form.check()


def _check_content(form: FormErrors, body: Json, v2: bool) -> None:
    content = body.get("content")
    if content is not None and not isinstance(content, str):
        form.add(("content",), "BASE_TYPE_STRING", "Must be a string.")
    elif content and len(content) > CONTENT:
        form.add(("content",), "BASE_TYPE_MAX_LENGTH", f"Must be {CONTENT} or fewer in length.")
    if v2:
        for key in ("content", "embeds"):
            if body.get(key):
                form.add(
                    (key,),
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
                )


def _check_embeds(form: FormErrors, embeds: list[Json]) -> None:
    form.at_most(("embeds",), embeds, EMBEDS)
    total = 0
    for index, embed in enumerate(embeds):
        total += _check_embed(form, ("embeds", index), embed)
    if total > EMBED_TOTAL:
        form.add(
            ("embeds",),
            "MAX_EMBED_SIZE_EXCEEDED",
            f"Embed size exceeds maximum size of {EMBED_TOTAL}",
        )


def _check_embed(form: FormErrors, path: Path, embed: Json) -> int:
    """Check one embed and return how many letters it spends of the 6000."""
    author, footer = embed.get("author") or {}, embed.get("footer") or {}
    parts: list[tuple[Path, Any, int, int]] = [
        ((*path, "title"), embed.get("title") or "", 0, 256),
        ((*path, "description"), embed.get("description") or "", 0, 4096),
        ((*path, "author", "name"), author.get("name") or "", 0, 256),
        ((*path, "footer", "text"), footer.get("text") or "", 0, 2048),
    ]
    fields = embed.get("fields") or []
    form.at_most((*path, "fields"), fields, 25)
    for index, entry in enumerate(fields):
        parts.append(((*path, "fields", index, "name"), entry.get("name"), 1, 256))
        parts.append(((*path, "fields", index, "value"), entry.get("value"), 1, 1024))
    for where, value, low, high in parts:
        form.length(where, value, low, high)
    for key in ("image", "thumbnail"):
        url = (embed.get(key) or {}).get("url")
        if url is not None and not str(url).startswith(("http://", "https://", "attachment://")):
            form.add((*path, key, "url"), "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    return sum(len(value) for _, value, _, _ in parts if isinstance(value, str))


def _check_attachments(form: FormErrors, entries: Any, files: dict[int, tuple[str, bytes]]) -> None:
    form.at_most(("attachments",), entries or list(files), ATTACHMENTS)
    for index, entry in enumerate(entries or []):
        form.length(("attachments", index, "description"), entry.get("description") or "", 0, 1024)


def check_sizes(files: dict[int, tuple[str, bytes]], limit: int) -> None:
    """Each file counts alone against the limit that the interaction or the guild grants."""
    if any(len(data) > limit for _, data in files.values()):
        raise too_large()
