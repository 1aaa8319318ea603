"""A1111's lists: what the living fleet has. Clients fill menus with them, and some start only if all are there."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from zosma_bot.http.auth import CALLER
from zosma_bot.http.bodies import PICTURES_MAX_BYTES, read_object
from zosma_bot.http.last_fleet import LastFleet
from zosma_bot.inputs import infotext_of
from zosma_queue.catalogue import Catalogue
from zosma_queue.controlnet import Module
from zosma_queue.infotext import pairs, words
from zosma_queue.needs import CONTROLNET
from zosma_queue.tiles import SD_UPSCALE, ULTIMATE_SD_UPSCALE

_BASE = "/sdapi/v1"
#: An upscaler that works on latents is known by its name alone.
_LATENT = "latent"
#: So A1111 calls what comes with its RealESRGAN.
_REALESRGAN = "r-esrgan"
#: Fewer pairs than this are words of a prompt.
_PAIRS_MIN = 3
_SIZE = re.compile(r"(\d+)x(\d+)")
_NOT_TOLD = {"error": "this is a fleet of machines"}
#: The same for everybody, always.
_CONSTANTS: dict[str, Any] = {
    "memory": {"ram": _NOT_TOLD, "cuda": _NOT_TOLD},
    "cmd-flags": {"api": True},
    "extensions": [],
}
#: Workers read their lists again by themselves.
_WEIGHTS = ("unload-checkpoint", "reload-checkpoint")
_REFRESHES = ("refresh-checkpoints", "refresh-loras", "refresh-vae", "refresh-embeddings")


class Lists:
    """The handlers of A1111's lists, over one fleet."""

    def __init__(self, fleet: LastFleet) -> None:
        self._fleet = fleet

    def routes(self) -> list[web.RouteDef]:
        """The routes of A1111's lists."""
        made: dict[str, Callable[[Catalogue], Any]] = {
            "sd-models": _models, "samplers": _samplers, "schedulers": _schedulers, "upscalers": _upscalers,
            "latent-upscale-modes": _latent_modes, "loras": _loras, "sd-vae": _vaes, "prompt-styles": _styles,
            "scripts": _scripts, "script-info": _script_info, "face-restorers": _face_restorers,
            "embeddings": _embeddings, "hypernetworks": _hypernetworks, "realesrgan-models": _realesrgan_models,
        }  # fmt: skip
        return [
            *(web.get(f"{_BASE}/{name}", self._of_catalogue(make)) for name, make in made.items()),
            web.get("/config", self._of_catalogue(_config)),
            *(web.get(f"/{CONTROLNET}/{name}", self._of_controlnet(make)) for name, make in _CONTROLNETS.items()),
            web.get("/internal/ping", _constant({})),
            *(web.post(f"{_BASE}/{name}", _constant({})) for name in _WEIGHTS),
            *(web.get(f"{_BASE}/{name}", _constant(value)) for name, value in _CONSTANTS.items()),
            *(web.post(f"{_BASE}/{name}", _constant(None)) for name in _REFRESHES),
            web.post(f"{_BASE}/png-info", self.png_info),
        ]

    def _of_catalogue(self, make: Callable[[Catalogue], Any]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handler(_: web.Request) -> web.Response:
            return web.json_response(make(await self._fleet.catalogue()))

        return handler

    def _of_controlnet(
        self, make: Callable[[Catalogue, Mapping[str, str]], Any]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Not there, as on a WebUI, while nobody has ControlNet."""

        async def handler(request: web.Request) -> web.Response:
            catalogue = await self._fleet.catalogue()
            check_controlnet(catalogue)
            return web.json_response(make(catalogue, request.query))

        return handler

    async def png_info(self, request: web.Request) -> web.Response:
        """What a picture says of how it was made; '' when it says nothing."""
        body = await read_object(request, PICTURES_MAX_BYTES)
        text = await infotext_of(body.get("image"), "image", request[CALLER].everywhere)
        items = {"parameters": text} if text else {}
        return web.json_response({"info": text, "items": items, "parameters": parameters_of(text)})


def check_controlnet(catalogue: Catalogue) -> None:
    """Returns when somebody has ControlNet.

    Raises:
      HTTPNotFound: as a WebUI without it answers.
    """
    if CONTROLNET not in (name.casefold() for name in catalogue.scripts):
        raise web.HTTPNotFound


def _controlnet_modules(catalogue: Catalogue, query: Mapping[str, str]) -> Any:
    """The preprocessors by their names, or with `alias_names` by what their page calls them."""
    known = catalogue.controlnet.modules
    by_labels = query.get("alias_names", "").casefold() in ("true", "1", "yes", "on")
    shown = {
        name: (by_labels and known[name].label) or name if name in known else name
        for name in catalogue.controlnet_modules
    }
    detail = {
        shown[name]: {
            "model_free": module.model_free,
            "sliders": [slider and slider.model_dump(exclude_none=True) for slider in module.sliders],
        }
        for name, module in {name: known.get(name, Module()) for name in shown}.items()
    }
    return {"module_list": list(dict.fromkeys(shown.values())), "module_detail": detail}


#: ControlNet's own addresses.
_CONTROLNETS: Mapping[str, Callable[[Catalogue, Mapping[str, str]], Any]] = {
    "version": lambda catalogue, _: {"version": catalogue.controlnet.version},
    "model_list": lambda catalogue, _: {"model_list": list(catalogue.controlnet_models)},
    "module_list": _controlnet_modules,
    "control_types": lambda catalogue, _: {
        "control_types": {name: one.model_dump() for name, one in catalogue.controlnet.types.items()}
    },
    "settings": lambda catalogue, _: {"control_net_unit_count": catalogue.controlnet.units},
}


def _constant(value: Any) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(_: web.Request) -> web.Response:
        return web.json_response(value)

    return handler


def parameters_of(text: str) -> dict[str, str]:
    """An infotext's fields under A1111's names; {} when it has none."""
    told = pairs(text)
    if len(told) < _PAIRS_MIN:
        return {}
    prompt, negative = words(text)
    sizes = {
        f"{key}-{number}": side
        for key, value in told.items()
        if (size := _SIZE.fullmatch(value))
        for number, side in enumerate(size.groups(), start=1)
    }
    return {"Prompt": prompt, "Negative prompt": negative, **told, **sizes}


def _scripts(catalogue: Catalogue) -> Any:
    return {"txt2img": list(catalogue.scripts), "img2img": [*catalogue.scripts, *_selectable(catalogue)]}


def _selectable(catalogue: Catalogue) -> list[str]:
    """Scripts that start from a picture and that `script_name` may select, in lower case as A1111 has them."""
    return [name.casefold() for name in (SD_UPSCALE, ULTIMATE_SD_UPSCALE) if name in catalogue.fields]


def _script_info(catalogue: Catalogue) -> Any:
    """What a script takes differs from worker to worker, and no list of it would be true for all."""
    work_along: list[dict[str, Any]] = [
        {"name": name, "is_alwayson": True, "is_img2img": is_img2img, "args": []}
        for is_img2img in (False, True)
        for name in catalogue.scripts
    ]
    selectable: list[dict[str, Any]] = [
        {"name": name, "is_alwayson": False, "is_img2img": True, "args": []} for name in _selectable(catalogue)
    ]
    return [*work_along, *selectable]


def _embeddings(catalogue: Catalogue) -> Any:
    """By name alone: their vectors are the WebUIs' own business."""
    told = {"step": None, "sd_checkpoint": None, "sd_checkpoint_name": None, "shape": 0, "vectors": 0}
    return {"loaded": dict.fromkeys(catalogue.embeddings, told), "skipped": {}}


def _hypernetworks(catalogue: Catalogue) -> Any:
    return [{"name": name, "path": None} for name in catalogue.hypernetworks]


def _realesrgan_models(catalogue: Catalogue) -> Any:
    names = [name for name in catalogue.enlargers if name.casefold().startswith(_REALESRGAN)]
    return [{"name": name, "path": None, "scale": 4} for name in names]


def _config(catalogue: Catalogue) -> Any:
    """Of the page's own description, what clients read out of it: the upscalers of the hires pass."""
    choices = ["None", *catalogue.upscalers]
    props = {"elem_id": "txt2img_hr_upscaler", "label": "Upscaler", "name": "dropdown", "choices": choices}
    return {"mode": "blocks", "components": [{"id": 1, "type": "dropdown", "props": props}], "dependencies": []}


def _models(catalogue: Catalogue) -> Any:
    return [
        {"title": one.title, "model_name": one.model_name, "hash": one.hash, "sha256": one.sha256,
         "filename": one.title.rsplit(" [", 1)[0], "config": None}
        for one in catalogue.checkpoints
    ]  # fmt: skip


def _samplers(catalogue: Catalogue) -> Any:
    return [{"name": name, "aliases": [], "options": {}} for name in catalogue.samplers]


def _schedulers(catalogue: Catalogue) -> Any:
    return [
        {"name": one.name, "label": one.label, "aliases": None, "default_rho": -1.0, "need_inner_model": False}
        for one in catalogue.schedulers
    ]


def _upscalers(catalogue: Catalogue) -> Any:
    return [
        {"name": name, "model_name": None, "model_path": None, "model_url": None, "scale": 4.0}
        for name in upscaler_names(catalogue)
    ]


def upscaler_names(catalogue: Catalogue) -> list[str]:
    """The upscalers in A1111's own order: some scripts know them by their number, which must not change with who of
    the fleet came first."""
    names = {name for name in (*catalogue.upscalers, *catalogue.enlargers) if not name.casefold().startswith(_LATENT)}
    built_in = [name for name in ("None", "Lanczos", "Nearest") if name in names or name == "None"]
    return [*built_in, *sorted(names - {*built_in}, key=str.lower)]


def _latent_modes(catalogue: Catalogue) -> Any:
    return [{"name": name} for name in catalogue.upscalers if name.casefold().startswith(_LATENT)]


def _loras(catalogue: Catalogue) -> Any:
    return [{"name": name, "alias": name, "path": name, "metadata": {}} for name in catalogue.loras]


def _face_restorers(catalogue: Catalogue) -> Any:
    return [{"name": name, "cmd_dir": None} for name in catalogue.face_restorers]


def _vaes(catalogue: Catalogue) -> Any:
    return [{"model_name": name, "filename": name} for name in catalogue.vaes]


def _styles(catalogue: Catalogue) -> Any:
    return [style.model_dump() for style in catalogue.styles]
