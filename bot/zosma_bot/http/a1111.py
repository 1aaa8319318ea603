"""`/sdapi/v1/*`: the fleet as if it were one AUTOMATIC1111 WebUI.

What a real one has once for everybody (progress, interrupt, options), each caller has for themselves here.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from aiohttp import web

from zosma_bot.http import problems
from zosma_bot.http.auth import CALLER
from zosma_bot.http.bodies import PICTURES_MAX_BYTES, read_object
from zosma_bot.http.translate import img2img_fields, in_a1111s_words, txt2img_fields, upscale_fields
from zosma_bot.http.views import standing
from zosma_bot.http.waiting import PATIENCE_MS, Blocked, wait_for_end
from zosma_bot.hub import Hub
from zosma_bot.inputs import request_with_pictures
from zosma_queue.catalogue import Catalogue
from zosma_queue.client import Queue
from zosma_queue.job import Job, Result, State
from zosma_queue.request import Request, parse_request

#: A1111 answers `progress` with this state when nothing runs.
_IDLE_STATE = {
    "skipped": False, "interrupted": False, "stopping_generation": False, "job": "", "job_count": 0,
    "job_timestamp": "0", "job_no": 0, "sampling_step": 0, "sampling_steps": 0,
}  # fmt: skip


class A1111:
    """The handlers of A1111's API, over one queue."""

    def __init__(self, queue: Queue, hub: Hub) -> None:
        self._queue = queue
        self._hub = hub
        self._blocked = Blocked()
        #: owner → the checkpoint that they set by POST options. Kept in memory: a client sets it again when it starts.
        self._chosen: dict[str, str] = {}

    def routes(self) -> list[web.RouteDef]:
        """The routes of A1111's API."""
        base = "/sdapi/v1"
        return [
            web.post(f"{base}/txt2img", self.txt2img),
            web.get(f"{base}/progress", self.progress),
            web.post(f"{base}/interrupt", self.interrupt),
            web.get(f"{base}/options", self.options),
            web.post(f"{base}/options", self.set_options),
            web.post(f"{base}/img2img", self.img2img),
            web.post(f"{base}/extra-single-image", self.upscale),
            web.post(f"{base}/skip", self.skip),
        ]

    async def txt2img(self, request: web.Request) -> web.Response:
        """A1111's txt2img: answers when the pictures are there."""
        body = await read_object(request)
        with in_a1111s_words():
            wanted = parse_request(txt2img_fields(body, self._chosen.get(request[CALLER].owner)))
        return await self._generated(request, body, wanted)

    async def img2img(self, request: web.Request) -> web.Response:
        """A1111's img2img: waits like txt2img; the picture comes as bytes, never as an address."""
        body = await read_object(request, PICTURES_MAX_BYTES)
        if body.get("init_images") is None:
            raise problems.Problem(404, "HTTPException", "Init image not found", field="init_images")
        with in_a1111s_words():
            fields = img2img_fields(body, self._chosen.get(request[CALLER].owner))
            wanted = await request_with_pictures(self._queue, fields, request[CALLER].owner)
        answered = {**body, "init_images": None, "mask": None}  # as A1111 does, unless it is asked for them
        return await self._generated(request, answered, wanted)

    async def upscale(self, request: web.Request) -> web.Response:
        """Makes a picture larger."""
        body = await read_object(request, PICTURES_MAX_BYTES)
        with in_a1111s_words():
            wanted = await request_with_pictures(self._queue, upscale_fields(body), request[CALLER].owner)
        _, _, images = await self._made(request, wanted)
        return web.json_response({"html_info": "", "image": b64encode(images[0]).decode()})

    async def _generated(self, request: web.Request, body: dict[str, Any], wanted: Request) -> web.Response:
        job, result, images = await self._made(request, wanted)
        return web.json_response(
            {
                "images": [b64encode(image).decode() for image in images] if body.get("send_images", True) else [],
                "parameters": _echo(body, job),
                "info": json.dumps(_info(result)),
            }
        )

    async def _made(self, request: web.Request, wanted: Request) -> tuple[Job, Result, list[bytes]]:
        """The finished job, what came of it and its pictures' bytes."""
        caller = request[CALLER]
        job_id = await self._queue.submit(wanted, caller, patience_ms=PATIENCE_MS)
        with self._blocked.on(caller.owner, job_id):
            job = await wait_for_end(request, self._queue, self._hub, job_id)
        if job.state is not State.DONE or job.result is None:
            raise problems.of_job(job)
        images = await self._queue.pictures(job)
        await self._queue.mark_delivered(job)
        if None in images:
            raise problems.Problem(503, "Expired", "the pictures are no longer stored: ask again")
        return job, job.result, [image for image in images if image]

    async def progress(self, request: web.Request) -> web.Response:
        """A1111's progress, of the caller's own newest job."""
        with_image = request.query.get("skip_current_image", "false").casefold() not in ("true", "1", "yes", "on")
        job_ids = self._blocked.of(request[CALLER].owner)
        job = await self._queue.job(job_ids[-1]) if job_ids else None
        if job is None or job.state.ended:
            return web.json_response(
                {"progress": 0.0, "eta_relative": 0.0, "state": _IDLE_STATE, "current_image": None, "textinfo": None}
            )
        preview = await self._queue.preview(job.id) if with_image and job.state is State.RUNNING else None
        place, paused = await standing(self._queue, job)
        steps = job.request.steps if job.request else 0
        state = {**_IDLE_STATE, "job": job.id, "job_count": 1, "sampling_steps": steps,
                 "sampling_step": int(steps * (job.progress or 0))}  # fmt: skip
        return web.json_response(
            {
                "progress": job.progress or 0.0,
                "eta_relative": job.eta_s or 0.0,
                "state": state,
                "current_image": b64encode(preview).decode() if preview else None,
                "textinfo": "Paused by an admin" if paused else f"In queue: {place.position}" if place else None,
            }
        )

    async def interrupt(self, request: web.Request) -> web.Response:
        """Cancels the caller's own jobs, and nobody else's."""
        for job_id in self._blocked.of(request[CALLER].owner):
            await self._queue.cancel(job_id)
        return web.json_response({})

    async def skip(self, request: web.Request) -> web.Response:
        """As interrupt: a part of a job can't be skipped from afar."""
        await self.interrupt(request)
        return web.json_response(None)

    async def options(self, request: web.Request) -> web.Response:
        """The few options that mean something for a fleet."""
        catalogue = await self._queue.catalogue()
        return web.json_response(_options(catalogue, self._chosen.get(request[CALLER].owner)))

    async def set_options(self, request: web.Request) -> web.Response:
        """Honours `sd_model_checkpoint`, for the caller alone.

        Clients post the whole object back, so all else is let be.
        """
        body = await read_object(request)
        wanted = body.get("sd_model_checkpoint")
        if wanted:
            checkpoint = (await self._queue.catalogue()).checkpoint(str(wanted))
            self._chosen[request[CALLER].owner] = checkpoint.name
        return web.json_response(None)


