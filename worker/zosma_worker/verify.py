"""Checks the pictures that came. Success promises nothing: they may be missing, black, or another checkpoint's."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol

from PIL import ExifTags, Image

from zosma_queue.errors import ErrorKind
from zosma_queue.fleet import Checkpoint
from zosma_queue.infotext import pairs
from zosma_queue.job import PER_PICTURE, Picture
from zosma_queue.picture_headers import check_parts
from zosma_queue.request import LATENT_PX, PIXELS_MAX, Request, Upscale
from zosma_queue.sampler_names import together
from zosma_queue.sandbox import SandboxError
from zosma_worker.backend import Checked
from zosma_worker.decoding import DECODING
from zosma_worker.errors import BadAnswer
from zosma_worker.infotext import KEYWORD, compose, is_whole, with_exif_infotext, with_infotext
from zosma_worker.png_look import is_sound

#: Begins an EXIF comment in UTF-16, as A1111 writes it.
_UNICODE = b"UNICODE\0"

#: How much larger than asked for a picture may come out of a WebUI that enlarges as it likes.
FACTOR_MAX = 8

#: Pictures of one answer that are looked at together.
_AT_ONCE = ThreadPoolExecutor(4, thread_name_prefix="looking")
#: See `Order.on_data`.
OnData = Callable[[Sequence[bytes]], None]
#: What WebUIs send, by Pillow's names.
FORMATS = ("PNG", "JPEG", "WEBP")


class Traits(Protocol):
    """In what the pictures of one kind of back end differ from A1111's."""

    @property
    def grid(self) -> int:
        """Sides come out as multiples of this, and are cut to what was asked for."""

    @property
    def whole_factors(self) -> bool:
        """It enlarges by whole factors only, and the picture is shrunk to what was asked for."""

    @property
    def keeps_unmasked(self) -> bool:
        """What a mask doesn't cover comes out pixel by pixel as it was."""

    @property
    def writes_infotext(self) -> bool:
        """Its infotext is right and whole."""

    @property
    def tells_vae(self) -> bool:
        """`sd_vae_name` in its `info` is the VAE that it used."""

    @property
    def lists_models(self) -> bool:
        """Its checkpoint is called as it says itself; else we had to name it."""

    @property
    def signs_as(self) -> str:
        """What an infotext that we write for it names as its version, when it doesn't say itself; '' for nothing."""


@dataclass(frozen=True)
class _Seen:
    """One decoded picture."""

    data: bytes
    format: str
    size: tuple[int, int]
    infotext: str


def check(
    images: Sequence[bytes],
    info: dict[str, Any],
    request: Request,
    checkpoint: Checkpoint,
    traits: Traits,
    inputs: Mapping[str, bytes] | None = None,
    on_data: OnData | None = None,
) -> Checked:
    """The pictures made for a request with `checkpoint`, checked. Takes CPU time: call it in a thread.

    `info` is what the back end says of them, in A1111's names; it need not say anything. `inputs`: the pictures that
    the request starts from. `on_data`: see `Order`.

    Raises:
      BadAnswer: for the first thing wrong.
    """
    if info.get("sampler_name") == (together(request.sampler, request.scheduler) or ""):
        info = {**info, "sampler_name": request.sampler}  # an older A1111, which names the schedule with it
    _check_made_with(info, request, checkpoint, traits)
    if len(images) < request.count:
        raise BadAnswer(ErrorKind.WRONG_COUNT, f"the WebUI sent {len(images)} of {request.count} pictures")
    seen = [_opened(data, request, traits) for data in images]
    if not any(_is_redrawn(one, request, traits) for one in seen):
        checked = _described(seen, info, request, checkpoint, traits)
        if on_data:
            on_data(checked.data)
        _check_all(seen, request)
        return checked
    _check_all(seen, request)
    made_size = seen[0].size
    seen = [_cut(one, request) for one in seen]
    if not traits.keeps_unmasked:
        seen = [_with_unmasked(one, request, inputs or {}) for one in seen]
    cut = _first_pass(request, made_size) if made_size != seen[0].size else None
    return _described(seen, info, request, checkpoint, traits, cut)


def _is_redrawn(seen: _Seen, request: Request, traits: Traits) -> bool:
    """Whether what is handed on isn't the picture that came."""
    masked = request.img2img is not None and request.img2img.mask is not None and not traits.keeps_unmasked
    return masked or _box(seen, request) is not None


