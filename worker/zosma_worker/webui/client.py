"""One WebUI over HTTP: each address of the API that a worker uses is one method here."""

from __future__ import annotations

import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from zosma_worker.bounds import READ_MAX_BYTES, number
from zosma_worker.errors import WebUIBroken, WebUICut, WebUIError, WebUIRefused
from zosma_worker.settings import Address
from zosma_worker.webui.answers import error_of
from zosma_worker.webui.blobs import json_with_blobs
from zosma_worker.webui.bounds import bounds_of_read
from zosma_worker.wire import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, Wire, within

#: Said of an address that takes POST alone; the second by Python's own `http.server`.
_NOT_BY_GET = (405, 501)
_JSON = {"Content-Type": "application/json"}
#: An estimate above this is none: A1111 divides by next to nothing at the start.
ETA_MAX_S = 24 * 3600.0
#: A1111's estimate is the time so far by the share done, and the time so far includes the checkpoint load: before this
#: share of the work it says minutes for seconds.
ETA_FROM = 0.05


@dataclass(frozen=True)
class Progress:
    """What a WebUI says about whatever it runs now, which need not be ours."""

    fraction: float
    """0 to 1; 0 when idle."""
    eta_s: float | None
    """None when unknown, as while a model loads."""
    loading: bool
    idle: bool
    mark: str
    """Changes whenever something moves."""
    image: str | None
    """Base64 of the preview."""
    interrupted: bool = False
    """The job that runs, or the last one, was told to stop."""
    skipped: bool = False
    """It was told to skip the rest of a picture."""
    began: str = ""
    """When the job began that runs now, or the last one, by its own clock: another value is another job."""


