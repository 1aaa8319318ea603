"""What somebody asks for: pictures from words, from another picture, or a picture made larger; checked field by field.

Field names are those of AUTOMATIC1111's API where it has one.
"""

from __future__ import annotations

import json
import secrets
import unicodedata
from collections.abc import Callable, Iterator, Mapping
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

from zosma_queue.a1111_options import FIELD as OPTIONS
from zosma_queue.a1111_options import MODULES, PASSED, option_problem
from zosma_queue.errors import RequestRefusedError, Value
from zosma_queue.tiles import Pieces, SDUpscale, UltimateSDUpscale
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
#: WebUIs count seeds in 64 bits; beyond 53 a browser and Discord no longer tell one from the next.
SEED_MAX = 2**53 - 1
#: A1111 draws its own below this, and older ones of ours took no others.
USUAL_SEED_MAX = 2**32 - 1
#: A1111 works on latents of 8×8 pixels and rounds sizes down to them.
LATENT_PX = 8

#: A picture that a request starts from: its bytes, and its pixels.
INPUT_MAX_BYTES = 12 * 1024 * 1024
INPUT_PIXELS_MAX = PIXELS_MAX
UPSCALE_MAX = 8.0
STYLES_MAX = 10
WORKFLOW_OPTIONS_MAX = 10
#: What puts pictures into words, by A1111's names.
INTERROGATORS = ("clip", "deepdanbooru")
#: Fields that reach a WebUI of A1111's kind as they are. None of them changes the size or the number of pictures.
A1111_FIELDS = (
    "alwayson_scripts", "disable_extra_networks", "distilled_cfg_scale", "eta", "forge_additional_modules",
    "hr_checkpoint_name", "hr_negative_prompt", "hr_prompt", "hr_sampler_name", "hr_scheduler", "image_cfg_scale",
    "initial_noise_multiplier", "mask_blur_x", "mask_blur_y", "mask_round", "override_settings", "refiner_checkpoint",
    "refiner_switch_at", "restore_faces", "s_churn", "s_min_uncond", "s_noise", "s_tmax", "s_tmin",
    "seed_resize_from_h", "seed_resize_from_w", "tiling",
)  # fmt: skip
#: As JSON: they stay with the job for a month.
A1111_MAX_CHARS = 32_768

#: Of `Request.a1111`, and of A1111's bodies: the scripts that work along, with their arguments.
SCRIPTS = "alwayson_scripts"
#: Stands in a script's arguments before the id of a picture that was stored with `Queue.keep_input`.
INPUT_MARK = "zosma-input:"

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
#: A text that a workflow takes besides the prompt.
OptionText = Annotated[str, StringConstraints(max_length=1000)]
#: Names a picture that was stored with `Queue.keep_input`. Bytes travel apart from the request, and never a URL.
InputId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{20,40}$")]


class Hires(BaseModel):
    """The hires fix: a second pass over the picture, made larger."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

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

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    image: InputId
    more_images: tuple[InputId, ...] = Field((), max_length=COUNT_MAX - 1)
    """Others to start from besides: `count` is a multiple of all of them, and the pictures go through them in turn."""
    mask: InputId | None = None
    """White is repainted, in each of them."""
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

    @property
    def images(self) -> tuple[str, ...]:
        """All pictures that it starts from."""
        return (self.image, *self.more_images)


class Interrogate(BaseModel):
    """A picture to be put into words, by A1111's address of that name. Names are A1111's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: InputId
    model: Name = INTERROGATORS[0]


#: A preprocessor's shorter side where none is asked for.
DETECT_SIDE_PX = 512


