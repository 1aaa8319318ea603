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
from zosma_queue.tasks import end

log = logging.getLogger(__name__)

#: The member waits for the first answer meanwhile. A cancelled Redis call leaks its connection: a late one goes on.
NOTE_S = 0.3
#: Longer than any request takes from the first answer to the queue, its attachments included.
AFTER_S = 30.0
#: Before a refusal that Discord did not take is told again; each time twice as long, up to the other.
AGAIN_S, AGAIN_MAX_S = 1.0, 20.0


class Unqueued:
    """Requests between Discord and the queue."""

    def __init__(self, queue: Queue, fallbacks: Fallbacks, now: Callable[[], float]) -> None:
        self._queue = queue
        self._fallbacks = fallbacks
        self._now = now
        self._here: set[str] = set()
        self._refusing: dict[str, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def taken(self, job_id: str, reply: Reply) -> AsyncIterator[None]:
        """For as long as the request is on its way. What ends with an exception is told, as if we had died.

        A queue that is away notes nothing: it then takes no job either, and the member is told that.
        """
        self._here.add(job_id)
        noting = asyncio.create_task(self._note(job_id, reply))
        try:
            await asyncio.wait([noting], timeout=NOTE_S)
            yield
            await asyncio.wait([noting])
            if job_id not in self._refusing:
                with suppress(QueueUnavailableError):
                    await self._queue.asked.forget(job_id)
        except Exception:
            self.refuse(job_id, reply, reply.words("never-queued"), unless_queued=True)
            raise
        finally:
            self._here.discard(job_id)
            noting.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _note(self, job_id: str, reply: Reply) -> None:
        at_s = reply.token_created_ms / 1000
        await self._queue.asked.note(job_id, reply.model_dump_json(), at_s=at_s, keep_s=TOKEN_LIFE_S)

    def refuse(self, job_id: str, reply: Reply, text: str, *, unless_queued: bool = False) -> None:
        """Has a member told why nothing becomes of their request, which Discord would not take just now.

        It is tried again until their token ends. Should we die before, `tell` tells them, if Redis has the note.
        `unless_queued`: it may have become a job after all.
        """
        task = self._refusing[job_id] = asyncio.create_task(self._refuse(job_id, reply, text, unless_queued))
        task.add_done_callback(lambda _: self._refusing.pop(job_id, None))

    async def _refuse(self, job_id: str, reply: Reply, text: str, unless_queued: bool) -> None:
        pause_s, noted = AGAIN_S, False
        while True:
            if not noted:  # Redis may have been away as well
                with suppress(QueueUnavailableError):
                    await self._note(job_id, reply)
                    noted = True
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, AGAIN_MAX_S)
            try:
                if unless_queued and await self._queue.job(job_id):
                    break
                if await self._has_told(job_id, reply, text):
                    break
            except QueueUnavailableError:
                continue
            except Exception:
                log.exception("job %s: its refusal can't be told", job_id, extra={"job": job_id})
                break
        with suppress(QueueUnavailableError):
            await self._queue.asked.forget(job_id)

    async def close(self) -> None:
        """Leaves what is not told yet to the next process."""
        await end(*self._refusing.values())

    async def tell(self) -> None:
        """Tells those whom nobody has told, by the token of what they asked; Discord's trouble is left for next time.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        for job_id, text in (await self._queue.asked.before(self._now() - AFTER_S)).items():
            if job_id in self._here or job_id in self._refusing:
                continue
            reply = Reply.parse(text) if text else None
            if (
                reply is None
                or await self._queue.job(job_id)
                or await self._has_told(job_id, reply, reply.words("never-queued"))
            ):
                await self._queue.asked.forget(job_id)

    async def _has_told(self, job_id: str, reply: Reply, text: str) -> bool:
        """True when the member has been told, or never can be."""
        if not reply.token_works(self._now()):
            return True
        try:
            told = await self._fallbacks.edit_first_answer(reply, text)
        except Exception as error:
            if not is_passing(error):
                raise
            return False
        if told:
            log.warning("job %s: was not queued; its member has been told", job_id, extra={"job": job_id})
        return True
