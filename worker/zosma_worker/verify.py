"""Checks what a WebUI sent. A 200 promises nothing: pictures may be missing, black, or another checkpoint's."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from typing import Any

from PIL import Image

from zosma_queue.errors import ZosmaError
from zosma_queue.fleet import Checkpoint
from zosma_queue.job import Picture
from zosma_queue.request import LATENT_PX, Request
from zosma_worker.infotext import KEYWORD, compose, with_infotext

#: What WebUIs send, by Pillow's names.
FORMATS = ("PNG", "JPEG", "WEBP")


class BadAnswer(ZosmaError):
    """Raised when an answer is not what was asked for. `kind` is the job's error kind, the text is for members."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class Checked:
    """An answer that is what was asked for."""

    pictures: tuple[Picture, ...]
    data: tuple[bytes, ...]
    """The encoded pictures, in the order of `pictures`."""
    info: dict[str, Any]
    """A1111's `info`, completed."""


@dataclass(frozen=True)
class _Seen:
    """One decoded picture."""

    data: bytes
    format: str
    size: tuple[int, int]
    infotext: str


def verify(answer: Any, request: Request, checkpoint: Checkpoint) -> Checked:
    """The checked answer to a request made with `checkpoint`. Takes CPU time: call it in a thread.

    Raises:
      BadAnswer: for the first thing wrong.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("images"), list):
        raise BadAnswer("webui-broken", "the WebUI answered without pictures")
    info = _info_of(answer.get("info"))
    _check_made_with(info, request, checkpoint)
    seen = [_decoded(entry, request) for entry in _wanted(answer["images"], info, request)]
    seeds = _seeds(info, request)
    made = _completed(info, request, checkpoint, seeds)
    texts = [one.infotext or text for one, text in zip(seen, _infotexts(info, made, request), strict=True)]
    data = tuple(_labelled(one, text) for one, text in zip(seen, texts, strict=True))
    pictures = tuple(
        Picture(
            index=index,
            format=one.format,
            width=one.size[0],
            height=one.size[1],
            bytes=len(data[index]),
            seed=seeds[index],
            parameters=texts[index],
        )
        for index, one in enumerate(seen)
    )
    made["infotexts"] = texts
    return Checked(pictures, data, made)


# -- what it was made with --------------------------------------------------------------------------------------


def _info_of(info: Any) -> dict[str, Any]:
    """The `info` object: a JSON string, already an object, or nothing at all."""
    if isinstance(info, str):
        try:
            info = json.loads(info)
        except ValueError:
            return {}
    return info if isinstance(info, dict) else {}


def _check_made_with(info: dict[str, Any], request: Request, checkpoint: Checkpoint) -> None:
    name, short = info.get("sd_model_name"), info.get("sd_model_hash")
    if isinstance(name, str) and name:
        right = checkpoint.is_called(name) or checkpoint.is_called(name.rsplit(".", 1)[0])
    elif isinstance(short, str) and short and checkpoint.hash:
        right = short.casefold() == checkpoint.hash.casefold()
    else:
        right = True  # it doesn't say
    if not right:
        raise BadAnswer("wrong-checkpoint", "the picture was made with another checkpoint than the one asked for")
    sampler = info.get("sampler_name")
    if request.sampler and isinstance(sampler, str) and sampler and _plain(sampler) != _plain(request.sampler):
        raise BadAnswer("wrong-sampler", "the picture was made with another sampler than the one asked for")


def _plain(name: str) -> str:
    return name.casefold().replace("_", " ").strip()


# -- the pictures -----------------------------------------------------------------------------------------------


def _wanted(images: list[Any], info: dict[str, Any], request: Request) -> list[Any]:
    """The entries that are pictures of ours: without a grid before them and extra images after them."""
    if not images:
        raise BadAnswer("empty", "the WebUI sent no picture")
    first = info.get("index_of_first_image")
    first = first if isinstance(first, int) and 0 <= first < len(images) else 0
    wanted = images[first : first + request.count]
    if len(wanted) < request.count:
        raise BadAnswer("wrong-count", f"the WebUI sent {len(wanted)} of {request.count} pictures")
    named = info.get("infotexts")
    extra = len(images) - first - request.count
    if extra and isinstance(named, list) and len(named) - first > request.count:
        # Extra images (a ControlNet map, say) have no infotext; this is a picture too many, so which are ours?
        raise BadAnswer("wrong-count", f"the WebUI sent {extra} more pictures than it was asked for")
    return wanted


def _decoded(entry: Any, request: Request) -> _Seen:
    """One picture, wholly decoded.

    The size is compared before any pixel is: a small file that unfolds to gigabytes is refused by its header.
    """
    if not isinstance(entry, str) or not entry:
        raise BadAnswer("empty", "the WebUI sent no picture")
    try:
        data = base64.b64decode(entry.partition("base64,")[2] or entry, validate=True)
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image.size, request)
            image.load()
            # Pillow's name for the infotext in a PNG; JPEG and WebP carry it in EXIF, which info repeats.
            text = image.info.get(KEYWORD)
            seen = _Seen(data, str(image.format).lower(), image.size, text if isinstance(text, str) else "")
            black = image.convert("RGB").getbbox() is None
    except BadAnswer:
        raise
    except Exception as error:  # Pillow's decoders raise whatever they stumble over
        raise BadAnswer("undecodable", "the WebUI sent something that is not a picture") from error
    if black:
        raise BadAnswer("black", "the picture came out all black: another sampler, checkpoint or size may help")
    return seen


def _check_size(size: tuple[int, int], request: Request) -> None:
    scale = request.hires.scale if request.hires else 1.0
    # WebUIs cut off where `Request.output_size` rounds; either is what was asked for.
    for found, side in zip(size, (request.width, request.height), strict=True):
        if found not in {whole // LATENT_PX * LATENT_PX for whole in (int(side * scale), round(side * scale))}:
            wide, high = request.output_size
            raise BadAnswer(
                "wrong-size", f"the picture came out {size[0]}x{size[1]} instead of the {wide}x{high} asked for"
            )


def _labelled(seen: _Seen, text: str) -> bytes:
    """The picture's bytes: untouched when they say how they were made, else with the infotext put in."""
    if seen.infotext or seen.format != "png":
        return seen.data
    try:
        return with_infotext(seen.data, text)
    except ValueError:
        return seen.data  # Pillow could read it, so it is good enough to look at


