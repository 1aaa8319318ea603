"""What each caller has set by `POST options`, and what requests that name nothing will be made with.

A real WebUI has one checkpoint for everybody; here each caller has one, kept over restarts. Who has set none gets one
that is loaded, and keeps it: otherwise the same request would alternate between the checkpoints of a mixed fleet.
"""

from __future__ import annotations

import time
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

from zosma_bot.http.a1111_fields import is_nothing
from zosma_bot.http.a1111_options import FORMAT, answer_format, read_option
from zosma_queue.a1111_options import PASSED, option_problem, option_token_name
from zosma_queue.catalogue import Catalogue
from zosma_queue.client import Queue
from zosma_queue.errors import RequestRefusedError
from zosma_queue.request import parse_request
from zosma_queue.unreadable import model_of

KIND = "http-options"
#: Kept this long after the last change.
KEPT_S = 365 * 24 * 3600
#: Another bot process may change it.
_AGE_S = 2.0
#: Longer names are nobody's, and dear to compare.
_NAME_MAX_CHARS = 300
#: What A1111's API takes when no sampler is named, where the fleet has it.
_SAMPLER = "Euler"


class Choices:
    """The callers' choices, over one queue."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        #: owner → (when it was read, what is kept). There are as many owners as keys.
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}

    async def of(self, owner: str, catalogue: Catalogue) -> dict[str, Any]:
        """What goes for the caller's next request: `checkpoint` (None: any), `clip_skip`, `vae`, `format`,
        `options`, `sampler`, `styles`.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        kept, possible = await self._kept(owner), offered(catalogue)
        known = {one.name for one in catalogue.checkpoints}
        if kept.get("checkpoint") not in known and (default := catalogue.usual_checkpoint):
            kept = await self._keep(owner, {**kept, "checkpoint": default.name})
        return {
            "checkpoint": kept.get("checkpoint") if kept.get("checkpoint") in known else None,
            "clip_skip": kept.get("clip_skip"),
            "vae": kept.get("vae") if kept.get("vae") in catalogue.vaes else None,
            "format": kept.get("format") or "png",
            "options": {name: value for name, value in kept.get("options", {}).items() if name in possible},
            "sampler": _SAMPLER if _SAMPLER in catalogue.samplers else None,
            "styles": [style.name for style in catalogue.styles],
        }

    async def set(self, owner: str, options: dict[str, Any], catalogue: Catalogue) -> None:
        """Keeps what of A1111's options means something here. Clients post the whole object back: all else is let be.

        Raises:
          RequestRefusedError: when nobody has what is named.
          QueueUnavailableError: when Redis doesn't answer.
        """
        chosen: dict[str, Any] = {}
        if not is_nothing(options.get("sd_model_checkpoint")):
            chosen["checkpoint"] = catalogue.checkpoint(_name(options, "sd_model_checkpoint")).name
        if options.get("CLIP_stop_at_last_layers") is not None:
            fields = {"prompt": "", "clip_skip": options["CLIP_stop_at_last_layers"]}
            chosen["clip_skip"] = parse_request(fields, worded=False).clip_skip
        if "sd_vae" in options:
            chosen["vae"] = None if is_nothing(options["sd_vae"]) else catalogue.vae(_name(options, "sd_vae"))
        if not is_nothing(options.get(FORMAT)):
            chosen["format"] = answer_format(options[FORMAT], FORMAT)
        kept = await self._kept(owner)
        if own := _own_options(options, catalogue):
            chosen["options"] = {**kept.get("options", {}), **own}
        if chosen:
            await self._keep(owner, {**kept, **chosen})

    async def _kept(self, owner: str) -> dict[str, Any]:
        read, kept = self._known.get(owner, (float("-inf"), {}))
        if time.monotonic() - read > _AGE_S:
            kept = decode_choices(await self._queue.documents.get(KIND, owner) or {})
            self._known[owner] = (time.monotonic(), kept)
        return kept

    async def _keep(self, owner: str, kept: dict[str, Any]) -> dict[str, Any]:
        await self._queue.documents.put(KIND, owner, kept, ttl_s=KEPT_S)
        self._known[owner] = (time.monotonic(), kept)
        return kept


class Chosen(BaseModel):
    """What is kept of a caller."""

    checkpoint: str | None = None
    clip_skip: int | None = Field(None, ge=1, le=12)
    vae: str | None = None
    format: Literal["png", "jpeg", "webp"] = "png"
    """Of the pictures in answers."""
    options: dict[str, bool | int | float | str] = {}
    """A1111's other options, by its names."""

    @field_validator("options")
    @classmethod
    def _those_that_pass(cls, options: dict[str, bool | int | float | str]) -> dict[str, bool | int | float | str]:
        return {name: value for name, value in options.items() if name in PASSED and not option_problem(name, value)}


def decode_choices(fields: dict[str, Any]) -> dict[str, Any]:
    """What a caller has chosen, by their record, as far as it can be read."""
    return model_of("a caller's options", Chosen, fields).model_dump(exclude_unset=True)


def offered(catalogue: Catalogue) -> set[str]:
    """A1111's options that a request may set and that somebody in the fleet has."""
    return {name for name in PASSED if option_token_name(name) in catalogue.fields}


def _own_options(options: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """What is set beside checkpoint, clip skip and VAE, as far as somebody has it."""
    own = {name: options[name] for name in offered(catalogue) if options.get(name) is not None}
    return {name: read_option(name, value, name) for name, value in own.items()}


def _name(options: dict[str, Any], field: str) -> str:
    given = options[field]
    if not isinstance(given, str) or len(given) > _NAME_MAX_CHARS:
        raise RequestRefusedError(f"{field} is {str(given)[:60]!r}: it must be a name", field=field)
    return given


def options_view(catalogue: Catalogue, chosen: dict[str, Any]) -> dict[str, Any]:
    """The few of A1111's options that mean something for a fleet, as they go for the caller."""
    current = next((one for one in catalogue.checkpoints if one.name == chosen["checkpoint"]), None)
    return {
        "sd_model_checkpoint": current.title if current else None,
        "sd_checkpoint_hash": current.hash if current else None,
        FORMAT: "jpg" if chosen["format"] == "jpeg" else chosen["format"],
        "CLIP_stop_at_last_layers": chosen["clip_skip"] or 1,
        "sd_vae": chosen["vae"] or "Automatic",
        **chosen["options"],
    }
