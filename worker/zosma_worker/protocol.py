"""Whether the fleet still understands this worker."""

from __future__ import annotations

from zosma_queue.errors import QueueUnavailableError
from zosma_queue.fleet import OLDEST_PROTOCOL, PROTOCOL
from zosma_queue.worker_queue import WorkerQueue


async def refusal(queue: WorkerQueue) -> str:
    """Why this worker must take no jobs; '' when it may, or nobody says."""
    try:
        oldest = await queue.oldest_protocol()
    except QueueUnavailableError:
        return ""
    if oldest > PROTOCOL:
        return f"too old: it speaks protocol {PROTOCOL}, the bot wants {oldest} or newer; update this worker"
    if 0 < oldest < OLDEST_PROTOCOL:  # then so is what the bot speaks itself
        return f"too new: it speaks protocol {PROTOCOL}, the bot one that is no longer understood; update the bot"
    return ""
