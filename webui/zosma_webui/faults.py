"""Faults to order, for rehearsals and tests: everything that real WebUIs have been seen to do wrong.

Each fault is one class. It overrides the one moment of a generation that it spoils; the rest of the code knows
only these moments. Its fields are the parameters that `POST /zosma/faults` takes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from aiohttp import web
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from .bodies import FaultOrder
from .errors import NansException, OutOfMemoryError
from .state import State

NOT_AN_IMAGE = "bm90IGFuIGltYWdl"
_HTML_500 = "<html><head><title>500</title></head><body><h1>Internal Server Error</h1></body></html>"
_HTML_503 = "<html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>"


@dataclass(frozen=True)
class Job:
    """What a fault can get at while it spoils a generation."""

    state: State
    cleared: asyncio.Event
    """set when the faults are taken back"""
    sever: Callable[[], None]
    """closes the connection of the request"""
    crash: Callable[[], Awaitable[None]]
    """ends the server"""


class Fault(BaseModel):
    """A fault that does nothing: the moments that others override."""

    model_config = ConfigDict(extra="forbid")

    name: ClassVar[str]
    description: ClassVar[str]
    counts: ClassVar[bool] = True
    """False for faults that hit connections, not generations"""
    loads: ClassVar[bool] = True
    """False when the checkpoint asked for is not loaded"""

    at: float = Field(default=0.5, ge=0, le=1)
    """share of the first pass's steps after which `strike` comes"""

    async def strike(self, job: Job) -> None:
        """In the middle of the job."""

    def slowness(self) -> float:
        """Factor on the length of a step."""
        return 1.0

    def spoil(self, images: list[Image.Image]) -> list[Image.Image]:
        """After drawing."""
        return images

    def answer(self, body: dict[str, Any]) -> dict[str, Any] | web.Response:
        """Before sending."""
        return body


class Oom(Fault):
    """Out of memory."""

    name = "oom"
    description = "500 OutOfMemoryError in mid-job, as when the GPU's memory is too small"

    async def strike(self, job: Job) -> None:
        """Fail as torch does."""
        raise OutOfMemoryError(2**20)


class Nan(Fault):
    """No numbers."""

    name = "nan"
    description = "500 NansException in mid-job, as from a model that half precision does not suit"

    async def strike(self, job: Job) -> None:
        """Fail as A1111's check does."""
        raise NansException


class HtmlError(Fault):
    """An error page."""

    name = "http-500-html"
    description = "500 with an HTML page instead of JSON, as from a proxy in front"

    def answer(self, body: dict[str, Any]) -> web.Response:
        """An error page."""
        return web.Response(status=500, text=_HTML_500, content_type="text/html")


class Rubbish(Fault):
    """Not JSON."""

    name = "rubbish"
    description = "200 with text that is not JSON"

    def answer(self, body: dict[str, Any]) -> web.Response:
        """JSON that stops in the middle."""
        return web.Response(text='{"images": ["iVBORw0KGgo', content_type="application/json")


class Empty(Fault):
    """No pictures."""

    name = "empty"
    description = "200 with an empty list of images"

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """All but the images."""
        return {**body, "images": []}


class Black(Fault):
    """Black pictures."""

    name = "black"
    description = "200 with all-black images, as when the VAE overflows unnoticed"

    def spoil(self, images: list[Image.Image]) -> list[Image.Image]:
        """As large, but black."""
        return [Image.new("RGB", image.size) for image in images]


class Undecodable(Fault):
    """Not pictures."""

    name = "undecodable"
    description = "200 with base64 that is not an image"

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """Valid base64 of something else."""
        return {**body, "images": [NOT_AN_IMAGE] * len(body["images"])}


class WrongCheckpoint(Fault):
    """Another model."""

    name = "wrong-checkpoint"
    description = "draws with the checkpoint that is loaded, whatever was asked for, and says so in info"
    loads = False


class WrongCount(Fault):
    """More or fewer pictures."""

    name = "wrong-count"
    description = "one image fewer than asked; param `by` (default -1) gives another difference"

    by: int = -1

    def spoil(self, images: list[Image.Image]) -> list[Image.Image]:
        """Leave some out, or send the first again."""
        return images[: max(0, len(images) + self.by)] + images[:1] * max(0, self.by)


