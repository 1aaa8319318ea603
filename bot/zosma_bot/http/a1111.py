"""`/sdapi/v1/*`: the fleet as if it were one AUTOMATIC1111 WebUI.

What a real one has once for everybody (progress, interrupt, options), each caller has for themselves here.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import hdrs, web

from zosma_bot.http import problems
from zosma_bot.http.a1111_answers import IDLE, echo, info, interrupted_info, progress_view, task_view
from zosma_bot.http.a1111_fields import DETECT, IMG2IMG, INTERROGATE, TASK, TXT2IMG, UPSCALE, read_fields
from zosma_bot.http.a1111_options import FORMAT, answer_format
from zosma_bot.http.auth import CALLER
from zosma_bot.http.bodies import PICTURES_MAX_BYTES, done_with_body, read_object
from zosma_bot.http.choices import Choices, options_view
from zosma_bot.http.idempotency import Named, named_by, other_body
from zosma_bot.http.key_ring import LOCAL
from zosma_bot.http.last_fleet import LastFleet
from zosma_bot.http.lists import check_controlnet, upscaler_names
from zosma_bot.http.negotiation import remade
from zosma_bot.http.picture_json import one_picture_answer, picture_answer
from zosma_bot.http.translate import (
    detect_fields,
    img2img_fields,
    in_a1111s_words,
    interrogate_fields,
    txt2img_fields,
    upscale_fields,
)
from zosma_bot.http.views import standing
from zosma_bot.http.waiting import PATIENCE_MS, Blocked, wait_for_end, wait_for_worker
from zosma_bot.http.wanted import LEASE_S, Wanted
from zosma_bot.hub import Hub
from zosma_bot.inputs import submit_with_pictures
from zosma_queue import tracing
from zosma_queue.calls import Skipped
from zosma_queue.client import Queue, new_job_id
from zosma_queue.errors import OtherRequestError, QueueUnavailableError
from zosma_queue.job import Job, Result, State
from zosma_queue.needs import CONTROLNET
from zosma_queue.tasks import end

log = logging.getLogger(__name__)

#: Pictures that one body may have for as many jobs: of extra-batch-images, or of ControlNet's detect.
BATCH_MAX = 16


class A1111:
    """The handlers, over one queue."""

    def __init__(self, queue: Queue, hub: Hub, fleet: LastFleet, wanted: Wanted) -> None:
        self._queue = queue
        self._hub = hub
        self._fleet = fleet
        self._wanted = wanted
        self._choices = Choices(queue)
        self._blocked = Blocked()
        #: Jobs that their caller has interrupted → the picture as far as it was.
        self._interrupted: dict[str, bytes | None] = {}

    def routes(self) -> list[web.RouteDef]:
        """What this part answers."""
        base = "/sdapi/v1"
        return [
            web.post(f"{base}/txt2img", self.txt2img),
            web.get(f"{base}/progress", self.progress),
            web.post(f"{base}/interrupt", self.interrupt),
            web.get(f"{base}/options", self.options),
            web.post(f"{base}/options", self.set_options),
            web.post(f"{base}/img2img", self.img2img),
            web.post(f"{base}/extra-single-image", self.upscale),
            web.post(f"{base}/extra-batch-images", self.upscale_batch),
            web.post(f"{base}/interrogate", self.interrogate),
            web.post(f"/{CONTROLNET}/detect", self.detect),
            web.post(f"{base}/skip", self.skip),
            web.post("/internal/progress", self.task_progress),
            web.get("/internal/pending-tasks", self.pending_tasks),
        ]

    async def txt2img(self, request: web.Request) -> web.Response:
        """Blocks until the pictures are there."""
        body = await read_object(request, PICTURES_MAX_BYTES)  # scripts take some
        with in_a1111s_words():
            given, named = read_fields(body, TXT2IMG), await named_by(request, body, "sdapi")
            body.clear()
            chosen = await self._chosen(request)
            fields, format_ = txt2img_fields(given, chosen), _format(given, chosen)
            job_id = await self._submit(request, fields, named)
        return await self._generated(request, given, TXT2IMG, job_id, format_)

    async def img2img(self, request: web.Request) -> web.Response:
        """Blocks until the pictures made from another are there. That one is sent as its bytes, never as an address."""
        body = await read_object(request, PICTURES_MAX_BYTES)
        if not body.get("init_images"):
            raise problems.Problem(404, "HTTPException", "Init image not found", field="init_images")
        with in_a1111s_words():
            given, named = read_fields(body, IMG2IMG), await named_by(request, body, "sdapi")
            chosen = await self._chosen(request)
            fields, format_ = img2img_fields(given, chosen), _format(given, chosen)
            body.clear()
            if not given.get("include_init_images"):
                # As A1111 answers. They also take memory for as long as the client waits.
                given.pop("init_images")
                given.pop("mask", None)
            job_id = await self._submit(request, fields, named)
        return await self._generated(request, given, IMG2IMG, job_id, format_)

    async def upscale(self, request: web.Request) -> web.Response:
        """Makes a picture larger."""
        body = await read_object(request, PICTURES_MAX_BYTES)
        [image] = await self._enlarged(request, body, [body.pop("image", "")])
        return one_picture_answer("image", image, {"html_info": ""})

    async def upscale_batch(self, request: web.Request) -> web.Response:
        """Makes several pictures larger, each as a job of its own."""
        body = await read_object(request, PICTURES_MAX_BYTES)
        listed = body.pop("imageList", None)
        if not isinstance(listed, list) or not 0 < len(listed) <= BATCH_MAX:
            raise problems.Problem(
                422, "ValidationError", f"imageList must be a list of 1 to {BATCH_MAX} pictures", field="imageList"
            )
        images = [one.get("data", "") if isinstance(one, dict) else "" for one in listed]
        listed.clear()  # the client waits for minutes, and so would the bytes
        return picture_answer("images", await self._enlarged(request, body, images), {"html_info": ""})

    async def interrogate(self, request: web.Request) -> web.Response:
        """Blocks until a worker's WebUI has found words for the picture."""
        body = await read_object(request, PICTURES_MAX_BYTES)
        with in_a1111s_words():
            fields = interrogate_fields(read_fields(body, INTERROGATE))
            body.clear()
            await wait_for_worker(request, self._fleet)
            job_id = await self._submit(request, fields)
        _, result, _ = await self._made(request, job_id)
        return web.json_response({"caption": result.caption})

    async def detect(self, request: web.Request) -> web.Response:
        """Blocks until one of ControlNet's preprocessors has looked at the pictures, each as a job of its own."""
        body = await read_object(request, PICTURES_MAX_BYTES)
        await wait_for_worker(request, self._fleet)
        check_controlnet(await self._fleet.catalogue())
        with in_a1111s_words():
            given = read_fields(body, DETECT)
            body.clear()
            images, masks = (_listed(given, f"controlnet_{name}") for name in ("input_images", "masks"))
            if not images:
                raise problems.Problem(422, "HTTPException", "No image selected", field="controlnet_input_images")
            pairs = list(itertools.zip_longest(images, masks[: len(images)]))
            for listed in (images, masks):
                listed.clear()  # the client waits for minutes, and so would the bytes
            made = await self._each(request, pairs, lambda pair: detect_fields(given, *pair))
        poses = [result.pose for _, result, _ in made if result.pose is not None]
        rest = {"info": "Success", **({"poses": poses} if poses else {})}
        return picture_answer("images", [pictures[0] for _, _, pictures in made], rest)

    async def _enlarged(self, request: web.Request, body: Mapping[str, Any], images: list[Any]) -> list[bytes]:
        """The pictures made larger as the body says."""
        with in_a1111s_words():
            settings = read_fields(body, UPSCALE)
            made = await self._each(request, images, lambda image: upscale_fields({**settings, "image": image}))
        return [pictures[0] for _, _, pictures in made]

    async def _each(
        self, request: web.Request, sent: list[Any], fields_of: Callable[[Any], dict[str, Any]]
    ) -> list[tuple[Job, Result, list[bytes]]]:
        """What became of each of the pictures in a body, whose list is empty then: as many jobs, all or none."""
        await wait_for_worker(request, self._fleet)
        jobs: list[str] = []
        try:
            while sent:
                jobs.append(await self._submit(request, fields_of(sent.pop(0))))
        except BaseException:
            for job_id in jobs:
                await self._wanted.drop(job_id, ended=False)
            raise
        await done_with_body(request)
        making = [asyncio.create_task(self._made(request, job_id)) for job_id in jobs]
        try:
            return await asyncio.gather(*making)
        except BaseException:
            await end(*making)  # nobody will see the others
            raise

    async def _chosen(self, request: web.Request) -> dict[str, Any]:
        """What goes for the caller where a request names nothing; waits for a worker, if there is none."""
        await wait_for_worker(request, self._fleet)
        catalogue = await self._fleet.catalogue()
        return {**await self._choices.of(request[CALLER].owner, catalogue), "upscalers": upscaler_names(catalogue)}

    async def _submit(self, request: web.Request, fields: dict[str, Any], named: Named | None = None) -> str:
        """The id of the job, which this request's connection waits for from now on."""
        job_id, digest = (await self._unless_cancelled(named), named.digest) if named else (new_job_id(), "")
        self._wanted.add(job_id)
        try:
            return await submit_with_pictures(
                self._queue, fields, request[CALLER], job_id=job_id, digest=digest, patience_ms=PATIENCE_MS,
                worded=False, wanted_s=LEASE_S,
            )  # fmt: skip
        except OtherRequestError:
            await self._wanted.disown(job_id)
            raise other_body() from None
        except BaseException:
            await self._wanted.drop(job_id, ended=False)
            raise
        finally:
            if not (fields.get("upscale") or fields.get("detect")):  # there may be more pictures in this body
                await done_with_body(request)

    async def _unless_cancelled(self, named: Named) -> str:
        """The job of an Idempotency-Key. One that ended with its client's connection is not what a retry wants."""
        for job_id in named.ids():
            job = await self._queue.job(job_id)
            if job is None or job.state is not State.CANCELLED:
                return job_id
        return new_job_id()

    async def _generated(
        self, request: web.Request, given: Mapping[str, Any], table: Mapping[str, tuple[str, Any]], job_id: str,
        format_: str,
    ) -> web.Response:  # fmt: skip
        marking = None
        try:
            job, result, images = await self._read(request, job_id, given.get("force_task_id") or "")
            if format_ != "png":
                images = await _in_format(format_, images, result, job.owner)
            marking = asyncio.create_task(self._marked(job))  # begins once the answer is on its way
            told = info(result, given, job.request)
        except _InterruptedError as stopped:
            job, images = stopped.job, []
            if stopped.picture and job.request:  # a small one, while clients rely on the size that they asked for
                images = [await remade(stopped.picture, "png", who=job.owner, exact=job.request.output_size)]
            told = interrupted_info(job, len(images))
        rest = {"parameters": echo(given, table, job), "info": json.dumps(told)}
        if images and given.get("send_images", True):
            return picture_answer("images", images, rest, meanwhile=marking)
        if marking:
            await marking
        return picture_answer("images", [], rest)

    async def _marked(self, job: Job) -> None:
        """Notes that a job's end has been shown; its client has the pictures also where Redis is away by now."""
        try:
            await self._queue.mark_delivered(job)
        except QueueUnavailableError as error:
            log.warning("job %s: its answer went out, but that can't be noted: %s", job.id, error)

    async def _made(self, request: web.Request, job_id: str) -> tuple[Job, Result, list[bytes]]:
        """The finished job, what came of it and its pictures' bytes, once it is noted that its end has been shown."""
        try:
            job, result, images = await self._read(request, job_id)
        except _InterruptedError as stopped:  # half of it is nothing
            raise problems.of_job(stopped.job) from None
        await self._marked(job)
        return job, result, images

    async def _read(self, request: web.Request, job_id: str, task: str = "") -> tuple[Job, Result, list[bytes]]:
        """The finished job, what came of it and its pictures' bytes. `task`: what its client calls it."""
        ended = False
        try:
            with self._blocked.on(_client(request), job_id, program=_program(request), task=task):
                job = await wait_for_end(request, self._queue, self._hub, job_id)
            ended = True
            if job.state is State.CANCELLED and job_id in self._interrupted:
                await self._queue.mark_delivered(job)
                raise _InterruptedError(job, self._interrupted[job_id])
        finally:
            self._interrupted.pop(job_id, None)
            # Hung up, given up, or the process stops: nobody would see the picture.
            await self._wanted.drop(job_id, ended=ended)
        if job.state is not State.DONE or job.result is None or job.missing:
            raise problems.of_job(job)  # A1111 has no way to say that some are missing
        with tracing.span("deliver"):
            images = await self._queue.pictures(job)
        if None in images:
            await self._marked(job)
            raise problems.Problem(503, "Expired", "the pictures are no longer stored: ask again")
        self._queue.on_delivered("sdapi")
        return job, job.result, [image for image in images if image]

    async def _current(self, request: web.Request) -> Job | None:
        """The client's own job that runs, else the one that has waited longest."""
        jobs = [await self._queue.job(job_id) for job_id in self._blocked.of(_client(request), _program(request))]
        open_jobs = [job for job in jobs if job and not job.state.ended]
        return next((job for job in open_jobs if job.state is State.RUNNING), next(iter(open_jobs), None))

    async def progress(self, request: web.Request) -> web.Response:
        """About the client's own running job."""
        with_image = request.query.get("skip_current_image", "false").casefold() not in ("true", "1", "yes", "on")
        job = await self._current(request)
        if job is None:
            return web.json_response(IDLE)
        preview = await self._queue.preview(job.id) if with_image and job.state is State.RUNNING else None
        return web.json_response(progress_view(job, preview, *await standing(self._queue, job)))

    async def task_progress(self, request: web.Request) -> web.Response:
        """About the client's own request of a name (`force_task_id`), as A1111's page asks."""
        asked = read_fields(await read_object(request), TASK)
        client, task = _client(request), asked.get("id_task", "")
        job_id = self._blocked.called(client, task)
        job = await self._queue.job(job_id) if job_id else None
        preview, line = None, None
        if job and job.state is State.RUNNING and asked.get("live_preview", True):
            preview = await self._queue.preview(job.id)
        elif job:
            line = progress_view(job, None, *await standing(self._queue, job))["textinfo"]
        view = task_view(job, preview, line, has_ended=self._blocked.has_ended(client, task))
        if view["id_live_preview"] == asked.get("id_live_preview"):
            view["live_preview"] = None  # the client has it
        return web.json_response(view)

    async def pending_tasks(self, request: web.Request) -> web.Response:
        """The names of the client's own requests."""
        tasks = self._blocked.tasks_of(_client(request))
        return web.json_response({"size": len(tasks), "tasks": tasks})

    async def interrupt(self, request: web.Request) -> web.Response:
        """Ends the client's own running job, with the picture as far as it is. All other jobs go on."""
        job = await self._current(request)
        if job:
            picture = await self._queue.preview(job.id)
            if job.id in self._blocked.of(_client(request), _program(request)):  # else nobody would take it out again
                self._interrupted[job.id] = picture
            await self._queue.cancel(job.id)
        return web.json_response({})

    async def skip(self, request: web.Request) -> web.Response:
        """Ends the picture that the client's own job is at; it goes on with the next, and answers with all of them.

        Where the WebUI can't, and there is no next, the job is interrupted.
        """
        job = await self._current(request)
        outcome = await self._queue.skip(job.id) if job else None
        if job and job.request and outcome is Skipped.UNABLE and job.request.count == 1:
            await self.interrupt(request)
        return web.json_response(None)

    async def options(self, request: web.Request) -> web.Response:
        """The few options that mean something for a fleet, as they go for the caller's next request."""
        catalogue = await self._fleet.catalogue()
        return web.json_response(options_view(catalogue, await self._choices.of(request[CALLER].owner, catalogue)))

    async def set_options(self, request: web.Request) -> web.Response:
        """Sets the caller's own checkpoint, clip skip and VAE."""
        body = await read_object(request)
        with in_a1111s_words(options=True):
            await self._choices.set(request[CALLER].owner, body, await self._fleet.catalogue())
        return web.json_response(None)


