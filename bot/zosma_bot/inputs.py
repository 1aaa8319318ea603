"""Pictures that people send to start from: checked before anything is queued, and stored apart from the request."""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
from dataclasses import dataclass
from typing import Any

from PIL import ExifTags, Image, ImageOps

from zosma_queue.calls import PATIENCE_MS
from zosma_queue.client import Queue, Sender
from zosma_queue.errors import RequestRefusedError
from zosma_queue.request import INPUT_MAX_BYTES, INPUT_PIXELS_MAX, Request, parse_request

FORMATS = ("PNG", "JPEG", "WEBP")
#: What every WebUI reads. The small ones know no WebP.
_KEPT_AS_THEY_ARE = ("PNG", "JPEG")
#: Stands in a request for a picture that is not stored yet.
_UNSTORED = "0" * 20
_PLACES = (("img2img", "image"), ("img2img", "mask"), ("upscale", "image"))
_UPRIGHT = 1
#: Begins an EXIF comment in UTF-16, as A1111 writes it.
_UNICODE = b"UNICODE\0"


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


def read_picture(sent: Any, field: str) -> Picture:
    """The picture in base64, with or without a `data:` prefix. Takes CPU time: call it in a thread.

    Raises:
      RequestRefusedError: when it is none, or too large; names `field`.
    """
    return upright(_decoded(sent, field), field)


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


def upright(data: bytes, field: str) -> Picture:
    """The picture, decoded once to be sure of it, and turned as its camera said.

    Raises:
      RequestRefusedError: when it is none, or too large; names `field`.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            # By the header alone: a small file may unfold to gigabytes.
            if image.width * image.height > INPUT_PIXELS_MAX:
                raise _too_large(field, f"{image.width}x{image.height}")
            image.load()
            turned = image.getexif().get(ExifTags.Base.Orientation, _UPRIGHT) != _UPRIGHT
            if image.format in _KEPT_AS_THEY_ARE and not turned and not image.mode.startswith("I"):
                return Picture(data, image.width, image.height)
            plain = ImageOps.exif_transpose(image)
            if plain.mode.startswith("I"):  # 16 bits: to 8, which `convert` alone would cut off at white
                plain = plain.convert("I").point(lambda value: value * (1 / 257)).convert("L")
            out = io.BytesIO()
            plain.convert("RGBA" if plain.has_transparency_data else "RGB").save(out, "PNG", compress_level=1)
            return Picture(out.getvalue(), plain.width, plain.height)
    except RequestRefusedError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(field, "far more pixels") from None
    except Exception:  # Pillow's decoders raise whatever they stumble over
        raise RequestRefusedError(
            detail="is no whole PNG, JPEG or WebP picture", code="not-a-picture", field=field
        ) from None


def _too_large(field: str, shown: str) -> RequestRefusedError:
    return RequestRefusedError(
        detail=f"has {shown}, at most {INPUT_PIXELS_MAX // 10**6} megapixels are possible: send a smaller picture",
        code="picture-too-large",
        field=field,
        values={"given": shown, "most_megapixels": INPUT_PIXELS_MAX // 10**6},
    )


def infotext_of(sent: Any, field: str) -> str:
    """What a picture in base64 says of how it was made. Takes CPU time: call it in a thread.

    Raises:
      RequestRefusedError: when it is no picture; names `field`.
    """
    data = _decoded(sent, field)
    upright(data, field)  # what it makes of a WebP no longer has the words; what it refuses is refused here
    return infotext_in(data)


def infotext_in(data: bytes) -> str:
    """What an encoded picture says of how it was made, "" when it says nothing. Takes CPU time: call it in a thread.

    Raises:
      OSError: when it is no picture.
    """
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        told = image.info.get("parameters")
        comment = image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)
    if isinstance(comment, bytes) and comment.startswith(_UNICODE):
        told = told or comment.removeprefix(_UNICODE).decode("utf-16-be", "replace")
    return told if isinstance(told, str) else ""


async def submit_with_pictures(
    queue: Queue,
    fields: dict[str, Any],
    sender: Sender,
    *,
    job_id: str | None = None,
    digest: str = "",
    delay_ms: int = 0,
    patience_ms: int = PATIENCE_MS,
    worded: bool = True,
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
    sent = {
        (part, name): fields[part].pop(name)
        for part, name in _PLACES
        if isinstance(fields.get(part), dict) and fields[part].get(name) is not None
    }
    pictures: Pictures = {}
    if sent:
        unseen = draft(fields, dict.fromkeys(sent, _UNSEEN), worded=worded)
        if await queue.check(unseen, sender, job_id=job_id or "", digest=digest) and job_id:
            return job_id
        for (part, name), picture in list(sent.items()):
            pictures[part, name] = await asyncio.to_thread(read_picture, picture, f"{part}.{name}")
    sent.clear()
    request = await store(queue, fields, pictures, sender.owner, worded=worded)
    pictures.clear()
    return await queue.submit(
        request, sender, job_id=job_id, digest=digest, delay_ms=delay_ms, patience_ms=patience_ms
    )  # fmt: skip


def draft(fields: dict[str, Any], pictures: Pictures, *, worded: bool = True) -> Request:
    """The request with its pictures not stored yet: all else can be judged.

    Raises:
      RequestRefusedError: when a field is wrong; names it.
    """
    fields = dict(fields)
    for part, name in pictures:
        fields[part] = {**fields.get(part, {}), name: _UNSTORED}
    if source := pictures.get(("upscale", "image")):
        fields["upscale"] |= {"source_width": source.width, "source_height": source.height}
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
    request, kept = draft(fields, pictures, worded=worded), []
    try:
        for (part, name), picture in pictures.items():
            kept.append(await queue.keep_input(picture.data, owner))
            stored = getattr(request, part).model_copy(update={name: kept[-1]})
            request = request.model_copy(update={part: stored})
    except RequestRefusedError:
        await queue.drop_inputs(kept)
        raise
    return request
