"""Pictures that people send to start from: checked before anything is queued, and stored apart from the request."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zosma_bot import script_pictures
from zosma_queue.calls import PATIENCE_MS
from zosma_queue.client import Queue, Sender
from zosma_queue.errors import RequestRefusedError
from zosma_queue.needs import Lane
from zosma_queue.request import COUNT_MAX, INPUT_MAX_BYTES, INPUT_PIXELS_MAX, SCRIPTS, Request, parse_request
from zosma_queue.sandbox import Answer, Limits, Sandbox, SandboxError

log = logging.getLogger(__name__)

#: Where strangers' pictures are decoded: apart from everybody else's, and one at a time of each person.
STRANGERS = Sandbox("strangers", Limits())
_LOOK = "zosma_bot.picture_work:look"
#: Stands in a request for a picture that is not stored yet.
_UNSTORED = "0" * 20
_PLACES = (
    ("img2img", "image"), ("img2img", "mask"), ("upscale", "image"), ("interrogate", "image"), ("detect", "image"),
    ("detect", "mask"),
)  # fmt: skip
#: A list of pictures; its entries are named `more_images.0`, `more_images.1`, …
_PART, _LIST = "img2img", "more_images"
#: What makes the picture to start from larger, by its size.
_IN_TILES = ("sd_upscale", "ultimate_sd_upscale")
#: What only A1111 has; its scripts may have pictures among their arguments.
_A1111 = "a1111"


@dataclass(frozen=True)
class Picture:
    """A picture that can be decoded, upright."""

    data: bytes
    width: int
    height: int


#: Stands for a picture that nobody has looked at yet.
_UNSEEN = Picture(b"", 1, 1)
#: Where in a request each picture belongs.
Pictures = dict[tuple[str, str], Picture]


async def read_picture(sent: Any, field: str, who: str) -> Picture:
    """The picture in base64, with or without a `data:` prefix. `who` sent it.

    Raises:
      RequestRefusedError: when it is none, or too large, or takes too long; names `field`.
    """
    return await upright(await asyncio.to_thread(_decoded, sent, field), field, who)


def _decoded(sent: Any, field: str) -> bytes:
    if not isinstance(sent, str) or not sent:
        raise RequestRefusedError(detail="must be a picture's bytes in base64", code="not-base64", field=field)
    if "://" in sent[:40]:
        raise RequestRefusedError(
            detail="is an address: send the picture's bytes in base64, nothing is fetched from addresses",
            code="address",
            field=field,
        )
    encoded = sent.partition("base64,")[2] if sent.startswith("data:") else sent
    if len(encoded) * 3 // 4 > INPUT_MAX_BYTES + 2:
        raise RequestRefusedError(
            detail=f"has more than {INPUT_MAX_BYTES // 1024**2} MB: send a smaller picture",
            code="picture-too-heavy",
            field=field,
            values={"most_mb": INPUT_MAX_BYTES // 1024**2},
        )
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)  # some encoders break lines
    except (binascii.Error, ValueError):
        raise RequestRefusedError(
            detail="is not base64: send the picture's bytes in base64", code="not-base64", field=field
        ) from None


async def upright(data: bytes, field: str, who: str) -> Picture:
    """The picture, decoded once to be sure of it, and turned as its camera said. `who` sent it.

    Raises:
      RequestRefusedError: when it is none, or too large, or takes too long; names `field`.
    """
    seen, changed = await _look(data, field, who, "upright")
    return Picture(changed[0] if changed else data, int(seen["width"]), int(seen["height"]))


async def told_by(data: bytes, field: str, who: str) -> str:
    """What a picture says of how it was made, "" when it says nothing; decoded to be sure of it. `who` sent it.

    Raises:
      RequestRefusedError: when it is none, or too large, or takes too long; names `field`.
    """
    seen, _ = await _look(data, field, who, "decoded")
    return str(seen["told"])


async def words_in(data: bytes, who: str) -> str:
    """As `told_by`, of one of our own pictures, which isn't decoded again. `who` wants to know.

    Raises:
      RequestRefusedError: when it is none.
    """
    seen, _ = await _look(data, "image", who, "words")
    return str(seen["told"])


async def _look(data: bytes, field: str, who: str, how: str) -> Answer:
    args = {"pixels_max": INPUT_PIXELS_MAX, "how": how}
    try:
        seen, changed = await STRANGERS.run(_LOOK, args, [data], who=who)
    except SandboxError as error:
        log.info("a picture could not be decoded: it %s", error)
        raise undecodable(field, "too-slow") from None
    if refused := seen.get("refused"):
        raise undecodable(field, refused, str(seen.get("given", "")))
    return seen, changed


def undecodable(field: str, why: str, given: str = "") -> RequestRefusedError:
    """The refusal of a picture that `picture_work.look` refuses, or that takes too long."""
    if why == "too-large":
        return _too_large(field, given)
    if why in ("too-many-parts", "too-slow"):
        return _too_slow(field)
    return RequestRefusedError(detail="is no whole PNG, JPEG or WebP picture", code="not-a-picture", field=field)


def _too_slow(field: str) -> RequestRefusedError:
    return RequestRefusedError(
        detail="takes far longer to decode than a picture of its size may: save it anew and send that",
        code="picture-too-slow",
        field=field,
    )


def _too_large(field: str, shown: str) -> RequestRefusedError:
    return RequestRefusedError(
        detail=f"has {shown}, at most {INPUT_PIXELS_MAX // 10**6} megapixels are possible: send a smaller picture",
        code="picture-too-large",
        field=field,
        values={"given": shown, "most_megapixels": INPUT_PIXELS_MAX // 10**6},
    )


async def infotext_of(sent: Any, field: str, who: str) -> str:
    """What a picture in base64 says of how it was made. `who` sent it.

    Raises:
      RequestRefusedError: when it is no picture, or takes too long; names `field`.
    """
    return await told_by(await asyncio.to_thread(_decoded, sent, field), field, who)


async def submit_with_pictures(
    queue: Queue,
    fields: dict[str, Any],
    sender: Sender,
    *,
    job_id: str | None = None,
    digest: str = "",
    delay_ms: int = 0,
    run_at_ms: int = 0,
    lane: Lane | None = None,
    patience_ms: int = PATIENCE_MS,
    worded: bool = True,
    wanted_s: float = 0,
) -> str:
    """Submits a request in whose fields pictures stand as base64; its job id. `Queue.submit` has the options.

    With `worded` the prompt must say something.

    Whoever may not submit is told before a picture is looked at; it is stored once all else is right, and deleted when
    the job is not taken all the same. Takes the pictures out of `fields`: a blocked client waits for minutes, and so
    would their bytes.

    Raises:
      RequestRefusedError: when a field is wrong, or the job can't be taken; names the field.
      QueueUnavailableError: when Redis doesn't answer.
    """
    sent = _taken_out(fields)
    pictures: Pictures = {}
    if sent:
        unseen = draft(fields, dict.fromkeys(sent, _UNSEEN), worded=worded)
        if await queue.check(unseen, sender, job_id=job_id or "", digest=digest, wanted_s=wanted_s) and job_id:
            return job_id
        for (part, name), picture in list(sent.items()):
            pictures[part, name] = await read_picture(picture, f"{part}.{name}", sender.everywhere)
    sent.clear()
    request = await store(queue, fields, pictures, sender.owner, worded=worded)
    pictures.clear()
    return await queue.submit(
        request, sender, job_id=job_id, digest=digest, delay_ms=delay_ms, run_at_ms=run_at_ms, lane=lane,
        patience_ms=patience_ms, wanted_s=wanted_s,
    )  # fmt: skip


def _taken_out(fields: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """The pictures in a request's fields, which are without them then."""
    sent = {
        (part, name): fields[part].pop(name)
        for part, name in _PLACES
        if isinstance(fields.get(part), dict) and fields[part].get(name) is not None
    }
    if isinstance(a1111 := fields.get(_A1111), dict):
        scripts = script_pictures.taken_out(a1111.get(SCRIPTS))
        sent |= {(SCRIPTS, where): picture for where, picture in scripts.items()}
    start = fields.get(_PART)
    if isinstance(start, dict) and isinstance(start.get(_LIST), list) and len(start[_LIST]) < COUNT_MAX:
        sent |= {(_PART, f"{_LIST}.{number}"): one for number, one in enumerate(start.pop(_LIST))}
    return sent


