"""What is known of a back end: reads it when that is due, and tells the fleet."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

from zosma_queue.fleet import Checkpoint
from zosma_queue.request import Request
from zosma_worker.backend import Backend, Found, named
from zosma_worker.errors import WebUIError
from zosma_worker.handover import Handover
from zosma_worker.heartbeat import Heartbeat

log = logging.getLogger(__name__)

#: Lists of checkpoints and the like are read again this often.
LISTS_EVERY_S = 30.0


class Prober:
    """The last that was read of a back end, also while it is away. `refusal` says why the fleet doesn't want us."""

    def __init__(
        self,
        backend: Backend,
        heartbeat: Heartbeat,
        handover: Handover,
        refusal: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        self._backend = backend
        self._heartbeat = heartbeat
        self._handover = handover
        self._refusal = refusal
        self._listed_at = float("-inf")
        self.found: Found | None = None
        """None until it has been usable once."""

    @property
    def url(self) -> str:
        """The back end's address."""
        return self._backend.url

    @property
    def loaded(self) -> str | None:
        """What is in its memory, as far as known."""
        return self._heartbeat.status.loaded

    @property
    def selected(self) -> str | None:
        """What it would take unasked, as it was last probed; None when it doesn't say."""
        return self.found.selected if self.found else None

    def note_loaded(self, name: str) -> None:
        """Pictures of this checkpoint have just come out."""
        self._heartbeat.change(loaded=name)

    def checkpoint_for(self, request: Request) -> Checkpoint | None:
        """The one it names, else the loaded or selected one, else the first. None when it isn't here."""
        if self.found is None:
            return None
        checkpoints = self.found.about.checkpoints
        if request.checkpoint:
            return named(checkpoints, request.checkpoint)
        usual = self.loaded or self.selected
        return (named(checkpoints, usual) if usual else None) or next(iter(checkpoints), None)

    def expire(self) -> None:
        """The next look reads everything."""
        self._listed_at = float("-inf")

    async def see(self, *, known: bool, sure: bool) -> str:
        """Reads what is due. Why the fleet doesn't want this worker, '' when it does.

        `known`: what was read before still holds. `sure`: that nothing is loaded is no news, it may just not say.

        Raises:
          WebUIError: when it can't be used.
        """
        refusal = ""
        begun = self._handover.begun
        if self.found is None or not known or time.monotonic() - self._listed_at > LISTS_EVERY_S:
            loaded = (await self.probe()).loaded
            self._listed_at = time.monotonic()
            refusal = await self._refusal() if self._refusal else ""
        else:
            loaded = await self._backend.loaded()
        if (loaded or not sure) and begun == self._handover.begun:  # a job that began meanwhile knows better
            self._heartbeat.change(loaded=loaded)
        return refusal

    async def probe(self) -> Found:
        """Reads everything, and notes it for the fleet; what is loaded is the caller's to judge.

        Raises:
          WebUIError: when it can't be used.
        """
        found = await self._backend.probe()
        before, about = self._heartbeat.status.about, found.about
        if before and not about.version and before.flavour == about.flavour:
            about = about.model_copy(update={"version": before.version})  # only a job's answer names A1111's
        if self.found is None:
            _log_found(found)
        self.found = found
        self._heartbeat.change(about=about)
        return found

    async def relist(self) -> None:
        """Reads everything again, what is loaded too.

        Raises:
          WebUIError: when it can't be used.
        """
        found = await self.probe()
        self._heartbeat.change(loaded=found.loaded)

    def note_version(self, version: str | None) -> None:
        """A job's answer said which version made it."""
        about = self._heartbeat.status.about
        if version and about and about.version != version:
            self._heartbeat.change(about=about.model_copy(update={"version": version}))

    async def foreign_work(self) -> float | None:
        """For how many seconds somebody else's work in it has not moved; None when there is none.

        Raises:
          WebUIError: when it doesn't answer.
        """
        return await self._backend.foreign_work()

    async def log_memory(self) -> None:
        """Says in the log how much of the GPU's memory is free, where that can be learned."""
        with contextlib.suppress(WebUIError):
            free = await self._backend.free_memory()
            if free is not None:
                log.warning("%s: %d MB of the GPU's memory are free", self.url, free // 10**6)


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
