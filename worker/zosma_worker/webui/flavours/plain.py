"""What the two small servers, sd-server and koboldcpp, have in common: they take little and say less.

They round sizes to whole blocks of 64 pixels, so a picture is made a little larger and cut to the size asked for; a
picture to start from is laid out by us in the same way, because they only know how to squash it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from zosma_queue.fleet import Checkpoint
from zosma_queue.needs import lora_tags, without_loras
from zosma_queue.request import Img2Img, Request
from zosma_queue.sandbox import SandboxError
from zosma_worker.backend import Order
from zosma_worker.decoding import DECODING
from zosma_worker.errors import WebUIRefused
from zosma_worker.webui.client import Client
from zosma_worker.webui.flavours.base import Flavour, encoded, plain_prompt

#: What both put where a hash should be.
NO_HASH = "8888888888"


class Plain(Flavour):
    """A server with one checkpoint and no settings."""

    # One at a time: they can't be interrupted, so a cancel is heard between two pictures, and so is progress.
    per_call: ClassVar[int | None] = 1
    grid: ClassVar[int] = 64
    one_checkpoint: ClassVar[bool] = True
    writes_infotext: ClassVar[bool] = False
    tells_progress: ClassVar[bool] = False
    mask_settings: ClassVar[bool] = False
    keeps_unmasked: ClassVar[bool] = False
    variations: ClassVar[bool] = False
    large_seeds: ClassVar[bool] = False  # read as 32-bit: larger ones are random

    def __init__(self, **about: Any) -> None:
        super().__init__(**about)
        self._lora_paths: dict[str, str] | None = None  # None: it has no such list

    async def read_lists(self, client: Client) -> None:
        """As A1111's; and where each LoRA's file is."""
        await super().read_lists(client)
        loras = await client.get_or_none("/sdapi/v1/loras")
        if isinstance(loras, list):
            entries = [entry for entry in loras if isinstance(entry, dict)]
            self._lora_paths = {str(one.get("name")): str(one.get("path") or one.get("name")) for one in entries}

    async def _interrogators(self, client: Client) -> Mapping[str, str]:
        return {}

    def checkpoint(self, entry: Any) -> Checkpoint | None:
        """Without the hash, which is none."""
        found = super().checkpoint(entry)
        return found.model_copy(update={"hash": None}) if found and found.hash == NO_HASH else found

    def _count(self, request: Request) -> dict[str, Any]:
        return {"batch_size": request.count}

    def _settings(self, order: Order) -> dict[str, Any]:
        return {}

    def _body(self, order: Order) -> dict[str, Any]:
        body = super()._body(order)
        # LoRA tags are words to one of them, and to the other only with a weight; both take a list.
        words = without_loras(body["prompt"])
        while lora_tags(words):  # what stood around one spells another; what stands around that, nobody has judged
            words = without_loras(words, " ")
        body["prompt"] = plain_prompt(words).strip() or " "  # an empty one is refused
        paths = self._lora_paths or {}
        loras = [
            {"path": paths.get(tag.name, tag.name), "multiplier": _weight(tag.weight)}
            for tag in lora_tags(order.request.prompt)
        ]
        if loras:
            body["lora"] = loras
        if self.clip_skip and (order.request.clip_skip or 1) > 1:
            body["clip_skip"] = order.request.clip_skip
        return body

    def _img2img(self, start: Img2Img, order: Order) -> dict[str, Any]:
        size, whole = (order.request.width, order.request.height), self.made_size(order.request)
        place = {"size": size, "whole": whole, "mode": start.resize_mode}
        image = _made("start", place, order.inputs[start.image])
        # Bare base64: a data: URL is ignored, or answered with nothing.
        fields = {"init_images": [encoded(image)], "denoising_strength": start.denoising_strength}
        if start.mask:
            # Inverted and blurred here: they know of only one of these, or of neither.
            how = {"invert": bool(start.inpainting_mask_invert), "blur": start.mask_blur}
            fields["mask"] = encoded(_made("mask", {**place, **how}, order.inputs[start.mask]))
        return fields


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 1.0


def _made(work: str, args: dict[str, Any], data: bytes) -> bytes:
    """A picture to start from, or a mask, as a sandbox lays it out. Blocks: call it in a thread.

    Raises:
      WebUIRefused: when that takes too much, or it can't be decoded.
    """
    try:
        _, (made,) = DECODING.call(f"zosma_worker.layout:{work}", args, [data])
    except SandboxError as error:
        raise WebUIRefused("", detail="the picture to start from can't be decoded: send another") from error
    return made
