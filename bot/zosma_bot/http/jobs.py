"""`/api/v1/*`: the queue's own API. Submit and come back for the picture; see how full the queue is."""

from __future__ import annotations

import http
from typing import Any

from aiohttp import web

from zosma_bot.http.auth import CALLER
from zosma_bot.http.bodies import PICTURES_MAX_BYTES, read_object
from zosma_bot.http.idempotency import named_by, other_body
from zosma_bot.http.problems import Problem
from zosma_bot.http.queries import limit_of
from zosma_bot.http.views import JOBS, job_view, public_queue_view, queue_view, standing
from zosma_bot.inputs import submit_with_pictures
from zosma_queue.client import Queue
from zosma_queue.errors import OtherRequestError, RequestRefusedError
from zosma_queue.job import Job, State
from zosma_queue.picture_headers import format_of

#: Jobs of one page.
LIST_LIMIT, LIST_MAX = 50, 200
#: A job may be put off for a month.
DELAY_MAX_S = 30 * 24 * 3600


#: A1111's names, for whoever takes this API for its.
_OUR_NAMES = {
    "sampler_name": "sampler", "sampler_index": "sampler", "n_iter": "count", "batch_size": "count",
    "hr_scale": "hires.scale", "hr_upscaler": "hires.upscaler", "hr_second_pass_steps": "hires.steps",
    "enable_hr": "hires", "denoising_strength": "hires.denoise or img2img.denoising_strength",
    "init_images": "img2img.image", "mask": "img2img.mask", "sd_model_checkpoint": "checkpoint", "sd_vae": "vae",
    "CLIP_stop_at_last_layers": "clip_skip", "override_settings": "checkpoint, vae and clip_skip",
    "alwayson_scripts": "a1111.alwayson_scripts", "restore_faces": "a1111.restore_faces", "tiling": "a1111.tiling",
}  # fmt: skip


