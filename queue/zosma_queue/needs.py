"""What a job needs of a worker, and the class that jobs with the same needs share."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from zosma_queue import sampler_names
from zosma_queue.a1111_options import FIELD as OPTIONS
from zosma_queue.a1111_options import MODULES, option_token_name
from zosma_queue.controlnet import UNITS
from zosma_queue.request import DRAWN_SEED_MAX, SCRIPTS, USUAL_SEED_MAX, Request, Upscale
from zosma_queue.tiles import SD_UPSCALE, ULTIMATE_SD_UPSCALE

#: Pixel counts are rounded up to these, so that sizes don't split jobs into needlessly many classes.
PIXEL_STEPS = tuple(2**power for power in range(18, 26))


class Lane(enum.StrEnum):
    """Who goes first. Relax runs while fast waits for nothing."""

    FAST = "fast"
    RELAX = "relax"


@dataclass(frozen=True)
class Needs:
    """What a worker must be able to do for a job."""

    tokens: tuple[str, ...]
    """Sorted; `kind:name` or a bare ability, as in a worker's `can` set."""
    pixels: int
    """Of the largest picture it has to make."""
    checkpoint: str | None
    avoid: str | None = None
    """`<hostname>/<webui host:port>` of the WebUI that it has gone wrong on; the scripts write it."""
    kind: str | None = None
    """comfyui or a1111, whichever began it, where both could go on; the scripts write it."""

    @classmethod
    def from_json(cls, data: str | bytes) -> Needs:
        """The needs as they are stored, by this or by a script.

        Raises:
          ValueError, TypeError, KeyError: when they are none.
        """
        found = json.loads(data)
        tokens, pixels = found["tokens"], found["pixels"]
        names = found.get("checkpoint"), found.get("avoid"), found.get("kind")
        # Lua knows no empty list: it writes {}.
        if not isinstance(tokens, list) and tokens != {}:
            raise TypeError("its tokens are no list")
        if isinstance(pixels, bool) or not isinstance(pixels, int):
            raise TypeError("its pixels are no number")
        if any(not isinstance(token, str) for token in tokens) or any(
            not isinstance(name, str | None) for name in names
        ):
            raise TypeError("one of its names is no text")
        return cls(tuple(tokens), pixels, *names)

    def to_json(self) -> str:
        """The needs as JSON, as the scripts read them."""
        needs: dict[str, object] = {"tokens": self.tokens, "pixels": self.pixels}
        if self.checkpoint:
            needs["checkpoint"] = self.checkpoint
        return json.dumps(needs)

    def class_in(self, lane: Lane) -> str:
        """The name under which jobs with these needs wait."""
        return "|".join((lane, *self.tokens, f"pixels:{self.pixels}"))


#: Begins A1111's way to ask for a LoRA, `<lora:name>` or `<lora:name:0.8>`, as people write it: A1111 knows it in small
#: letters and without spaces only, and drops anything else without a word. `lyco` is its other name for it.
_LORA = re.compile(r"<\s*(?:lora|lyco)\s*:", re.IGNORECASE)
#: What A1111 takes out of a prompt, whether or not it knows what is meant.
_TAG = re.compile(r"<(\w+):[^>]+>")
_HYPERNET = "hypernet"
_KNOWN_TAGS = ("lora", _HYPERNET)


@dataclass(frozen=True)
class LoraTag:
    """A prompt's `<lora:name:weight>`."""

    name: str
    """As it is written, with spaces around it: a file may be called so."""
    weight: str
    """As it is written; "" when it is left out."""
    start: int
    end: int
    """Where it stands in the prompt."""


def lora_tags(prompt: str) -> list[LoraTag]:
    """A prompt's tags for LoRAs, in their order. Reads each character once, whatever the prompt holds."""
    tags: list[LoraTag] = []
    end, close = 0, 0
    for begun in _LORA.finditer(prompt):
        if begun.start() < end:
            continue  # inside the tag before
        if close < begun.end():
            close = prompt.find(">", begun.end())
        if close < 0:
            break
        colon = prompt.find(":", begun.end(), close)
        name = prompt[begun.end() : close if colon < 0 else colon]
        weight = "" if colon < 0 else prompt[colon + 1 : close].strip()
        if name:
            end = close + 1
            tags.append(LoraTag(name, weight, begun.start(), end))
    return tags


def without_loras(prompt: str, instead: str = "") -> str:
    """The prompt without its tags for LoRAs, and with something in the place of each."""
    kept, at = [], 0
    for tag in lora_tags(prompt):
        kept.append(prompt[at : tag.start])
        at = tag.end
    return instead.join((*kept, prompt[at:]))


def without_tags(prompt: str) -> tuple[str, ...]:
    """The prompt as back ends read it, what stood around tags joined: A1111 takes out each extra network as it writes
    them, others the LoRAs alone, and A1111's may be left of those."""
    plain = without_loras(prompt)
    return _TAG.sub("", prompt), plain, _TAG.sub("", plain)


