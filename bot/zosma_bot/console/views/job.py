"""`/console/jobs/{id}`: one job, its pictures, and what can be done with it."""

from __future__ import annotations

import http

from aiohttp import hdrs, web

from zosma_bot.console.cards import PATH, cards, summary
from zosma_bot.console.forms import Form
from zosma_bot.console.gate import Visitor
from zosma_bot.console.parts import Parts
from zosma_bot.console.sight import Sight
from zosma_bot.http.problems import Problem
from zosma_queue.job import Job, State
from zosma_queue.picture_headers import format_of
from zosma_queue.request import Request

_ENDED = "The job has ended already."
#: Pictures of a job never change.
_KEEP = "private, max-age=86400, immutable"
#: Longer side of a small picture: sharp on a phone of twice the usual pixels.
_THUMB_PX = 512


class JobPage:
    """The handlers, over the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """The job, as it stands."""
        sight = await self._sight(request, visitor)
        (shown,) = await cards(self._parts, visitor, [sight.job])
        asked = sight.job.request if sight.shows else None
        return await self._parts.page(
            request, visitor, "job.html", part="part-job.html", card=shown, job=sight.job, sight=sight,
            asked=asked, told=summary(asked) if asked else [],
        )  # fmt: skip

    async def image(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """One picture's bytes, as the WebUI made it; with `size`, smaller."""
        sight = await self._sight(request, visitor)
        if not sight.shows:
            raise _not_found()
        index, size = int(request.match_info["index"]), _THUMB_PX if "size" in request.query else None
        image, result = await self._parts.queue.picture(sight.job, index), sight.job.result
        # While a set is made, its pictures have no numbers that stay.
        if image is None or result is None or not sight.job.state.ended:
            raise Problem(http.HTTPStatus.NOT_FOUND, "NotFound", "the picture is no longer stored")
        original = result.pictures[index].format
        forms = self._parts.forms
        kind = forms.choose(request.headers.getall(hdrs.ACCEPT, []), original, size) if size else original
        tag = f"{sight.job.id}.{result.attempt}.{index}.{kind}.{size}"
        made = await forms.made(tag, image, original, kind, size, who=sight.job.owner)
        return web.Response(body=made, content_type=f"image/{kind}", headers=_of_picture(_KEEP))

    async def preview(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """The newest preview of a running job; 204 while there is none."""
        sight = await self._sight(request, visitor)
        if not sight.shows:
            raise _not_found()
        preview = await self._parts.queue.preview(sight.job.id)
        if preview is None:
            return web.Response(status=http.HTTPStatus.NO_CONTENT)
        return web.Response(body=preview, content_type=f"image/{format_of(preview)}", headers=_of_picture("no-store"))

    async def cancel(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """Cancels a job: one's own, or as an admin anybody's."""
        sight = await self._sight(request, visitor)
        queue, job_id = self._parts.queue, sight.job.id
        outcome = await (queue.cancel(job_id) if sight.is_own else queue.admin.cancel(visitor.owner, job_id))
        if outcome in ("done", "failed"):
            raise Problem(http.HTTPStatus.CONFLICT, "Ended", _ENDED)
        return self._parts.done(request, "Cancelled.", form.get("back", "/"))

    async def again(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """Asks for the same once more, as a job of its own."""
        sight = await self._sight(request, visitor)
        if not sight.shows:
            raise _not_found()
        await self._parts.queue.submit(_same(sight.job), visitor.caller)
        return self._parts.done(request, "In line again.", form.get("back", "/"))

    async def replay(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """Gives a failed job a new life, whoever asked for it: an admin's."""
        if not await self._parts.queue.admin.retry(visitor.owner, request.match_info["id"]):
            raise Problem(http.HTTPStatus.CONFLICT, "NotFailed", "The job has not failed, or is forgotten.")
        return self._parts.done(request, "It is in line again.", form.get("back", "/console/failed"))

    async def bump(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """Moves a waiting job before everybody's: an admin's."""
        if not await self._parts.queue.admin.bump(visitor.owner, request.match_info["id"]):
            raise Problem(http.HTTPStatus.CONFLICT, "NotWaiting", "The job does not wait any more.")
        return self._parts.done(request, "It goes next.", form.get("back", "/console/queue"))

    async def _sight(self, request: web.Request, visitor: Visitor) -> Sight:
        """The job that the path names; another's is as unknown as none, but to admins."""
        job = await self._parts.queue.job(request.match_info["id"])
        if job is None or not (job.owner == visitor.owner or visitor.is_admin):
            raise _not_found()
        return await self._parts.sights.one(visitor, job)


def _of_picture(keep: str) -> dict[str, str]:
    """A picture runs nothing and is shown on our own pages alone; opened for itself it is a picture and no page."""
    return {
        hdrs.CACHE_CONTROL: keep,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def _same(job: Job) -> Request:
    if job.request is None:
        raise Problem(http.HTTPStatus.CONFLICT, "Unreadable", "What this job asked for can't be read any more.")
    # A failed job tries the same picture, a finished one has it.
    return job.request.model_copy(update={} if job.state is State.FAILED else {"seed": -1})


def _not_found() -> Problem:
    return Problem(http.HTTPStatus.NOT_FOUND, "NotFound", "There is no such job, or it is not yours.")


def routes(parts: Parts) -> list[web.RouteDef]:
    """A job's page, its pictures, and what can be done with it."""
    view, gate, one = JobPage(parts), parts.gate, PATH + "/{id}"
    return [
        web.get(one, gate.sees(view.page)),
        web.get(one + "/images/{index:[0-9]{1,3}}", gate.sees(view.image)),
        web.get(one + "/preview", gate.sees(view.preview)),
        web.post(one + "/cancel", gate.changes(view.cancel, confirm="Cancel this job?")),
        web.post(one + "/again", gate.changes(view.again)),
        web.post(one + "/replay", gate.changes(view.replay, admin=True)),
        web.post(one + "/bump", gate.changes(view.bump, admin=True)),
    ]
