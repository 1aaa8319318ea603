"""The calls that make one job's pictures, one after the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from zosma_queue.cost import predict_gpu_seconds
from zosma_queue.request import Request
from zosma_worker.backend import Order, Report
from zosma_worker.webui.bounds import bytes_for
from zosma_worker.webui.client import Client
from zosma_worker.webui.flavours import Flavour

#: An estimate never says that a picture is done before it is.
ESTIMATE_MAX = 0.95


@dataclass(frozen=True)
class Part:
    """One call's share of a request, and what was answered."""

    request: Request
    answer: Any
    """As it came, in bytes, until it is decoded."""


class Payload:
    """A job at work. `ratio`: real seconds for each predicted one."""

    def __init__(self, client: Client, flavour: Flavour, order: Order, ratio: float = 1.0) -> None:
        self._client = client
        self._flavour = flavour
        self._order = order
        self._parts = flavour.parts(order.request)
        self._part_s = predict_gpu_seconds(self._parts[0]) * ratio
        self._done = 0
        self._furthest = 0.0
        self._began = time.monotonic()
        self._stopped = False

    def stop(self) -> None:
        """No further call after the running one."""
        self._stopped = True

    async def run(self, on_answer: Callable[[], Awaitable[None]]) -> list[Part]:
        """What the WebUI answers, part by part.

        `on_answer`: called when it begins to answer the last one, whose rest is read once that returns.

        Raises:
          WebUIError: when it doesn't.
        """
        made: list[Part] = []
        for number, request in enumerate(self._parts, start=1):
            if self._stopped:
                break
            order = replace(self._order, request=request)
            # Pictures are laid out and encoded for the call: not on the loop.
            call = await asyncio.to_thread(self._flavour.call, order) if order.inputs else self._flavour.call(order)
            self._began = time.monotonic()
            most = bytes_for(request, whole_factors=self._flavour.whole_factors)
            on_head = on_answer if number == len(self._parts) else None
            made.append(Part(request, await self._client.generate(call.path, call.body, most, on_head)))
            self._done += 1
        return made

    def whole(self, part: Report) -> Report:
        """How far all of it is, by what the WebUI says of the call that it works on."""
        total = len(self._parts)
        # What a WebUI says falls back to 0 when its job ends.
        self._furthest = max(self._furthest, min((self._done + part.fraction) / total, 1.0))
        later_s = (total - self._done - 1) * self._part_s
        return replace(part, fraction=self._furthest, eta_s=part.eta_s and part.eta_s + later_s)

    def estimate(self) -> Report:
        """How far it is, by time."""
        share = min((time.monotonic() - self._began) / self._part_s, ESTIMATE_MAX)
        total = len(self._parts)
        fraction = min((self._done + share) / total, 1.0)
        return Report(fraction, (1 - fraction) * total * self._part_s, estimated=True)