def _described(
    seen: Sequence[_Seen],
    info: dict[str, Any],
    request: Request,
    checkpoint: Checkpoint,
    traits: Traits,
    made_size: tuple[int, int] | None = None,
) -> Checked:
    """The pictures with all that is said of them; `made_size` when they have been cut."""
    seeds = _seeds(info, request)
    made = _completed(info, request, checkpoint, seeds)
    made["infotexts"] = texts = _texts(seen, info, made, request, checkpoint, traits, made_size)
    return _checked(seen, seeds, texts, made)


def _first_pass(request: Request, made_size: tuple[int, int]) -> tuple[int, int]:
    """What A1111 calls the size: without what a hires pass made of it."""
    asked, came_out = (request.width, request.height), request.output_size
    wide, high = (
        round(made * first / last / LATENT_PX) * LATENT_PX
        for made, first, last in zip(made_size, asked, came_out, strict=True)
    )
    return wide, high


def joined(checked: Sequence[Checked]) -> Checked:
    """The pictures of all parts of a request, as one.

    Raises:
      BadAnswer: when there are none.
    """
    if not checked:
        raise BadAnswer(ErrorKind.EMPTY)
    pictures = [picture for one in checked for picture in one.pictures]
    info = dict(checked[0].info)
    for key in PER_PICTURE:
        info[key] = [item for one in checked for item in one.info.get(key, ())]
    return Checked(
        tuple(picture.model_copy(update={"index": index}) for index, picture in enumerate(pictures)),
        tuple(data for one in checked for data in one.data),
        info,
        checked[0].caption,
        checked[0].pose,
    )


def _checked(seen: Sequence[_Seen], seeds: Sequence[int], texts: Sequence[str], info: dict[str, Any]) -> Checked:
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
    return Checked(pictures, data, info)


# -- upscaling --------------------------------------------------------------------------------------------------


def check_upscaled(data: bytes, request: Request, upscale: Upscale, source: bytes, traits: Traits) -> Checked:
    """The picture made larger from `source`, checked. Takes CPU time: call it in a thread.

    Raises:
      BadAnswer: for the first thing wrong.
    """
    seen = _opened(data, request, traits)
    _check_all([seen], request)
    if traits.whole_factors:
        seen = _shrunk(seen, upscale.size)
    # What the picture said before stays, also where the WebUI writes only what it did itself.
    before, said = _infotext_in(source), seen.infotext
    kept = before if before not in said else ""
    sized = "Postprocess upscale" in said  # under one key or another
    told = ", ".join(
        f"{key}: {value}"
        for key, value in _postprocessing(upscale).items()
        if f"{key}: " not in said and not (sized and key.startswith("Postprocess"))
    )
    text = ", ".join(part for part in (kept, said, told) if part)
    info = _info_without_words([request.seed], seen.size, [text])
    return _checked([seen], [request.seed], [text], info)


def _postprocessing(upscale: Upscale) -> dict[str, str]:
    """What A1111 writes of it into a picture."""
    said: dict[str, str] = {}
    if not upscale.keeps_size:
        if upscale.resize_mode:
            said["Postprocess upscale to"] = f"{upscale.upscaling_resize_w}x{upscale.upscaling_resize_h}"
        else:
            said["Postprocess upscale by"] = f"{upscale.upscaling_resize:g}"
        said["Postprocess upscaler"] = str(upscale.upscaler_1)
        if "extras_upscaler_2_visibility" in upscale.extras:
            said["Postprocess upscaler 2"] = str(upscale.upscaler_2)
    if upscale.gfpgan_visibility:
        said["GFPGAN visibility"] = f"{upscale.gfpgan_visibility:g}"
    if upscale.codeformer_visibility:
        said["CodeFormer visibility"] = f"{upscale.codeformer_visibility:g}"
        said["CodeFormer weight"] = f"{upscale.codeformer_weight:g}"
    return said


def _info_without_words(seeds: list[int], size: tuple[int, int], texts: list[str]) -> dict[str, Any]:
    """A1111's `info` for what was not generated."""
    return {
        "prompt": "", "negative_prompt": "", "seed": next(iter(seeds), -1), "all_seeds": seeds,
        "all_prompts": [""] * len(seeds), "all_negative_prompts": [""] * len(seeds), "all_subseeds": [-1] * len(seeds),
        "width": size[0], "height": size[1], "sampler_name": "", "sd_model_name": "", "sd_model_hash": None,
        "extra_generation_params": {}, "infotexts": texts, "index_of_first_image": 0, "version": "",
    }  # fmt: skip


