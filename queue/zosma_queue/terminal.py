"""Strangers' words on an operator's terminal and in logs: nothing in them may move a cursor or turn a line around.

Prompts, WebUIs' errors and reasons for a pause go to the people that run the system. Every edge at which text leaves
for a terminal or a log passes it through `visible`.
"""

from __future__ import annotations

import re
from typing import Any

#: ASCII's controls but tab, and the second set of them (CSI and OSC as one character); what turns the direction of
#: writing; other ends of a line; what can't be seen at all (tags, the mark of byte order); halves of characters.
_HIDDEN = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
    "\ud800-\udfff]"
)
_NEWLINE = "\n"


def visible(text: str, *, lines: bool = False) -> str:
    """The text with an escape like `\\x1b` in the place of everything that a terminal would obey.

    `lines`: ends of lines stay, where what stands around the text makes clear where it begins and ends.
    """
    return _HIDDEN.sub(lambda found: found[0] if lines and found[0] == _NEWLINE else _escaped(found[0]), text)


def _escaped(char: str) -> str:
    return ascii(char)[1:-1]


def visible_all(answer: Any) -> Any:
    """Decoded JSON with all its texts made visible, names of fields among them."""
    if isinstance(answer, str):
        return visible(answer, lines=True)
    if isinstance(answer, dict):
        return {visible(str(name)): visible_all(value) for name, value in answer.items()}
    return [visible_all(entry) for entry in answer] if isinstance(answer, list) else answer
