"""Looks after the WebUI between jobs: opens the slot when it can be used, shuts it with a reason when it can't."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from zosma_queue.broker import Slot
from zosma_queue.fleet import Checkpoint, WorkerState
from zosma_queue.request import Request
from zosma_queue.tasks import end, set_within
from zosma_worker.presence import Presence
from zosma_worker.probe import Found, loaded_of, named, probe
from zosma_worker.webui.client import Client
from zosma_worker.webui.errors import WebUIError

log = logging.getLogger(__name__)

#: Between two looks at an idle WebUI.
LOOK_EVERY_S = 1.0
#: The longest pause between two looks at one that is away; it grows from LOOK_EVERY_S.
AWAY_PAUSE_MAX_S = 10.0
PAUSE_GROWTH = 1.6
#: Lists of checkpoints and the like are read again this often.
LISTS_EVERY_S = 30.0


class Health:
    """The WebUI's state, and the slot that follows it."""

    def __init__(self, client: Client, slot: Slot, presence: Presence) -> None:
        self._client = client
        self._slot = slot
        self._presence = presence
        self._listed_at = float("-inf")
        self._pause = LOOK_EVERY_S
        self._hurry = asyncio.Event()
        self._lock = asyncio.Lock()
        self._lingering: asyncio.Task[Any] | None = None
        self._busy = False
        self._begun = 0  # jobs: a look that one overtook saw an older truth
        self._stopping = False
        self._reason: str | None = None
        self.found: Found | None = None
        """The last that is known of it, also while it is away."""

    # -- what jobs say ------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """A job runs: it is looked after by its own watch."""
        self._busy = True
        self._begun += 1
        if not self._stopping:
            self._presence.change(state=WorkerState.BUSY)

    async def end(self, *, loaded: str | None, version: str | None) -> None:
        """The job is over, with this checkpoint in memory; None: look."""
        self._busy = False
        if not self._stopping and self._presence.sign.state is WorkerState.BUSY:
            self._presence.change(state=WorkerState.READY)
        if loaded and loaded != self._presence.sign.loaded:
            self._presence.change(loaded=loaded)
            await self._presence.tell()  # before the next fetch, which prefers jobs for it
        if not loaded and self._reason is None:
            self.hurry()
        about = self._presence.sign.about
        if version and about and about.version != version:
            self._presence.change(about=about.model_copy(update={"version": version}))

    async def quarantine(self, reason: str, lingering: asyncio.Task[Any] | None = None) -> None:
        """The WebUI can't be used until a look says otherwise, and not before `lingering` is done."""
        self._lingering = lingering
        self._shut(reason)
        await self._presence.tell()  # before the job goes back: it must not be offered to this worker again

    async def stop(self) -> None:
        """Takes no more jobs, for good."""
        self._stopping = True
        self._slot.stop()
        self._presence.change(state=WorkerState.AWAY, reason="is being shut down")
        await self._presence.tell()

    def checkpoint_for(self, request: Request) -> Checkpoint | None:
        """The one it names, else the loaded one, else the first. None when it isn't here."""
        checkpoints = self.found.about.checkpoints if self.found else ()
        if request.checkpoint:
            return named(checkpoints, request.checkpoint)
        loaded = self._presence.sign.loaded
        return (named(checkpoints, loaded) if loaded else None) or next(iter(checkpoints), None)

    async def relist(self) -> None:
        """Reads the lists again and tells the queue, while a job waits for that."""
        try:
            found = await probe(self._client)
        except WebUIError as error:
            await self.quarantine(str(error))
            return
        self._note(found)
        await self._presence.tell()

    async def close(self) -> None:
        """Ends what still lingers, after the last job."""
        if self._lingering:
            await end(self._lingering)

    # -- looking ------------------------------------------------------------------------------------------------

    def hurry(self) -> None:
        """Look at once, at everything."""
        self._listed_at = float("-inf")
        self._hurry.set()

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            self._hurry.clear()
            if not self._busy and not self._stopping:
                await self.look()
            await set_within(self._hurry, self._pause)

    async def look(self) -> None:
        """One look; opens or shuts the slot by what it sees."""
        async with self._lock:
            if self._lingering and not self._lingering.done():
                self._pause = LOOK_EVERY_S
                return
            self._lingering = None
            begun = self._begun
            try:
                await self._see()
            except WebUIError as error:
                if begun == self._begun:
                    self._shut(str(error))
                    self._pause = min(self._pause * PAUSE_GROWTH, AWAY_PAUSE_MAX_S)
                return
            self._pause = LOOK_EVERY_S
            if begun == self._begun and not self._stopping:
                await self._open()

    async def _see(self) -> None:
        """Reads what is due.

        Raises:
          WebUIError: when it can't be used.
        """
        if self.found is None or self._reason or time.monotonic() - self._listed_at > LISTS_EVERY_S:
            begun = self._begun
            found = await probe(self._client)
            self._listed_at = time.monotonic()
            self._note(found)
            if begun == self._begun:  # a job that began meanwhile knows better
                self._presence.change(loaded=found.loaded)
            return
        begun = self._begun
        loaded = loaded_of(await self._client.options(), self.found.about.checkpoints)
        if loaded and begun == self._begun:
            self._presence.change(loaded=loaded)

    def _note(self, found: Found) -> None:
        known, about = self._presence.sign.about, found.about
        if known and not about.version and known.flavour == about.flavour:
            about = about.model_copy(update={"version": known.version})  # only a job's answer names A1111's
        if self.found is None:
            _log_found(found)
        self.found = found
        self._presence.change(about=about)

    async def _open(self) -> None:
        if self._reason:
            log.info("%s is back", self._client.url)
        self._reason = None
        if self._presence.sign.state is WorkerState.AWAY:
            self._presence.change(state=WorkerState.READY, reason="")
            await self._presence.tell()  # a fetch by a worker that counts as away finds nothing
        if self._presence.joined:
            self._slot.open()

    def _shut(self, reason: str) -> None:
        self._slot.shut()
        if reason != self._reason:
            log.warning("takes no jobs: %s", reason)
        self._reason = reason
        if not self._stopping:
            self._presence.change(state=WorkerState.AWAY, reason=reason)


def _log_found(found: Found) -> None:
    about = found.about
    log.info(
        "%s: %s %s, %d checkpoints (%s), %d samplers, %d schedulers, %d upscalers, up to %d megapixels%s",
        about.webui,
        about.flavour,
        about.version or "(version not told)",
        len(about.checkpoints),
        ", ".join(checkpoint.name for checkpoint in about.checkpoints[:8]),
        len(about.samplers),
        len(about.schedulers),
        len(about.upscalers),
        about.max_pixels // 10**6,
        "" if about.hires else ", no hires",
    )
