"""Whether a WebUI that runs nothing of ours is busy all the same: its own page is in use, or another program."""

from __future__ import annotations

import time

from zosma_worker.webui.client import Client, Progress

#: Tasks may wait unmoved for this long: after that they are leftovers, which a WebUI that failed at them never forgets.
PENDING_S = 10.0
#: A WebUI that may go on telling of what has ended, and has not moved for so long, is taken to have nothing to do. If
#: it loads a checkpoint all the same, our job waits behind that. For workers that come anew: its own knows at once.
ENDED_S = 180.0


class ForeignWork:
    """Looks for other people's work."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._has_pending = True
        self._pending: tuple[str, ...] = ()
        self._mark = ""
        self._own_ended = False
        self._left_over = ""
        self._moved_at = self._pending_since = time.monotonic()

    @property
    def still_s(self) -> float:
        """For how long their work has not moved."""
        return time.monotonic() - self._moved_at

    def note_own_end(self) -> None:
        """A job of ours has ended: what is told at the next look, and as long as it stays the same, is left over."""
        self._own_ended = True

    async def busy(self, *, tells_of_ended: bool = False) -> bool:
        """True while the WebUI works, which can't be for us. `tells_of_ended`: it may be over, whatever it tells.

        Raises:
          WebUIError: when it doesn't answer.
        """
        progress = await self._client.progress(image=False)
        if progress and not progress.idle and not self._is_left_over(progress):
            if progress.mark != self._mark:
                self._mark, self._moved_at = progress.mark, time.monotonic()
            if progress.loading or not tells_of_ended or self.still_s < ENDED_S:
                return True
            self._left_over = _told(progress)
        self._mark, self._moved_at = "", time.monotonic()
        return await self._some_wait()

    def _is_left_over(self, progress: Progress) -> bool:
        if self._own_ended:
            self._own_ended, self._left_over = False, _told(progress)
        return _told(progress) == self._left_over

    async def _some_wait(self) -> bool:
        if not self._has_pending:
            return False
        found = await self._client.get_or_none("/internal/pending-tasks")
        tasks = found.get("tasks") if isinstance(found, dict) else None
        self._has_pending = isinstance(tasks, list)
        pending = tuple(str(task) for task in tasks or ())
        if pending != self._pending:
            self._pending, self._pending_since = pending, time.monotonic()
        return bool(pending) and time.monotonic() - self._pending_since < PENDING_S


def _told(progress: Progress) -> str:
    """Another one when another job is told of, or the same one has moved."""
    return f"{progress.began} {progress.mark}"