class WrongSize(Fault):
    """Another size."""

    name = "wrong-size"
    description = "images of another size than asked; param `factor` (default 0.5)"

    factor: float = Field(default=0.5, gt=0, le=2)

    def spoil(self, images: list[Image.Image]) -> list[Image.Image]:
        """Scale each."""
        return [i.resize((max(1, round(i.width * self.factor)), max(1, round(i.height * self.factor)))) for i in images]


class Hang(Fault):
    """Standstill."""

    name = "hang"
    description = "progress stands still until an interrupt or DELETE /zosma/faults; param `ignore_interrupt`"

    ignore_interrupt: bool = False

    async def strike(self, job: Job) -> None:
        """Wait for whichever ends it first."""
        bells = [job.cleared] if self.ignore_interrupt else [job.cleared, job.state.stop_bell]
        waits = [asyncio.ensure_future(bell.wait()) for bell in bells]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


class Cut(Fault):
    """A lost connection."""

    name = "cut"
    description = "closes the connection in mid-job without an answer; the job itself runs on"

    async def strike(self, job: Job) -> None:
        """Close it."""
        job.sever()


class Slow(Fault):
    """Slow steps."""

    name = "slow"
    description = "steps take longer; param `factor` (default 10)"

    factor: float = Field(default=10.0, gt=0)

    def slowness(self) -> float:
        """The factor."""
        return self.factor


class SlowStart(Fault):
    """A server that is not up yet."""

    name = "slow-start"
    description = "503 with an HTML page to everything for param `seconds` (default 10); `times` means nothing here"
    counts = False

    seconds: float = Field(default=10.0, ge=0)
    _since: float = PrivateAttr(default_factory=time.monotonic)

    def refusal(self) -> web.Response | None:
        """The answer to any request while it lasts."""
        if time.monotonic() - self._since >= self.seconds:
            return None
        return web.Response(status=503, text=_HTML_503, content_type="text/html")


class Crash(Fault):
    """The end."""

    name = "crash"
    description = "the process ends in mid-job; inside a test, all connections drop and the port closes"

    async def strike(self, job: Job) -> None:
        """End it."""
        await job.crash()


FAULTS: dict[str, type[Fault]] = {
    fault.name: fault
    for fault in (
        Oom, Nan, HtmlError, Rubbish, Empty, Black, Undecodable, WrongCheckpoint, WrongCount, WrongSize, Hang, Cut,
        Slow, SlowStart, Crash,
    )
}  # fmt: skip
"""Every fault by the name that `POST /zosma/faults` takes."""


@dataclass(frozen=True)
class Ordered:
    """A fault with the number of generations it still hits (None: all) and has hit."""

    fault: Fault
    left: int | None
    hits: int = 0


class FaultBoard:
    """The faults on order. Several may be, each name once."""

    def __init__(self) -> None:
        self._ordered: dict[str, Ordered] = {}
        self.cleared = asyncio.Event()

    def order(self, order: FaultOrder) -> None:
        """Put a fault on order. Raises KeyError for an unknown name, ValidationError for wrong parameters."""
        fault = FAULTS[order.fault](**(order.model_extra or {}))
        self._ordered[fault.name] = Ordered(fault, order.times)

    def clear(self) -> None:
        """Take everything back and let hanging jobs go on."""
        self._ordered.clear()
        self.cleared.set()
        self.cleared = asyncio.Event()

    def take(self) -> list[Fault]:
        """The faults that the generation that starts now gets; each counts as one hit."""
        hit = [o for o in self._ordered.values() if o.fault.counts and o.left != 0]
        for o in hit:
            left = None if o.left is None else o.left - 1
            self._ordered[o.fault.name] = replace(o, left=left, hits=o.hits + 1)
        return [o.fault for o in hit]

    def refusal(self) -> web.Response | None:
        """What every connection gets instead of an answer, None in the normal case."""
        ordered = self._ordered.get(SlowStart.name)
        return ordered.fault.refusal() if ordered and isinstance(ordered.fault, SlowStart) else None

    def listing(self) -> dict[str, Any]:
        """`GET /zosma/faults`: what is on order, and what there is."""
        active = [
            {"fault": o.fault.name, "times": o.left, "hits": o.hits, **o.fault.model_dump()}
            for o in self._ordered.values()
        ]
        return {"active": active, "known": {name: fault.description for name, fault in FAULTS.items()}}