def _with_picture(part: Mapping[str, Any], name: str, input_id: str) -> dict[str, Any]:
    """A part's fields with a picture's id in its place; the entries of a list come in their order."""
    if name.startswith(f"{_LIST}."):
        return {**part, _LIST: (*part.get(_LIST, ()), input_id)}
    return {**part, name: input_id}


async def drafted(fields: dict[str, Any], sender: Sender) -> Request:
    """The request in whose fields pictures stand as base64, with none of them stored: for all but making it.

    Raises:
      RequestRefusedError: when a field is wrong; names it.
    """
    sent = _taken_out(fields)
    draft(fields, dict.fromkeys(sent, _UNSEEN))
    pictures = {
        (part, name): await read_picture(picture, f"{part}.{name}", sender.everywhere)
        for (part, name), picture in sent.items()
    }
    return draft(fields, pictures)


def sketched(fields: dict[str, Any]) -> Request:
    """The request in whose fields something stands for each picture, and which need not say yet what to show.

    Raises:
      RequestRefusedError: when a field is wrong; names it.
    """
    return draft(fields, dict.fromkeys(_taken_out(fields), _UNSEEN), worded=False)


def draft(fields: dict[str, Any], pictures: Pictures, *, worded: bool = True) -> Request:
    """The request with its pictures not stored yet: all else can be judged.

    Raises:
      RequestRefusedError: when a field is wrong; names it.
    """
    fields = dict(fields)
    for part, name in pictures:
        if part != SCRIPTS:
            fields[part] = _with_picture(fields.get(part, {}), name, _UNSTORED)
    if in_scripts := [_UNSTORED for part, _ in pictures if part == SCRIPTS]:
        fields[_A1111] = script_pictures.put_back(fields[_A1111], in_scripts)
    for part in ("upscale", "detect"):
        if source := pictures.get((part, "image")):
            fields[part] |= {"source_width": source.width, "source_height": source.height}
    for script in _IN_TILES:
        if isinstance(fields.get(script), dict):
            source = pictures.get((_PART, "image"), _UNSEEN)
            wide, high = (0, 0) if source is _UNSEEN else (source.width, source.height)
            fields[script] = {**fields[script], "source_width": wide, "source_height": high}
    return parse_request(fields, worded=worded)


async def store(
    queue: Queue, fields: dict[str, Any], pictures: Pictures, owner: str, *, worded: bool = True
) -> Request:
    """The request, with its pictures stored once all else is right. They count towards what `owner` may have stored.

    Raises:
      RequestRefusedError: when a field is wrong; names it.
      LimitError: when too many are stored already.
      QueueUnavailableError: when they can't be stored.
    """
    request, kept = draft(fields, pictures, worded=worded), list[str]()
    stored: dict[str, dict[str, Any]] = {}
    in_scripts: list[str] = []
    try:
        for (part, name), picture in pictures.items():
            kept.append(await queue.keep_input(picture.data, owner))
            if part == SCRIPTS:
                in_scripts.append(kept[-1])
            else:
                stored[part] = _with_picture(stored.get(part, {}), name, kept[-1])
    except RequestRefusedError:
        await queue.drop_inputs(kept)
        raise
    changes = {part: getattr(request, part).model_copy(update=ids) for part, ids in stored.items()}
    if in_scripts:
        changes[_A1111] = script_pictures.put_back(fields[_A1111], in_scripts)
    return request.model_copy(update=changes)
