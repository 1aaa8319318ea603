"""What one message shows: made by `render`, sent by `fallbacks`, compared to see whether it changed."""

from __future__ import annotations

import enum
import io
from dataclasses import dataclass, field, replace

import discord

from zosma_bot.discord.ui.buttons import Rows, view_of

EMBED_TEXT_MAX_CHARS = 4000
#: What Discord takes as a plain message.
CONTENT_MAX_CHARS = 2000
FOOTER_MAX_CHARS = 1500


class Colour(enum.IntEnum):
    """The stripe beside the text."""

    WAITING = 0x80848E
    RUNNING = 0x5865F2
    DONE = 0x23A55A
    FAILED = 0xDA373C


class _File(discord.File):
    """Gives up its bytes once discord.py closes it.

    discord.py's own only makes a cycle of its buffer, which then stays until the next full garbage collection: after
    eight sets of large pictures that were 300 MB.
    """

    def close(self) -> None:
        super().close()
        self.fp.close()


@dataclass(frozen=True)
class Shrunk:
    """How a picture was made to fit, as a WebP."""

    quality: int | None
    """None: without losses."""
    factor: float
    """Of its sides."""


@dataclass(frozen=True)
class Attached:
    """A file of a message, by name and bytes."""

    name: str
    data: bytes = field(repr=False)
    description: str | None = None
    spoiler: bool = False
    """Hidden until somebody clicks on it."""
    shrunk: Shrunk | None = None
    """None: as it was made."""

    @property
    def lessened(self) -> bool:
        """Shown with less than it was made with: fewer pixels, or compressed with losses."""
        return self.shrunk is not None and (self.shrunk.quality is not None or self.shrunk.factor < 1.0)

    def file(self) -> discord.File:
        """A fresh file object: discord.py uses each one up."""
        return _File(io.BytesIO(self.data), filename=self.name, description=self.description, spoiler=self.spoiler)


@dataclass(frozen=True)
class Card:
    """A message: words with a coloured stripe, and pictures."""

    text: str
    colour: Colour
    footer: str = ""
    preview: Attached | None = None
    """Shown inside the card."""
    pictures: tuple[Attached, ...] = ()
    """Shown as the message's own gallery."""
    buttons: Rows = ()

    @property
    def bytes(self) -> int:
        """The bytes that are to be uploaded."""
        return sum(len(one.data) for one in self._attached())

    def _attached(self) -> tuple[Attached, ...]:
        return (*self.pictures, self.preview) if self.preview else self.pictures

    def embed(self) -> discord.Embed:
        """The words. In an embed no mention pings and no address grows a page preview."""
        embed = discord.Embed(description=self.text[:EMBED_TEXT_MAX_CHARS], colour=self.colour)
        if self.footer:
            embed.set_footer(text=self.footer[:FOOTER_MAX_CHARS])
        if self.preview:
            embed.set_image(url=f"attachment://{self.preview.name}")
        return embed

    def plain(self) -> str:
        """The words where no embed is shown."""
        footer = f"\n-# {self.footer[:FOOTER_MAX_CHARS]}" if self.footer else ""
        return self.text[: CONTENT_MAX_CHARS - len(footer)].rstrip() + footer

    def files(self) -> list[discord.File]:
        """The files, new ones for each try."""
        return [one.file() for one in self._attached()]

    def view(self) -> discord.ui.View | None:
        """The buttons for discord.py; None takes those of before away."""
        return view_of(self.buttons)

    def with_pictures(self, pictures: tuple[Attached, ...]) -> Card:
        """The same card with other pictures."""
        return replace(self, pictures=pictures)
