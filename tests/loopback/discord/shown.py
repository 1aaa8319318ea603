"""What a person in the channel sees of a message: frozen pictures of its states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

BUTTON = 2
#: String, user, role, mentionable and channel selects.
SELECTS = (3, 5, 6, 7, 8)
TEXT_DISPLAY = 10


@dataclass(frozen=True)
class ShownAttachment:
    id: int
    filename: str
    data: bytes = field(repr=False)
    content_type: str
    url: str
    description: str | None


@dataclass(frozen=True)
class Shown:
    """One state of one message."""

    id: int
    channel_id: int
    author: str
    content: str
    embeds: tuple[Json, ...]
    #: Files listed under the message.
    attachments: tuple[ShownAttachment, ...]
    #: All files, those inside embeds too.
    files: tuple[ShownAttachment, ...]
    components: tuple[Json, ...]
    ephemeral: bool
    #: "Zosma is thinking…"
    thinking: bool
    edited: bool
    deleted: bool
    #: The message that this one replies to.
    reference: int | None
    at: float

    @property
    def text(self) -> str:
        """All the words, wherever they stand: content, embeds, text displays."""
        parts: list[str | None] = [self.content]
        for embed in self.embeds:
            parts += [embed.get("title"), embed.get("description")]
            for entry in embed.get("fields", []):
                parts += [entry["name"], entry["value"]]
            parts += [(embed.get("author") or {}).get("name"), (embed.get("footer") or {}).get("text")]
        parts += [c.get("content", "") for c in walk(self.components) if c["type"] == TEXT_DISPLAY]
        return "\n".join(part for part in parts if part)

    @property
    def buttons(self) -> list[Json]:
        return [c for c in walk(self.components) if c["type"] == BUTTON]

    @property
    def labels(self) -> list[str]:
        """The buttons by what is written on them, or their emoji."""
        return [label_of(button) for button in self.buttons]

    @property
    def selects(self) -> list[Json]:
        return [c for c in walk(self.components) if c["type"] in SELECTS]


def label_of(button: Json) -> str:
    return str(button.get("label") or (button.get("emoji") or {}).get("name") or "")


def walk(components: Any) -> Iterator[Json]:
    """All components, depth first, whatever container they sit in."""
    for component in components or ():
        yield component
        yield from walk(component.get("components"))
        for single in ("accessory", "component"):
            if isinstance(component.get(single), dict):
                yield from walk([component[single]])
