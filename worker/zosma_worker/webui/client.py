"""One WebUI over HTTP: each address of the API that a worker uses is one method here."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from zosma_queue.sandbox import SandboxError
from zosma_worker.decoding import DECODING
from zosma_worker.errors import WebUIBroken, WebUICut, WebUINotSetUp, WebUIRefused, WebUIRubbish, WebUIUnreachable
from zosma_worker.settings import Address
from zosma_worker.webui.answers import error_of
from zosma_worker.webui.bounds import (
    ANSWER_MARKS_MAX,
    ERROR_MAX_BYTES,
    MB,
    READ_MARKS_MAX,
    READ_MAX_BYTES,
    TooMuch,
    bounded_json,
    bounds_of_read,
    shortened,
)

_JSON = {"Content-Type": "application/json"}
#: A WebUI on the same network answers a connection at once, or is not there.
CONNECT_TIMEOUT_S = 5.0
#: Reads queue up behind a generation on some servers (10.6 s seen), so this is patience and not precision.
READ_TIMEOUT_S = 15.0
#: Longer answers are not decoded on the loop.
INLINE_MAX_BYTES = 256 * 1024
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
    """The job that runs, or the last one, was told to stop or to skip the rest of a picture."""
    began: str = ""
    """When the job began that runs now, or the last one, by its own clock: another value is another job."""


class Client:
    """A WebUI. Close it with `async with`.

    Every method raises a `WebUIError`: WebUIUnreachable, WebUICut, WebUIBroken, WebUIBusy, WebUIRefused or one of the
    two that only a generation knows, OutOfMemory and NotANumber.
    """

    def __init__(self, address: Address) -> None:
        self.url = address.url
        self.home: dict[str, Any] = {}
        """Settings as the operator had them when this process came, by name: what a job changes goes back to these."""
        self._headers = {"Accept-Encoding": "identity"}
        if address.auth:
            login = base64.b64encode(address.auth.get_secret_value().encode()).decode()
            self._headers["Authorization"] = f"Basic {login}"
        self._open: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._open = aiohttp.ClientSession(
            # A connection for each request: a health read never waits behind a generation, and a server that drops
            # idle connections (sd.cpp after 5 s) can't cut a job off before it begins.
            connector=aiohttp.TCPConnector(force_close=True, limit=0),
            headers=self._headers,
            auto_decompress=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._open:
            await self._open.close()

    # -- generation ---------------------------------------------------------------------------------------------

    async def generate(self, path: str, body: dict[str, Any], most_bytes: int) -> bytes:
        """The answer to a generation, however long it takes; to be decoded when there is time for megabytes of it.

        `most_bytes`: it is broken off when it says that it has more, or turns out to have.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S)
        return await self._send("POST", path, timeout, body, most_bytes)

    async def interrupt(self) -> None:
        """Ends what runs now, whoever asked for it. Servers that can't are silently left alone."""
        try:
            await self._send("POST", "/sdapi/v1/interrupt", _within(READ_TIMEOUT_S))
        except WebUIRefused as refusal:
            if refusal.status not in (404, 405):
                raise

    # -- reads --------------------------------------------------------------------------------------------------

    async def get(self, path: str) -> Any:
        """The decoded answer to a read; of a list no more than anybody would look through."""
        most_bytes, marks = bounds_of_read(path)
        return await self._read(await self._send("GET", path, _within(READ_TIMEOUT_S), None, most_bytes), marks)

    async def get_or_none(self, path: str) -> Any:
        """The decoded answer to a read, None when the server doesn't have it or fails at it."""
        try:
            return await self.get(path)
        except (WebUIRefused, WebUIBroken):
            return None

    async def takes_posts(self, path: str) -> bool:
        """Whether it has an address that takes POST alone, found out without posting."""
        try:
            await self._send("GET", path, _within(READ_TIMEOUT_S))
        except WebUIRefused as refusal:
            return refusal.status == 405
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
        return found if isinstance(found, dict) else {}

    async def progress(self, *, image: bool) -> Progress | None:
        """What it is doing; None when this server never says."""
        skip = "false" if image else "true"
        try:
            found = await self.get(f"/sdapi/v1/progress?skip_current_image={skip}")
        except WebUIRefused as refusal:
            if refusal.status in (404, 405):
                return None
            raise
        return _progress(found) if isinstance(found, dict) else None

    async def holds(self, task_id: str) -> bool | None:
        """True when the task with this `force_task_id` is what runs, False when it waits, None when nobody knows."""
        question = {"id_task": task_id, "id_live_preview": -1, "live_preview": False}
        try:
            found = await self._read(await self._send("POST", "/internal/progress", _within(READ_TIMEOUT_S), question))
        except (WebUIRefused, WebUIBroken):
            return None
        if not isinstance(found, dict) or not (found.get("active") or found.get("queued")):
            return None
        return bool(found.get("active"))

    # -- the wire -----------------------------------------------------------------------------------------------

    async def _send(
        self,
        method: str,
        path: str,
        timeout: aiohttp.ClientTimeout,
        body: dict[str, Any] | None = None,
        most_bytes: int = READ_MAX_BYTES,
    ) -> bytes:
        """The body of a 2xx answer."""
        if self._open is None:
            raise TypeError("not open: use `async with`")
        # As a file: pictures make bodies of megabytes, which would be sent in one go otherwise.
        data = None if body is None else io.BytesIO(json.dumps(body).encode())
        with self._wire_errors():
            request = self._open.request(
                method,
                f"{self.url}{path}",
                data=data,
                timeout=timeout,
                headers=_JSON if body is not None else None,
                allow_redirects=False,
            )
            async with request as answer:
                good = 200 <= answer.status < 300
                content = await self._body(answer, most_bytes if good else ERROR_MAX_BYTES)
                if good:
                    return content
                raise error_of(self.url, answer.status, content)

    async def _body(self, answer: aiohttp.ClientResponse, most_bytes: int) -> bytes:
        """What was sent, byte by byte as it came: nothing is unfolded, and nothing read beyond what can be needed."""
        encoding = answer.headers.get("Content-Encoding", "identity").strip().casefold()
        if encoding not in ("", "identity"):
            raise WebUIBroken(
                f"{self.url} compressed its answer, though it was asked not to: switch that off, there or in the proxy"
                " before it"
            )
        too_much = WebUIBroken(
            f"{self.url} answered with more than {most_bytes // MB} MB, which nothing asked for needs"
        )
        if (answer.content_length or 0) > most_bytes:
            raise too_much
        content = bytearray()
        async for part in answer.content.iter_any():
            content += part
            if len(content) > most_bytes:
                raise too_much
        return bytes(content)

    async def _read(self, raw: bytes, marks_max: int = READ_MARKS_MAX) -> Any:
        """What a read says; long lists are looked through in another process."""
        if len(raw) <= INLINE_MAX_BYTES:
            return shortened(self.decoded(raw, marks_max))
        if raw.lstrip()[:1] != b"[":
            return await asyncio.to_thread(self.decoded, raw, marks_max)
        try:
            _, (raw,) = await DECODING.run("zosma_worker.webui.bounds:reduced", {"marks_max": marks_max}, [raw])
        except SandboxError as error:
            raise WebUIRubbish(f"{self.url} answered with a list that can't be read: it {error}") from None
        return await asyncio.to_thread(self.decoded, raw, marks_max)

    @contextmanager
    def _wire_errors(self) -> Iterator[None]:
        try:
            yield
        except aiohttp.ClientConnectorCertificateError as error:
            reason = getattr(error.certificate_error, "verify_message", None) or "not trusted"
            raise WebUINotSetUp(
                f"{self.url} shows a certificate that is not accepted ({reason}): give SSL_CERT_FILE the authority's"
                " certificate, or use http:// inside your own network"
            ) from error
        except aiohttp.ClientConnectorSSLError as error:
            raise WebUINotSetUp(f"{self.url} doesn't speak TLS: write http:// instead of https://") from error
        except (aiohttp.ClientConnectorError, TimeoutError) as error:
            raise WebUIUnreachable(f"{self.url} doesn't answer: {_why(error)}") from error
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError) as error:
            raise WebUICut(f"{self.url} closed the connection before its answer") from error
        except aiohttp.ClientError as error:
            raise WebUIBroken(
                f"{self.url} doesn't speak HTTP properly ({type(error).__name__}): check that SD_API_HOST names the"
                " WebUI's own port"
            ) from error

    def decoded(self, raw: bytes, marks_max: int = ANSWER_MARKS_MAX) -> Any:
        """What an answer says. Takes CPU time when it is long.

        Raises:
          WebUIRubbish: when it is no JSON, or has more values or is deeper than anything asked for needs.
        """
        try:
            return bounded_json(raw, marks_max)
        except TooMuch as error:
            raise WebUIRubbish(f"{self.url} answered with {error}, which nothing asked for needs") from None
        except ValueError:
            raise WebUIRubbish(f"{self.url} answered with something that is not JSON") from None


