"""`/admin pause`, `resume`, `drain`, `quarantine`, `release`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.acts.ask import ask
from zosma_bot.discord.authority import need_home
from zosma_bot.discord.commands.admin_base import Offers, begin, offering
from zosma_bot.discord.commands.slash import slash
from zosma_bot.discord.deeds import fleet
from zosma_bot.discord.desk import Desk, say
from zosma_bot.discord.language import words_of
from zosma_bot.discord.scopes import CHECKPOINT, KINDS, QUEUE, WORKER, find_scope, scope_name, scopes_of
from zosma_queue.errors import RequestRefusedError
from zosma_queue.fleet import Trust

Scope = app_commands.Range[str, 1, 200]
Why = app_commands.Range[str, 1, 200]


def add(root: app_commands.Group, desk: Desk) -> None:
    """Registers the commands."""
    _pauses(root, desk)
    _workers(root, desk)


def _pauses(root: app_commands.Group, desk: Desk) -> None:
    @slash(root, "pause")
    async def pause(interaction: discord.Interaction[Any], scope: Scope, why: Why | None = None) -> None:
        await begin(interaction)
        need_home(desk, interaction)
        found = await _found(desk, interaction, scope, KINDS)
        args = {"scope": found, "why": why or ""}
        if found != QUEUE:
            await say(interaction, await fleet.pause(desk, interaction, args))
            return
        depth = await desk.queue.depth()
        question = words_of(interaction)("ask-pause-queue", waiting=depth.waiting, running=depth.running)
        await ask(desk, interaction, "pause", args, question)

    @slash(root, "resume")
    async def resume(interaction: discord.Interaction[Any], scope: Scope) -> None:
        await begin(interaction)
        need_home(desk, interaction)
        w = words_of(interaction)
        paused = [one.scope for one in await desk.queue.admin.pauses()]
        try:
            found = find_scope(w, scope, paused, await desk.queue.workers())
        except RequestRefusedError:
            # What exists but isn't paused is told so; what doesn't exist is refused with what there is.
            found = await _found(desk, interaction, scope, KINDS) if paused else scope
        await say(interaction, await fleet.resume(desk, interaction, {"scope": found}))

    @slash(root, "drain")
    async def drain(interaction: discord.Interaction[Any], scope: Scope) -> None:
        await begin(interaction)
        need_home(desk, interaction)
        w = words_of(interaction)
        found = await _found(desk, interaction, scope, (WORKER, CHECKPOINT))
        running = await fleet.running_in(desk, found)
        question = w("ask-drain", scope=scope_name(w, found), running=running)
        await ask(desk, interaction, "drain", {"scope": found}, question)

    async def paused_now(interaction: discord.Interaction[Any]) -> Offers:
        w = words_of(interaction)
        return [(scope_name(w, one.scope), one.scope) for one in await desk.queue.admin.pauses()]

    pause.autocomplete("scope")(offering(desk, _offers(desk, KINDS)))
    resume.autocomplete("scope")(offering(desk, paused_now))
    drain.autocomplete("scope")(offering(desk, _offers(desk, (WORKER, CHECKPOINT))))


def _workers(root: app_commands.Group, desk: Desk) -> None:
    @slash(root, "quarantine")
    async def quarantine(interaction: discord.Interaction[Any], worker: Scope) -> None:
        await begin(interaction)
        need_home(desk, interaction)
        w = words_of(interaction)
        found = await _found(desk, interaction, worker, (WORKER,))
        running = await fleet.running_in(desk, found)
        question = w("ask-quarantine", scope=scope_name(w, found), running=running)
        await ask(desk, interaction, "quarantine", {"scope": found}, question)

    @slash(root, "release")
    async def release(interaction: discord.Interaction[Any], worker: Scope) -> None:
        await begin(interaction)
        need_home(desk, interaction)
        w, workers = words_of(interaction), await desk.queue.workers()
        # One that is gone for now can be released as well: its pause waits for it.
        paused = [one.scope for one in await desk.queue.admin.pauses() if one.scope.startswith(f"{WORKER}:")]
        known = list(dict.fromkeys([*scopes_of(workers, (WORKER,)), *paused]))
        found = find_scope(w, worker, known, workers)
        await say(interaction, await fleet.release(desk, interaction, {"scope": found}))

    async def releasable(interaction: discord.Interaction[Any]) -> Offers:
        w = words_of(interaction)
        paused = [one.scope for one in await desk.queue.admin.pauses() if one.scope.startswith(f"{WORKER}:")]
        sick = [f"{WORKER}:{one.place}" for one in await desk.queue.workers()
                if one.trust is Trust.QUARANTINED]  # fmt: skip
        return [(scope_name(w, scope), scope) for scope in dict.fromkeys([*paused, *sick])]

    quarantine.autocomplete("worker")(offering(desk, _offers(desk, (WORKER,))))
    release.autocomplete("worker")(offering(desk, releasable))


def _offers(desk: Desk, kinds: Sequence[str]) -> Callable[[discord.Interaction[Any]], Coroutine[Any, Any, Offers]]:
    async def offers(interaction: discord.Interaction[Any]) -> Offers:
        w = words_of(interaction)
        return [(scope_name(w, scope), scope) for scope in scopes_of(await desk.queue.workers(), kinds)]

    return offers


async def _found(desk: Desk, interaction: discord.Interaction[Any], typed: str, kinds: Sequence[str]) -> str:
    workers = await desk.queue.workers()
    return find_scope(words_of(interaction), typed, scopes_of(workers, kinds), workers)
