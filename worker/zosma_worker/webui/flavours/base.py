"""What all kinds of WebUI have in common, in A1111's words. Where one differs, its class says so."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from zosma_queue import sampler_names
from zosma_queue.a1111_options import DEFAULTS, MODULES, PASSED, SAVES, option_token_name
from zosma_queue.a1111_options import FIELD as OPTIONS
from zosma_queue.embeddings import without_marks
from zosma_queue.families import facts_of
from zosma_queue.fleet import Capabilities, Checkpoint, Scheduler, Style
from zosma_queue.request import (
    INTERROGATORS,
    LATENT_PX,
    PIXELS_MAX,
    SCRIPTS,
    Detect,
    Hires,
    Img2Img,
    Interrogate,
    Request,
    with_inputs,
)
from zosma_worker.backend import Order
from zosma_worker.webui.client import Client
from zosma_worker.webui.controlnet import DETECT_PATH, ControlNetLists, read_controlnet
from zosma_worker.webui.names import NAMES_MAX, names_in
from zosma_worker.webui.tile_scripts import numbers_of, script_fields, tile_scripts_in

_HASH_AT_END = re.compile(r" \[[0-9a-f]{8,64}\]$", re.IGNORECASE)
#: A1111's setting that takes what follows a `#` out of a prompt.
_COMMENTS = "enable_prompt_comments"
#: A stable-diffusion.cpp server reads its own settings out of a prompt; no member's prompt may carry any.
_EXTRA_ARGS = re.compile(r"<sd_cpp_extra_args>.*?(</sd_cpp_extra_args>|$)", re.DOTALL | re.IGNORECASE)

#: Of a request's own fields in A1111's names, those that are options.
_OVERRIDES = (OPTIONS, MODULES)
_SECOND_PROMPTS = ("hr_prompt", "hr_negative_prompt")
_LISTED = (
    "schedulers", "upscalers", "latent-upscale-modes", "loras", "prompt-styles", "embeddings", "hypernetworks",
)  # fmt: skip
#: No text encoder has wider ones.
WIDTH_MAX = 100_000
INTERROGATE_PATH = "/sdapi/v1/interrogate"
#: Those that extra-single-image has fields for.
FACE_RESTORERS = ("GFPGAN", "CodeFormer")


@dataclass(frozen=True)
class Call:
    """One call of a WebUI."""

    path: str
    body: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Lists:
    """What a WebUI lists, in A1111's names."""

    samplers: tuple[str, ...] = ()
    schedulers: tuple[Scheduler, ...] = ()
    upscalers: tuple[str, ...] = ()
    enlargers: tuple[str, ...] = ()
    face_restorers: tuple[str, ...] = ()
    interrogators: Mapping[str, str] = field(default_factory=dict)
    """What puts pictures into words, by A1111's names, and what the WebUI calls each."""
    loras: tuple[str, ...] = ()
    lora_aliases: Mapping[str, str] = field(default_factory=dict)
    embeddings: Mapping[str, int] = field(default_factory=dict)
    """Those that fit the checkpoint in memory and those that don't → the width of their vectors; 0: it doesn't tell."""
    hypernetworks: tuple[str, ...] = ()
    vaes: tuple[str, ...] = ()
    styles: tuple[Style, ...] = ()
    scripts: tuple[str, ...] = ()
    """Those that work along, in lower case as A1111 lists them."""
    tile_scripts: tuple[str, ...] = ()
    """Of the scripts that paint a picture anew in pieces, those that are there."""
    upscaler_numbers: Mapping[str, int] = field(default_factory=dict)
    """The place of each in its list, by which scripts know them."""
    controlnet: ControlNetLists = field(default_factory=ControlNetLists)
    own: Mapping[str, str] = field(default_factory=dict)
    """What the WebUI itself calls them, where that is something else."""