class _InterruptedError(Exception):
    """Raised when a job ended because its own client interrupted it."""

    def __init__(self, job: Job, picture: bytes | None) -> None:
        super().__init__(job.id)
        self.job = job
        self.picture = picture


def _listed(given: Mapping[str, Any], name: str) -> list[Any]:
    """A list of pictures out of a body; the pictures themselves are looked at one by one."""
    listed = given.get(name) or []
    if not isinstance(listed, list) or len(listed) > BATCH_MAX:
        raise problems.Problem(
            422, "ValidationError", f"{name} must be a list of at most {BATCH_MAX} pictures", field=name
        )
    return listed


def _format(given: Mapping[str, Any], chosen: Mapping[str, Any]) -> str:
    """In which format the client wants its pictures: as it says in this request, else as it has chosen before."""
    asked = (given.get("override_settings") or {}).get(FORMAT)
    return answer_format(asked, f"override_settings.{FORMAT}") if asked else str(chosen["format"])


async def _in_format(format_: str, images: list[bytes], result: Result, who: str) -> list[bytes]:
    return [
        image if made.format == format_ else await remade(image, format_, who=who, told=made.parameters)
        for image, made in zip(images, result.pictures, strict=True)
    ]


def _program(request: web.Request) -> str:
    """What its client's program calls itself: several may run on one machine, or share a key."""
    return request.headers.get(hdrs.USER_AGENT, "")[:200]


def _client(request: web.Request) -> str:
    """Whose progress and interrupt it is: the key's holder's; where no keys are set, each address's."""
    owner = request[CALLER].owner
    return f"{owner} {request.remote}" if owner == LOCAL.owner else owner
