"""What a worker says about itself, and what the queue knows of it."""

from __future__ import annotations

import enum
import functools
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, ConfigDict

from zosma_queue import needs
from zosma_queue.controlnet import UNITS, UNITS_MAX, ControlNet
from zosma_queue.families import Facts
from zosma_queue.keys import whole
from zosma_queue.request import PIXELS_MAX
from zosma_queue.sampler_names import PAIRS

#: What this worker's verbs and messages look like; counted up when an older worker would do harm.
PROTOCOL = 3
#: The oldest that this bot's queue lets work. The bot writes it down at its start, workers read it as they join.
OLDEST_PROTOCOL = 3


#: The flavour of ComfyUI, which makes other pictures of the same seed than all others do.
COMFYUI = "comfyui"


class WorkerState(enum.StrEnum):
    """Whether a worker takes jobs."""

    READY = "ready"  # waits for a job
    BUSY = "busy"  # has one, and will take the next
    AWAY = "away"  # its WebUI can't be used: takes nothing


class Trust(enum.StrEnum):
    """How far a worker trusts its own WebUI."""

    TRUSTED = "trusted"
    QUARANTINED = "quarantined"  # it is sick: no job until a canary job comes out right
    ON_TRIAL = "on-trial"  # the canary did: the next job decides


#: What A1111 puts behind a file's name once it knows the hash. `[v2]` in a name is none.
_HASH_AT_END = re.compile(r" \[[0-9a-f]{8,64}\]$", re.IGNORECASE)
#: The ending of a file with weights; other dots belong to the name.
_ENDING = re.compile(r"\.(safetensors|ckpt|gguf|sft|pth?|bin)$", re.IGNORECASE)


def spelled(name: str) -> str:
    """A name as it is compared."""
    return name.strip().casefold().replace("\\", "/")


class Checkpoint(BaseModel):
    """A checkpoint as a WebUI lists it."""

    model_config = ConfigDict(frozen=True)

    name: str
    """The same on every worker that has the file: see `named_by_file`."""
    title: str
    hash: str | None = None
    sha256: str | None = None
    """Of the whole file, where its WebUI has worked it out."""
    facts: Facts | None = None
    """What suits it, as far as its worker can tell."""

    @property
    def path(self) -> str:
        """Its file without ending, with `/` between folders."""
        return _ENDING.sub("", self._file).replace("\\", "/")

    @property
    def _file(self) -> str:
        file = self.title.removesuffix(f" [{self.hash}]") if self.hash else self.title
        return _HASH_AT_END.sub("", file)

    @property
    def stem(self) -> str:
        """Its file's name, without folder and ending."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def model_name(self) -> str:
        """What A1111 calls it: folders are part of the name."""
        flat = self.path.replace("/", "_")
        return flat if self.name in (flat, self.stem) else self.name

    @property
    def spellings(self) -> frozenset[str]:
        """What A1111 would take for this checkpoint, as `spelled`: title, name, file with its folders, and hash.

        In any case, and with either separator: a WebUI on Windows writes `sd15\\dream.safetensors`.
        """
        names = (self.name, self.title, self._file, self.path, self.model_name, self.hash or self.name)
        return frozenset(map(spelled, names))

    @property
    def short_spellings(self) -> frozenset[str]:
        """Its file's name without folders: another file may have it, so it counts where nothing else is called that."""
        return frozenset((spelled(self.stem), spelled(self._file).rsplit("/", 1)[-1]))

    def is_called(self, wanted: str) -> bool:
        """True when A1111 would take `wanted` for this checkpoint."""
        return spelled(wanted) in self.spellings | self.short_spellings


def named_by_file(checkpoints: Iterable[Checkpoint]) -> tuple[Checkpoint, ...]:
    """The checkpoints under their files' names, where no other file here has the same.

    Each machine has folders of its own, and each kind of WebUI its own way to write them: what all have is the file.
    """
    listed = tuple(checkpoints)
    found = Counter(spelled(one.stem) for one in listed)

    def called(one: Checkpoint) -> str:
        flat = one.path.replace("/", "_")
        if one.name.replace("\\", "/") not in (one.path, flat):
            return one.name
        return one.stem if found[spelled(one.stem)] == 1 else flat

    return tuple(one.model_copy(update={"name": called(one)}) for one in listed)


class Scheduler(BaseModel):
    """A noise schedule, by its A1111 name and label."""

    model_config = ConfigDict(frozen=True)

    name: str
    label: str


class Style(BaseModel):
    """A style of a WebUI's list: words around those of a request."""

    model_config = ConfigDict(frozen=True)

    name: str
    prompt: str = ""
    negative_prompt: str = ""


