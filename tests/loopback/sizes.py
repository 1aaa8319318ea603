"""How much a bot holds in memory, container by container: discord.py's and our own."""

from __future__ import annotations

import asyncio
from typing import Any


def sizes(client: Any) -> dict[str, int]:
    """Name → number of entries. What a job, a press or a member adds must go again, or be bounded."""
    state, http, tools, desk = client._connection, client.http, client.courier._tools, client.desk
    governor = tools.governor
    held = {
        "views": state._view_store._views,
        "message views": state._view_store._synced_message_views,
        "forms": state._view_store._modals,
        "messages": state._messages or (),
        "users": state._users,
        "private channels": state._private_channels,
        "route limits": http._buckets,
        "route names": http._bucket_hashes,
        "deliveries": client.courier._running,
        "withdrawn": client.courier._withdrawn,
        "chores": desk.chores._tasks,
        "watches": tools.hub._watches,
        "listeners": tools.hub._listeners,
        "presses": client.router._pressed,
        "requests waiting": governor._waiting,
        "busy places": governor._busy,
        "locks": governor._locks,
        "progress by place": governor._progress_at,
        "refusals": governor._refusals,
        "members": desk.prefs._members,
        "shared presets": desk.prefs._shared,
        "rules": desk.rulebook._known,
        "rules being read": desk.rulebook._reading,
        "places": tools.queue._snapshot[1],
        "places held back": tools.queue._held,
        "forecasts noted": tools.queue._noted,
    }
    return {name: len(one) for name, one in held.items()} | {"tasks": len(asyncio.all_tasks())}
