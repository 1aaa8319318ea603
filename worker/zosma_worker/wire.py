"""HTTP with a back end: one answer at a time, within bounds, and every failure named."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import aiohttp
from yarl import URL

from zosma_queue.sandbox import SandboxError
from zosma_worker.bounds import (
    ANSWER_MARKS_MAX,
    ERROR_MAX_BYTES,
    INLINE_MAX_BYTES,
    MB,
    READ_MARKS_MAX,
    READ_MAX_BYTES,
    TooMuch,
    bounded_json,
    shortened,
)
from zosma_worker.decoding import DECODING
from zosma_worker.errors import WebUIBroken, WebUICut, WebUIError, WebUINotSetUp, WebUIRubbish, WebUIUnreachable
from zosma_worker.settings import Address

#: A back end on the same network answers a connection at once, or is not there.
CONNECT_TIMEOUT_S = 5.0
#: Reads queue up behind a generation on some servers (10.6 s seen), so this is patience and not precision.
READ_TIMEOUT_S = 15.0
#: All of an answer that has begun and says how long it is: its pictures hold up a cancel, and the worker's end.
ANSWER_TIMEOUT_S = 120.0
#: Of an answer that has come and that nobody has looked at yet: with aiohttp's 64 kB megabytes come haltingly.
READ_BUFFER_BYTES = 256 * 1024
#: Smaller parts of an answer are put together as they come: a server that sends byte by byte takes no more memory so.
PART_MIN_BYTES = 4096


class Wire:
    """A back end over HTTP. Close it with `async with`; whoever derives from it says what its errors mean."""

    def __init__(self, address: Address) -> None:
        self.url = address.url
        self._headers = {"Accept-Encoding": "identity"}
        if address.auth:
            login = base64.b64encode(address.auth.get_secret_value().encode()).decode()
            self._headers["Authorization"] = f"Basic {login}"
        self._open: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._open = aiohttp.ClientSession(
            connector=self._connector(), headers=self._headers, auto_decompress=False, read_bufsize=READ_BUFFER_BYTES
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._open:
            await self._open.close()

    def _connector(self) -> aiohttp.TCPConnector:
        # A connection for each request: a health read never waits behind a generation, and a server that drops
        # idle connections (sd.cpp after 5 s) can't cut a job off before it begins.
        return aiohttp.TCPConnector(force_close=True, limit=0)

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open session."""
        if self._open is None:
            raise TypeError("not open: use `async with`")
        return self._open

    def error_of(self, status: int, body: bytes) -> WebUIError:
        """What an answer means that isn't 2xx."""
        raise NotImplementedError

    async def send(
        self,
        method: str,
        path: str,
        timeout: aiohttp.ClientTimeout,
        *,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        most_bytes: int = READ_MAX_BYTES,
        on_head: Callable[[], Awaitable[None]] | None = None,
    ) -> bytes:
        """The body of a 2xx answer.

        `on_head`: called when such an answer begins that says how long it is, and so is made. The rest is read once
        that returns, and may stand still for no longer than a read, and take `ANSWER_TIMEOUT_S` in all.

        Raises:
          WebUIError: for every other, and when none comes.
        """
        with self.wire_errors():
            request = self.session.request(
                method, f"{self.url}{path}", data=data, timeout=timeout, headers=headers, allow_redirects=False
            )
            async with request as answer:
                if "Location" in answer.headers and 300 <= answer.status < 400:
                    raise _sent_on(self.url, path, answer)
                if not 200 <= answer.status < 300:
                    raise self.error_of(answer.status, await self._body(answer, ERROR_MAX_BYTES))
                length = answer.content_length
                if on_head is None or length is None or length > most_bytes:
                    return await self._body(answer, most_bytes)
                await on_head()
                return await self._body(answer, most_bytes, READ_TIMEOUT_S)

    async def _body(self, answer: aiohttp.ClientResponse, most_bytes: int, still_s: float | None = None) -> bytes:
        """What was sent, byte by byte as it came: nothing is unfolded, and nothing read beyond what can be needed.

        `still_s`: for how long nothing may come, of an answer that has a limit in all; None: for ever.
        """
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
        parts: list[bytes | bytearray] = []
        size = 0
        clock = asyncio.get_running_loop().time
        end = clock() + ANSWER_TIMEOUT_S
        async with asyncio.timeout(still_s) as limit:
            async for part in answer.content.iter_any():
                if len(part) >= PART_MIN_BYTES:
                    parts.append(part)
                elif parts and isinstance(parts[-1], bytearray):
                    parts[-1] += part
                else:
                    parts.append(bytearray(part))
                size += len(part)
                if size > most_bytes:
                    raise too_much
                if still_s is not None:
                    limit.reschedule(min(clock() + still_s, end))
        return b"".join(parts)

    async def read(self, raw: bytes, marks_max: int = READ_MARKS_MAX) -> Any:
        """What a read says; long lists are looked through in another process."""
        if len(raw) <= INLINE_MAX_BYTES:
            return shortened(self.decoded(raw, marks_max))
        if raw.lstrip()[:1] != b"[":
            return await asyncio.to_thread(self.decoded, raw, marks_max)
        try:
            _, (raw,) = await DECODING.run("zosma_worker.bounds:reduced", {"marks_max": marks_max}, [raw])
        except SandboxError as error:
            raise WebUIRubbish(f"{self.url} answered with a list that can't be read: it {error}") from None
        return await asyncio.to_thread(self.decoded, raw, marks_max)

    @contextmanager
    def wire_errors(self) -> Iterator[None]:
        """Names what goes wrong between us and the back end."""
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

    def decoded(
        self, raw: bytes, marks_max: int = ANSWER_MARKS_MAX, *, read: Callable[[bytes, int], Any] = bounded_json
    ) -> Any:
        """What an answer says, as `read` finds it. Takes CPU time when it is long.

        Raises:
          WebUIRubbish: when it is no JSON, or has more values or is deeper than anything asked for needs.
        """
        try:
            return read(raw, marks_max)
        except TooMuch as error:
            raise WebUIRubbish(f"{self.url} answered with {error}, which nothing asked for needs") from None
        except ValueError:
            raise WebUIRubbish(f"{self.url} answered with something that is not JSON") from None


def _sent_on(base: str, path: str, answer: aiohttp.ClientResponse) -> WebUINotSetUp:
    """The error that a redirect stands for. None is followed: a request has a login with it, and pictures."""
    try:
        there = answer.url.join(URL(answer.headers["Location"])).with_query(None).with_fragment(None).with_user(None)
    except ValueError:
        there = answer.url.origin()
    moved = str(there).removesuffix(path.partition("?")[0])
    is_moved = moved not in (str(there), base)
    fix = f"write {moved} into SD_API_HOST" if is_moved else "SD_API_HOST must name the WebUI itself, not a login page"
    return WebUINotSetUp(f"{base} sends on to {there} ({answer.status}): {fix}", status=answer.status)


def _why(error: Exception) -> str:
    """Why nothing answered. asyncio's own words for a refused connection repeat the address and leave that out."""
    if not isinstance(error, OSError) or not error.errno:
        return "no answer in time"
    return os.strerror(error.errno) if error.errno > 0 else str(error.strerror or error)  # below 0: of the name service


def within(seconds: float) -> aiohttp.ClientTimeout:
    """A limit for all of a request and its answer."""
    return aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_TIMEOUT_S)
