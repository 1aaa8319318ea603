"""What A1111's answers hold: pictures in base64 among others, and an `info` that may be text, an object or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pybase64

from zosma_queue.errors import ErrorKind
from zosma_queue.fleet import Checkpoint
from zosma_queue.request import Request
from zosma_worker.backend import Checked
from zosma_worker.bounds import ANSWER_MARKS_MAX, bounded_json
from zosma_worker.errors import BadAnswer
from zosma_worker.verify import OnData, check, check_caption, check_detected, check_upscaled, joined
from zosma_worker.webui.controlnet import detected
from zosma_worker.webui.flavours import A1111, Flavour
from zosma_worker.webui.payload import Part

_A1111 = A1111()


def verify_all(
    parts: Sequence[Part],
    checkpoint: Checkpoint,
    flavour: Flavour,
    inputs: Mapping[str, bytes] | None = None,
    on_data: OnData | None = None,
) -> Checked:
    """The checked answers to all parts of a request, as one. Takes CPU time: call it in a thread.

    `on_data`: see `Order`.

    Raises:
      BadAnswer: for the first thing wrong.
    """
    return joined([_verify_part(part, checkpoint, flavour, inputs or {}, on_data) for part in parts])


def _verify_part(
    part: Part, checkpoint: Checkpoint, flavour: Flavour, inputs: Mapping[str, bytes], on_data: OnData | None
) -> Checked:
    upscale = part.request.upscale
    if part.request.interrogate:
        return check_caption(part.answer.get("caption") if isinstance(part.answer, dict) else None)
    if part.request.detect:
        image, pose = detected(part.answer)
        return check_detected(_bytes_of(image), part.request, flavour, pose)
    if not upscale:
        return verify(part.answer, part.request, checkpoint, flavour, inputs, on_data)
    if not isinstance(part.answer, dict):
        raise BadAnswer(ErrorKind.WEBUI_BROKEN, "the WebUI answered without pictures")
    data = _bytes_of(part.answer.get("image"))
    return check_upscaled(data, part.request, upscale, inputs.get(upscale.image, b""), flavour)


def verify(
    answer: Any,
    request: Request,
    checkpoint: Checkpoint,
    flavour: Flavour = _A1111,
    inputs: Mapping[str, bytes] | None = None,
    on_data: OnData | None = None,
) -> Checked:
    """The checked answer to one call for a request made with `checkpoint`. Takes CPU time: call it in a thread.

    Raises:
      BadAnswer: for the first thing wrong.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("images"), list):
        raise BadAnswer(ErrorKind.WEBUI_BROKEN, "the WebUI answered without pictures")
    info = _info_of(answer.get("info"))
    if isinstance(info.get("sampler_name"), str):
        info["sampler_name"] = flavour.sampler_said(info["sampler_name"])
    images = [_bytes_of(entry) for entry in _wanted(answer["images"], info, request)]
    return check(images, info, request, checkpoint, flavour, inputs, on_data)


def _info_of(info: Any) -> dict[str, Any]:
    """The `info` object: a JSON string, already an object, or nothing at all."""
    if isinstance(info, str):
        try:
            info = bounded_json(info.encode("utf-8", "replace"), ANSWER_MARKS_MAX)
        except ValueError:
            return {}
    return info if isinstance(info, dict) else {}


def _wanted(images: list[Any], info: dict[str, Any], request: Request) -> list[Any]:
    """The entries that are pictures of ours: without a grid before them and extra images after them."""
    if not images:
        raise BadAnswer(ErrorKind.EMPTY)
    if request.ultimate_sd_upscale:
        return images[-1:]  # before it comes the one whose seams were still to be painted
    first = info.get("index_of_first_image")
    first = first if isinstance(first, int) and 0 <= first < len(images) else 0
    named = info.get("infotexts")
    extra = len(images) - first - request.count
    if extra and isinstance(named, list) and len(named) - first > request.count:
        # Extra images (a ControlNet map, say) have no infotext; this is a picture too many, so which are ours?
        raise BadAnswer(ErrorKind.WRONG_COUNT, f"the WebUI sent {extra} more pictures than it was asked for")
    return images[first : first + request.count]


def _bytes_of(entry: Any) -> bytes:
    """A picture's bytes, as they were taken out of the answer, or in base64 with or without `data:` before it."""
    if isinstance(entry, bytes):
        return entry
    if not isinstance(entry, str) or not entry:
        raise BadAnswer(ErrorKind.EMPTY)
    try:
        return pybase64.b64decode(entry.partition("base64,")[2] or entry, validate=True)
    except ValueError as error:
        raise BadAnswer(ErrorKind.UNDECODABLE) from error