#: Longer ones are no description of a picture. A1111 puts the second at the end of one that broke off.
CAPTION_MAX_CHARS = 4000
_BROKEN_OFF = "<error>"


def check_caption(caption: Any) -> Checked:
    """The words that a WebUI has found for a picture.

    Raises:
      BadAnswer: when there are none, or it broke off.
    """
    if not isinstance(caption, str):
        raise BadAnswer(ErrorKind.WEBUI_BROKEN, "the WebUI answered without words")
    words = " ".join(caption.split())
    if not words or words.endswith(_BROKEN_OFF):
        raise BadAnswer(ErrorKind.NO_WORDS)
    return Checked((), (), _info_without_words([], (0, 0), []), words[:CAPTION_MAX_CHARS])


def check_detected(data: bytes, request: Request, traits: Traits, pose: dict[str, Any] | None) -> Checked:
    """What a preprocessor has seen in a picture, checked: it may be all black. `pose`: what it told besides. Takes CPU
    time: call it in a thread.

    Raises:
      BadAnswer: for the first thing wrong.
    """
    seen = _opened(data, request, traits)
    _check_all([seen], request)
    info = _info_without_words([request.seed], seen.size, [""])
    return replace(_checked([seen], [request.seed], [""], info), pose=pose)


def _shrunk(seen: _Seen, size: tuple[int, int]) -> _Seen:
    """A picture that was enlarged further than asked for, at the size asked for; what stands over is cut off."""
    if seen.size == size:
        return seen
    return _redrawn(seen, "fitted", {"size": size}, size)


def _infotext_in(data: bytes) -> str:
    """The infotext of a picture that somebody sent."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            text = image.info.get(KEYWORD)
            comment = image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)
    except Exception:  # it was good enough for the WebUI
        return ""
    if text is None and isinstance(comment, bytes) and comment.startswith(_UNICODE):
        text = comment.removeprefix(_UNICODE).decode("utf-16-be", "replace")
    return text if isinstance(text, str) else ""


# -- what it was made with --------------------------------------------------------------------------------------


def _check_made_with(info: dict[str, Any], request: Request, checkpoint: Checkpoint, traits: Traits) -> None:
    if traits.lists_models and not _is_made_with(checkpoint, info):
        raise BadAnswer(ErrorKind.WRONG_CHECKPOINT)
    sampler = info.get("sampler_name")
    if request.sampler and isinstance(sampler, str) and sampler and _plain(sampler) != _plain(request.sampler):
        raise BadAnswer(ErrorKind.WRONG_SAMPLER)
    if request.vae and traits.tells_vae and "sd_vae_name" in info and not _same_file(info["sd_vae_name"], request.vae):
        raise BadAnswer(ErrorKind.WRONG_VAE)


def _is_made_with(checkpoint: Checkpoint, info: dict[str, Any]) -> bool:
    """By the hash where both are known, as two folders may hold files of one name; else by the name, if any is told."""
    told = _told(info)
    short = info.get("sd_model_hash") or told.get("Model hash")
    if isinstance(short, str) and checkpoint.hash and len(short) == len(checkpoint.hash):
        return short.casefold() == checkpoint.hash.casefold()
    name = info.get("sd_model_name") or told.get("Model")
    if not isinstance(name, str):
        return True
    return checkpoint.is_called(name) or checkpoint.is_called(name.rsplit(".", 1)[0])


def _told(info: dict[str, Any]) -> dict[str, str]:
    """The parameters in the infotext of the last picture."""
    texts = info.get("infotexts")
    text = texts[-1] if isinstance(texts, list) and texts else ""
    return pairs(text) if isinstance(text, str) else {}


def _same_file(told: Any, wanted: str) -> bool:
    """Whether two names are of one file, with or without folder and extension."""

    def stem(name: str) -> str:
        return name.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0].casefold()

    return isinstance(told, str) and stem(told) == stem(wanted)


def _plain(name: str) -> str:
    return name.casefold().replace("_", " ").strip()


# -- the pictures -----------------------------------------------------------------------------------------------


def _opened(data: bytes, request: Request, traits: Traits) -> _Seen:
    """What a picture's header says of it. A small file that unfolds to gigabytes is refused here."""
    try:
        check_parts(data)
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image.size, request, traits)
            # Pillow's name for the infotext in a PNG; JPEG and WebP carry it in EXIF, which info repeats.
            text = image.info.get(KEYWORD)
            return _Seen(data, str(image.format).lower(), image.size, text if isinstance(text, str) else "")
    except BadAnswer:
        raise
    except Exception as error:  # Pillow's decoders raise whatever they stumble over
        raise BadAnswer(ErrorKind.UNDECODABLE) from error


