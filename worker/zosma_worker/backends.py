"""Which kind of back end is driven: the one module that knows the implementations."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from zosma_worker.backend import Backend, Found, Notes, Order, Report, Run
from zosma_worker.comfyui.backend import comfyui_backend, is_comfyui
from zosma_worker.errors import WebUIBusy, WebUIError
from zosma_worker.settings import Address
from zosma_worker.timeouts import Timeouts
from zosma_worker.webui.backend import a1111_backend


@contextlib.asynccontextmanager
async def open_backend(
    address: Address, notes: Notes | None = None, *, workflows: Path | None = None
) -> AsyncIterator[Backend]:
    """The back end at an address, which need not answer yet: its kind is seen when it does.

    `notes`: of the workers before; None for who makes no jobs. `workflows`: a folder with an operator's own, for
    ComfyUI.
    """
    async with a1111_backend(address, notes) as webui, comfyui_backend(address, workflows) as comfyui:

        async def recognised() -> Backend:
            return comfyui if await is_comfyui(address) else webui

        yield Recognised(webui.url, recognised)


class Recognised:
    """A back end of whichever kind answers: a `Backend`."""

    def __init__(self, url: str, recognised: Callable[[], Awaitable[Backend]]) -> None:
        self._recognised = recognised
        self._backend: Backend | None = None
        self._is_sure = False
        self.url = url

    async def probe(self) -> Found:
        """What it can do; after it was not what it had been, what kind it is comes first."""
        if self._backend is None or not self._is_sure:
            self._backend = await self._recognised()
        try:
            found = await self._backend.probe()
        except WebUIError:
            self._is_sure = False
            raise
        self._is_sure = True
        return found

    @property
    def _known(self) -> Backend:
        if self._backend is None:
            raise WebUIBusy(f"{self.url} has not been looked at")
        return self._backend

    async def loaded(self) -> str | None:
        """As the kind says."""
        return await self._known.loaded()

    async def foreign_work(self) -> float | None:
        """As the kind says."""
        return await self._known.foreign_work()

    async def free_memory(self) -> int | None:
        """As the kind says."""
        return await self._known.free_memory()

    async def start(self, order: Order, report: Callable[[Report], None], timeouts: Timeouts) -> Run:
        """As the kind does it."""
        return await self._known.start(order, report, timeouts)
