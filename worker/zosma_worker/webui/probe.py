"""Looks at a WebUI: what it can do, and what it holds; or why it can't be used, in plain words."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

from zosma_queue.fleet import Checkpoint, named_by_file
from zosma_worker.backend import Found, named
from zosma_worker.errors import WebUIBroken, WebUINotSetUp, WebUIRefused, WebUIRubbish
from zosma_worker.webui.client import Client, is_missing
from zosma_worker.webui.flavours import Flavour, Minimal, identify
from zosma_worker.webui.flavours.minimal import UNNAMED


@dataclass(frozen=True, kw_only=True)
class Probed(Found):
    """A WebUI that can be used, and how it is spoken to."""

    flavour: Flavour
    options: dict[str, Any]
    """Its settings as it tells them; {} when it doesn't."""


def loaded_of(options: dict[str, Any], checkpoints: tuple[Checkpoint, ...]) -> str | None:
    """Which of its checkpoints a WebUI holds, by its options: any alias may stand there."""
    wanted = options.get("sd_model_checkpoint")
    if not isinstance(wanted, str) or not wanted:
        return None
    found = named(checkpoints, wanted)
    return found.name if found else None


async def probe(client: Client) -> Probed:
    """What the WebUI is.

    Raises:
      WebUIError: when it can't be used; the text says why and what to do.
    """
    models, options = await _told(client)
    flavour: Flavour
    if models is None or options is None:
        flavour = Minimal(lists_models=models is not None)
    else:
        flavour = await identify(client, options)
    options = options or {}
    if models is None:
        models = [options.get("sd_model_checkpoint") or UNNAMED]
    checkpoints = named_by_file(found for entry in models if (found := flavour.checkpoint(entry)))
    if not checkpoints:
        raise WebUINotSetUp(f"{client.url} has no checkpoint: {flavour.where_checkpoints_go}")
    try:
        await flavour.read_lists(client)
    except WebUIRefused as refusal:
        if not is_missing(refusal):
            raise
        flavour = Minimal(lists_models=True)
        await flavour.read_lists(client)
    if not flavour.lists.samplers and not isinstance(flavour, Minimal):
        raise WebUIBroken(f"{client.url} lists no sampler")
    about = flavour.about(client.url, socket.gethostname(), checkpoints)
    loaded = checkpoints[0].name if flavour.one_checkpoint else loaded_of(options, checkpoints)
    return Probed(about=about, flavour=flavour, options=options, loaded=loaded)


async def _told(client: Client) -> tuple[list[Any] | None, dict[str, Any] | None]:
    """(what it lists as checkpoints, its options), None for what it has no address for.

    Checkpoints come first: while an A1111 starts, that address appears after the other.

    Raises:
      WebUIError: when it has neither, and no txt2img.
    """
    models: list[Any] | None = None
    options: dict[str, Any] | None = None
    client.has_options = True
    missing: WebUIRefused | None = None
    try:
        models = await _models(client)
    except WebUIRefused as refusal:
        if not is_missing(refusal):
            raise
        missing = refusal
    try:
        options = await client.options()
    except WebUIRefused as refusal:
        if not is_missing(refusal):
            raise
        client.has_options = False
    if models is None and missing and not await client.takes_posts("/sdapi/v1/txt2img"):
        raise _no_webui(client, missing)
    return models, options


def _no_webui(client: Client, refusal: WebUIRefused) -> WebUIRefused:
    if isinstance(refusal, WebUINotSetUp):
        return refusal
    # An API of its own, which says in words of its own that it has no such address.
    return WebUINotSetUp(
        f"{client.url} is not a Stable Diffusion WebUI (it answers {refusal.status}: {refusal.detail}): check"
        " SD_API_HOST",
        status=refusal.status,
    )


async def _models(client: Client) -> list[Any]:
    """What it lists as checkpoints; who lists none at all is something else."""
    try:
        models = await client.get("/sdapi/v1/sd-models")
    except WebUIRubbish:
        models = None
    if not isinstance(models, list):
        raise WebUINotSetUp(f"{client.url} is not a Stable Diffusion WebUI: check SD_API_HOST")
    return models