class Detect(BaseModel):
    """A picture to be looked at by one of ControlNet's preprocessors: its edges, depth, poses, … become a picture."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    image: InputId
    mask: InputId | None = None
    """Some need one."""
    module: Name
    """The preprocessor's name, or what ControlNet's page calls it."""
    processor_res: int | None = Field(None, ge=64, le=SIDE_MAX_PX)
    """The shorter side of what comes out; None: as the preprocessor likes it."""
    threshold_a: float | None = Field(None, ge=0, le=1e6)
    """What it means differs from one preprocessor to the next; None: its own default."""
    threshold_b: float | None = Field(None, ge=0, le=1e6)
    source_width: int = Field(0, ge=0, le=16_384)
    """0: nobody has looked at the picture yet."""
    source_height: int = Field(0, ge=0, le=16_384)

    @property
    def most(self) -> tuple[int, int]:
        """(width, height) in pixels of the largest picture that may come out: some keep the size of what came."""
        source = self.source_width, self.source_height
        factor = (self.processor_res or DETECT_SIDE_PX) / max(min(source), 1)
        return source if factor <= 1 else (round(source[0] * factor), round(source[1] * factor))


#: The fields of a request by which it makes nothing from words.
WORDLESS = ("upscale", "interrogate", "detect")
#: What can be compared: fields of `Request`.
COMPARED = ("checkpoint", "sampler", "cfg_scale")
COMPARED_MIN, COMPARED_MAX = 2, 4


class Compare(BaseModel):
    """One picture for each value of a field, with everything else alike, the seed too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: Literal["checkpoint", "sampler", "cfg_scale"]
    values: tuple[Name | float, ...] = Field(min_length=COMPARED_MIN, max_length=COMPARED_MAX)
    """Numbers for `cfg_scale`, names for the others; all different."""


