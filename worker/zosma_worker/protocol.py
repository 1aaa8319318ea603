"""Whether the fleet still understands this worker."""

from __future__ import annotations

import redis.asyncio

from zosma_queue import keys
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.fleet import PROTOCOL
from zosma_queue.scripts import redis_errors


async def refusal(queue: redis.asyncio.Redis) -> str:
    """Why this worker must take no jobs; '' when it may, or nobody says."""
    try:
        with redis_errors():
            oldest = await queue.get(keys.PROTOCOL)
    except QueueUnavailableError:
        return ""
    if not oldest or not oldest.isdigit() or int(oldest) <= PROTOCOL:  # anything else was not written by a bot
        return ""
    return f"too old: it speaks protocol {PROTOCOL}, the bot wants {int(oldest)} or newer; update this worker"