class WorkflowOption(BaseModel):
    """Something that may be chosen with a workflow."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: Literal["number", "integer", "text", "switch", "choice"] = "text"
    description: str = ""
    default: bool | int | float | str | None = None
    min: float | None = None
    max: float | None = None
    choices: tuple[str, ...] = ()


class Workflow(BaseModel):
    """An operator's own way to make pictures, which may be asked for by name."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    description: str = ""
    checkpoints: tuple[str, ...]
    """Names of those that it is for."""
    facts: Facts | None = None
    options: tuple[WorkflowOption, ...] = ()


class Capabilities(BaseModel):
    """What a worker can do. Sent when it joins and when it changes."""

    model_config = ConfigDict(frozen=True)

    webui: str
    """Address without credentials."""
    flavour: str
    version: str | None = None
    host: str
    checkpoints: tuple[Checkpoint, ...]
    samplers: tuple[str, ...]
    schedulers: tuple[Scheduler, ...]
    upscalers: tuple[str, ...] = ()
    loras: tuple[str, ...] = ()
    lora_aliases: Mapping[str, str] = {}
    """Other name → the one in `loras`: a file may carry one of its own, and WebUIs take either."""
    embeddings: tuple[str, ...] = ()
    """Words that stand for more in a prompt."""
    embedding_widths: Mapping[str, int] = {}
    """Embedding → the width of its vectors, 0 where the WebUI doesn't tell; none from workers of older versions."""
    hypernetworks: tuple[str, ...] = ()
    vaes: tuple[str, ...] = ()
    styles: tuple[Style, ...] = ()
    workflows: tuple[Workflow, ...] = ()
    enlargers: tuple[str, ...] = ()
    """What makes finished pictures larger; none: it can't."""
    face_restorers: tuple[str, ...] = ()
    """What restores faces in finished pictures."""
    interrogators: tuple[str, ...] = ()
    """What puts pictures into words: "clip", "deepdanbooru"."""
    fields: tuple[str, ...] = ()
    """Of A1111's fields beyond our own, those that it honours."""
    scripts: tuple[str, ...] = ()
    """Scripts that work along: ControlNet, ADetailer, …"""
    script_pictures: bool = False
    """True: pictures may stand among their arguments."""
    controlnet_models: tuple[str, ...] = ()
    """As ControlNet lists them, with their hashes."""
    controlnet_modules: tuple[str, ...] = ()
    """ControlNet's preprocessors."""
    controlnet: ControlNet = ControlNet()
    """What else is known of it."""
    hires: bool = True
    img2img: bool = False
    inpainting: bool = False
    several_starts: bool = False
    """True: one request may start from several pictures."""
    mask_settings: bool = True
    """False: it inpaints, but always the whole picture, and from what is under the mask."""
    skips: bool = False
    """True: a picture can be ended as far as it is, and the next one begun."""
    variations: bool = True
    clip_skip: bool = True
    large_seeds: bool = True
    """False: seeds of 2³¹ and above are none."""
    huge_seeds: bool = False
    """True: seeds of 2³² and above are some, too."""
    free_cfg: bool = True
    progress: bool = True
    """False: it never says how far it is, so what is shown of its jobs is an estimate by time."""
    max_side: int | None = None
    max_steps: int | None = None
    max_pixels: int = PIXELS_MAX
    protocol: int = PROTOCOL

    def tokens(self) -> tuple[str, ...]:
        """What the queue matches jobs against; `needs.needs_of` makes the other side."""
        found = [f"checkpoint:{checkpoint.name}" for checkpoint in self.checkpoints]
        found += [f"sampler:{name}" for name in dict.fromkeys((*self.samplers, *self._samplers_with_schedule()))]
        found += [f"scheduler:{scheduler.label}" for scheduler in self.schedulers]
        found += [f"lora:{name}" for name in (*self.loras, *self.lora_aliases)]
        found += [f"hypernet:{name}" for name in self.hypernetworks]
        found += list(dict.fromkeys(needs.embedding_token(name) for name in self.embedding_widths))
        if self.hires:
            found += ["hires", *(f"upscaler:{name}" for name in self.upscalers)]
        found += [f"vae:{name}" for name in self.vaes]
        found += [f"style:{style.name}" for style in self.styles]
        found += [f"workflow:{workflow.name}" for workflow in self.workflows]
        if self.enlargers:
            found += [needs.UPSCALE, *(f"{needs.UPSCALE}:{name}" for name in self.enlargers)]
            found += [needs.face_restorer_token(name) for name in self.face_restorers]
        if self.interrogators:
            found += [needs.INTERROGATE, *(f"{needs.INTERROGATE}:{name}" for name in self.interrogators)]
        # Jobs that wait since before names were without folders.
        found += [f"checkpoint:{one.model_name}" for one in self.checkpoints if one.model_name != one.name]
        found += [needs.KIND_COMFYUI] if self.flavour == COMFYUI else []
        found += [needs.field_token(name) for name in self.fields]
        found += [needs.script_token(name) for name in self.scripts]
        found += [needs.controlnet_token(name) for name in self.controlnet_models]
        found += [needs.units_token(units) for units in range(UNITS + 1, min(self.controlnet.units, UNITS_MAX) + 1)]
        if self.detectors:
            found += [needs.DETECT, *dict.fromkeys(needs.detect_token(name) for name in self.detectors)]
            found += [needs.DETECT_MASKED] if self.controlnet.detects_masked else []
        return (*found, *self._abilities())

    def has_script(self, name: str) -> bool:
        """Whether a script of that name, in lower case, may work along."""
        return name in (script.casefold() for script in self.scripts)

    @property
    def detectors(self) -> tuple[str, ...]:
        """ControlNet's preprocessors that may be asked for by themselves, under all their names."""
        if not self.controlnet.detects:
            return ()
        labels = (module.label for module in self.controlnet.modules.values() if module.label)
        return tuple(dict.fromkeys((*self.controlnet_modules, *labels)))

    def _samplers_with_schedule(self) -> list[str]:
        """A1111's old names for what it can do with a sampler and a scheduler."""
        labels = {scheduler.label for scheduler in self.schedulers}
        return [name for name, (one, label) in PAIRS.items() if one in self.samplers and label in labels]

    def _abilities(self) -> list[str]:
        can = {
            needs.IMG2IMG: self.img2img,
            needs.INPAINTING: self.inpainting,
            needs.SEVERAL_STARTS: self.img2img and self.several_starts,
            needs.MASK_SETTINGS: self.inpainting and self.mask_settings,
            needs.SKIP: self.skips,
            needs.SCRIPT_PICTURES: self.script_pictures,
            needs.VARIATIONS: self.variations,
            needs.CLIP_SKIP: self.clip_skip,
            needs.LARGE_SEEDS: self.large_seeds,
            needs.HUGE_SEEDS: self.huge_seeds,
            needs.FREE_CFG: self.free_cfg,
            **{needs.side_token(limit): (self.max_side or limit + 1) > limit for limit in needs.SIDE_LIMITS},
            **{needs.steps_token(limit): (self.max_steps or limit + 1) > limit for limit in needs.STEPS_LIMITS},
        }
        return [token for token, able in can.items() if able]


