"""Parts of the fleet that can be paused, under names that an admin can read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from zosma_bot.discord.ui.language import Translations
from zosma_bot.discord.ui.refusals import refused
from zosma_queue.errors import RequestRefusedError
from zosma_queue.fleet import WorkerInfo
from zosma_queue.scopes import LANE, Scope, among

#: As many are named in a refusal.
NAMED = 12


def scope_name(w: Translations, scope: str) -> str:
    """A scope in words: "worker gpu"."""
    try:
        known = Scope.parse(scope)
    except RequestRefusedError:  # of a newer bot
        return scope
    name = w(f"lane-{known.name}") if known.kind is LANE else known.name
    return w(f"scope-{known.kind}", name=name)


def find_scope(w: Translations, typed: str, known: Sequence[str], workers: Iterable[WorkerInfo] = ()) -> str:
    """The scope that an admin means by the name it is shown under, or by any that the command line takes.

    Raises:
      RequestRefusedError: when it is none of the known ones, or several; says which there are.
    """
    shown = {scope_name(w, scope).casefold(): scope for scope in reversed(known)}
    found = shown.get(typed.strip().casefold()) or among(typed, known, workers)
    if found:
        return found
    if not known:
        raise refused("admin-no-scopes")
    there = ", ".join(scope_name(w, one) for one in known[:NAMED]) + (", …" if len(known) > NAMED else "")
    raise refused("admin-no-scope", given=typed[:60], there=there)
