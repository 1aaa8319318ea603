"""Follows one prompt from the queue to its end: by events, and by asking where those fail."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import aiohttp

from zosma_queue.tasks import set_within
from zosma_worker.bounds import number
from zosma_worker.comfyui.client import Client, Entry, File, pictures_in
from zosma_worker.comfyui.failures import failure
from zosma_worker.comfyui.listener import Listener
from zosma_worker.comfyui.workflow import Graph
from zosma_worker.errors import Stalled, WebUICut, WebUIError, WebUIUnreachable
from zosma_worker.timeouts import Timeouts

#: Between two looks while no event comes. Never more often.
LOOK_EVERY_S = 1.0
#: A prompt of which nothing was heard for this long is asked after, though the socket is open.
QUIET_S = 5.0
#: A prompt that is nowhere in this many looks is gone.
LOOKS_FOR_LOST = 2


class Interrupted(Exception):
    """Raised when somebody stopped the prompt, or took it out of the queue."""


def is_down(error: WebUIError) -> bool:
    """Whether nothing listens there any more, rather than that it is late."""
    return isinstance(error.__cause__, aiohttp.ClientConnectorError)


class BusyForEver(WebUIUnreachable):
    """Raised when our prompt waits behind somebody else's that doesn't end: it cannot be reached for us."""


@dataclass(frozen=True)
class Made:
    """What came of a prompt."""

    prompt_id: str
    pictures: tuple[File, ...]
    cached: frozenset[str]
    """Nodes whose results the server had already."""


class Watch:
    """One prompt that is in the server's queue, or is about to be put there."""

    def __init__(
        self,
        client: Client,
        listener: Listener,
        graph: Graph,
        output: str,
        timeouts: Timeouts,
        prompt_id: str,
        *,
        ours: bool = True,
    ) -> None:
        """`ours`: its events come over our socket. They don't for what another process has sent."""
        self._client = client
        self._listener = listener
        self._graph = graph
        self._output = output
        self._timeouts = timeouts
        self._ours = ours
        self._woken = asyncio.Event()
        self._life = listener.lives
        self._sent_at = self._heard_at = self._answered_at = self._moved_at = time.monotonic()
        self._looked_at = float("-inf")
        self._mark = ""
        self._lost = 0
        self._reopened = False
        self._cached: frozenset[str] = frozenset()
        self._pictures: tuple[File, ...] | None = None
        self._error: dict[str, Any] | None = None
        self._interrupted = False
        self._succeeded = False
        self._over = False
        self._node: str | None = None
        self.prompt_id = prompt_id
        self.started = False
        self.ended_ms = 0.0
        """When it ended, by the server's clock."""
        self.waited_s = 0.0
        """For how long it has waited for somebody else's work."""
        self.steps: dict[str, tuple[float, float]] = {}
        """Node → (steps done, steps)."""

    # -- events -------------------------------------------------------------------------------------------------

    def event(self, kind: str, told: dict[str, Any]) -> None:
        """What the socket said of this prompt."""
        self._heard_at = self._moved_at = time.monotonic()
        self.ended_ms = number(told.get("timestamp")) or self.ended_ms
        node = told.get("node")
        if kind == "execution_cached":
            nodes = told.get("nodes")
            self._cached = frozenset(str(one) for one in nodes) if isinstance(nodes, list) else frozenset()
        elif kind == "progress":
            self._note_steps(str(node), number(told.get("value")), number(told.get("max")))
        elif kind == "executed" and str(node) == self._output:
            self._pictures = pictures_in(told.get("output"))
        elif kind == "execution_error":
            self._error = told
        elif kind == "execution_interrupted":
            self._interrupted = True
        elif kind == "execution_success":
            self._succeeded = True
        elif kind == "executing":
            self._node = node if isinstance(node, str) else None
            self._over = node is None
        self._begun()
        self._woken.set()

    def wake(self) -> None:
        """The socket broke: look at once."""
        self._looked_at = float("-inf")
        self._woken.set()

    def _begun(self) -> None:
        if not self.started:
            self.started = True
            # It has waited for others, or the server needed that long for its turn: no work of ours either way.
            self.waited_s = time.monotonic() - self._sent_at

    def _note_steps(self, node: str, value: float | None, most: float | None) -> None:
        if value is not None and most and node in self._graph:
            self.steps[node] = (value, most)

    # -- waiting ------------------------------------------------------------------------------------------------

    async def ended(self) -> Made:
        """What came of it. Cancelling this stops only the waiting.

        Raises:
          WebUIError: when it failed, or the server went down or is not heard any more.
          Stalled: when nothing moves.
          Interrupted: when somebody stopped it.
        """
        while True:
            found = self._outcome()
            if found is not None:
                return found
            await self._wait()
            if self._is_due():
                entry = await self._look()
                if entry is not None:
                    return self._made_of(entry)
            self._check_moving()

    async def _wait(self) -> None:
        await set_within(self._woken, LOOK_EVERY_S)
        self._woken.clear()

    def _outcome(self) -> Made | None:
        if not self._over:
            return None
        if self._error is not None:
            raise failure(self._client.url, self._error)
        if self._interrupted:
            raise Interrupted
        if self._succeeded and self._pictures is not None:
            return Made(self.prompt_id, self._pictures, self._cached)
        self.wake()  # it is over, and the events that say how were lost
        self._over = False
        return None

    def _is_due(self) -> bool:
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY_S:
            return False
        heard = self._ours and self._listener.open and self._listener.lives == self._life
        return not heard or not self.started or now - self._heard_at >= QUIET_S

    async def _look(self) -> Entry | None:
        """Asks what became of it. How it ended, None while it hasn't."""
        self._looked_at = time.monotonic()
        opened = await self._listener.ensure()
        try:
            entry = await self._client.entry(self.prompt_id)
            if entry is None:
                await self._look_in_queue()
        except WebUIError as error:
            self._unheard(error)
            return None
        self._answered_at = time.monotonic()
        if opened and self._listener.lives != self._life:
            self._life, self._reopened = self._listener.lives, True
        return entry

    def _unheard(self, error: WebUIError) -> None:
        if is_down(error):
            raise WebUICut(f"{self._client.url} went down in the middle of a prompt") from error
        if time.monotonic() - self._answered_at > self._timeouts.deaf_s:
            raise WebUIUnreachable(str(error)) from error

    async def _look_in_queue(self) -> None:
        queue = await self._client.queue()
        if queue.runs(self.prompt_id):
            self._lost = 0
            if not self.started:
                self._moved_at = time.monotonic()
            self._begun()
            return
        if queue.has(self.prompt_id):
            self._lost = 0
            mark = " ".join(one.id for one in (*queue.running, *queue.pending))
            if mark != self._mark:
                self._mark, self._moved_at = mark, time.monotonic()
            return
        self._lost += 1
        if self._lost >= LOOKS_FOR_LOST:
            if self._reopened or not self._listener.open:
                raise WebUICut(f"{self._client.url} was started again in the middle of a prompt")
            raise Interrupted

    def _made_of(self, entry: Entry) -> Made:
        """What the history says of the end."""
        self.ended_ms = entry.at_ms
        error = entry.told("execution_error")
        if error is not None:
            raise failure(self._client.url, error)
        if entry.told("execution_interrupted") is not None or not entry.succeeded:
            raise Interrupted
        cached = (entry.told("execution_cached") or {}).get("nodes")
        cached = frozenset(str(one) for one in cached) if isinstance(cached, list) else frozenset()
        made = pictures_in(entry.outputs.get(self._output))
        if not made:  # what another process has sent may have had other ids
            made = next(filter(None, map(pictures_in, entry.outputs.values())), ())
        return Made(self.prompt_id, made, cached)

    def _check_moving(self) -> None:
        """Raises when it has stood still for too long."""
        still_s = time.monotonic() - self._moved_at
        if not self.started:
            self.waited_s = time.monotonic() - self._sent_at
            if still_s > self._timeouts.loading_s:
                raise BusyForEver(f"{self._client.url} has been busy elsewhere for too long, and nothing moves")
            return
        limit = self._timeouts.stalled_s if self._is_stepping() else self._timeouts.loading_s
        if not (self._ours and self._listener.open):
            limit = max(limit, self._timeouts.whole_s)  # nothing would tell that it moves
        if still_s > limit:
            raise Stalled(f"{self._client.url} stood still for {still_s:.0f} s in the middle of a prompt")

    def _is_stepping(self) -> bool:
        """Whether it is past whatever loads something: files are read without a word, before a sampler's first step."""
        return self._node in self.steps or (bool(self.steps) and not self._loads())

    def _loads(self) -> bool:
        entry = self._graph.get(self._node or "")
        return entry is not None and ("Loader" in entry["class_type"] or "Sampler" in entry["class_type"])
