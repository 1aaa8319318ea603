"""Presses of buttons, choices in menus and filled-in forms, led to what handles them by their custom_id alone.

discord.py keeps views and forms in memory and forgets them at a restart; nothing here does.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import InteractionType

from zosma_bot.discord.ui.custom_id import CustomId
from zosma_bot.discord.ui.language import translations_of

#: The same member at the same button of the same message again within this time: a double click.
TWICE_S = 1.5
_REMEMBERED = 1000

Handler = Callable[[discord.Interaction[Any], CustomId], Awaitable[None]]


class Router:
    """Which act is handled by what."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._handlers: dict[str, Handler] = {}
        self._clock = clock
        self._pressed: OrderedDict[tuple[int, int, str], float] = OrderedDict()

    def add(self, act: str, handler: Handler) -> None:
        """Hands everything with this act on to `handler`."""
        if act in self._handlers:
            raise ValueError(f"two handlers for {act!r}")
        self._handlers[act] = handler

    async def route(self, interaction: discord.Interaction[Any]) -> bool:
        """Handles the interaction; False when it is none of ours."""
        if interaction.type not in (InteractionType.component, InteractionType.modal_submit):
            return False
        custom_id = CustomId.parse(custom_id_of(interaction))
        if custom_id is None:
            return False
        handler = self._handlers.get(custom_id.act)
        if handler is None:
            await interaction.response.send_message(translations_of(interaction)("button-unknown"), ephemeral=True)
            return True
        if self._is_twice(interaction, custom_id):
            await interaction.response.defer()
            return True
        await handler(interaction, custom_id)
        return True

    async def hand_on(self, interaction: discord.Interaction[Any], custom_id: CustomId) -> None:
        """Handles an act that was chosen in a menu. Raises KeyError for one that nobody handles."""
        await self._handlers[custom_id.act](interaction, custom_id)

    def _is_twice(self, interaction: discord.Interaction[Any], custom_id: CustomId) -> bool:
        """True for the second click of a double click. Forms and menus are sent once by Discord itself."""
        is_button = _data(interaction).get("component_type") == discord.ComponentType.button.value
        if interaction.type is not InteractionType.component or not is_button:
            return False
        message = interaction.message.id if interaction.message else 0
        press = (interaction.user.id, message, str(custom_id))
        now = self._clock()
        before = self._pressed.pop(press, None)
        self._pressed[press] = now
        while len(self._pressed) > _REMEMBERED:
            self._pressed.popitem(last=False)
        return before is not None and now - before < TWICE_S


def custom_id_of(interaction: discord.Interaction[Any]) -> str:
    """What the button, menu or form carries."""
    return str(_data(interaction).get("custom_id", ""))


def values_of(interaction: discord.Interaction[Any]) -> dict[str, str | list[str]]:
    """What a form was filled in with, or a menu set to: custom_id → text or chosen values."""
    found: dict[str, str | list[str]] = {}
    data = _data(interaction)
    if "values" in data:
        found[str(data["custom_id"])] = [str(value) for value in data["values"]]
    waiting = list(data.get("components") or [])
    while waiting:
        part = waiting.pop()
        waiting += part.get("components") or []
        if isinstance(part.get("component"), dict):
            waiting.append(part["component"])
        if "values" in part:
            found[str(part["custom_id"])] = [str(value) for value in part["values"] or []]
        elif "value" in part and "custom_id" in part:
            found[str(part["custom_id"])] = str(part["value"] or "")
    return found


def uploaded(interaction: discord.Interaction[Any], custom_id: str) -> list[discord.Attachment]:
    """The files that a form's field came back with."""
    ids = values_of(interaction).get(custom_id) or []
    found = (_data(interaction).get("resolved") or {}).get("attachments") or {}
    state = interaction.client._connection  # discord.py hands files only to forms that it has kept in memory
    return [discord.Attachment(data=found[one], state=state) for one in ids if one in found]


def chosen(interaction: discord.Interaction[Any]) -> str | None:
    """The one value chosen in a menu."""
    values = _data(interaction).get("values")
    return str(values[0]) if isinstance(values, list) and values else None


def _data(interaction: discord.Interaction[Any]) -> dict[str, Any]:
    return dict(interaction.data or {})
