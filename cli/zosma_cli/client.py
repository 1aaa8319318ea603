"""A client of the bot process's HTTP API, for the command line."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from zosma_queue.errors import SettingsError, ZosmaError

#: Nothing here blocks on a picture, so an answer that takes longer means that nobody is there.
TIMEOUT_S = 10.0


class ServerError(ZosmaError):
    """Raised when the server refuses a call or can't be reached; the text is its own."""


def fields_of(*, size: str | None, **fields: Any) -> dict[str, Any]:
    """The JSON for `POST /api/v1/jobs` from the command line's options; options not given are left out."""
    given = {name: value for name, value in fields.items() if value is not None}
    if size is None:
        return given
    match = re.fullmatch(r"(\d{1,6})\s*[x×]\s*(\d{1,6})", size.strip())
    if not match:
        raise ServerError(f"--size {size!r} is wrong: it must look like 512x768")
    return {**given, "width": int(match[1]), "height": int(match[2])}


class Client:
    """Calls one server."""

    def __init__(self, server: str, session: aiohttp.ClientSession) -> None:
        self._server = server.rstrip("/")
        self._session = session

    async def submit(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Submits a request; the new job as JSON."""
        return await self._dict("POST", "/api/v1/jobs", json=fields)

    async def job(self, job_id: str) -> dict[str, Any]:
        """A job as it is now."""
        return await self._dict("GET", f"/api/v1/jobs/{job_id}")

    async def cancel(self, job_id: str) -> None:
        """Cancels a job."""
        await self._json("DELETE", f"/api/v1/jobs/{job_id}")

    async def queue(self) -> dict[str, Any]:
        """Depth by state and workers."""
        return await self._dict("GET", "/api/v1/queue")

    async def admin(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A call of the admin API."""
        return await self._json(method, f"/api/v1/admin/{path}", **({} if body is None else {"json": body}))

    async def ready(self) -> dict[str, Any]:
        """The answer of `/readyz`."""
        return await self._dict("GET", "/readyz")

    async def picture(self, url: str) -> bytes:
        """A picture's bytes."""
        return await self._call("GET", url)

    async def _dict(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        found = await self._json(method, path, **options)
        if not isinstance(found, dict):
            raise ServerError(f"{self._server} is no Zosma server: its answer is no JSON object")
        return found

    async def _json(self, method: str, path: str, **options: Any) -> Any:
        body = await self._call(method, path, **options)
        try:
            return json.loads(body)
        except ValueError:
            raise ServerError(f"{self._server} is no Zosma server: its answer is not JSON") from None

    async def _call(self, method: str, path: str, **options: Any) -> bytes:
        try:
            async with self._session.request(method, self._server + path, **options) as answer:
                body = await answer.read()
                if answer.status >= 400:
                    raise ServerError(await _reason(answer))
                return body
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServerError(
                f"{self._server} can't be reached ({error or 'no answer in time'}):"
                " is `zosma up` or `zosma bot` running?"
            ) from error


async def _reason(answer: aiohttp.ClientResponse) -> str:
    if answer.status == 401:
        return "the server refused the key: give the right one with --key or ZOSMA_API_KEY"
    try:
        return str((await answer.json(content_type=None))["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the server answered {answer.status} {answer.reason or ''}".strip()


@asynccontextmanager
async def connect(server: str, key: str | None) -> AsyncIterator[Client]:
    """A client for a server.

    Raises:
      SettingsError: when `server` is no address.
    """
    try:
        parts = urlsplit(server)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        good = False
    if not good:
        raise SettingsError(f"--server {server!r} is wrong: it must look like http://127.0.0.1:1324")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
        yield Client(server, session)
