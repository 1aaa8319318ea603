"""`/api/v1/jobs`: one's own jobs. Submit, and come back for the pictures or hear of them (events.py)."""

from __future__ import annotations

import builtins
import http
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any

from aiohttp import hdrs, web
from pydantic import Field

from zosma_bot.http.auth import CALLER
from zosma_bot.http.bodies import PICTURES_MAX_BYTES, read_object
from zosma_bot.http.described import INDEX, INDEX_PATTERN, JOB_ID, PICTURE_MEDIA, Answer, Endpoint, Parameter, routes_of
from zosma_bot.http.idempotency import HEADER as IDEMPOTENCY_KEY
from zosma_bot.http.idempotency import MAX_CHARS as KEY_MAX_CHARS
from zosma_bot.http.idempotency import Named, named_by, other_body
from zosma_bot.http.models import EXAMPLE_JOB, Cancelled, JobList, JobView, NewJob, SubmitOptions, WebhookSecret
from zosma_bot.http.negotiation import Negotiator
from zosma_bot.http.problems import Problem
from zosma_bot.http.queries import limit_of
from zosma_bot.http.submitting import hinted, own_job, read_options
from zosma_bot.http.views import JOBS, job_view, standing
from zosma_bot.inputs import submit_with_pictures
from zosma_bot.webhooks import WebhookSender
from zosma_queue.client import Queue, new_job_id
from zosma_queue.errors import OtherRequestError, QueueUnavailableError, RequestRefusedError
from zosma_queue.job import Job, State
from zosma_queue.needs import Lane
from zosma_queue.picture_headers import format_of

#: Jobs of one page.
LIST_LIMIT, LIST_MAX = 50, 200
THUMBNAIL_MIN_PX, THUMBNAIL_MAX_PX = 16, 2048
#: A picture under its address stays the same until its job gets a new life by an admin.
PICTURE_AGE_S = 3600
_Limit = Annotated[int, Field(ge=1, le=LIST_MAX)]
_Size = Annotated[int, Field(ge=THUMBNAIL_MIN_PX, le=THUMBNAIL_MAX_PX)]
_Key = Annotated[str, Field(min_length=1, max_length=KEY_MAX_CHARS)]
_KEY = Parameter(
    name=IDEMPOTENCY_KEY, where="header",
    told="The same key of the same caller is the same job: try again with it.", type=_Key,
)  # fmt: skip
_ETAG = {"ETag": "For If-None-Match.", "Cache-Control": "How long it may be kept.", "Vary": "Accept."}
_LOCATION = {"Location": "Path of the job."}