def loras_in(prompt: str) -> list[str]:
    """The names of the LoRAs that a prompt asks for."""
    return [tag.name for tag in lora_tags(prompt)]


def hypernetworks_in(prompt: str) -> list[str]:
    """The names of the hypernetworks that a prompt asks for: `<hypernet:name:0.8>`."""
    names = (tag[0].strip("<>").split(":")[1] for tag in _TAG.finditer(prompt) if tag[1] == _HYPERNET)
    return [name for name in names if name]


def with_lora_names(prompt: str, names: Mapping[str, str]) -> str:
    """The prompt with its tags for LoRAs as A1111 spells them, and with other names where `names` has one.

    Spaces around a name go, unless `names` puts them there.
    """
    kept, at = [], 0
    for tag in lora_tags(prompt):
        weight = f":{tag.weight}" if tag.weight else ""
        plain = tag.name.strip()
        kept.append(f"{prompt[at : tag.start]}<lora:{names.get(plain, plain)}{weight}>")
        at = tag.end
    return "".join((*kept, prompt[at:]))


def unknown_tags(prompt: str) -> list[str]:
    """What A1111 would take out of a prompt for an extra network that it doesn't know: `<fun:cat>`."""
    return [tag[0] for tag in _TAG.finditer(prompt) if tag[1] not in _KNOWN_TAGS]


#: What not every WebUI can do. These stand in refusals ("no GPU here offers …"), so they are words.
IMG2IMG, INPAINTING, UPSCALE, VARIATIONS, CLIP_SKIP = "img2img", "inpainting", "upscale", "variations", "clip skip"
INTERROGATE, DETECT = "interrogate", "detect"
DETECT_MASKED = "detect with a mask"
#: Begin the classes' tokens of what makes no pictures from words; the scripts know these, too.
WITHOUT_CHECKPOINT = frozenset({UPSCALE, INTERROGATE, DETECT})
#: What no request needs: its sender may ask for it while it runs.
SKIP = "skip of a picture"
SEVERAL_STARTS = "several pictures to start from"
SCRIPT_PICTURES = "pictures among a script's arguments"
MASK_SETTINGS = "inpainting of the masked part alone, or with another fill than the original"
#: Some WebUIs clamp silently at these.
SIDE_LIMITS = (1024,)
STEPS_LIMITS = (80, 100)
CFG_LIMITS = (1.0, 25.0)
#: A1111's `resize_mode` that not every WebUI has.
LATENT_RESIZE = 3
RESIZE_LATENT, HR_RESIZE = "resize_mode 3", "hr_resize_x"
#: A worker's own, which no request asks for: a retry rather stays on one kind (`_fleet.lua`).
KIND_COMFYUI = "kind:comfyui"
LARGE_SEEDS, HUGE_SEEDS = f"seeds over {DRAWN_SEED_MAX}", f"seeds over {USUAL_SEED_MAX}"
FREE_CFG = f"a CFG scale outside {CFG_LIMITS[0]:g} to {CFG_LIMITS[1]:g}"


def side_token(limit: int) -> str:
    """Needed for pictures with a side longer than this."""
    return f"sides over {limit} px"


def steps_token(limit: int) -> str:
    """The token that a request for more steps than this needs."""
    return f"more than {limit} steps"


def needs_of(request: Request) -> Needs:
    """What a request needs, a comparison for its first picture. Names must be the catalogue's (`Catalogue.resolve`)."""
    request = request.variants[0]
    if request.upscale:
        tokens = _enlarging(request.upscale)
    elif request.interrogate:
        tokens = [INTERROGATE, f"{INTERROGATE}:{request.interrogate.model}"]
    elif request.detect:
        tokens = [DETECT, detect_token(request.detect.module)]
        tokens += [DETECT_MASKED] if request.detect.mask else []
    else:
        tokens = _generation(request)
    pixels = next(step for step in PIXEL_STEPS if step >= request.output_pixels)
    return Needs(tuple(sorted(tokens)), pixels, request.checkpoint if request.generates else None)


def _enlarging(upscale: Upscale) -> list[str]:
    upscaler = [f"{UPSCALE}:{upscale.upscaler_1}"] if upscale.upscaler_1 else []
    if "extras_upscaler_2_visibility" in upscale.extras:
        upscaler.append(f"{UPSCALE}:{upscale.upscaler_2}")
    restorers = [face_restorer_token(name) for name in upscale.face_restorers]
    return [UPSCALE, *dict.fromkeys(upscaler), *restorers, *(field_token(name) for name in upscale.extras)]


