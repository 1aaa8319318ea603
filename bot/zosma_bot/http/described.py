"""An endpoint of our own API and its description in one place: routes and OpenAPI are both made of this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from zosma_bot.http.negotiation import FORMATS
from zosma_bot.http.problems import Handler

JSON = "application/json"
Scope = Literal["submit", "read", "admin"]
Method = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer to a request that went well."""

    told: str
    model: Any = None
    """A type that pydantic knows; None: no body, or one of `media` that isn't JSON."""
    media: tuple[str, ...] = ()
    """What the body is; JSON where there is a model."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """Something in the path, behind the `?`, or in the head of a request."""

    name: str
    told: str
    where: Literal["path", "query", "header"] = "query"
    type: Any = str
    """A type that pydantic knows, with its bounds."""
    many: bool = False
    """Several with commas between."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One method of one path."""

    method: Method
    path: str
    handler: Handler
    name: str
    """Unique: what generated clients call it."""
    told: str
    """In one line."""
    more: str = ""
    """What else is to be known, in Markdown without tables."""
    group: str
    scope: Scope
    answers: Mapping[int, Answer]
    problems: tuple[int, ...] = ()
    """Statuses beyond those that every endpoint may answer."""
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    """A type that pydantic knows; None: it takes none."""
    example: Any = None
    """A body that programs which try an API out begin with: made of the defaults alone it would have no prompt."""
    patterns: Mapping[str, str] = field(default_factory=dict)
    """Part of the path → the regular expression that it must be."""
    head: bool = True
    """False: what it answers has no end, so HEAD is not possible."""

    @property
    def route(self) -> web.RouteDef:
        """The route."""
        path = self.path
        for name, pattern in self.patterns.items():
            path = path.replace(f"{{{name}}}", f"{{{name}:{pattern}}}")
        if self.method == "GET":
            return web.get(path, self.handler, allow_head=self.head)
        return web.route(self.method, path, self.handler)


def routes_of(endpoints: Iterable[Endpoint]) -> list[web.RouteDef]:
    """The routes of these endpoints."""
    return [endpoint.route for endpoint in endpoints]


JOB_ID = Parameter(name="id", where="path", told="The job's id.", type=str)
INDEX = Parameter(name="index", where="path", told="Counted from 0.", type=Annotated[int, Field(ge=0, le=999)])
INDEX_PATTERN = {"index": "[0-9]{1,3}"}
PICTURE_MEDIA = tuple(f"image/{format_}" for format_ in FORMATS)