def _check_all(seen: Sequence[_Seen], request: Request) -> None:
    """Raises BadAnswer for the first picture that is broken, or black where it should show something."""
    data = [one.data for one in seen]
    for is_black in map(_is_black, data) if len(data) == 1 else _AT_ONCE.map(_is_black, data):
        if is_black and request.generates:
            raise BadAnswer(ErrorKind.BLACK)


def _is_black(data: bytes) -> bool:
    """False for a picture that its bytes prove good; others are decoded, in a process that is killed when that takes
    too much.

    Raises:
      BadAnswer: when it can't be.
    """
    if is_sound(data):
        return False
    try:
        found, _ = DECODING.call("zosma_worker.picture_work:look", {"formats": FORMATS}, [data])
    except Exception as error:
        raise BadAnswer(ErrorKind.UNDECODABLE) from error
    return bool(found["black"])


def _check_size(size: tuple[int, int], request: Request, traits: Traits) -> None:
    if request.detect:
        right = size[0] * size[1] <= PIXELS_MAX  # each has ways of its own to come to its size
    elif enlarged := request.upscale or request.tiled:
        sides = list(zip(size, enlarged.size, strict=True))
        # WebUIs cut a side to whole latents; those with whole factors make it up to so much larger.
        right = all(0 <= side - found < LATENT_PX for found, side in sides) or (
            traits.whole_factors and all(side <= found <= FACTOR_MAX * side for found, side in sides)
        )
    else:
        asked = zip(size, request.exact_size, (request.width, request.height), strict=True)
        # WebUIs cut off where `Request.output_size` rounds; either is what was asked for.
        right = all(_fits(found, side, (traits.grid - LATENT_PX) * side / first) for found, side, first in asked)
    if not right:
        wide, high = request.output_size
        raise BadAnswer(
            ErrorKind.WRONG_SIZE, f"the picture came out {size[0]}x{size[1]} instead of the {wide}x{high} asked for"
        )


def _fits(found: int, side: float, over: float) -> bool:
    """Whether a side came out as asked for, or by up to `over` larger."""
    return any(
        0 <= found - whole // LATENT_PX * LATENT_PX <= (whole % LATENT_PX + over if over else 0)
        for whole in (int(side), round(side))
    )


