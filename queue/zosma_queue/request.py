"""What somebody asks for: pictures from words, from another picture, or a picture made larger; checked field by field.

Field names are those of AUTOMATIC1111's API where it has one.
"""

from __future__ import annotations

import json
import secrets
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from zosma_queue.errors import RequestRefusedError, Value
from zosma_queue.validation import malformed, problems_of

PROMPT_MAX_CHARS = 4000
SIDE_MIN_PX, SIDE_MAX_PX = 64, 2048
STEPS_MAX = 150
CFG_MAX = 30.0
COUNT_MAX = 16
HIRES_SCALE_MAX = 4.0
HIRES_SIDE_MAX_PX = 8192
#: Width × height of one picture after the hires pass.
PIXELS_MAX = 4096 * 4096
#: What a request may add up to: count × pixels after the hires pass.
TOTAL_PIXELS_MAX = 4 * PIXELS_MAX
#: Seeds are drawn below 2³¹: stable-diffusion.cpp reads them as 32-bit and takes anything above for "random".
DRAWN_SEED_MAX = 2**31 - 1
SEED_MAX = 2**32 - 1
#: A1111 works on latents of 8×8 pixels and rounds sizes down to them.
LATENT_PX = 8

#: A picture that a request starts from: its bytes, and its pixels.
INPUT_MAX_BYTES = 12 * 1024 * 1024
INPUT_PIXELS_MAX = PIXELS_MAX
UPSCALE_MAX = 8.0
STYLES_MAX = 10
#: Fields that reach a WebUI of A1111's kind as they are. None of them changes the size or the number of pictures.
A1111_FIELDS = (
    "alwayson_scripts", "disable_extra_networks", "distilled_cfg_scale", "eta", "hr_checkpoint_name",
    "hr_negative_prompt", "hr_prompt", "hr_sampler_name", "hr_scheduler", "image_cfg_scale",
    "initial_noise_multiplier", "refiner_checkpoint", "refiner_switch_at", "restore_faces", "s_churn", "s_min_uncond",
    "s_noise", "s_tmax", "s_tmin", "seed_resize_from_h", "seed_resize_from_w", "tiling",
)  # fmt: skip
#: As JSON: they stay with the job for a month.
A1111_MAX_CHARS = 32_768

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
#: Names a picture that was stored with `Queue.keep_input`. Bytes travel apart from the request, and never a URL.
InputId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{20,40}$")]


class Hires(BaseModel):
    """The hires fix: a second pass over the picture, made larger."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scale: float = Field(2.0, ge=1.0, le=HIRES_SCALE_MAX)
    steps: int = Field(0, ge=0, le=STEPS_MAX)
    """0: as many as the first pass."""
    denoise: float = Field(0.7, ge=0.0, le=1.0)
    upscaler: Name | None = None
    width: int = Field(0, ge=0, le=HIRES_SIDE_MAX_PX)
    """With `height`: the finished size instead of `scale`; with one of them 0 the other follows the first pass."""
    height: int = Field(0, ge=0, le=HIRES_SIDE_MAX_PX)

    def size(self, width: int, height: int) -> tuple[float, float]:
        """(width, height) in pixels of what becomes of a first pass of this size."""
        if not (self.width or self.height):
            return width * self.scale, height * self.scale
        return self.width or self.height * width / height, self.height or self.width * height / width


class Img2Img(BaseModel):
    """A picture to start from, and with `mask` the part of it to paint anew. Names are A1111's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: InputId
    mask: InputId | None = None
    """White is repainted."""
    denoising_strength: float = Field(0.75, ge=0.0, le=1.0)
    resize_mode: int = Field(0, ge=0, le=3)
    """0: just resize, 1: crop and resize, 2: resize and fill, 3: just resize, in latent space."""
    mask_blur: int = Field(4, ge=0, le=64)
    inpainting_fill: int = Field(1, ge=0, le=3)
    """0: fill, 1: original, 2: latent noise, 3: latent nothing."""
    inpaint_full_res: bool = False
    """Only the masked part, at full resolution."""
    inpaint_full_res_padding: int = Field(32, ge=0, le=512)
    inpainting_mask_invert: bool = False


