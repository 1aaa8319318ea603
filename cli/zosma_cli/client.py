"""The Python client, as the command line uses it: the admin API besides, and errors that name its own options."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import zosma
from zosma import calls
from zosma.connection import is_address
from zosma_queue.errors import SettingsError, ZosmaError

#: Nothing here blocks on a picture, so an answer that takes longer means that nobody is there.
TIMEOUT_S = 10.0


class ServerError(ZosmaError):
    """Raised when the server refuses a call or can't be reached; the text is fit for the terminal."""


class Client(zosma.AsyncClient):
    """Calls one server."""

    async def admin(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A call of the admin API; its path may have a query."""
        return await self.request(method, f"/api/v1/admin/{path}", body)

    async def admin_pictures(self, job: dict[str, Any]) -> list[zosma.Picture]:
        """The pictures of anybody's job, as the admin API shows the job."""
        found = []
        for index, image in enumerate((job.get("result") or {}).get("images", ())):
            known = {name: image[name] for name in ("format", "width", "height", "seed", "parameters")}
            of = zosma.ImageView(url=f"/api/v1/admin/jobs/{quote(job['id'], safe='')}/images/{index}", **known)
            found.append(await self._send(calls.picture(job["id"], index, of, size=None, format=None)))
        return found


def fields_of(*, size: str | None, **fields: Any) -> dict[str, Any]:
    """The fields of a request from the command line's options; options not given are left out."""
    given = {name: value for name, value in fields.items() if value is not None}
    if size is None:
        return given
    match = re.fullmatch(r"(\d{1,6})\s*[x×]\s*(\d{1,6})", size.strip())
    if not match:
        raise ServerError(f"--size {size!r} is wrong: it must look like 512x768")
    return {**given, "width": int(match[1]), "height": int(match[2])}


@asynccontextmanager
async def connect(server: str, key: str | None, *, retry_for_s: float = 0) -> AsyncIterator[Client]:
    """A client for a server, which tries again for so long when it is away.

    Raises:
      SettingsError: when `server` is no address, or the key can be none.
      ServerError: when a call inside goes wrong.
    """
    if not is_address(server):
        raise SettingsError(f"--server {server!r} is wrong: it must look like http://127.0.0.1:1324")
    try:
        client = Client(server, key=key or "", timeout_s=TIMEOUT_S, retry_for_s=retry_for_s)
    except ValueError as error:
        raise SettingsError(f"--key is wrong: {error}") from None
    try:
        async with client:
            yield client
    except zosma.ZosmaError as error:
        raise ServerError(_in_words(error)) from error


def _in_words(error: zosma.ZosmaError) -> str:
    if isinstance(error, zosma.UnauthorizedError):
        return "the server refused the key: give the right one with --key or ZOSMA_API_KEY"
    if isinstance(error, zosma.UnreachableError):
        return f"{error}: is `zosma up` or `zosma bot` running?"
    return str(error)