def _box(seen: _Seen, request: Request) -> tuple[int, int, int, int] | None:
    """What is to be cut out of a picture that had to be made larger than asked for; None where nothing is."""
    if request.tiled:
        return None  # where a WebUI cuts it to whole latents, and where not, is its own
    exact_wide, exact_high = request.exact_size
    sizes = {(int(exact_wide) // LATENT_PX * LATENT_PX, int(exact_high) // LATENT_PX * LATENT_PX)}
    wide, high = request.output_size
    if seen.size in {*sizes, (wide, high)} or seen.size[0] < wide or seen.size[1] < high:
        return None
    left, top = (seen.size[0] - wide) // 2, (seen.size[1] - high) // 2
    return left, top, left + wide, top + high


def _cut(seen: _Seen, request: Request) -> _Seen:
    """The middle of a picture that had to be made larger than asked for."""
    box = _box(seen, request)
    return seen if box is None else _redrawn(seen, "cropped", {"box": box}, request.output_size)


def _with_unmasked(seen: _Seen, request: Request, inputs: Mapping[str, bytes]) -> _Seen:
    """The picture with what its mask doesn't cover as it was: decoding and encoding has changed that a little."""
    start = request.img2img
    if start is None or start.mask is None or not {start.image, start.mask} <= inputs.keys():
        return seen
    args = {"mode": start.resize_mode, "invert": start.inpainting_mask_invert, "blur": start.mask_blur}
    return _redrawn(seen, "unmasked", {"size": seen.size, **args}, seen.size, inputs[start.image], inputs[start.mask])


def _redrawn(seen: _Seen, work: str, args: dict[str, Any], size: tuple[int, int], *more: bytes) -> _Seen:
    """The picture as this work in a sandbox makes it, with `more` pictures, as a PNG of that size."""
    args, blobs = {"formats": FORMATS, **args}, [seen.data, *more]
    try:
        _, (data,) = DECODING.call(f"zosma_worker.picture_work:{work}", args, blobs)
    except SandboxError as error:
        raise BadAnswer(ErrorKind.UNDECODABLE) from error
    return replace(seen, data=data, format="png", size=size, infotext="")


def _labelled(seen: _Seen, text: str) -> bytes:
    """The picture's bytes: untouched when they say how they were made, else with the infotext put in."""
    write = {"png": with_infotext, "jpeg": with_exif_infotext}.get(seen.format)
    if seen.infotext == text or write is None:
        return seen.data
    try:
        return write(seen.data, text)
    except ValueError:
        return seen.data  # Pillow could read it, so it is good enough to look at


# -- info -------------------------------------------------------------------------------------------------------


def _seeds(info: dict[str, Any], request: Request) -> list[int]:
    """The seed of each picture, by the WebUI's word if it gives one."""
    found = None if request.tiled else info.get("all_seeds")  # those are the seeds of its tiles
    if isinstance(found, list) and len(found) >= request.count and all(type(seed) is int for seed in found):
        return found[: request.count]
    return request.seeds


def _texts(
    seen: Sequence[_Seen],
    info: dict[str, Any],
    made: dict[str, Any],
    request: Request,
    checkpoint: Checkpoint,
    traits: Traits,
    made_size: tuple[int, int] | None,
) -> list[str]:
    """The infotext of each picture: the WebUI's where it is whole, else one composed."""
    given = info.get("infotexts")
    given = given if isinstance(given, list) else []
    first = info.get("index_of_first_image")
    given = given[first if isinstance(first, int) and first > 0 else 0 :]
    words = _prompts(request)
    texts = []
    for index, seed in enumerate(made["all_seeds"]):
        said = [seen[index].infotext, given[index] if index < len(given) else None]
        if request.ultimate_sd_upscale:
            said.reverse()  # in the picture stands what its last tile was
        whole = (text for text in said if isinstance(text, str) and traits.writes_infotext and is_whole(text, seed))
        texts.append(
            next(whole, None)
            or compose(
                request.model_copy(update={"prompt": words[index]}),
                seed=seed,
                checkpoint=checkpoint.name,
                checkpoint_hash=made["sd_model_hash"],
                sampler=made["sampler_name"],
                subseed=made["all_subseeds"][index],
                made_size=made_size,
                version=made["version"] or traits.signs_as,
                distilled=checkpoint.facts is not None and checkpoint.facts.distilled,
            )
        )
    return texts


def _completed(info: dict[str, Any], request: Request, checkpoint: Checkpoint, seeds: list[int]) -> dict[str, Any]:
    """The WebUI's `info` with all of A1111's keys, true to the pictures that are handed on."""
    count = request.count
    wide, high = request.width, request.height
    defaults: dict[str, Any] = {
        "prompt": request.prompt,
        "all_prompts": _prompts(request),
        "negative_prompt": request.negative_prompt,
        "all_negative_prompts": [request.negative_prompt] * count,
        "subseed": request.subseed,
        "all_subseeds": [request.subseed + index if request.subseed_strength else -1 for index in range(count)],
        "subseed_strength": request.subseed_strength,
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
        "sd_vae_name": request.vae,
        "sd_vae_hash": None,
        "seed_resize_from_w": -1,
        "seed_resize_from_h": -1,
        "denoising_strength": _denoising(request),
        "extra_generation_params": {},
        "styles": list(request.styles),
        "job_timestamp": "0",
        "clip_skip": request.clip_skip or 1,
        "is_using_inpainting_conditioning": False,
        "version": "",
    }
    said = {
        key: value for key, value in info.items() if value is not None and type(value) is _TYPES.get(key, type(value))
    }
    if len(said.get("all_subseeds", defaults["all_subseeds"])) != count:
        del said["all_subseeds"]
    if said.get("sampler_name") == "NONE":  # sd-server's word for its default
        del said["sampler_name"]
    return {**defaults, **said, "seed": seeds[0], "all_seeds": seeds, "index_of_first_image": 0}


#: What the rest of this module relies on; a server that sends something else there has said nothing.
_TYPES = {"all_subseeds": list, "extra_generation_params": dict, "sd_model_name": str, "version": str}


def _prompts(request: Request) -> list[str]:
    """Of each picture."""
    return list(request.prompts or (request.prompt,) * request.count)


def _denoising(request: Request) -> float | None:
    if request.img2img:
        return request.img2img.denoising_strength
    return request.hires.denoise if request.hires else None
