"""Members whose request was taken and never became a job: the process died in between, or Discord's answer was lost.

They see "thinking", which Discord shows until the end of days. What is taken is noted before anything is said to
Discord (`taken`); what is still noted after a while, and has no job, is told to its member by whoever looks (`tell`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from zosma_bot.discord.delivery.fallbacks import Fallbacks, is_passing
from zosma_bot.discord.state.reply_record import TOKEN_LIFE_S, Reply
from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError

log = logging.getLogger(__name__)

#: The member waits for the first answer meanwhile. A cancelled Redis call leaks its connection: a late one goes on.
NOTE_S = 0.3
#: Longer than any request takes from the first answer to the queue, its attachments included.
AFTER_S = 30.0


class Unqueued:
    """Requests between Discord and the queue."""

    def __init__(self, queue: Queue, fallbacks: Fallbacks, now: Callable[[], float]) -> None:
        self._queue = queue
        self._fallbacks = fallbacks
        self._now = now
        self._here: set[str] = set()

    @asynccontextmanager
    async def taken(self, job_id: str, reply: Reply) -> AsyncIterator[None]:
        """For as long as the request is on its way. What ends with an exception is told later, as if we had died.

        A queue that is away notes nothing: it then takes no job either, and the member is told that.
        """
        self._here.add(job_id)
        taken_s = reply.token_created_ms / 1000
        note = self._queue.asked.note(job_id, reply.model_dump_json(), at_s=taken_s, keep_s=TOKEN_LIFE_S)
        noting = asyncio.create_task(note)
        try:
            await asyncio.wait([noting], timeout=NOTE_S)
            yield
            await asyncio.wait([noting])
            with suppress(QueueUnavailableError):
                await self._queue.asked.forget(job_id)
        finally:
            self._here.discard(job_id)
            noting.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def tell(self) -> None:
        """Tells those whom nobody has told, by the token of what they asked; Discord's trouble is left for next time.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        for job_id, text in (await self._queue.asked.before(self._now() - AFTER_S)).items():
            if job_id in self._here:
                continue
            reply = Reply.parse(text) if text else None
            if reply is None or await self._queue.job(job_id) or await self._has_told(job_id, reply):
                await self._queue.asked.forget(job_id)

    async def _has_told(self, job_id: str, reply: Reply) -> bool:
        """True when the member has been told, or never can be."""
        if not reply.token_works(self._now()):
            return True
        try:
            told = await self._fallbacks.edit_first_answer(reply, reply.words("never-queued"))
        except Exception as error:
            if not is_passing(error):
                raise
            return False
        if told:
            log.warning("job %s: was taken and never queued; its member has been told", job_id)
        return True
