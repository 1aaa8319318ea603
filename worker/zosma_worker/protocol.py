"""Whether the fleet still understands this worker."""

from __future__ import annotations

from zosma_queue.errors import QueueUnavailableError
from zosma_queue.fleet import PROTOCOL
from zosma_queue.worker_queue import WorkerQueue


async def refusal(queue: WorkerQueue) -> str:
    """Why this worker must take no jobs; '' when it may, or nobody says."""
    try:
        oldest = await queue.oldest_protocol()
    except QueueUnavailableError:
        return ""
    if oldest <= PROTOCOL:
        return ""
    return f"too old: it speaks protocol {PROTOCOL}, the bot wants {oldest} or newer; update this worker"