@dataclass(frozen=True, kw_only=True)
class WorkerInfo:
    """A worker that has shown a sign of life in the last eight seconds: a dead one is swept out within ten."""

    id: str
    state: WorkerState
    loaded: str | None
    """Name of the checkpoint in its memory."""
    job: str | None
    """Its running job; of a set that was split, the whole set."""
    seen_ms: int
    pixels: int = PIXELS_MAX
    """Most that one picture may have, by its last sign of life."""
    reason: str | None = None
    """Why it is away."""
    trust: Trust = Trust.TRUSTED
    about: Capabilities | None = None
    done: int = 0
    """Jobs that it finished since it came."""
    faults: int = 0
    """Tries of jobs that went wrong at it since."""
    gone: bool = False
    """True for one that is not here any more, as it was when it was last ready (last_fleet.py)."""

    @property
    def place(self) -> str:
        """What it is called beyond its process: `host/webui` of `host/webui/4f2a`."""
        return self.id.rpartition("/")[0] or self.id

    @property
    def is_held(self) -> bool:
        """True when it could work and gets nothing: an admin paused it, or it is not trusted."""
        return self.state is WorkerState.READY and (self.reason is not None or self.trust is Trust.QUARANTINED)

    def shown_paused(self) -> WorkerInfo:
        """It as it looks while an admin drains it."""
        return replace(self, reason=self.reason or "paused by an admin")

    @classmethod
    def from_hash(cls, worker_id: str, fields: Mapping[bytes, bytes]) -> WorkerInfo:
        """The worker in a `worker:<id>` hash as Redis returns it."""
        text = {name.decode(): value.decode() for name, value in fields.items()}
        # Whoever noted something of a worker that was gone has left a hash with no more in it.
        state = WorkerState(text.get("state", WorkerState.AWAY))
        return cls(
            id=worker_id,
            # It need not say that it is busy: the queue knows what it gave it.
            state=WorkerState.BUSY if state is WorkerState.READY and "job" in text else state,
            loaded=text.get("loaded") or None,
            job=whole(text["job"]) if "job" in text else None,
            seen_ms=int(text.get("seen", 0)),
            pixels=int(text.get("pixels", 0)),
            reason=text.get("reason") or None,
            trust=Trust(text.get("trust", Trust.TRUSTED)),
            about=_capabilities(text["about"]) if "about" in text else None,
            done=int(text.get("done", 0)),
            faults=int(text.get("faults", 0)),
        )


@functools.lru_cache(maxsize=2048)
def _capabilities(told: str) -> Capabilities:
    """What a worker says of itself. Every submit reads all workers, and they seldom say anything new."""
    return Capabilities.model_validate_json(told)
