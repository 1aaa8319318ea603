"""How much a bot holds in memory, container by container: discord.py's and our own."""

from __future__ import annotations

import asyncio
from typing import Any


def sizes(client: Any) -> dict[str, int]:
    """Name → number of entries. What a job, a press or a member adds must go again, or be bounded."""
    state, http, tools, services = client._connection, client.http, client.deliveries._tools, client.services
    rate_limiter = tools.rate_limiter
    held = {
        "views": state._view_store._views,
        "message views": state._view_store._synced_message_views,
        "forms": state._view_store._modals,
        "messages": state._messages or (),
        "users": state._users,
        "private channels": state._private_channels,
        "route limits": http._buckets,
        "route names": http._bucket_hashes,
        "deliveries": client.deliveries._running,
        "withdrawn": client.deliveries._withdrawn,
        "background": services.background._tasks,
        "watches": tools.hub._watches,
        "listeners": tools.hub._listeners,
        "presses": client.router._pressed,
        "requests waiting": rate_limiter._waiting,
        "busy places": rate_limiter._busy,
        "locks": rate_limiter._locks,
        "progress by place": rate_limiter._progress_at,
        "refusals": rate_limiter._refusals,
        "members": services.member_settings._members,
        "shared presets": services.member_settings._shared,
        "rules": services.server_settings._known,
        "rules being read": services.server_settings._reading,
        "places": tools.queue._forecasts._newest.places,
        "places held back": tools.queue._forecasts._newest.held,
        "forecasts noted": tools.queue._noted,
    }
    return {name: len(one) for name, one in held.items()} | {"tasks": len(asyncio.all_tasks())}