class Jobs:
    """The handlers of the API for one's own jobs, over one queue."""

    def __init__(self, queue: Queue, webhooks: WebhookSender, forms: Negotiator) -> None:
        self._queue = queue
        self._webhooks = webhooks
        self._forms = forms

    def routes(self) -> list[web.RouteDef]:
        """The routes of the API for one's own jobs."""
        return routes_of(self.endpoints())

    def endpoints(self) -> builtins.list[Endpoint]:
        """What it answers to."""
        return [
            Endpoint(
                method="POST", path=JOBS, handler=self.submit, name="submitJob", group="Jobs", scope="submit",
                told="Submit a job",
                more="Pictures to start from (`img2img.image`, `img2img.more_images`, `img2img.mask`,"
                " `upscale.image`), to put into words (`interrogate.image`) or to be looked at by a preprocessor of"
                " ControlNet's (`detect.image`, `detect.mask`) are sent as base64, never as addresses. A request for"
                " what no worker can do, or more than your limits allow, is refused at once. Try again with"
                " the same `Idempotency-Key` and the same body: it stays one job.",
                parameters=(_KEY,), body=NewJob, example=EXAMPLE_JOB, problems=(409,),
                answers={202: Answer(told="It is queued.", model=JobView, headers=_LOCATION)},
            ),
            Endpoint(
                method="GET", path=JOBS, handler=self.list, name="listJobs", group="Jobs", scope="read",
                told="List your jobs, newest first",
                parameters=(
                    Parameter(name="state", told="Only jobs in these states.", type=State, many=True),
                    Parameter(name="limit", told=f"Jobs of one page; {LIST_LIMIT} if left out.", type=_Limit),
                    Parameter(name="cursor", told="`next` of the page before."),
                ),
                problems=(422,), answers={200: Answer(told="A page.", model=JobList)},
            ),
            Endpoint(
                method="GET", path=JOBS + "/{id}", handler=self.show, name="getJob", group="Jobs", scope="read",
                told="A job of yours", parameters=(JOB_ID,), problems=(404,),
                answers={200: Answer(told="The job.", model=JobView)},
            ),
            Endpoint(
                method="DELETE", path=JOBS + "/{id}", handler=self.cancel, name="cancelJob", group="Jobs",
                scope="submit", told="Cancel a job of yours",
                more="A waiting one at once; a running one as soon as its GPU has stopped. Safe to repeat.",
                parameters=(JOB_ID,), problems=(404, 409),
                answers={200: Answer(told="It is cancelled, or will be.", model=Cancelled)},
            ),
            Endpoint(
                method="POST", path=JOBS + "/{id}/retry", handler=self.retry, name="retryJob", group="Jobs",
                scope="submit", told="Make a failed or cancelled job anew",
                more="The same request with the same seed is submitted once more and gets an id of its own. Limits hold"
                " as for any submit.",
                parameters=(JOB_ID, _KEY), problems=(404, 409, 422),
                answers={202: Answer(told="The new job.", model=JobView, headers=_LOCATION)},
            ),
            Endpoint(
                method="GET", path=JOBS + "/{id}/images/{index}", handler=self.image, name="getImage", group="Pictures",
                scope="read", told="A finished picture",
                more="As the WebUI made it, if `Accept` takes that; else made into the best of what it takes.",
                parameters=(
                    JOB_ID, INDEX,
                    Parameter(name="size", told="Make it no longer than so many pixels on a side.", type=_Size),
                    Parameter(name="Accept", where="header", told="`image/png`, `image/webp`, `image/jpeg`, …"),
                    Parameter(name="If-None-Match", where="header", told="ETag that you have."),
                ),
                patterns=INDEX_PATTERN, problems=(404, 406, 422),
                answers={
                    200: Answer(told="The picture.", media=PICTURE_MEDIA, headers=_ETAG),
                    304: Answer(told="It is the one that you have.", headers=_ETAG),
                },
            ),
            Endpoint(
                method="GET", path=JOBS + "/{id}/preview", handler=self.preview, name="getPreview", group="Pictures",
                scope="read", told="The newest preview of a running job", parameters=(JOB_ID,), problems=(404,),
                answers={200: Answer(told="The preview.", media=PICTURE_MEDIA)},
            ),
            Endpoint(
                method="GET", path="/api/v1/webhook-secret", handler=self.webhook_secret, name="getWebhookSecret",
                group="Events", scope="read", told="What signs your webhooks",
                answers={200: Answer(told="The secret.", model=WebhookSecret)},
            ),
        ]  # fmt: skip

    async def submit(self, request: web.Request) -> web.Response:
        """202 with the job."""
        body = await read_object(request, PICTURES_MAX_BYTES)
        named = await named_by(request, body)
        options = read_options(body)
        body = await self._queue.suited(body, request[CALLER])
        with hinted():
            job_id = await self._submitted(request, body, options, named)
            return await self._accepted(job_id, http.HTTPStatus.ACCEPTED)

    async def _submitted(
        self, request: web.Request, body: dict[str, Any], options: SubmitOptions, named: Named | None
    ) -> str:
        job_id, url = named.job_id if named else new_job_id(), options.webhook.url if options.webhook else None
        if url:
            self._webhooks.receivers.check(url)
        async with self._noted(job_id, url):
            return await submit_with_pictures(
                self._queue, body, request[CALLER], job_id=job_id, digest=named.digest if named else "",
                delay_ms=int((options.delay_s or 0) * 1000), run_at_ms=options.run_at_ms, lane=options.lane,
            )  # fmt: skip

    @asynccontextmanager
    async def _noted(self, job_id: str, webhook: str | None) -> AsyncIterator[None]:
        """Notes where the end of a job is told that the block submits, and forgets it when the job is not taken."""
        if webhook:
            await self._queue.webhooks.note(job_id, webhook)
        try:
            yield
        except RequestRefusedError as error:
            if webhook and await self._queue.job(job_id) is None:
                await self._queue.webhooks.drop(job_id)
            if isinstance(error, OtherRequestError):
                raise other_body() from None
            raise

    async def _accepted(self, job_id: str, status: int) -> web.Response:
        job = await self._queue.job(job_id)
        if job is None:
            raise Problem(http.HTTPStatus.SERVICE_UNAVAILABLE, "Forgotten", "the job is no longer known")
        return web.json_response(await self._view(job), status=status, headers={"Location": f"{JOBS}/{job_id}"})

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
        return web.json_response(await self._view(await own_job(self._queue, request)))

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancels a job of the caller's; 409 when it had ended."""
        job = await own_job(self._queue, request)
        outcome = await self._queue.cancel(job.id)
        if outcome in ("done", "failed"):
            raise Problem(http.HTTPStatus.CONFLICT, "Ended", f"the job is {outcome} already")
        if outcome == "unknown":
            raise Problem(http.HTTPStatus.NOT_FOUND, "NotFound", "no such job")
        return web.json_response({"id": job.id, "state": outcome})

    async def retry(self, request: web.Request) -> web.Response:
        """202 with a new job for the same request; 409 when the job has not failed, nor was cancelled."""
        job = await own_job(self._queue, request)
        if job.state not in (State.FAILED, State.CANCELLED):
            raise Problem(
                http.HTTPStatus.CONFLICT, "NotFailed", f"the job is {job.state}: only a failed or cancelled one is made"
                " anew",
            )  # fmt: skip
        if job.request is None:
            raise Problem(http.HTTPStatus.CONFLICT, "Unreadable", "what the job asked for can't be read any more")
        named = await named_by(request, {"retry": job.id}, "retry")
        job_id = named.job_id if named else new_job_id()
        hook = await self._queue.webhooks.get(job.id)
        async with self._noted(job_id, hook.url if hook else None):
            await self._queue.submit(
                job.request, request[CALLER], job_id=job_id, digest=named.digest if named else "",
                lane=Lane.RELAX if job.lane is Lane.RELAX else None,
            )  # fmt: skip
        return await self._accepted(job_id, http.HTTPStatus.ACCEPTED)

    async def image(self, request: web.Request) -> web.Response:
        """One picture's bytes: as the WebUI made it, or in the format and size that the client wants."""
        job = await own_job(self._queue, request)
        index = int(request.match_info["index"])
        if job.result is None or not job.state.ended or index >= len(job.result.pictures):
            raise _no_picture()
        size = _size(request)
        format_ = self._forms.choose(request.headers.getall("Accept", []), job.result.pictures[index].format, size)
        tag = f'"{job.id}.{job.result.attempt}.{index}.{format_}.{size or "full"}"'
        headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": f"private, max-age={PICTURE_AGE_S}"}
        if any(one.strip().removeprefix("W/") in (tag, "*") for one in _known_tags(request)):
            return web.Response(status=http.HTTPStatus.NOT_MODIFIED, headers=headers)
        data = await self._queue.picture(job, index)
        if data is None:
            raise _no_picture()
        if request.method == hdrs.METH_GET and size is None:
            with suppress(QueueUnavailableError):  # then it stays for longer
                await self._queue.note_fetched(job, index)
        made = await self._forms.made(tag, data, job.result.pictures[index].format, format_, size, who=job.owner)
        return web.Response(body=made, content_type=f"image/{format_}", headers=headers)

    async def preview(self, request: web.Request) -> web.Response:
        """The newest preview of a running job; 404 while there is none."""
        job = await own_job(self._queue, request)
        preview = await self._queue.preview(job.id)
        if preview is None:
            raise Problem(http.HTTPStatus.NOT_FOUND, "NotFound", "there is no preview now")
        headers = {"Cache-Control": "no-store"}
        return web.Response(body=preview, content_type=f"image/{format_of(preview)}", headers=headers)

    async def webhook_secret(self, request: web.Request) -> web.Response:
        """What signs the caller's webhooks; null where the operator has set one for all."""
        own = None if self._webhooks.receivers.secret else await self._webhooks.secret_of(request[CALLER].owner)
        return web.json_response({"secret": own}, headers={"Cache-Control": "no-store"})

    async def _view(self, job: Job) -> dict[str, Any]:
        return job_view(job, *await standing(self._queue, job))