class Jobs:
    """The handlers of the API for one's own jobs, over one queue."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def routes(self) -> list[web.RouteDef]:
        """The routes of the API for one's own jobs."""
        return [
            web.post(JOBS, self.submit),
            web.get(JOBS, self.list),
            web.get(JOBS + "/{id}", self.show),
            web.delete(JOBS + "/{id}", self.cancel),
            web.get(JOBS + "/{id}/images/{index:[0-9]{1,3}}", self.image),
            web.get(JOBS + "/{id}/preview", self.preview),
            web.get("/api/v1/queue", self.queue),
        ]

    async def submit(self, request: web.Request) -> web.Response:
        """202 with the job; `delay_s` in the body puts it off.

        Pictures to start from (`img2img.image`, `img2img.more_images`, `img2img.mask`, `upscale.image`) or to put into
        words (`interrogate.image`) are sent as base64.
        The same `Idempotency-Key` of the same caller is the same job; with another body it is refused.
        """
        body = await read_object(request, PICTURES_MAX_BYTES)
        named = await named_by(request, body)
        delay_ms = _delay_ms(body.pop("delay_s", None))
        try:
            job_id = await submit_with_pictures(
                self._queue, body, request[CALLER], job_id=named.job_id if named else None,
                digest=named.digest if named else "",
                delay_ms=delay_ms,
            )  # fmt: skip
        except OtherRequestError:
            raise other_body() from None
        except RequestRefusedError as error:
            if error.code == "unknown-field" and (ours := _OUR_NAMES.get(error.field or "")):
                text = f"{error.field} is called {ours} here: /sdapi/v1 takes A1111's own names"
                raise RequestRefusedError(text, code=error.code, field=error.field) from None
            raise
        job = await self._queue.job(job_id)
        if job is None:
            raise Problem(http.HTTPStatus.SERVICE_UNAVAILABLE, "Forgotten", "the job is no longer known")
        return web.json_response(
            await self._view(job), status=http.HTTPStatus.ACCEPTED, headers={"Location": f"{JOBS}/{job_id}"}
        )

    async def list(self, request: web.Request) -> web.Response:
        """The caller's jobs, newest first: those in a `state`, several with commas between; `limit` at once.

        `next` is the `cursor` of the next page, null at the end. A page with a next one may be short, or empty.
        """
        page = await self._queue.page_of(
            request[CALLER].owner, limit=limit_of(request, default=LIST_LIMIT, most=LIST_MAX), states=_states(request),
            cursor=request.query.get("cursor"),
        )  # fmt: skip
        waiting = [job.id for job in page.jobs if job.state is State.WAITING]
        places = await self._queue.standings(waiting) if waiting else {}
        shown = [job_view(job, *places.get(job.id, (None, False))) for job in page.jobs]
        return web.json_response({"jobs": shown, "next": page.next})

    async def show(self, request: web.Request) -> web.Response:
        """A job of the caller's."""
        return web.json_response(await self._view(await self._own(request)))

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancels a job of the caller's; 409 when it had ended."""
        job = await self._own(request)
        outcome = await self._queue.cancel(job.id)
        if outcome in ("done", "failed"):
            raise Problem(http.HTTPStatus.CONFLICT, "Ended", f"the job is {outcome} already")
        return web.json_response({"id": job.id, "state": outcome})

    async def image(self, request: web.Request) -> web.Response:
        """One picture's bytes, as the WebUI made it."""
        job = await self._own(request)
        images = await self._queue.pictures(job)
        index = int(request.match_info["index"])
        image = images[index] if index < len(images) else None
        if image is None or job.result is None:
            raise Problem(http.HTTPStatus.NOT_FOUND, "NotFound", "no such picture, or no longer stored")
        return web.Response(body=image, content_type=f"image/{job.result.pictures[index].format}")

    async def preview(self, request: web.Request) -> web.Response:
        """The newest preview of a running job; 404 while there is none."""
        job = await self._own(request)
        preview = await self._queue.preview(job.id)
        if preview is None:
            raise Problem(http.HTTPStatus.NOT_FOUND, "NotFound", "there is no preview now")
        return web.Response(body=preview, content_type=f"image/{format_of(preview)}")

    async def queue(self, request: web.Request) -> web.Response:
        """Depth by state, oldest wait, what is paused, workers; inner addresses and others' jobs for admins alone."""
        depth, workers = await self._queue.depth(), await self._queue.workers()
        pauses = await self._queue.admin.pauses()
        owner = request[CALLER].owner
        if request[CALLER].is_admin:
            return web.json_response(queue_view(depth, workers, pauses))
        running = [await self._queue.job(worker.job) for worker in workers if worker.job]
        own = {job.id for job in running if job and job.owner == owner}
        return web.json_response(public_queue_view(depth, workers, pauses, own))

    async def _own(self, request: web.Request) -> Job:
        """The job that the path names. Another's job is as unknown as none."""
        job = await self._queue.job(request.match_info["id"])
        if job is None or job.owner != request[CALLER].owner:
            raise Problem(http.HTTPStatus.NOT_FOUND, "NotFound", "no such job")
        return job

    async def _view(self, job: Job) -> dict[str, Any]:
        return job_view(job, *await standing(self._queue, job))


def _states(request: web.Request) -> tuple[State, ...]:
    """Of `state` in the query, which may be given several times."""
    given = ",".join(request.query.getall("state", ()))
    names = [name.strip() for name in given.split(",") if name.strip()]
    for name in names:
        if name not in tuple(State):
            raise RequestRefusedError(
                f"state {name[:60]!r} is none: use {', '.join(State)}, several with commas between", field="state"
            )
    return tuple(State(name) for name in dict.fromkeys(names))


def _delay_ms(given: object) -> int:
    if given is None:
        return 0
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= DELAY_MAX_S:
        raise RequestRefusedError(
            f"delay_s is {given!r}: it must be between 0 and {DELAY_MAX_S} seconds", field="delay_s"
        )
    return int(given * 1000)
