"""Looks at a WebUI: what it can do, and what it holds; or why it can't be used, in plain words."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Any

from zosma_queue.fleet import About, Checkpoint, Scheduler
from zosma_worker.webui.client import Client
from zosma_worker.webui.errors import WebUIBroken, WebUINotSetUp, WebUIRubbish
from zosma_worker.webui.flavour import Flavour, identify


@dataclass(frozen=True, kw_only=True)
class Found:
    """A WebUI that can be used."""

    about: About
    flavour: Flavour
    loaded: str | None
    """Canonical name of the checkpoint in its memory, None when it doesn't say."""


def named(checkpoints: tuple[Checkpoint, ...], wanted: str) -> Checkpoint | None:
    """The checkpoint that a WebUI would take `wanted` for."""
    exact = next((one for one in checkpoints if wanted in (one.name, one.title)), None)
    return exact or next((one for one in checkpoints if one.is_called(wanted)), None)


def loaded_of(options: dict[str, Any], checkpoints: tuple[Checkpoint, ...]) -> str | None:
    """Which of its checkpoints a WebUI holds, by its options: any alias may stand there."""
    wanted = options.get("sd_model_checkpoint")
    if not isinstance(wanted, str) or not wanted:
        return None
    found = named(checkpoints, wanted)
    return found.name if found else None


async def probe(client: Client) -> Found:
    """What the WebUI is.

    Raises:
      WebUIError: when it can't be used; the text says why and what to do.
    """
    options = await client.options()
    models = await _models(client)
    checkpoints = tuple(found for entry in models if (found := _checkpoint(entry)))
    if not checkpoints:
        raise WebUINotSetUp(
            f"{client.url} has no checkpoint: put one into its folder models/Stable-diffusion and press its refresh"
        )
    samplers, schedulers, upscalers, latent, loras = await asyncio.gather(
        client.get("/sdapi/v1/samplers"),
        client.get_or_none("/sdapi/v1/schedulers"),
        client.get_or_none("/sdapi/v1/upscalers"),
        client.get_or_none("/sdapi/v1/latent-upscale-modes"),
        client.get_or_none("/sdapi/v1/loras"),
    )
    flavour = await identify(client, options)
    about = About(
        webui=client.url,
        flavour=flavour.name,
        version=flavour.version,
        host=socket.gethostname(),
        checkpoints=checkpoints,
        samplers=_names(samplers),
        schedulers=_schedulers(schedulers),
        upscalers=tuple(name for name in (*_names(latent), *_names(upscalers)) if name != "None"),
        loras=_loras(loras) if flavour.lora_tags else (),
        hires=flavour.hires,
    )
    if not about.samplers:
        raise WebUIBroken(f"{client.url} lists no sampler")
    return Found(about=about, flavour=flavour, loaded=loaded_of(options, checkpoints))


async def _models(client: Client) -> list[Any]:
    """What it lists as checkpoints; who lists none at all is something else."""
    try:
        models = await client.get("/sdapi/v1/sd-models")
    except WebUIRubbish:
        models = None
    if not isinstance(models, list):
        raise WebUINotSetUp(f"{client.url} is not a Stable Diffusion WebUI: check SD_API_HOST")
    return models


def _checkpoint(entry: Any) -> Checkpoint | None:
    if not isinstance(entry, dict):
        return None
    title = entry.get("title") or entry.get("model_name")
    name = entry.get("model_name") or title
    if not isinstance(title, str) or not isinstance(name, str):
        return None
    short = entry.get("hash")
    return Checkpoint(name=name, title=title, hash=short if isinstance(short, str) else None)


def _names(entries: Any) -> tuple[str, ...]:
    found = [entry.get("name") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return tuple(dict.fromkeys(name for name in found if isinstance(name, str) and name))


def _loras(entries: Any) -> tuple[str, ...]:
    """Names and aliases: a prompt may use either."""
    found = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    names = [entry.get(field) for entry in found for field in ("name", "alias")]
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str) and name))


def _schedulers(entries: Any) -> tuple[Scheduler, ...]:
    found = []
    for entry in entries if isinstance(entries, list) else []:
        name = entry.get("name") if isinstance(entry, dict) else None
        if isinstance(name, str) and name:
            found.append(Scheduler(name=name, label=entry.get("label") or name))
    return tuple(found)
