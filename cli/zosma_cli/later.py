"""Commands that are imported when they are called: to list them takes none of what they need."""

from __future__ import annotations

import importlib
from typing import Any

import typer
from typer.core import TyperGroup

#: Command → where it is (module and name: a `Typer`, or a function), and the line that it has in a list.
COMMANDS = {
    "rules": (
        "zosma_cli.rules:rules",
        "Show or change the rules for everybody. They hold on every way: servers, direct messages, HTTP, Dramatiq.",
    ),
    "audit": (
        "zosma_cli.queue:audit",
        "List what admins did, newest first, or verify that nobody has changed what is written down.",
    ),
    "export": (
        "zosma_cli.backup:export",
        "Write what is set up into a file: limits, rules, word lists, hashed API keys, settings and presets.",
    ),
    "import": (
        "zosma_cli.backup:import_",
        "Put a file that `zosma export` has written into the Redis of REDIS_URL. It is checked first, all of it.",
    ),
    "queue": ("zosma_cli.queue:app", "Show and steer the queue."),
    "keys": ("zosma_cli.keys:app", "Make, list and take away API keys."),
    "workflows": ("zosma_cli.workflows:app", "Check and try workflows for ComfyUI."),
}


class Group(TyperGroup):
    """A group that has them among its commands."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called; one that is imported later, now."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, loaded(name) if name in COMMANDS else command, rest


def add_to(app: typer.Typer, *names: str) -> None:
    """Lists some of them."""
    for name in names:
        app.command(name, help=COMMANDS[name][1])(_not_yet)


def loaded(name: str) -> Any:
    """A command as click has it."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name)(found)
    return typer.main.get_command(alone)


def _not_yet() -> None:
    """Stands in the list for a command that is imported when it is called."""