class Upscale(BaseModel):
    """A picture to make larger, with nothing generated, and its faces to restore. Names are A1111's."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    image: InputId
    source_width: int = Field(ge=1, le=16_384)
    source_height: int = Field(ge=1, le=16_384)
    resize_mode: Literal[0, 1] = 0
    """0: by `upscaling_resize`; 1: to a size, what stands over is cut off."""
    upscaling_resize: float = Field(2.0, ge=1.0, le=UPSCALE_MAX)
    upscaling_resize_w: int = Field(512, ge=1, le=16_384)
    upscaling_resize_h: int = Field(512, ge=1, le=16_384)
    upscaler_1: Name | None = None
    """None: the best that the fleet has; with faces to restore none at all, and the picture keeps its size."""
    gfpgan_visibility: float = Field(0.0, ge=0.0, le=1.0)
    """How much of what GFPGAN makes of the faces is seen; 0: it isn't asked."""
    codeformer_visibility: float = Field(0.0, ge=0.0, le=1.0)
    codeformer_weight: float = Field(0.0, ge=0.0, le=1.0)
    """CodeFormer: 0 for the most effect, 1 for the least."""
    upscale_first: bool = False
    """True: made larger before its faces are restored."""
    upscaler_2: Name | None = None
    """A second upscaler, laid over the first one's picture."""
    extras_upscaler_2_visibility: float = Field(0.0, ge=0.0, le=1.0)
    """How much of it is seen; 0: it isn't asked."""
    upscaling_crop: bool = True
    """With `resize_mode` 1. False: what stands over stays, and the picture is larger than the size on one side."""

    @property
    def keeps_size(self) -> bool:
        """True when only its faces are restored: A1111 resizes by an upscaler, or not at all."""
        return bool(self.face_restorers) and self.upscaler_1 is None

    @property
    def face_restorers(self) -> tuple[str, ...]:
        """The face restorers that it needs, by A1111's names."""
        visible = (("GFPGAN", self.gfpgan_visibility), ("CodeFormer", self.codeformer_visibility))
        return tuple(name for name, visibility in visible if visibility)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels of the finished picture; a WebUI may cut it to whole latents."""
        if self.keeps_size:
            return self.source_width, self.source_height
        if self.resize_mode == 1 and self.upscaling_crop:
            return self.upscaling_resize_w, self.upscaling_resize_h
        return int(self.source_width * self._factor), int(self.source_height * self._factor)

    @property
    def _factor(self) -> float:
        if self.resize_mode == 0:
            return self.upscaling_resize
        return max(self.upscaling_resize_w / self.source_width, self.upscaling_resize_h / self.source_height)

    @property
    def extras(self) -> tuple[str, ...]:
        """The fields that not every WebUI has, of those that change the picture."""
        used = {
            "extras_upscaler_2_visibility": bool(self.upscaler_2 and self.extras_upscaler_2_visibility),
            "upscale_first": self.upscale_first and bool(self.face_restorers),
            "upscaling_crop": self.resize_mode == 1 and not self.upscaling_crop,
        }
        return tuple(name for name, is_used in used.items() if is_used)


#: Tiles of one request, all its pictures together, and the pixels in them: they overlap, and small ones take as long.
TILES_MAX = 256
TILES_PIXELS_MAX = 4 * PIXELS_MAX


class _WrongError(ValueError):
    """Raised by a check of several fields; becomes a refusal with this detail, code, field and values."""

    def __init__(self, detail: str, code: str, field: str, values: Mapping[str, Value] | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.field = field
        self.values = values


class Request(BaseModel):
    """A checked request. Immutable, and the same JSON on every machine."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    prompt: Annotated[str, StringConstraints(strip_whitespace=True, max_length=PROMPT_MAX_CHARS)] = ""
    """Members must say something; A1111's clients need not."""
    negative_prompt: Annotated[str, StringConstraints(strip_whitespace=True, max_length=PROMPT_MAX_CHARS)] = ""
    prompts: tuple[Annotated[str, StringConstraints(max_length=PROMPT_MAX_CHARS)], ...] = Field(
        (), max_length=COUNT_MAX
    )
    """The prompt of each picture, where they differ; `prompt` is that of the first."""
    template: Annotated[str, StringConstraints(strip_whitespace=True, max_length=PROMPT_MAX_CHARS)] = ""
    """What the prompts were drawn from, by each picture's seed; '' for a prompt that was written as it is."""
    negative_template: Annotated[str, StringConstraints(strip_whitespace=True, max_length=PROMPT_MAX_CHARS)] = ""
    """What the negative prompt was drawn from, by the first picture's seed; '' for one that was written as it is."""
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
    sd_upscale: SDUpscale | None = None
    """With `img2img`, of which it takes the picture and the strength; `width` and `height` are a tile's."""
    ultimate_sd_upscale: UltimateSDUpscale | None = None
    """As `sd_upscale`, by the other script. Not together with it."""
    workflow: Name | None = None
    """An operator's own workflow, of ComfyUI; None: whatever makes the pictures of the checkpoint."""
    workflow_options: dict[Name, bool | int | float | OptionText] = Field({}, max_length=WORKFLOW_OPTIONS_MAX)
    """What the workflow lets be chosen besides, by its names."""
    interrogate: Interrogate | None = None
    detect: Detect | None = None
    compare: Compare | None = None
    """`count` is the number of its values."""
    a1111: dict[str, Any] = {}
    """What only WebUIs of A1111's kind have, by its names and as it is sent: those in `A1111_FIELDS`."""

    @model_validator(mode="before")
    @classmethod
    def _words_are_there(cls, data: Any, told: ValidationInfo) -> Any:
        worded = told.context is None or told.context.get("worded", True)
        if worded and isinstance(data, dict) and not any(data.get(name) for name in WORDLESS):
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
        if problem := _wrong_in(given):
            raise _WrongError(f": {problem}", "malformed", "a1111", {"given": "…", "problem": problem})
        if len(json.dumps(given)) > A1111_MAX_CHARS:
            problem = f"more than {A1111_MAX_CHARS:,} characters"
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
        if self.interrogate and (self.upscale or self.img2img or self.hires or self.count != 1):
            raise _WrongError(
                ": puts one picture into words and makes none: leave the other fields out",
                "interrogate-alone",
                "interrogate",
            )
        if self.detect and (self.upscale or self.interrogate or self.img2img or self.hires or self.count != 1):
            problem = "it looks at one picture and makes none from words: leave the other fields out"
            raise _WrongError(f": {problem}", "malformed", "detect", {"given": "…", "problem": problem})
        if self.compare and not self.generates:
            raise _WrongError(
                ": belongs to pictures that are made: leave the other fields out", "compare-alone", "compare"
            )
        if self.img2img and self.count % len(self.img2img.images):
            starts = len(self.img2img.images)
            raise _WrongError(
                f"is {self.count}: it must be a multiple of the {starts} pictures to start from",
                "uneven-starts",
                "count",
                {"given": self.count, "starts": starts},
            )
        return self

    @model_validator(mode="after")
    def _compares_what_differs(self) -> Self:
        compare = self.compare
        if compare is None:
            return self
        kind = float if compare.field == "cfg_scale" else str
        if not all(isinstance(value, kind) for value in compare.values):
            wanted = "numbers" if kind is float else "names"
            raise _WrongError(f": of {compare.field} must be {wanted}", "malformed", "compare.values",
                              {"given": "…", "problem": f"{wanted} are needed for {compare.field}"})  # fmt: skip
        for value in compare.values:
            if not isinstance(value, str) and not 0 <= value <= CFG_MAX:
                raise _WrongError(
                    f"is {value:g}: it must be between 0 and {CFG_MAX:g}", "out-of-bounds", "cfg_scale",
                    {"given": value, "low": 0, "high": CFG_MAX},
                )  # fmt: skip
        spelled = [value.strip().casefold() if isinstance(value, str) else value for value in compare.values]
        if len(set(spelled)) < len(spelled):
            raise _WrongError(": are not all different: leave one out", "compare-same", "compare.values")
        if self.count != len(spelled):
            raise _WrongError(
                f"is {self.count}: with {len(spelled)} values to compare it must be that many",
                "compare-count",
                "count",
                {"given": self.count, "values": len(spelled)},
            )
        return self

    @model_validator(mode="after")
    def _tiles_can_be_made(self) -> Self:
        if self.tiled is None:
            return self
        start, problem = self.img2img, ""
        if start is None or start.mask or start.more_images or self.compare or self.workflow:
            problem = "it starts from one picture, without a mask, a comparison or a workflow"
        elif self.sd_upscale and self.ultimate_sd_upscale:
            problem = "sd_upscale does the same in another way: leave one of them out"
        elif (ultimate := self.ultimate_sd_upscale) and bool(ultimate.target_width) != bool(ultimate.target_height):
            problem = "target_width and target_height belong together: name both, or neither"
        elif self.sd_upscale and self.sd_upscale.overlap >= min(
            self.width, self.height, *filter(None, self.sd_upscale.size)
        ):
            problem = "the tiles, and the picture made larger, must be larger than the overlap"
        else:
            tiles = self.count * sum(one.number for one in self.pieces)
            pixels = self.count * sum(one.number * one.width * one.height for one in self.pieces)
            if tiles > TILES_MAX or pixels > TILES_PIXELS_MAX:
                problem = f"it would take {tiles:,} tiles: larger ones, a smaller scale or fewer pictures are needed"
        if problem:
            raise _WrongError(f": {problem}", "malformed", self.tiled_by, {"given": "…", "problem": problem})
        return self

    @model_validator(mode="after")
    def _options_of_a_workflow(self) -> Self:
        if self.workflow_options and not self.workflow:
            raise _WrongError(
                ": belongs to a workflow: name one, or leave it out", "options-without-workflow", "workflow_options"
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
        if self.detect and self.output_pixels > PIXELS_MAX:
            raise self._too_large("detect.processor_res", "use a smaller resolution, or a picture less long")
        if self.output_pixels > PIXELS_MAX:
            field = f"{self.tiled_by}.{self.tiled.sized_by}" if self.tiled else "hires.scale"
            raise self._too_large(field, "use a smaller size or scale")
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
        if self.detect:
            return self.detect.most
        wide, high = self.exact_size
        return _on_grid(wide), _on_grid(high)

    @property
    def exact_size(self) -> tuple[float, float]:
        """(width, height) in pixels of a picture that is generated, before it is brought to the latent grid."""
        if self.tiled:
            return self.tiled.size
        return self.hires.size(self.width, self.height) if self.hires else (self.width, self.height)

    @property
    def tiled(self) -> SDUpscale | UltimateSDUpscale | None:
        """How it is made larger and painted anew in pieces, if it is."""
        return self.sd_upscale or self.ultimate_sd_upscale

    @property
    def tiled_by(self) -> str:
        """The field that says so; '' for none."""
        if self.sd_upscale:
            return "sd_upscale"
        return "ultimate_sd_upscale" if self.ultimate_sd_upscale else ""

    @property
    def pieces(self) -> list[Pieces]:
        """What is painted of each picture, where that is done in pieces."""
        if self.tiled is None or self.img2img is None:
            return []
        return self.tiled.pieces(self.width, self.height, self.img2img.denoising_strength)

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
        """The seed of each picture; none for words."""
        if self.interrogate:
            return []
        alike = self.subseed_strength or self.compare
        return [self.seed + (0 if alike else index) for index in range(self.count)]

    @property
    def splits(self) -> bool:
        """Whether its pictures can be made apart from each other, and come out the same.

        Scripts and an operator's workflows may go by the number of a picture in its batch; several pictures to start
        from are one batch.
        """
        if self.compare or self.count == 1 or self.workflow or self.sd_upscale or SCRIPTS in self.a1111:
            return False
        return not (self.img2img and self.img2img.more_images) and self.seed + self.count - 1 <= SEED_MAX

    @property
    def variants(self) -> tuple[Request, ...]:
        """The requests for each of the pictures, where they are compared; else itself."""
        if self.compare is None:
            return (self,)
        words = self.prompts or (self.prompt,) * self.count
        return tuple(
            self.model_copy(
                update={"compare": None, "count": 1, "prompt": prompt, "prompts": (), self.compare.field: value}
            )
            for prompt, value in zip(words, self.compare.values, strict=True)
        )

    @property
    def all_prompts(self) -> tuple[str, ...]:
        """Every prompt, each once, that of the first picture first."""
        return tuple(dict.fromkeys((self.prompt, *self.prompts)))

    def part(self, first: int, count: int, checkpoint: str | None = None) -> Request:
        """The request for `count` of its pictures, from the one at index `first` on: each as it is in the whole.

        `checkpoint` is that of the others, where the request names none.
        """
        if self.compare:
            return self.variants[first]
        words = self.prompts[first : first + count]
        return self.model_copy(
            update={
                "prompt": words[0] if words else self.prompt,
                "prompts": words if len(set(words)) > 1 else (),
                "seed": self.seeds[first],
                "subseed": self.subseed + first if self.subseed_strength else self.subseed,
                "count": count,
                "checkpoint": self.checkpoint or checkpoint,
            }
        )

    @property
    def inputs(self) -> tuple[str, ...]:
        """Ids of the pictures that it starts from, and of those that its scripts look at."""
        if self.generates:
            start = self.img2img
            own = (*start.images, *([start.mask] if start.mask else [])) if start else ()
            return tuple(dict.fromkeys((*own, *self.script_inputs)))
        if self.interrogate:
            return (self.interrogate.image,)
        if self.detect:
            return (self.detect.image, *([self.detect.mask] if self.detect.mask else []))
        return (self.upscale.image,) if self.upscale else ()

    @property
    def script_inputs(self) -> tuple[str, ...]:
        """Ids of the pictures among its scripts' arguments."""
        texts = _texts_in(self.a1111.get(SCRIPTS))
        return tuple(text.removeprefix(INPUT_MARK) for text in texts if text.startswith(INPUT_MARK))

    @property
    def script_texts(self) -> tuple[str, ...]:
        """The texts among its scripts' arguments, without the pictures: any of them may be a prompt."""
        return tuple(text for text in _texts_in(self.a1111.get(SCRIPTS)) if not text.startswith(INPUT_MARK))

    @property
    def generates(self) -> bool:
        """True for pictures that are made from words; False for what only looks at a picture, or makes it larger."""
        return not (self.upscale or self.interrogate or self.detect)


def _texts_in(inside: Any) -> Iterator[str]:
    """The texts in a script's arguments."""
    if isinstance(inside, str):
        yield inside
    elif isinstance(inside, dict | list):
        for value in inside.values() if isinstance(inside, dict) else inside:
            yield from _texts_in(value)


def with_inputs(inside: Any, put: Callable[[str], str]) -> Any:
    """A script's arguments with something else in the place of each `INPUT_MARK` and the id behind it."""
    if isinstance(inside, str):
        return put(inside.removeprefix(INPUT_MARK)) if inside.startswith(INPUT_MARK) else inside
    if isinstance(inside, dict):
        return {name: with_inputs(value, put) for name, value in inside.items()}
    return [with_inputs(value, put) for value in inside] if isinstance(inside, list) else inside


def _wrong_in(a1111: Mapping[str, Any]) -> str:
    """What is wrong with those of `Request.a1111` that have parts; '' when nothing is."""
    options, modules = a1111.get(OPTIONS, {}), a1111.get(MODULES, [])
    if not isinstance(a1111.get(SCRIPTS, {}), dict):
        return f"{SCRIPTS} must be an object"
    if not isinstance(options, dict) or not options.keys() <= set(PASSED):
        return f"{OPTIONS} must be an object of {', '.join(PASSED)}"
    if wrong := next((name for name, value in options.items() if option_problem(name, value)), None):
        return f"{OPTIONS}.{wrong} {option_problem(wrong, options[wrong])}"
    if not isinstance(modules, list) or not all(isinstance(one, str) and 0 < len(one) <= 200 for one in modules):
        return f"{MODULES} must be a list of names"
    return ""


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
        parts: dict[str, type[BaseModel]] = {
            "hires": Hires, "img2img": Img2Img, "upscale": Upscale, "interrogate": Interrogate, "compare": Compare,
            "detect": Detect,
            "sd_upscale": SDUpscale, "ultimate_sd_upscale": UltimateSDUpscale,
        }  # fmt: skip
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
    return f"{limit:.16g}" if limit is not None else "any"
