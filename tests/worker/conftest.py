"""Workers in this process, over a real Valkey and a WebUI on loopback."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from loopback.fleet import HASTY, Community, Join
from loopback.port import drained
from loopback.webui import ScriptedWebUI
from zosma_queue.client import Queue
from zosma_queue.fleet import WorkerInfo, WorkerState
from zosma_worker import outcomes, pace, slot
from zosma_worker.backends import open_backend
from zosma_worker.settings import Address
from zosma_worker.slot import WorkerOptions
from zosma_worker.timeouts import Timeouts
from zosma_worker.webui import backend


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short pauses, so that no test waits for one."""
    monkeypatch.setattr("zosma_queue.broker.BLOCK_S", 0.1)
    monkeypatch.setattr("zosma_queue.logs._always", {})  # whose name is in it lives on in this process
    monkeypatch.setattr("zosma_worker.handover.SHUT_S", 0.05)
    monkeypatch.setattr("zosma_queue.sweeper.SWEEP_EVERY_S", 0.05)
    monkeypatch.setattr(slot, "STOP_SEEN_MS", 50)
    monkeypatch.setattr(outcomes, "BACKOFF_MS", 1)
    monkeypatch.setattr(backend, "INTERRUPT_EVERY_S", 0.05)
    monkeypatch.setattr(pace, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(pace, "FOREIGN_EVERY_S", 0.05)


@pytest.fixture(name="ann")
def _ann(queue: Queue) -> Community:
    """A member."""
    return Community(queue)


@pytest.fixture(name="webui")
async def _webui() -> AsyncIterator[ScriptedWebUI]:
    """A WebUI with the checkpoints dream (loaded) and anime."""
    async with ScriptedWebUI() as webui:
        yield webui


@pytest.fixture(name="other")
async def _other() -> AsyncIterator[ScriptedWebUI]:
    """A second WebUI. Name both before `join`: workers leave before their WebUIs do."""
    async with ScriptedWebUI() as webui:
        yield webui


@pytest.fixture(name="join")
async def _join(worker_url: str, ann: Community) -> AsyncIterator[Join]:
    """Starts workers in this process; they leave at the end of the test."""
    running: list[tuple[asyncio.Event, asyncio.Task[None]]] = []
    webuis: list[ScriptedWebUI] = []

    async def join(
        where: ScriptedWebUI | Address,
        *,
        state: WorkerState = WorkerState.READY,
        timeouts: Timeouts = HASTY,
        workflows: Path | None = None,
        **options: Any,
    ) -> WorkerInfo:
        if isinstance(where, ScriptedWebUI):
            webuis.append(where)
        address = where if isinstance(where, Address) else where.address
        stop = asyncio.Event()
        opened = functools.partial(open_backend, workflows=workflows)
        work = slot.run_slot(worker_url, address, stop, WorkerOptions(timeouts=timeouts, **options), opened)
        running.append((stop, asyncio.create_task(work)))
        return await ann.worker(state, address.place)

    yield join
    for stop, _ in running:
        stop.set()
    for webui in webuis:
        if webui.held:  # after a failed test
            webui.held.released.set()
    async with asyncio.timeout(60):
        await asyncio.gather(*(task for _, task in running))
    await drained()
