"""One REST request, read and ready for a handler, and how it is kept for the tests to look at."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from loopback.discord import errors

Json = dict[str, Any]
Files = dict[int, tuple[str, bytes]]

PREFIX = "/api/v10"
_FILE_FIELD = re.compile(r"files\[(\d+)\]")


@dataclass
class Recorded:
    """A request as it came and what it got."""

    method: str
    path: str
    query: dict[str, str]
    json: Any
    files: Files = field(repr=False)
    #: "bot" (the right token), "bad" (another one) or "none".
    auth: str
    at: float
    #: None while the answer is still being held back.
    status: int | None = None
    response: Any = None

    @property
    def data(self) -> Any:
        """The message in it: callbacks wrap theirs in `data`."""
        if isinstance(self.json, dict) and self.path.endswith("/callback"):
            return self.json.get("data") or {}
        return self.json


@dataclass
class Call:
    """What a handler gets."""

    recorded: Recorded
    #: The path's parameters, by the names of Discord's own description.
    params: Mapping[str, str]

    @property
    def body(self) -> Json:
        """The JSON object sent; Discord takes no body for an empty one."""
        if self.recorded.json is None:
            return {}
        if not isinstance(self.recorded.json, dict):
            raise errors.ApiError(400, 50035, "Invalid Form Body", {"_errors": []})
        return self.recorded.json

    @property
    def body_list(self) -> list[Json]:
        if not isinstance(self.recorded.json, list):
            raise errors.ApiError(400, 50035, "Invalid Form Body", {"_errors": []})
        return self.recorded.json

    @property
    def files(self) -> Files:
        return self.recorded.files

    @property
    def query(self) -> dict[str, str]:
        return self.recorded.query

    def id(self, name: str) -> int:
        """A snowflake of the path."""
        text = self.params[name]
        if not text.isdecimal():
            raise errors.invalid_form((name,), "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')
        return int(text)

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("1", "true")


async def read(request: web.Request, token: str, now: float) -> Recorded:
    """Read a request as a whole, JSON or multipart with `payload_json` and `files[n]`."""
    recorded = Recorded(
        method=request.method,
        path=request.path.removeprefix(PREFIX),
        query=dict(request.query),
        json=None,
        files={},
        auth=_auth(request.headers.get("Authorization"), token),
        at=now,
    )
    if request.content_type == "multipart/form-data":
        await _read_multipart(request, recorded)
    elif raw := await request.read():
        recorded.json = _parse(raw)
    return recorded


async def _read_multipart(request: web.Request, recorded: Recorded) -> None:
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        raw = bytes(await part.read())
        if part.name == "payload_json":
            recorded.json = _parse(raw)
        elif match := _FILE_FIELD.fullmatch(part.name or ""):
            recorded.files[int(match[1])] = (part.filename or "unknown", raw)


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise errors.ApiError(400, 50109, "The request body contains invalid JSON.") from None


def _auth(header: str | None, token: str) -> str:
    if header is None:
        return "none"
    return "bot" if header == f"Bot {token}" else "bad"