# -- info -------------------------------------------------------------------------------------------------------


def _seeds(info: dict[str, Any], request: Request) -> list[int]:
    """The seed of each picture, by the WebUI's word if it gives one."""
    found = info.get("all_seeds")
    if isinstance(found, list) and len(found) >= request.count and all(type(seed) is int for seed in found):
        return found[: request.count]
    return [request.seed + index for index in range(request.count)]


def _infotexts(info: dict[str, Any], made: dict[str, Any], request: Request) -> list[str]:
    """The infotext of each picture: the WebUI's, or one composed."""
    given = info.get("infotexts")
    given = given if isinstance(given, list) else []
    first = info.get("index_of_first_image")
    given = given[first if isinstance(first, int) and first > 0 else 0 :]
    texts = []
    for index, seed in enumerate(made["all_seeds"]):
        known = given[index] if index < len(given) else None
        texts.append(
            known
            if isinstance(known, str) and known
            else compose(
                request,
                seed=seed,
                checkpoint=made["sd_model_name"],
                checkpoint_hash=made["sd_model_hash"],
                sampler=made["sampler_name"],
            )
        )
    return texts


def _completed(info: dict[str, Any], request: Request, checkpoint: Checkpoint, seeds: list[int]) -> dict[str, Any]:
    """The WebUI's `info` with all of A1111's keys, true to the pictures that are handed on."""
    count = request.count
    wide, high = request.width, request.height
    defaults: dict[str, Any] = {
        "prompt": request.prompt,
        "all_prompts": [request.prompt] * count,
        "negative_prompt": request.negative_prompt,
        "all_negative_prompts": [request.negative_prompt] * count,
        "subseed": -1,
        "all_subseeds": [-1] * count,
        "subseed_strength": 0,
        "width": wide,
        "height": high,
        "sampler_name": request.sampler or "",
        "cfg_scale": request.cfg_scale,
        "steps": request.steps,
        "batch_size": 1,
        "restore_faces": False,
        "face_restoration_model": None,
        "sd_model_name": checkpoint.name,
        "sd_model_hash": checkpoint.hash,
        "sd_vae_name": None,
        "sd_vae_hash": None,
        "seed_resize_from_w": -1,
        "seed_resize_from_h": -1,
        "denoising_strength": request.hires.denoise if request.hires else None,
        "extra_generation_params": {},
        "styles": [],
        "job_timestamp": "0",
        "clip_skip": request.clip_skip or 1,
        "is_using_inpainting_conditioning": False,
        "version": "",
    }
    said = {key: value for key, value in info.items() if value is not None}
    return {**defaults, **said, "seed": seeds[0], "all_seeds": seeds, "index_of_first_image": 0}