def _options(catalogue: Catalogue, chosen: str | None) -> dict[str, Any]:
    loaded = [one for one in catalogue.checkpoints if one.name in catalogue.loaded]
    current = next((one for one in catalogue.checkpoints if one.name == chosen), None)
    current = current or next(iter([*loaded, *catalogue.checkpoints]), None)
    return {
        "sd_model_checkpoint": current.title if current else None,
        "sd_checkpoint_hash": current.hash if current else None,
        "samples_format": "png",
        "CLIP_stop_at_last_layers": 1,
        "sd_vae": "Automatic",
    }


def _echo(body: dict[str, Any], job: Job) -> dict[str, Any]:
    """The request's own fields with what they came to."""
    asked = job.request
    if asked is None:
        return body
    return {
        **body,
        "prompt": asked.prompt,
        "negative_prompt": asked.negative_prompt,
        "width": asked.width,
        "height": asked.height,
        "steps": asked.steps,
        "cfg_scale": asked.cfg_scale,
        "seed": asked.seed,
        "sampler_name": asked.sampler,
        "scheduler": asked.scheduler or "Automatic",
        "subseed": asked.subseed,
        "styles": list(asked.styles),
    }


def _info(result: Result) -> dict[str, Any]:
    """A1111's `info`, as the worker completed it, true to the pictures that are sent."""
    return {
        **result.info,
        "index_of_first_image": 0,
        "all_seeds": [picture.seed for picture in result.pictures],
        "infotexts": [picture.parameters for picture in result.pictures],
    }
