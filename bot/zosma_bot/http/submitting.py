"""What handlers share that take requests for pictures, or look at one's own jobs."""

from __future__ import annotations

import http
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from zosma_bot.http.auth import CALLER
from zosma_bot.http.bodies import read_object
from zosma_bot.http.models import SubmitOptions
from zosma_bot.http.problems import Problem
from zosma_queue.client import Queue
from zosma_queue.errors import RequestRefusedError
from zosma_queue.job import Job
from zosma_queue.validation import malformed, problems_of

M = TypeVar("M", bound=BaseModel)

#: A1111's names, for whoever takes this API for its.
_OUR_NAMES = {
    "sampler_name": "sampler", "sampler_index": "sampler", "n_iter": "count", "batch_size": "count",
    "hr_scale": "hires.scale", "hr_upscaler": "hires.upscaler", "hr_second_pass_steps": "hires.steps",
    "enable_hr": "hires", "denoising_strength": "hires.denoise or img2img.denoising_strength",
    "init_images": "img2img.image", "mask": "img2img.mask", "sd_model_checkpoint": "checkpoint", "sd_vae": "vae",
    "CLIP_stop_at_last_layers": "clip_skip", "override_settings": "checkpoint, vae and clip_skip",
    "alwayson_scripts": "a1111.alwayson_scripts", "restore_faces": "a1111.restore_faces", "tiling": "a1111.tiling",
}  # fmt: skip


@contextmanager
def hinted() -> Iterator[None]:
    """Has the refusal of a field that A1111 knows say what it is called here."""
    try:
        yield
    except RequestRefusedError as error:
        if error.code == "unknown-field" and (ours := _OUR_NAMES.get(error.field or "")):
            text = f"{error.field} is called {ours} here: /sdapi/v1 takes A1111's own names"
            raise RequestRefusedError(
                text, code=error.code, field=error.field, hint=f"send {ours} instead of {error.field}"
            ) from None
        raise


def read_options(body: dict[str, Any]) -> SubmitOptions:
    """Takes out of a body what a submit takes beside the request.

    Raises:
      RequestRefusedError: when one of it is wrong; names it.
    """
    return checked(SubmitOptions, {name: body.pop(name) for name in SubmitOptions.model_fields if name in body})


def checked(model: type[M], fields: dict[str, Any]) -> M:
    """What a body says.

    Raises:
      RequestRefusedError: when a field is missing, unknown or wrong; names it.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = problems_of(error)[0]
        if first.kind == "missing":
            raise RequestRefusedError(detail="is missing", code="missing", field=first.field) from None
        if first.kind == "extra_forbidden":
            known = ", ".join(model.model_fields)
            raise RequestRefusedError(
                f"{first.field} is no field here: {known} {'is' if len(model.model_fields) == 1 else 'are'}",
                code="unknown-field",
                field=first.field,
            ) from None
        raise malformed(first) from None


async def read_model(request: web.Request, model: type[M]) -> M:
    """What the body of a request says.

    Raises:
      RequestRefusedError: when a field is missing, unknown or wrong; names it.
    """
    return checked(model, await read_object(request))


async def own_job(queue: Queue, request: web.Request) -> Job:
    """The job that the path names. Another's job is as unknown as none.

    Raises:
      Problem: 404 when the caller has no such job.
    """
    job = await queue.job(request.match_info["id"])
    if job is None or job.owner != request[CALLER].owner:
        raise Problem(http.HTTPStatus.NOT_FOUND, "NotFound", "no such job")
    return job
