"""A worker over a back end that is no WebUI at all: it knows nothing of A1111 beyond the protocol."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable

import pytest

from loopback.fleet import HASTY, Community, until
from loopback.webui import picture
from zosma_queue.fleet import Capabilities, Checkpoint, WorkerState
from zosma_queue.job import State
from zosma_worker.backend import Answer, Backend, Checked, Found, Notes, Order, Report, Run
from zosma_worker.errors import BadAnswer, Stalled, WebUICut, WebUIError
from zosma_worker.settings import Address
from zosma_worker.slot import WorkerOptions, run_slot
from zosma_worker.timeouts import Timeouts
from zosma_worker.verify import check, joined

PLACE = Address("http://127.0.0.1:8188")
DREAM = Checkpoint(name="dream", title="sd15/dream.safetensors")


class Traits:
    """Pictures in the size asked for, without a word about how they were made."""

    grid = 8
    whole_factors = False
    keeps_unmasked = True
    writes_infotext = False
    tells_vae = False
    lists_models = True
    signs_as = "Painter"


class Painter:
    """A back end with a list of prompts in place of blocking calls, as ComfyUI has one."""

    url = "http://127.0.0.1:8188"

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.stopped: list[str] = []
        self.faults: deque[Exception] = deque()
        self.foreign: float | None = None
        self.holds: asyncio.Event | None = None
        """When set: the next orders wait for it."""
        self.black = False
        self.now: str | None = None

    async def probe(self) -> Found:
        about = Capabilities(
            webui=self.url,
            flavour="painter",
            host=socket.gethostname(),
            checkpoints=(DREAM,),
            samplers=("Euler",),
            schedulers=(),
        )
        return Found(about=about, loaded=await self.loaded())

    async def loaded(self) -> str | None:
        return self.now

    async def foreign_work(self) -> float | None:
        return self.foreign

    async def free_memory(self) -> int | None:
        return None

    async def start(self, order: Order, report: Callable[[Report], None], timeouts: Timeouts) -> Run:
        self.orders.append(order)
        report(Report(0.25, 3.0, picture(64, 64, 1, fmt="JPEG")))
        return Painting(self, order, self.faults.popleft() if self.faults else None)


class Painting:
    """One order in the painter's list."""

    waited_s = 0.0

    def __init__(self, painter: Painter, order: Order, fault: Exception | None) -> None:
        self._painter = painter
        self._order = order
        self._fault = fault
        self._gone = asyncio.Event()

    async def answer(self) -> Answer:
        if self._fault:
            raise self._fault
        if self._painter.holds:
            await self._painter.holds.wait()
        self._painter.now = self._order.checkpoint.name
        return Canvas(self._order, self._painter.black)

    async def interrupt(self) -> None:
        self._painter.stopped.append(self._order.task)

    async def let_go(self) -> None:
        await self.interrupt()

    async def drop(self) -> None:
        pass


class Canvas:
    """What came of an order, fetched when it is wanted."""

    was_loaded = None

    def __init__(self, order: Order, black: bool) -> None:
        self._order = order
        self._black = black

    async def checked(self) -> Checked:
        order = self._order
        size = (order.request.width, order.request.height)
        made = [picture(*size, None if self._black else seed) for seed in order.request.seeds]
        return joined([check(made, {}, order.request, order.checkpoint, Traits())])


@pytest.fixture(name="painter")
def _painter() -> Painter:
    return Painter()


@pytest.fixture(name="_at_work", autouse=True)
async def _at_work(painter: Painter, redis_url: str, ann: Community) -> AsyncIterator[None]:
    """A worker that drives the painter."""

    @contextlib.asynccontextmanager
    async def opened(address: Address, _: Notes) -> AsyncIterator[Backend]:
        assert address == PLACE
        yield painter

    stop = asyncio.Event()
    worker = asyncio.create_task(run_slot(redis_url, PLACE, stop, WorkerOptions(timeouts=HASTY), opened))
    await ann.worker(WorkerState.READY)
    yield
    stop.set()
    if painter.holds:
        painter.holds.set()
    async with asyncio.timeout(60):
        await worker


async def test_its_pictures_arrive_with_all_that_a_webuis_would_have(painter, ann):
    job_id = await ann.asks(count=2, sampler="Euler")

    job = await ann.gets(job_id)

    assert (job.state, job.result.checkpoint, [one.seed for one in job.result.pictures]) == (
        State.DONE,
        "dream",
        [7, 8],
    )
    assert "Steps: 4, Sampler: Euler" in job.result.pictures[0].parameters
    assert job.result.pictures[1].parameters.endswith("Version: Painter")
    [order] = painter.orders
    assert (order.task, order.request.count, order.checkpoint) == (f"task({job_id}-1)", 2, DREAM)
    assert (await ann.worker(WorkerState.READY)).loaded == "dream"


async def test_what_it_reports_is_seen_while_it_paints(painter, ann):
    painter.holds = asyncio.Event()
    job_id = await ann.asks()

    async def told():
        return (await ann.job(job_id)).progress == 0.25

    await until(told)
    painter.holds.set()
    assert (await ann.gets(job_id)).state is State.DONE


async def test_a_cancel_stops_our_order_by_its_own_name(painter, ann, queue):
    painter.holds = asyncio.Event()
    job_id = await ann.asks()
    await until(lambda: _ordered(painter))

    await queue.cancel(job_id)

    assert (await ann.gets(job_id)).state is State.CANCELLED
    assert painter.stopped == [f"task({job_id}-1)"]


async def _ordered(painter: Painter) -> bool:
    return bool(painter.orders)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Stalled("stood still"), "webui-hung"),
        (WebUICut("closed the socket"), "webui-broken"),
        (BadAnswer("black", "all black"), "black"),
    ],
    ids=["stalled", "cut", "black"],
)
async def test_its_faults_are_outcomes_like_any_others(fault, kind, painter, ann):
    if isinstance(fault, WebUIError | Stalled):
        painter.faults.append(fault)
    else:
        painter.black = True
    job_id = await ann.asks()

    async def failed():
        return (await ann.job(job_id)).failures >= 1

    await until(failed)
    painter.black = False

    job = await ann.gets(job_id)
    assert (job.state, job.error_kind) == (State.DONE, kind)
    assert bool(painter.stopped) == (kind != "black")


async def test_somebody_elses_work_in_it_keeps_our_jobs_away(painter, ann):
    painter.foreign = 0.0

    away = await ann.worker(WorkerState.AWAY)

    assert away.reason.startswith("busy elsewhere")
    painter.foreign = None
    assert (await ann.worker(WorkerState.READY)).about.flavour == "painter"
