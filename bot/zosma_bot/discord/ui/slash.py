"""Declaring commands: their names stand in the code, their words in the catalogue."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from discord import app_commands

from zosma_bot.discord.ui.language import translations_for

Callback = TypeVar("Callback", bound=Callable[..., Any])
Anywhere = TypeVar("Anywhere", app_commands.Command[Any, Any, Any], app_commands.Group, app_commands.ContextMenu)
Parent = app_commands.CommandTree[Any] | app_commands.Group


def slash(parent: Parent, name: str) -> Callable[[Callback], app_commands.Command[Any, Any, Any]]:
    """Makes a coroutine a command below `parent`, described as the catalogue has it.

    The keys are `command-<words of the name>` and `command-<words of the name>-<option>`, each with `.description`.
    Options are named as the coroutine's parameters, with `-` for `_`.
    """

    def declare(callback: Callback) -> app_commands.Command[Any, Any, Any]:
        path = f"{parent.qualified_name} {name}" if isinstance(parent, app_commands.Group) else name
        key = "command-" + path.replace(" ", "-")
        words = translations_for(None)
        options = list(inspect.signature(callback).parameters)[1:]
        described = {option: words(f"{key}-{option.replace('_', '-')}.description") for option in options}
        if described:
            callback = app_commands.describe(**described)(callback)
        renamed = {option: option.replace("_", "-") for option in options if "_" in option}
        if renamed:
            callback = app_commands.rename(**renamed)(callback)
        return parent.command(name=name, description=words(f"{key}.description"))(callback)

    return declare


def group(
    name: str,
    parent: app_commands.Group | None = None,
    *,
    cls: type[app_commands.Group] = app_commands.Group,
    **options: Any,
) -> app_commands.Group:
    """A group of commands, described as the catalogue has it."""
    path = f"{parent.qualified_name} {name}" if parent else name
    description = translations_for(None)(f"command-{path.replace(' ', '-')}.description")
    return cls(name=name, description=description, parent=parent, **options)


def choices(prefix: str, *values: str) -> list[app_commands.Choice[str]]:
    """Fixed values of an option, named by the texts `<prefix>-<value>`."""
    named = [(value, f"{prefix}-{value}") for value in values]
    return [
        app_commands.Choice(name=app_commands.locale_str(translations_for(None)(key), text=key), value=value)
        for value, key in named
    ]


def everywhere(command: Anywhere) -> Anywhere:
    """For servers, direct messages and group messages, whether the bot was added to a server or by a user."""
    app_commands.allowed_installs(guilds=True, users=True)(command)
    return app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)(command)