def _generation(request: Request) -> list[str]:
    tokens = []
    if request.checkpoint:
        tokens.append(f"checkpoint:{request.checkpoint}")
    both = sampler_names.together(request.sampler, request.scheduler)
    if request.sampler:
        tokens.append(f"sampler:{both or request.sampler}")
    if request.scheduler and not both:
        tokens.append(f"scheduler:{request.scheduler}")
    if request.hires:
        tokens.append("hires")
        if request.hires.upscaler:
            tokens.append(f"upscaler:{request.hires.upscaler}")
    tokens += sorted({f"lora:{name}" for prompt in request.all_prompts for name in loras_in(prompt)})
    tokens += sorted({f"hypernet:{name}" for prompt in request.all_prompts for name in hypernetworks_in(prompt)})
    if request.workflow:
        tokens.append(f"workflow:{request.workflow}")
    if request.vae:
        tokens.append(f"vae:{request.vae}")
    tokens += sorted({f"style:{name}" for name in request.styles})
    if request.img2img:
        tokens.append(INPAINTING if request.img2img.mask else IMG2IMG)
        if request.img2img.more_images:
            tokens.append(SEVERAL_STARTS)
        if request.img2img.mask and (request.img2img.inpaint_full_res or request.img2img.inpainting_fill != 1):
            tokens.append(MASK_SETTINGS)
    return [*tokens, *_of_a1111(request), *_limits(request)]


def field_token(name: str) -> str:
    """Needed for a field of A1111's that not every WebUI has."""
    return f"field:{name}"


def face_restorer_token(name: str) -> str:
    """Needed to restore faces in a picture that is there already."""
    return f"face restorer:{name}"


def script_token(name: str) -> str:
    """Needed for a script that works along."""
    return f"script:{name.casefold()}"


#: The script of that name, in the spelling of tokens.
CONTROLNET = "controlnet"


def controlnet_token(model: str) -> str:
    """Needed for a model of ControlNet's, which knows them in any case and without their hashes."""
    return f"{CONTROLNET}:{model.partition(' [')[0].strip().casefold()}"


def embedding_token(name: str) -> str:
    """Needed for an embedding, which WebUIs know in any case."""
    return f"embedding:{name.casefold()}"


def detect_token(module: str) -> str:
    """Needed for a preprocessor of ControlNet's that is asked for by itself."""
    return f"{DETECT}:{module.casefold()}"


def units_token(units: int) -> str:
    """Needed for so many units of ControlNet, where that is more than every WebUI has."""
    return f"{units} units of {CONTROLNET}"


def _controlnet_tokens(request: Request) -> Iterator[str]:
    """For each model that a unit of ControlNet's asks for (some preprocessors need none), and for many units: a WebUI
    passes over those for which its page has no room."""
    for name, script in request.a1111.get(SCRIPTS, {}).items():
        args = script.get("args") if isinstance(script, dict) and name.casefold() == CONTROLNET else None
        last = 0
        for number, unit in enumerate(args if isinstance(args, list) else (), start=1):
            if not isinstance(unit, dict) or not unit.get("enabled", True):
                continue
            last, model = number, unit.get("model")
            if isinstance(model, str) and model.strip().casefold() not in ("", "none"):
                yield controlnet_token(model)
        if last > UNITS:
            yield units_token(last)


def _of_a1111(request: Request) -> list[str]:
    tokens = [field_token(name) for name in request.a1111 if name not in (SCRIPTS, OPTIONS)]
    tokens += [field_token(option_token_name(name)) for name in request.a1111.get(OPTIONS, {})]
    tokens += [script_token(name) for name in request.a1111.get(SCRIPTS, {})]
    tokens += _controlnet_tokens(request)
    tokens += [SCRIPT_PICTURES] if request.script_inputs else []
    if request.tiled:
        tokens.append(field_token(SD_UPSCALE if request.sd_upscale else ULTIMATE_SD_UPSCALE))
        tokens += [f"{UPSCALE}:{request.tiled.upscaler}"] if request.tiled.upscaler else []
    tokens += [f"vae:{name}" for name in request.a1111.get(MODULES, [])]
    if request.hires and (request.hires.width or request.hires.height):
        tokens.append(field_token(HR_RESIZE))
    if request.img2img and request.img2img.resize_mode == LATENT_RESIZE:
        tokens.append(field_token(RESIZE_LATENT))
    return sorted(set(tokens))


def _limits(request: Request) -> list[str]:
    """What only matters for requests with uncommon values."""
    tokens = [side_token(limit) for limit in SIDE_LIMITS if max(request.width, request.height) > limit]
    tokens += [steps_token(limit) for limit in STEPS_LIMITS if request.steps > limit]
    if not CFG_LIMITS[0] <= request.cfg_scale <= CFG_LIMITS[1]:
        tokens.append(FREE_CFG)
    if max(request.seeds) > DRAWN_SEED_MAX:
        tokens.append(LARGE_SEEDS)
    if max(*request.seeds, request.subseed) > USUAL_SEED_MAX:
        tokens.append(HUGE_SEEDS)
    if request.subseed_strength:
        tokens.append(VARIATIONS)
    if (request.clip_skip or 1) > 1:
        tokens.append(CLIP_SKIP)
    return tokens