class Client(Wire):
    """A WebUI. Close it with `async with`.

    Every method raises a `WebUIError`: WebUIUnreachable, WebUICut, WebUIBroken, WebUIBusy, WebUIRefused or one of the
    two that only a generation knows, OutOfMemory and NotANumber.
    """

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.home: dict[str, Any] = {}
        """Settings as the operator had them when this process came, by name: what a job changes goes back to these."""
        self.has_options = True
        """Without them a server that has other addresses of the API is no less there."""

    def error_of(self, status: int, body: bytes) -> WebUIError:
        """What an answer means that isn't 2xx."""
        return error_of(self.url, status, body)

    # -- generation ---------------------------------------------------------------------------------------------

    async def generate(
        self, path: str, body: dict[str, Any], most_bytes: int, on_head: Callable[[], Awaitable[None]] | None = None
    ) -> bytes:
        """The answer to a generation, however long it takes; to be decoded when there is time for megabytes of it.

        `most_bytes`: it is broken off when it says that it has more, or turns out to have. `on_head`: see `Wire.send`.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S)
        return await self._send("POST", path, timeout, body, most_bytes, on_head)

    def decoded_pictures(self, raw: bytes) -> Any:
        """What such an answer says, with `bytes` for each picture. Takes CPU time.

        Raises:
          WebUIRubbish: as `decoded`.
        """
        return self.decoded(raw, read=json_with_blobs)

    async def interrupt(self) -> None:
        """Ends what runs now, whoever asked for it. Servers that can't are silently left alone."""
        await self._ask("/sdapi/v1/interrupt")

    async def skip(self) -> None:
        """Ends the picture that is drawn now, whoever asked for it. Servers that can't are silently left alone."""
        await self._ask("/sdapi/v1/skip")

    async def _ask(self, path: str) -> None:
        try:
            await self._send("POST", path, within(READ_TIMEOUT_S))
        except WebUIRefused as refusal:
            if not is_missing(refusal):
                raise

    # -- reads --------------------------------------------------------------------------------------------------

    async def get(self, path: str) -> Any:
        """The decoded answer to a read; of a list no more than anybody would look through."""
        most_bytes, marks = bounds_of_read(path)
        return await self.read(await self._send("GET", path, within(READ_TIMEOUT_S), None, most_bytes), marks)

    async def get_or_none(self, path: str) -> Any:
        """The decoded answer to a read, None when the server doesn't have it or fails at it."""
        try:
            return await self.get(path)
        except (WebUIRefused, WebUIBroken):
            return None

    async def takes_posts(self, path: str) -> bool:
        """Whether it has an address that takes POST alone, found out without posting."""
        try:
            await self._send("GET", path, within(READ_TIMEOUT_S))
        except WebUIRefused as refusal:
            return refusal.status in _NOT_BY_GET
        except WebUIBroken:
            return False
        return False

    async def options(self) -> dict[str, Any]:
        """The server's settings; {} when it can't tell (older versions fail here over a single bad value)."""
        try:
            found = await self.get("/sdapi/v1/options")
        except WebUICut:
            raise
        except WebUIBroken:
            return {}
        except WebUIRefused as refusal:
            if self.has_options or not is_missing(refusal):
                raise
            return {}
        return found if isinstance(found, dict) else {}

    async def progress(self, *, image: bool) -> Progress | None:
        """What it is doing; None when this server never says."""
        skip = "false" if image else "true"
        try:
            found = await self.get(f"/sdapi/v1/progress?skip_current_image={skip}")
        except WebUIRefused as refusal:
            if is_missing(refusal):
                return None
            raise
        return progress_of(found) if isinstance(found, dict) else None

    async def holds(self, task_id: str) -> bool | None:
        """True when the task with this `force_task_id` is what runs, False when it waits, None when nobody knows."""
        question = {"id_task": task_id, "id_live_preview": -1, "live_preview": False}
        try:
            found = await self.read(await self._send("POST", "/internal/progress", within(READ_TIMEOUT_S), question))
        except (WebUIRefused, WebUIBroken):
            return None
        if not isinstance(found, dict) or not (found.get("active") or found.get("queued")):
            return None
        return bool(found.get("active"))

    async def _send(
        self,
        method: str,
        path: str,
        timeout: aiohttp.ClientTimeout,
        body: dict[str, Any] | None = None,
        most_bytes: int = READ_MAX_BYTES,
        on_head: Callable[[], Awaitable[None]] | None = None,
    ) -> bytes:
        """The body of a 2xx answer."""
        # As a file: pictures make bodies of megabytes, which would be sent in one go otherwise.
        data = None if body is None else io.BytesIO(json.dumps(body).encode())
        headers = _JSON if body is not None else None
        return await self.send(
            method, path, timeout, data=data, headers=headers, most_bytes=most_bytes, on_head=on_head
        )


def is_missing(refusal: WebUIRefused) -> bool:
    """Whether a refusal says that there is no such address."""
    return refusal.status in (404, *_NOT_BY_GET)


def progress_of(found: dict[str, Any]) -> Progress:
    """What an answer to `progress` says; what can't be read in it is as if it weren't said."""
    state = found.get("state")
    state = state if isinstance(state, dict) else {}
    fraction = min(max(number(found.get("progress")) or 0.0, 0.0), 1.0)
    eta = number(found.get("eta_relative"))
    jobs = number(state.get("job_count"))
    loading = jobs == -1
    # A1111 calls itself idle by its count of jobs. SD.Next's fraction is the last job's until the next one begins.
    idle = not fraction if jobs is None else not jobs
    image = found.get("current_image")
    return Progress(
        fraction=0.0 if idle else fraction,
        eta_s=eta if eta and not loading and fraction >= ETA_FROM and 0 < eta < ETA_MAX_S else None,
        loading=loading,
        idle=idle,
        mark=f"{fraction} {state.get('job')} {state.get('job_no')} {state.get('sampling_step')}",
        image=image if isinstance(image, str) else None,
        interrupted=state.get("interrupted") is True,
        skipped=state.get("skipped") is True,
        began=str(state.get("job_timestamp") or ""),
    )