class Upscale(BaseModel):
    """A picture to make larger, with nothing generated. Names are A1111's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: InputId
    source_width: int = Field(ge=1, le=16_384)
    source_height: int = Field(ge=1, le=16_384)
    resize_mode: Literal[0, 1] = 0
    """0: by `upscaling_resize`; 1: to a size, what stands over is cut off."""
    upscaling_resize: float = Field(2.0, ge=1.0, le=UPSCALE_MAX)
    upscaling_resize_w: int = Field(512, ge=1, le=16_384)
    upscaling_resize_h: int = Field(512, ge=1, le=16_384)
    upscaler_1: Name | None = None
    """None: the best that the fleet has."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels of the finished picture; a WebUI may cut it to whole latents."""
        if self.resize_mode == 1:
            return self.upscaling_resize_w, self.upscaling_resize_h
        return int(self.source_width * self.upscaling_resize), int(self.source_height * self.upscaling_resize)


class _WrongError(ValueError):
    """Raised by a check of several fields; becomes a refusal with this detail, code, field and values."""

    def __init__(self, detail: str, code: str, field: str, values: Mapping[str, Value] | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.field = field
        self.values = values


class Request(BaseModel):
    """A checked request. Immutable, and the same JSON on every machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: Annotated[str, StringConstraints(strip_whitespace=True, max_length=PROMPT_MAX_CHARS)] = ""
    """Members must say something; A1111's clients need not."""
    negative_prompt: Annotated[str, StringConstraints(strip_whitespace=True, max_length=PROMPT_MAX_CHARS)] = ""
    prompts: tuple[Annotated[str, StringConstraints(max_length=PROMPT_MAX_CHARS)], ...] = Field(
        (), max_length=COUNT_MAX
    )
    """The prompt of each picture, where they differ; `prompt` is that of the first."""
    template: Annotated[str, StringConstraints(strip_whitespace=True, max_length=PROMPT_MAX_CHARS)] = ""
    """What the prompts were drawn from, by each picture's seed; '' for a prompt that was written as it is."""
    width: int = Field(512, ge=SIDE_MIN_PX, le=SIDE_MAX_PX)
    height: int = Field(512, ge=SIDE_MIN_PX, le=SIDE_MAX_PX)
    steps: int = Field(20, ge=1, le=STEPS_MAX)
    cfg_scale: float = Field(7.0, ge=0.0, le=CFG_MAX)
    sampler: Name | None = None
    scheduler: Name | None = None
    seed: int = Field(-1, ge=-1, le=SEED_MAX)
    """-1: drawn at submit, so that a retry makes the same picture."""
    count: int = Field(1, ge=1, le=COUNT_MAX)
    """Pictures, with seeds seed, seed + 1, …"""
    checkpoint: Name | None = None
    """None: whatever the worker has loaded."""
    clip_skip: int | None = Field(None, ge=1, le=12)
    hires: Hires | None = None
    vae: Name | None = None
    """None: as its WebUI is set up."""
    styles: tuple[Name, ...] = Field((), max_length=STYLES_MAX)
    """Names from the WebUI's list, which has their words."""
    subseed: int = Field(-1, ge=-1, le=SEED_MAX)
    subseed_strength: float = Field(0.0, ge=0.0, le=1.0)
    """Above 0: all pictures have the seed `seed`, and vary by subseed, subseed + 1, …"""
    img2img: Img2Img | None = None
    upscale: Upscale | None = None
    a1111: dict[str, Any] = {}
    """What only WebUIs of A1111's kind have, by its names and as it is sent: those in `A1111_FIELDS`."""

    @model_validator(mode="before")
    @classmethod
    def _words_are_there(cls, data: Any, told: ValidationInfo) -> Any:
        worded = told.context is None or told.context.get("worded", True)
        if worded and isinstance(data, dict) and not data.get("upscale"):
            if "prompt" not in data:
                raise _WrongError("is missing", "missing", "prompt")
            if isinstance(data["prompt"], str) and not _visible(data["prompt"]):
                raise _WrongError("is empty: say what the picture should show", "empty-prompt", "prompt")
        return data

    @field_validator("a1111")
    @classmethod
    def _known_to_a1111(cls, given: dict[str, Any]) -> dict[str, Any]:
        for name in given:
            if name not in A1111_FIELDS:
                known = ", ".join(A1111_FIELDS)
                problem = f"possible are {known}"
                raise _WrongError(
                    f"has {name[:60]!r}: {problem}", "malformed", "a1111", {"given": name[:60], "problem": problem}
                )
        if not isinstance(given.get("alwayson_scripts", {}), dict):
            problem = "alwayson_scripts must be an object"
            raise _WrongError(f": {problem}", "malformed", "a1111", {"given": "…", "problem": problem})
        if len(json.dumps(given)) > A1111_MAX_CHARS:
            problem = f"more than {A1111_MAX_CHARS:,} characters, pictures inside scripts can't be sent"
            raise _WrongError(f": {problem}", "malformed", "a1111", {"given": "…", "problem": problem})
        return given

    @model_validator(mode="after")
    def _one_thing_at_a_time(self) -> Self:
        if self.img2img and self.hires:
            raise _WrongError(
                ": belongs to pictures made from words alone: leave it out, and ask for a larger size",
                "hires-with-picture",
                "hires",
            )
        if self.upscale and (self.img2img or self.hires or self.count != 1):
            raise _WrongError(
                ": makes one picture larger and nothing else: leave the other fields out",
                "upscale-alone",
                "upscale",
            )
        return self

    @model_validator(mode="after")
    def _a_prompt_for_each(self) -> Self:
        if self.prompts and (len(self.prompts) != self.count or self.prompts[0] != self.prompt):
            problem = "one for each picture is needed, and `prompt` must be the first"
            raise _WrongError(f": {problem}", "malformed", "prompts", {"given": len(self.prompts), "problem": problem})
        return self

    @model_validator(mode="after")
    def _within_the_canvas(self) -> Self:
        if self.upscale and self.output_pixels > PIXELS_MAX:
            raise self._too_large("upscale.upscaling_resize", "use a smaller scale")
        if self.output_pixels > PIXELS_MAX:
            raise self._too_large("hires.scale", "use a smaller size or scale")
        if self.output_pixels * self.count > TOTAL_PIXELS_MAX:
            raise _WrongError(
                ": too many pictures of this size in one request: ask for fewer or smaller ones",
                "too-many-pictures",
                "count",
            )
        return self

    def _too_large(self, field: str, advice: str) -> _WrongError:
        wide, high = self.output_size
        most = PIXELS_MAX // 10**6
        return _WrongError(
            f": makes the picture {wide}x{high}, at most {most} megapixels are possible: {advice}",
            "too-many-pixels",
            field,
            {"width": wide, "height": high, "most_megapixels": most},
        )

    @property
    def output_size(self) -> tuple[int, int]:
        """(width, height) in pixels of the finished picture."""
        if self.upscale:
            return self.upscale.size
        wide, high = self.exact_size
        return _on_grid(wide), _on_grid(high)

    @property
    def exact_size(self) -> tuple[float, float]:
        """(width, height) in pixels of a picture that is generated, before it is brought to the latent grid."""
        return self.hires.size(self.width, self.height) if self.hires else (self.width, self.height)

    @property
    def output_pixels(self) -> int:
        """Pixels of one finished picture."""
        wide, high = self.output_size
        return wide * high

    def pinned(self) -> Request:
        """The request with its open choices made: drawn seeds, sizes on the latent grid."""
        return self.model_copy(
            update={
                "seed": _drawn(self.seed),
                "subseed": _drawn(self.subseed) if self.subseed_strength else self.subseed,
                "width": _on_grid(self.width),
                "height": _on_grid(self.height),
            }
        )

    @property
    def seeds(self) -> list[int]:
        """The seed of each picture."""
        return [self.seed + (0 if self.subseed_strength else index) for index in range(self.count)]

    @property
    def all_prompts(self) -> tuple[str, ...]:
        """Every prompt, each once, that of the first picture first."""
        return tuple(dict.fromkeys((self.prompt, *self.prompts)))

    def part(self, first: int, count: int) -> Request:
        """The request for `count` of its pictures, from the one at index `first` on: each as it is in the whole."""
        words = self.prompts[first : first + count]
        return self.model_copy(
            update={
                "prompt": words[0] if words else self.prompt,
                "prompts": words if len(set(words)) > 1 else (),
                "seed": self.seeds[first],
                "subseed": self.subseed + first if self.subseed_strength else self.subseed,
                "count": count,
            }
        )

    @property
    def inputs(self) -> tuple[str, ...]:
        """Ids of the pictures that it starts from."""
        if self.img2img:
            return (self.img2img.image, *([self.img2img.mask] if self.img2img.mask else []))
        return (self.upscale.image,) if self.upscale else ()


def _visible(text: str) -> bool:
    """False for a text in which nothing can be seen: spaces, control and format characters alone."""
    return any(unicodedata.category(letter)[0] not in "ZC" for letter in text)


def _drawn(seed: int) -> int:
    return seed if seed >= 0 else secrets.randbelow(DRAWN_SEED_MAX + 1)


def _on_grid(side: float) -> int:
    return round(side) // LATENT_PX * LATENT_PX


def parse_request(fields: dict[str, Any], *, worded: bool = True) -> Request:
    """The request made of these fields; with `worded` its prompt must say something.

    Raises:
      RequestRefusedError: when a field is missing, unknown or out of bounds; `field` and the text name it.
    """
    try:
        return Request.model_validate(fields, context={"worded": worded})
    except ValidationError as error:
        raise _refusal(error) from None


def _refusal(error: ValidationError) -> RequestRefusedError:
    """The first thing wrong, in one line that names the field, what it was given and what it takes."""
    first = problems_of(error)[0]
    if first.kind == "value_error":
        wrong = first.context["error"]
        return RequestRefusedError(detail=str(wrong), code=wrong.code, field=wrong.field, values=wrong.values)
    detail, code, values = _problem(first.kind, first.field, first.given, first.context)
    if not code:
        return malformed(first)
    return RequestRefusedError(detail=detail, code=code, field=first.field, values=values)


def _problem(kind: str, field: str, given: Any, context: Mapping[str, Any]) -> tuple[str, str, dict[str, Value]]:
    """(what is wrong, code, values) for what pydantic found; '' where its own words must do."""
    if kind == "missing":
        return "is missing", "missing", {}
    if kind == "extra_forbidden":
        return "is no field of a request: leave it out", "unknown-field", {}
    if kind == "string_too_short":
        return "is empty: name one, or leave it out", "empty-name", {}
    if kind in ("string_too_long", "too_long"):
        most, has = context["max_length"], len(given)
        if kind == "too_long":
            return f"has {has} entries, at most {most} are possible", "too-many-items", {"given": has, "most": most}
        text = f"has {has:,} characters, at most {most:,} are possible: shorten it"
        return text, "too-long", {"given": has, "most": most}
    if kind in ("greater_than_equal", "less_than_equal"):
        low, high = limits_of(field)
        return f"is {given}: it must be {bounds_of(field)}", "out-of-bounds", {"given": given, "low": low, "high": high}
    return "", "", {}


def limits_of(field: str) -> tuple[float, float]:
    """The least and the most that a numeric field takes."""
    model: type[BaseModel] = Request
    *parents, name = field.split(".")
    if parents:
        parts: dict[str, type[BaseModel]] = {"hires": Hires, "img2img": Img2Img, "upscale": Upscale}
        model = parts[parents[0]]
    lower: float = 0
    upper: float = 0
    for limit in model.model_fields[name].metadata:
        lower = getattr(limit, "ge", lower)
        upper = getattr(limit, "le", upper)
    return lower, upper


def bounds_of(field: str) -> str:
    """What a numeric field takes, as "between 64 and 2048". Shown in errors and used by the command line's help."""
    lower, upper = limits_of(field)
    return f"between {_plain(lower)} and {_plain(upper)}"


def _plain(limit: float | None) -> str:
    """Whole numbers in full: 4294967295 rather than 4.29497e+09."""
    return f"{limit:.12g}" if limit is not None else "any"
