"""Actions on the whole fleet."""

from __future__ import annotations

from typing import Any

import discord

from zosma_bot.discord.core.permissions import need_home
from zosma_bot.discord.core.scopes import scope_name
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.features.admin.action import Action, Args
from zosma_bot.discord.ui import texts
from zosma_bot.discord.ui.language import Translations, translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_queue.fleet import WorkerState
from zosma_queue.scopes import WORKER, Scope, worker_scopes

#: Why a worker is paused, as it stands beside the pause.
QUARANTINE, DRAIN = "quarantine", "drain"


def _begin(w: Translations, scope: str) -> str:
    """A scope at the beginning of a sentence."""
    return texts.capitalised(scope_name(w, scope))


async def pause(services: Services, interaction: discord.Interaction[Any], args: Args) -> str:
    """Hands out no more jobs of a scope; says how many still run there."""
    need_home(services, interaction)
    w = translations_of(interaction)
    await services.queue.admin.pause(texts.admin_name(interaction), args["scope"], args.get("why", ""))
    left = await running_in(services, args["scope"])
    return w("admin-paused", scope=_begin(w, args["scope"]), running=left)


async def resume(services: Services, interaction: discord.Interaction[Any], args: Args) -> str:
    """Lets a paused scope go on."""
    need_home(services, interaction)
    w = translations_of(interaction)
    if not await services.queue.admin.resume(texts.admin_name(interaction), args["scope"]):
        raise refused("admin-not-paused", scope=scope_name(w, args["scope"]))
    return w("admin-resumed", scope=_begin(w, args["scope"]))


async def drain(services: Services, interaction: discord.Interaction[Any], args: Args) -> str:
    """Lets a worker or checkpoint run empty."""
    need_home(services, interaction)
    w = translations_of(interaction)
    await services.queue.admin.pause(texts.admin_name(interaction), args["scope"], DRAIN)
    left = await running_in(services, args["scope"])
    return w("admin-draining" if left else "admin-drained", scope=_begin(w, args["scope"]), running=left)


async def quarantine(services: Services, interaction: discord.Interaction[Any], args: Args) -> str:
    """Gives a worker no more jobs, because an admin doesn't trust it."""
    need_home(services, interaction)
    w = translations_of(interaction)
    await services.queue.admin.pause(texts.admin_name(interaction), args["scope"], QUARANTINE)
    return w("admin-quarantined", scope=_begin(w, args["scope"]))


async def release(services: Services, interaction: discord.Interaction[Any], args: Args) -> str:
    """Trusts a worker again: ends an admin's pause, and has a sick one tried now instead of later."""
    need_home(services, interaction)
    w = translations_of(interaction)
    who, scope = texts.admin_name(interaction), args["scope"]
    here = [one for one in await services.queue.workers() if scope in worker_scopes(one.id)]
    names = (scope, *(str(Scope(WORKER, one.id)) for one in here))
    ended = [await services.queue.admin.resume(who, name) for name in names]
    away = [one for one in here if one.state is WorkerState.AWAY]
    for one in away:
        await services.queue.admin.try_now(who, one.id)
    if not any(ended) and not away:
        raise refused("admin-not-quarantined", scope=scope_name(w, scope))
    return w("admin-tried-now" if away else "admin-released", scope=_begin(w, scope))


async def running_in(services: Services, scope: str) -> int:
    """How many jobs of a scope run."""
    return len(await services.queue.admin.running(scope))


ACTIONS: dict[str, Action] = {
    "pause": pause,
    "resume": resume,
    "drain": drain,
    "quarantine": quarantine,
    "release": release,
}
