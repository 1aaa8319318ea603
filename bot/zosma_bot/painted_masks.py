"""What the Discord side and the page for painting a mask tell each other: two documents, which go by themselves."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zosma_bot.links import MASK_LIFE_S
from zosma_queue.client import Queue

#: Documents: the picture to paint on, with what was asked for; and what was painted.
_PAGE, _PAINTED = "mask", "painted"
KEY = re.compile(r"[0-9a-f]{20}-[0-9]{1,3}")


@dataclass(frozen=True, kw_only=True)
class MaskPage:
    """A page on which one member paints the mask for one picture."""

    by: int
    """Discord's id of the member: nobody else can use what is painted."""
    picture: bytes = field(repr=False)
    """A small JPEG."""
    size: tuple[int, int]
    """Width and height of the picture itself, in pixels."""
    asked: Mapping[str, Any]
    """What the form said, for when the mask is there."""
    language: str
    words: Mapping[str, str]
    """What the page says, by its own names, in the member's language."""


def key_of(menu: str, number: int) -> str:
    """Under which name the page for picture `number` is kept that a menu has been opened for."""
    return f"{menu}-{number}"


async def keep_page(queue: Queue, key: str, page: MaskPage) -> None:
    """Keeps the page, with nothing painted.

    Raises:
      RequestRefusedError: when it is too large.
      QueueUnavailableError: when Redis doesn't answer.
    """
    document = {
        "by": page.by,
        "picture": b64encode(page.picture).decode(),
        "size": page.size,
        "asked": dict(page.asked),
        "language": page.language,
        "words": dict(page.words),
    }
    await queue.documents.drop(_PAINTED, key)
    await queue.documents.put(_PAGE, key, document, ttl_s=MASK_LIFE_S)


async def page_of(queue: Queue, key: str) -> MaskPage | None:
    """The page; None when it is no longer kept.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    found = await queue.documents.get(_PAGE, key)
    if found is None:
        return None
    wide, high = found["size"]
    return MaskPage(
        by=found["by"], picture=b64decode(found["picture"]), size=(wide, high), asked=found["asked"],
        language=found["language"], words=found["words"],
    )  # fmt: skip


async def keep_painted(queue: Queue, key: str, by: int, mask: bytes) -> None:
    """Keeps what was painted, over what was painted before.

    Raises:
      RequestRefusedError: when it is too large.
      QueueUnavailableError: when Redis doesn't answer.
    """
    await queue.documents.put(_PAINTED, key, {"by": by, "mask": b64encode(mask).decode()}, ttl_s=MASK_LIFE_S)


async def painted(queue: Queue, key: str) -> bytes | None:
    """What was painted, as a small PNG; None as long as nothing has been.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    found = await queue.documents.get(_PAINTED, key)
    return b64decode(found["mask"]) if found else None
