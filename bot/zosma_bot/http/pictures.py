"""`/pictures/*`: originals for whoever has a signed link. No key is asked for."""

from __future__ import annotations

import http

from aiohttp import web

from zosma_bot.http.problems import Problem
from zosma_bot.links import PATH, Links
from zosma_queue.client import Queue

_SUFFIXES = {"jpeg": "jpg"}


class Pictures:
    """The handlers of signed picture links."""

    def __init__(self, queue: Queue, links: Links) -> None:
        self._queue = queue
        self._links = links

    def routes(self) -> list[web.RouteDef]:
        """The routes of signed picture links."""
        return [web.get(PATH + "/{job}/{index:[0-9]{1,3}}", self.picture)]

    async def picture(self, request: web.Request) -> web.Response:
        """One picture's bytes, as the WebUI made it: 403 without a good signature, 410 when its time is over."""
        job_id, index = request.match_info["job"], int(request.match_info["index"])
        query = request.query
        life_s = await self._links.life_s(job_id, index, query.get("expires", ""), query.get("signature", ""))
        if life_s is None:
            raise Problem(http.HTTPStatus.FORBIDDEN, "Forbidden", "this link is not complete, or was never given out")
        if life_s <= 0:
            raise _gone()
        job = await self._queue.job(job_id)
        image = await self._queue.picture(job, index) if job else None
        if image is None or job is None or job.result is None:
            raise _gone()
        made = job.result.pictures[index].format
        name = f"zosma-{job_id}-{index + 1}.{_SUFFIXES.get(made, made)}"
        return web.Response(
            body=image,
            content_type=f"image/{made}",
            headers={
                "Cache-Control": f"private, max-age={int(life_s)}, immutable",
                "Content-Disposition": f'inline; filename="{name}"',
                "Cross-Origin-Resource-Policy": "cross-origin",
                "Referrer-Policy": "no-referrer",
                "X-Robots-Tag": "noindex",
            },
        )


def _gone() -> Problem:
    return Problem(http.HTTPStatus.GONE, "Gone", "this link was good for a day, which is over")