def _why(error: Exception) -> str:
    """Why nothing answered. asyncio's own words for a refused connection repeat the address and leave that out."""
    if not isinstance(error, OSError) or not error.errno:
        return "no answer in time"
    return os.strerror(error.errno) if error.errno > 0 else str(error.strerror or error)  # below 0: of the name service


def _within(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_TIMEOUT_S)


def _progress(found: dict[str, Any]) -> Progress:
    state = found.get("state")
    state = state if isinstance(state, dict) else {}
    fraction = _number(found.get("progress")) or 0.0
    eta = _number(found.get("eta_relative"))
    loading = state.get("job_count") == -1
    image = found.get("current_image")
    return Progress(
        fraction=min(max(fraction, 0.0), 1.0),
        eta_s=eta if eta and not loading and fraction >= ETA_FROM and 0 < eta < ETA_MAX_S else None,
        loading=loading,
        idle=not fraction and not state.get("job_count"),
        mark=f"{fraction} {state.get('job')} {state.get('job_no')} {state.get('sampling_step')}",
        image=image if isinstance(image, str) else None,
        # "Skip" ends a picture early as "interrupt" does, and A1111 keeps the flag until its next job begins.
        interrupted=state.get("interrupted") is True or state.get("skipped") is True,
        began=str(state.get("job_timestamp") or ""),
    )


def _number(value: Any) -> float | None:
    """A finite number, None for anything else (Python's JSON reads NaN and Infinity too)."""
    return float(value) if type(value) in (int, float) and math.isfinite(value) else None
