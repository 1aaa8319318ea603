"""`/admin pause`, `resume`, `drain`, `quarantine`, `release`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core.permissions import need_home
from zosma_bot.discord.core.scopes import find_scope, scope_name
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.admin import fleet_actions
from zosma_bot.discord.features.admin.confirm import ask
from zosma_bot.discord.features.admin.group import Offers, begin, offering
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.respond import say
from zosma_bot.discord.ui.slash import slash
from zosma_queue.errors import RequestRefusedError
from zosma_queue.fleet import Trust
from zosma_queue.scopes import CHECKPOINT, QUEUE, WORKER, ScopeKind, scopes_there

Scope = app_commands.Range[str, 1, 200]
#: What can be paused and goes on.
EVERY_KIND = tuple(ScopeKind)
Why = app_commands.Range[str, 1, 200]


def add(root: app_commands.Group, services: Services) -> None:
    """Registers the commands."""
    _pauses(root, services)
    _workers(root, services)


def _pauses(root: app_commands.Group, services: Services) -> None:
    @slash(root, "pause")
    async def pause(interaction: discord.Interaction[Any], scope: Scope, why: Why | None = None) -> None:
        await begin(interaction)
        need_home(services, interaction)
        found = await _found(services, interaction, scope, EVERY_KIND)
        args = {"scope": found, "why": why or ""}
        if found != QUEUE:
            await say(interaction, await fleet_actions.pause(services, interaction, args))
            return
        depth = await services.queue.depth()
        question = translations_of(interaction)("ask-pause-queue", waiting=depth.waiting, running=depth.running)
        await ask(services, interaction, "pause", args, question)

    @slash(root, "resume")
    async def resume(interaction: discord.Interaction[Any], scope: Scope) -> None:
        await begin(interaction)
        need_home(services, interaction)
        w = translations_of(interaction)
        paused = [one.scope for one in await services.queue.admin.pauses()]
        try:
            found = find_scope(w, scope, paused, await services.queue.workers())
        except RequestRefusedError:
            # What exists but isn't paused is told so; what doesn't exist is refused with what there is.
            found = await _found(services, interaction, scope, EVERY_KIND) if paused else scope
        await say(interaction, await fleet_actions.resume(services, interaction, {"scope": found}))

    @slash(root, "drain")
    async def drain(interaction: discord.Interaction[Any], scope: Scope) -> None:
        await begin(interaction)
        need_home(services, interaction)
        w = translations_of(interaction)
        found = await _found(services, interaction, scope, (WORKER, CHECKPOINT))
        running = await fleet_actions.running_in(services, found)
        question = w("ask-drain", scope=scope_name(w, found), running=running)
        await ask(services, interaction, "drain", {"scope": found}, question)

    async def paused_now(interaction: discord.Interaction[Any]) -> Offers:
        w = translations_of(interaction)
        return [(scope_name(w, one.scope), one.scope) for one in await services.queue.admin.pauses()]

    pause.autocomplete("scope")(_at_home(services, _offers(services, EVERY_KIND)))
    resume.autocomplete("scope")(_at_home(services, paused_now))
    drain.autocomplete("scope")(_at_home(services, _offers(services, (WORKER, CHECKPOINT))))


def _workers(root: app_commands.Group, services: Services) -> None:
    @slash(root, "quarantine")
    async def quarantine(interaction: discord.Interaction[Any], worker: Scope) -> None:
        await begin(interaction)
        need_home(services, interaction)
        w = translations_of(interaction)
        found = await _found(services, interaction, worker, (WORKER,))
        running = await fleet_actions.running_in(services, found)
        question = w("ask-quarantine", scope=scope_name(w, found), running=running)
        await ask(services, interaction, "quarantine", {"scope": found}, question)

    @slash(root, "release")
    async def release(interaction: discord.Interaction[Any], worker: Scope) -> None:
        await begin(interaction)
        need_home(services, interaction)
        w, workers = translations_of(interaction), await services.queue.workers()
        # One that is gone for now can be released as well: its pause waits for it.
        paused = await _paused_workers(services)
        known = list(dict.fromkeys([*scopes_there(workers, (WORKER,)), *paused]))
        found = find_scope(w, worker, known, workers)
        await say(interaction, await fleet_actions.release(services, interaction, {"scope": found}))

    async def releasable(interaction: discord.Interaction[Any]) -> Offers:
        w = translations_of(interaction)
        paused = await _paused_workers(services)
        sick = scopes_there(
            (one for one in await services.queue.workers() if one.trust is Trust.QUARANTINED), (WORKER,)
        )
        return [(scope_name(w, scope), scope) for scope in dict.fromkeys([*paused, *sick])]

    quarantine.autocomplete("worker")(_at_home(services, _offers(services, (WORKER,))))
    release.autocomplete("worker")(_at_home(services, releasable))


def _at_home(
    services: Services, offers: Callable[[discord.Interaction[Any]], Coroutine[Any, Any, Offers]]
) -> Callable[[discord.Interaction[Any], str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]:
    """An autocomplete for those who may do it: workers' addresses are the home's own business."""

    async def there(interaction: discord.Interaction[Any]) -> Offers:
        need_home(services, interaction)
        return await offers(interaction)

    return offering(services, there)


async def _paused_workers(services: Services) -> list[str]:
    return [one.scope for one in await services.queue.admin.pauses() if one.scope.startswith(f"{WORKER}:")]


def _offers(
    services: Services, kinds: Sequence[ScopeKind]
) -> Callable[[discord.Interaction[Any]], Coroutine[Any, Any, Offers]]:
    async def offers(interaction: discord.Interaction[Any]) -> Offers:
        w = translations_of(interaction)
        return [(scope_name(w, scope), scope) for scope in scopes_there(await services.queue.workers(), kinds)]

    return offers


async def _found(
    services: Services, interaction: discord.Interaction[Any], typed: str, kinds: Sequence[ScopeKind]
) -> str:
    workers = await services.queue.workers()
    return find_scope(translations_of(interaction), typed, scopes_there(workers, kinds), workers)