def _no_picture() -> Problem:
    return Problem(http.HTTPStatus.NOT_FOUND, "NotFound", "no such picture, or no longer stored")


def _known_tags(request: web.Request) -> builtins.list[str]:
    return ",".join(request.headers.getall("If-None-Match", [])).split(",")


def _size(request: web.Request) -> int | None:
    given = request.query.get("size")
    if given is None:
        return None
    if given.isascii() and given.isdecimal() and len(given) <= len(str(THUMBNAIL_MAX_PX)):
        size = int(given)
        if THUMBNAIL_MIN_PX <= size <= THUMBNAIL_MAX_PX:
            return size
    raise RequestRefusedError(
        f"size is {given[:60]!r}: it must be between {THUMBNAIL_MIN_PX} and {THUMBNAIL_MAX_PX} pixels",
        code="malformed",
        field="size",
    )


def _states(request: web.Request) -> tuple[State, ...]:
    """Of `state` in the query, which may be given several times."""
    given = ",".join(request.query.getall("state", ()))
    names = [name.strip() for name in given.split(",") if name.strip()]
    for name in names:
        if name not in tuple(State):
            raise RequestRefusedError(
                f"state {name[:60]!r} is none: use {', '.join(State)}, several with commas between",
                code="unknown-state",
                field="state",
            )
    return tuple(State(name) for name in dict.fromkeys(names))
