"""`/masks/*`: the page where a member paints the mask for one picture. Its link is signed; no key is asked for."""

from __future__ import annotations

import binascii
import http
import json
import secrets
from base64 import b64decode, b64encode
from importlib import resources

from aiohttp import web

from zosma_bot import painted_masks
from zosma_bot.http.bodies import INTAKE
from zosma_bot.links import MASK_PATH, Links
from zosma_bot.masks import MaskError, mask_of
from zosma_bot.painted_masks import MaskPage
from zosma_queue.client import Queue

#: Of a mask as the page sends it; one of strokes has some thousand.
SENT_MAX_BYTES = 1024 * 1024
_HTML = resources.files("zosma_bot.http").joinpath("mask.html").read_text("utf-8")
_FORGED = "This link is not complete, or was never given out."
_OVER = "This link was good for two hours, which are over. Press “More…” under the picture again."


class Masks:
    """The handlers of the page."""

    def __init__(self, queue: Queue, links: Links) -> None:
        self._queue = queue
        self._links = links

    def routes(self) -> list[web.RouteDef]:
        """The page, and where it sends the mask."""
        path = MASK_PATH + "/{key:" + painted_masks.KEY.pattern + "}"
        return [web.get(path, self.page), web.post(path, self.painted)]

    async def page(self, request: web.Request) -> web.Response:
        """The page: 403 without a good signature, 410 when its time is over."""
        page = await self._page(request)
        if isinstance(page, web.Response):
            return page
        nonce = secrets.token_urlsafe(16)
        picture = f"data:image/jpeg;base64,{b64encode(page.picture).decode()}"
        data = json.dumps({"picture": picture, "words": dict(page.words)}).replace("<", "\\u003c")
        html = _HTML.replace("{nonce}", nonce).replace("{language}", page.language).replace("{data}", data)
        answer = _answer(http.HTTPStatus.OK, html, "text/html")
        answer.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:;"
            " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return answer

    async def painted(self, request: web.Request) -> web.Response:
        """Takes a mask, as `{"mask": PNG in base64}`; answers `{"said": …}`, and 422 for a mask that is of no use."""
        page = await self._page(request)
        if isinstance(page, web.Response):
            return page
        key = request.match_info["key"]
        try:
            sent = await request.app[INTAKE].read(request, f"mask:{key}", SENT_MAX_BYTES)
            data = b64decode(str(sent["mask"]).partition("base64,")[2], validate=True)
            mask = await mask_of(data, page.size, f"mask:{key}", kept=True)
        except MaskError as error:
            said = page.words.get(error.why, page.words["unreadable"])
            return _said(http.HTTPStatus.UNPROCESSABLE_ENTITY, said)
        except (binascii.Error, ValueError, TypeError, KeyError, RecursionError):
            return _said(http.HTTPStatus.UNPROCESSABLE_ENTITY, page.words["unreadable"])
        await painted_masks.keep_painted(self._queue, key, page.by, mask)
        return _said(http.HTTPStatus.OK, page.words["saved"])

    async def _page(self, request: web.Request) -> MaskPage | web.Response:
        """The page that the link is for, or the answer that says why there is none."""
        key, query = request.match_info["key"], request.query
        life_s = await self._links.mask_life_s(key, query.get("expires", ""), query.get("signature", ""))
        page = await painted_masks.page_of(self._queue, key) if life_s and life_s > 0 else None
        if page:
            return page
        status, text = (http.HTTPStatus.FORBIDDEN, _FORGED) if life_s is None else (http.HTTPStatus.GONE, _OVER)
        return _said(status, text) if request.method == "POST" else _answer(status, text, "text/plain")


def _said(status: http.HTTPStatus, text: str) -> web.Response:
    return _answer(status, json.dumps({"said": text}), "application/json")


def _answer(status: http.HTTPStatus, text: str, content_type: str) -> web.Response:
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex"}
    return web.Response(status=status, text=text, content_type=content_type, headers=headers)