class Flavour:
    """A kind of WebUI. The class attributes are what it can do; the methods put a request into its words."""

    name: ClassVar[str] = "a1111"
    #: Pictures that one call can make; None: as many as are asked for.
    per_call: ClassVar[int | None] = None
    #: Sides are multiples of this. Where it is more than a request's own grid, pictures are made larger and cut.
    grid: ClassVar[int] = LATENT_PX
    #: One checkpoint for the life of the process; the request's choice is ignored.
    one_checkpoint: ClassVar[bool] = False
    #: Its options name a checkpoint from the start, but the first job loads it.
    loads_late: ClassVar[bool] = False
    #: Its infotext is right and whole.
    writes_infotext: ClassVar[bool] = True
    #: `sd_vae_name` in its `info` is the VAE that it used.
    tells_vae: ClassVar[bool] = False
    #: Its checkpoints are called as it lists them.
    lists_models: bool = True
    tells_progress: ClassVar[bool] = True
    #: It may go on telling of a job that has ended.
    tells_of_ended: ClassVar[bool] = False
    #: What it says of an interrupted picture it says of one that it failed at, too.
    fails_as_interrupted: ClassVar[bool] = False
    #: Of `A1111_FIELDS`, `hr_resize_x` and `resize_mode 3`, those that have their effect.
    fields: ClassVar[tuple[str, ...]] = ()
    #: Scripts that requests may use are A1111's own way: nobody else takes their arguments.
    takes_scripts: ClassVar[bool] = False
    #: Prompts may ask for a hypernetwork.
    has_hypernetworks: ClassVar[bool] = False
    #: A picture can be ended as far as it is.
    skips: ClassVar[bool] = False
    #: Options that requests may set have their effect, for one job.
    takes_options: ClassVar[bool] = False
    hires: ClassVar[bool] = True
    img2img: bool = True
    inpainting: bool = True
    mask_settings: ClassVar[bool] = True
    #: img2img takes several pictures in one call.
    several_starts: ClassVar[bool] = False
    #: extra-single-image restores faces.
    restores_faces: ClassVar[bool] = False
    #: Enlarges by whole factors only, so that pictures are made larger than asked for and shrunk.
    whole_factors: ClassVar[bool] = False
    #: Puts what a mask doesn't cover back as it was, as A1111 does.
    keeps_unmasked: ClassVar[bool] = True
    variations: ClassVar[bool] = True
    large_seeds: ClassVar[bool] = True
    free_cfg: ClassVar[bool] = True
    max_side: ClassVar[int | None] = None
    max_steps: ClassVar[int | None] = None
    max_pixels: ClassVar[int] = PIXELS_MAX
    where_checkpoints_go: ClassVar[str] = "put one into its folder models/Stable-diffusion and press its refresh"

    def __init__(
        self,
        *,
        version: str | None = None,
        options: Mapping[str, Any] | None = None,
        home: dict[str, Any] | None = None,
    ) -> None:
        self.version = version
        self._options = options or {}
        #: Settings as the operator had them when this process came: what a job changes is put back to these.
        self._home = {} if home is None else home
        self.lists = Lists()

    # -- what it has --------------------------------------------------------------------------------------------

    @property
    def clip_skip(self) -> bool:
        """Whether clip skip means anything to it."""
        return not self._options or "CLIP_stop_at_last_layers" in self._options

    @property
    def signs_as(self) -> str:
        """What an infotext that we write for it names as its version; the larger kinds say theirs themselves."""
        return self.name if self.one_checkpoint else ""

    def checkpoint(self, entry: Any) -> Checkpoint | None:
        """A checkpoint of its list, which some write as a list of names."""
        entry = {"title": entry} if isinstance(entry, str) else entry
        if not isinstance(entry, dict):
            return None
        title = entry.get("title") or entry.get("model_name")
        if not isinstance(title, str) or not title.strip():
            return None  # Discord takes no choice without a name
        name = entry.get("model_name") or Checkpoint(name=title, title=title).path
        if not isinstance(name, str):
            return None
        short = entry.get("hash")
        facts = facts_of(_HASH_AT_END.sub("", title))
        short, whole = (value if isinstance(value, str) else None for value in (short, entry.get("sha256")))
        return Checkpoint(name=name, title=title, hash=short, sha256=whole, facts=facts)

    async def read_lists(self, client: Client) -> None:
        """Reads all its lists. A server without samplers can't be used; everything else may be missing.

        Raises:
          WebUIError: when it doesn't answer.
        """
        samplers, schedulers, upscalers, latent, loras, styles, embeddings, hypernetworks = await asyncio.gather(
            client.get("/sdapi/v1/samplers"),
            *(client.get_or_none(f"/sdapi/v1/{name}") for name in _LISTED),
        )
        infos = _objects(await client.get_or_none("/sdapi/v1/script-info")) if self.takes_scripts else []
        scripts = names_in([one for one in infos if one.get("is_alwayson") and not one.get("is_img2img")])
        selectable = [one for one in infos if one.get("is_img2img") and not one.get("is_alwayson")]
        enlargers = tuple(name for name in names_in(upscalers) if name != "None")
        self.lists = Lists(
            samplers=names_in(samplers),
            schedulers=schedulers_in(schedulers),
            upscalers=(*names_in(latent), *enlargers),
            enlargers=enlargers,
            loras=names_in(loras),
            lora_aliases=lora_aliases_in(loras),
            embeddings=embeddings_in(embeddings),
            hypernetworks=names_in(hypernetworks) if self.has_hypernetworks else (),
            vaes=await self._vaes(client),
            styles=styles_in(styles),
            scripts=scripts,
            tile_scripts=tile_scripts_in(selectable, numbers_of(upscalers)),
            upscaler_numbers=numbers_of(upscalers),
            controlnet=await read_controlnet(client, scripts, self._options),
            face_restorers=await self._face_restorers(client),
            interrogators=await self._interrogators(client),
        )

    async def _face_restorers(self, client: Client) -> tuple[str, ...]:
        if not self.restores_faces:
            return ()
        found = names_in(await client.get_or_none("/sdapi/v1/face-restorers"))
        return tuple(name for name in found if name in FACE_RESTORERS)

    async def _interrogators(self, client: Client) -> Mapping[str, str]:
        """A1111 has both or none: it fetches their files when they are first asked."""
        return {name: name for name in INTERROGATORS} if await client.takes_posts(INTERROGATE_PATH) else {}

    async def _vaes(self, client: Client) -> tuple[str, ...]:
        return names_in(await client.get_or_none("/sdapi/v1/sd-vae"), "model_name")

    def about(self, url: str, host: str, checkpoints: tuple[Checkpoint, ...]) -> Capabilities:
        """What a worker says of it."""
        lists = self.lists
        return Capabilities(
            webui=url,
            flavour=self.name,
            version=self.version,
            host=host,
            checkpoints=checkpoints,
            samplers=lists.samplers,
            schedulers=lists.schedulers,
            upscalers=lists.upscalers,
            enlargers=lists.enlargers,
            face_restorers=lists.face_restorers,
            interrogators=tuple(lists.interrogators),
            loras=lists.loras,
            lora_aliases=lists.lora_aliases,
            embeddings=tuple(lists.embeddings),
            embedding_widths=lists.embeddings,
            hypernetworks=lists.hypernetworks,
            vaes=lists.vaes,
            styles=lists.styles,
            fields=(
                *self.fields,
                *(option_token_name(name) for name in self._passed_options()),
                *lists.tile_scripts,
            ),
            scripts=self.lists.scripts,
            script_pictures=self.takes_scripts,
            controlnet_models=lists.controlnet.models,
            controlnet_modules=lists.controlnet.modules,
            controlnet=lists.controlnet.about,
            hires=self.hires,
            img2img=self.img2img,
            inpainting=self.inpainting,
            mask_settings=self.mask_settings,
            several_starts=self.several_starts,
            skips=self.skips,
            variations=self.variations,
            clip_skip=self.clip_skip,
            large_seeds=self.large_seeds,
            huge_seeds=self.large_seeds,
            free_cfg=self.free_cfg,
            progress=self.tells_progress,
            max_side=self.max_side,
            max_steps=self.max_steps,
            max_pixels=self.max_pixels,
        )

    def _passed_options(self) -> list[str]:
        """A1111's options that it has, of those that a request may set."""
        return [name for name in PASSED if name in self._options] if self.takes_options else []

    # -- what is asked of it ------------------------------------------------------------------------------------

    def parts(self, request: Request) -> list[Request]:
        """The request in as many pieces as calls are needed, with seeds that go on. A call has one prompt."""
        if not request.generates:
            return [request]
        words = request.prompts or (request.prompt,) * request.count
        per_call = 1 if request.ultimate_sd_upscale else self.per_call  # that script makes one, whatever is asked for
        parts, first = [], 0
        for _, same in itertools.groupby(words):
            end = first + len(list(same))
            for begin in range(first, end, per_call or end - first):
                parts.append(request.part(begin, min(per_call or end - first, end - begin)))
            first = end
        return parts

    def made_size(self, request: Request) -> tuple[int, int]:
        """(width, height) to ask for, which may be more than the request's."""
        return up_to(request.width, self.grid), up_to(request.height, self.grid)

    def call(self, order: Order) -> Call:
        """The call that makes the pictures. Nothing in it is null: servers differ in what they make of one.

        Takes CPU time when the order has inputs.
        """
        if order.request.upscale:
            return Call("/sdapi/v1/extra-single-image", self._upscale(order))
        if order.request.interrogate:
            return Call(INTERROGATE_PATH, self._interrogate(order.request.interrogate, order))
        if order.request.detect:
            return Call(DETECT_PATH, self._detect(order.request.detect, order))
        if order.request.img2img:
            return Call("/sdapi/v1/img2img", {**self._body(order), **self._img2img(order.request.img2img, order)})
        return Call("/sdapi/v1/txt2img", self._body(order))

    def _body(self, order: Order) -> dict[str, Any]:
        request = order.request
        wide, high = self.made_size(request)
        body: dict[str, Any] = {
            "prompt": plain_prompt(request.prompt),
            "negative_prompt": plain_prompt(request.negative_prompt),
            "width": wide,
            "height": high,
            "steps": request.steps,
            "cfg_scale": request.cfg_scale,
            "seed": request.seed,
            **self._count(request),
            **self._settings(order),
        }
        sampler, scheduler = self._sampling(request)
        if sampler:
            body["sampler_name"] = self.lists.own.get(sampler, sampler)
        if scheduler:
            body["scheduler"] = self.lists.own.get(scheduler, scheduler)
        if request.styles:
            body["styles"] = list(request.styles)
        if request.subseed_strength:
            body |= {"subseed": request.subseed, "subseed_strength": request.subseed_strength}
        if request.hires:
            body |= self._hires(request.hires, request)
        body |= {name: value for name, value in request.a1111.items() if name not in _OVERRIDES}
        body |= {name: without_marks(body[name]) for name in _SECOND_PROMPTS if isinstance(body.get(name), str)}
        if scripts := request.a1111.get(SCRIPTS):
            # Pictures stand here as marks. Other fields are words, whatever they begin with.
            body[SCRIPTS] = with_inputs(scripts, lambda input_id: encoded(order.inputs[input_id]))
        return body

    def _sampling(self, request: Request) -> tuple[str | None, str | None]:
        """(sampler, scheduler), together under the old name where the server has that one."""
        both = sampler_names.together(request.sampler, request.scheduler)
        return (both, None) if both in self.lists.samplers else (request.sampler, request.scheduler)

    def _count(self, request: Request) -> dict[str, Any]:
        # One after the other: a batch needs memory for all its pictures at once. Several to start from are one.
        starts = len(request.img2img.images) if request.img2img else 1
        return {"batch_size": starts, "n_iter": request.count // starts}

    def _settings(self, order: Order) -> dict[str, Any]:
        """What the server is told beside the picture: its settings for this job, and how to answer."""
        settings: dict[str, Any] = {"sd_model_checkpoint": order.checkpoint.title}
        if self.clip_skip:
            # Always: A1111 doesn't put back an option that was never set by hand, so it would stay for the next job.
            settings["CLIP_stop_at_last_layers"] = order.request.clip_skip or 1
        if self.lists.vaes:
            settings |= self._vae_setting(order.request.vae)
        if _COMMENTS in self._options:
            # Here it is what somebody wants to see.
            settings[_COMMENTS] = False
        if order.request.img2img and "return_mask" in self._options:
            settings |= {"return_mask": False, "return_mask_composite": False}
        settings |= self._overrides(order.request.a1111.get(OPTIONS, {}))
        settings |= self._saving(order.request)
        return {
            OPTIONS: settings,
            "override_settings_restore_afterwards": False,
            "send_images": True,
            "save_images": False,
            "force_task_id": order.task,
        }

    def options_set(self, order: Order) -> Mapping[str, Any]:
        """The options that the calls for an order set, by name."""
        options: Mapping[str, Any] = self._settings(order).get(OPTIONS, {}) if order.request.generates else {}
        return options

    def _overrides(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The options that a request sets, and those that one before it has, as the operator had them."""
        for name in asked:
            self._home.setdefault(name, self._options.get(name, DEFAULTS[name]))
        return {name: asked.get(name, self._home[name]) for name in PASSED if name in self._home}

    def _saving(self, request: Request) -> dict[str, Any]:
        """`save_images` says nothing to the script that puts tiles together."""
        if request.sd_upscale and SAVES in self._options:
            self._home.setdefault(SAVES, self._options[SAVES])
            return {SAVES: False}
        return {SAVES: self._home[SAVES]} if SAVES in self._home else {}

    def _vae_setting(self, vae: str | None) -> dict[str, Any]:
        home = self._home.setdefault("sd_vae", self._options.get("sd_vae") or "Automatic")
        return {"sd_vae": vae or home}

    def _hires(self, hires: Hires, request: Request) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "enable_hr": True,
            "hr_scale": hires.scale,
            "hr_second_pass_steps": hires.steps,
            "denoising_strength": hires.denoise,
        }
        if hires.upscaler:
            fields["hr_upscaler"] = hires.upscaler
        if hires.width or hires.height:
            fields |= {"hr_resize_x": hires.width, "hr_resize_y": hires.height}
        return fields

    def _img2img(self, start: Img2Img, order: Order) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "init_images": [encoded(order.inputs[image]) for image in start.images],
            "denoising_strength": start.denoising_strength,
            "resize_mode": start.resize_mode,
            "include_init_images": False,
        }
        fields |= script_fields(order.request, self.lists.upscaler_numbers)
        if start.mask:
            fields |= {
                "mask": encoded(order.inputs[start.mask]),
                **({} if "mask_blur_x" in order.request.a1111 else {"mask_blur": start.mask_blur}),
                "inpainting_fill": start.inpainting_fill,
                "inpaint_full_res": start.inpaint_full_res,
                "inpaint_full_res_padding": start.inpaint_full_res_padding,
                "inpainting_mask_invert": int(start.inpainting_mask_invert),
            }
        return fields

    def _upscale(self, order: Order) -> dict[str, Any]:
        upscale = order.request.upscale
        if upscale is None:
            raise TypeError("the order is for something else")
        usual = "None" if upscale.keeps_size else next(iter(self.lists.enlargers), "None")
        fields: dict[str, Any] = {
            "image": encoded(order.inputs[upscale.image]),
            "upscaler_1": upscale.upscaler_1 or usual,
            "resize_mode": upscale.resize_mode,
            "show_extras_results": True,
        }
        if upscale.face_restorers:
            fields |= {
                "gfpgan_visibility": upscale.gfpgan_visibility,
                "codeformer_visibility": upscale.codeformer_visibility,
                "codeformer_weight": upscale.codeformer_weight,
            }
        if "upscale_first" in upscale.extras:
            fields["upscale_first"] = True
        if "extras_upscaler_2_visibility" in upscale.extras:
            fields["upscaler_2"] = upscale.upscaler_2
            fields["extras_upscaler_2_visibility"] = upscale.extras_upscaler_2_visibility
        if upscale.resize_mode:
            fields |= {
                "upscaling_resize_w": upscale.upscaling_resize_w,
                "upscaling_resize_h": upscale.upscaling_resize_h,
                "upscaling_crop": upscale.upscaling_crop,
            }
        else:
            fields["upscaling_resize"] = upscale.upscaling_resize
        return fields

    def _interrogate(self, interrogate: Interrogate, order: Order) -> dict[str, Any]:
        model = self.lists.interrogators.get(interrogate.model, interrogate.model)
        return {"image": encoded(order.inputs[interrogate.image]), "model": model}

    def _detect(self, detect: Detect, order: Order) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "controlnet_module": detect.module,
            "controlnet_input_images": [encoded(order.inputs[detect.image])],
        }
        if detect.mask:
            fields["controlnet_masks"] = [encoded(order.inputs[detect.mask])]
        for name in ("processor_res", "threshold_a", "threshold_b"):
            # What isn't asked for is left to the WebUI: the extension means a preprocessor's own by -1, Forge doesn't.
            if (value := getattr(detect, name)) is not None:
                fields[f"controlnet_{name}"] = value
        return fields

    # -- what it answers ----------------------------------------------------------------------------------------

    def sampler_said(self, name: str) -> str:
        """A1111's name of the sampler that an answer names."""
        return next((known for known, own in self.lists.own.items() if own == name), name)

    def renamed(self, samplers: Mapping[str, str], schedulers: Mapping[str, str]) -> None:
        """Lists A1111's names for what the server calls otherwise; what has none there keeps its own."""
        lists, own = self.lists, {}
        for mine in lists.samplers:
            own[samplers.get(mine, mine)] = mine
        for one in lists.schedulers:
            own[schedulers.get(one.name, one.label)] = one.name
        self.lists = dataclasses.replace(
            lists,
            samplers=tuple(dict.fromkeys(samplers.get(mine, mine) for mine in lists.samplers)),
            schedulers=tuple(
                Scheduler(name=one.name, label=schedulers.get(one.name, one.label)) for one in lists.schedulers
            ),
            own=own,
        )


def up_to(side: int, grid: int) -> int:
    """The next multiple of the grid."""
    return -(-side // grid) * grid


def encoded(data: bytes) -> str:
    """Base64 without a `data:` prefix, which some servers choke on."""
    return base64.b64encode(data).decode()


def plain_prompt(prompt: str) -> str:
    """A prompt without what would set the server's own parameters, and with embeddings as A1111 has them.

    A space is left in its place: what stands around it must not become a tag, or a word, that nobody has judged.
    """
    plain = _EXTRA_ARGS.sub(" ", prompt).strip() if _EXTRA_ARGS.search(prompt) else prompt
    return without_marks(plain)


def lora_aliases_in(entries: Any) -> dict[str, str]:
    """Alias → name, for files that have an alias of their own. An alias that several files have is the first one's."""
    names, found = names_in(entries), dict[str, str]()
    for entry in _objects(entries):
        name, alias = entry.get("name"), entry.get("alias")
        if isinstance(name, str) and isinstance(alias, str) and name and alias and alias not in names:
            found.setdefault(alias, name)
    return found


def embeddings_in(found: Any) -> dict[str, int]:
    """Name → width of embeddings: those that fit the checkpoint in memory and those that don't. SD.Next lists names
    alone."""
    parts = [found.get(name) for name in ("loaded", "skipped")] if isinstance(found, dict) else []
    widths: dict[str, int] = {}
    for part in parts:
        for name in part if isinstance(part, dict | list) else ():
            told = part[name].get("shape") if isinstance(part, dict) and isinstance(part[name], dict) else None
            if isinstance(name, str) and name and len(widths) < NAMES_MAX:
                widths.setdefault(name, told if type(told) is int and 0 < told < WIDTH_MAX else 0)
    return widths


def schedulers_in(entries: Any) -> tuple[Scheduler, ...]:
    """The schedulers of a list; those without a label are called by their name."""
    found = []
    for entry in _objects(entries):
        name = entry.get("name")
        if isinstance(name, str) and name:
            found.append(Scheduler(name=name, label=_text(entry, "label") or name))
    return tuple(found)


def styles_in(entries: Any) -> tuple[Style, ...]:
    """The styles of a list; lines that only part it, as A1111 allows in its file, are left out."""
    return tuple(
        Style(name=name, prompt=prompt, negative_prompt=negative)
        for entry in _objects(entries)
        for name, prompt, negative in [[_text(entry, key) for key in ("name", "prompt", "negative_prompt")]]
        if name and (prompt or negative)
    )


def _text(entry: Mapping[str, Any], key: str) -> str:
    """What an entry says there; '' when that is no text."""
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _objects(entries: Any) -> Iterable[dict[str, Any]]:
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
