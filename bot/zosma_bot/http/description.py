"""`/openapi.json`, and `/docs` that shows it to people. No key is asked for: it says nothing of this installation."""

from __future__ import annotations

import json
from collections.abc import Sequence

from aiohttp import web

from zosma_bot.http.described import Endpoint
from zosma_bot.http.docs_page import CONTENT_POLICY, page
from zosma_bot.http.openapi import description

OPENAPI, DOCS = "/openapi.json", "/docs"
#: What our own API answers to.
ENDPOINTS: web.AppKey[Sequence[Endpoint]] = web.AppKey("endpoints", Sequence)


class Description:
    """The handlers of the API's description."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = endpoints
        self._json: str | None = None
        self._page: str | None = None

    def routes(self) -> list[web.RouteDef]:
        """The routes of the description."""
        return [web.get(OPENAPI, self.openapi), web.get(DOCS, self.docs)]

    async def openapi(self, _: web.Request) -> web.Response:
        """The description for programs."""
        self._json = self._json or json.dumps(description(self._endpoints))
        return web.Response(text=self._json, content_type="application/json")

    async def docs(self, _: web.Request) -> web.Response:
        """The description for people."""
        self._page = self._page or page(description(self._endpoints))
        headers = {"Content-Security-Policy": CONTENT_POLICY}
        return web.Response(text=self._page, content_type="text/html", headers=headers)
