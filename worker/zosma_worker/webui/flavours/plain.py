"""What the two small servers, sd-server and koboldcpp, have in common: they take little and say less.

They round sizes to whole blocks of 64 pixels, so a picture is made a little larger and cut to the size asked for; a
picture to start from is laid out by us in the same way, because they only know how to squash it.
"""

from __future__ import annotations

import io
from typing import Any, ClassVar

from PIL import Image, ImageFilter, ImageOps

from zosma_queue.fleet import Checkpoint
from zosma_queue.needs import lora_tags, without_loras
from zosma_queue.request import Img2Img, Request
from zosma_worker.backend import Order
from zosma_worker.webui.client import Client
from zosma_worker.webui.flavours.base import Flavour, encoded

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
        body["prompt"] = without_loras(body["prompt"]).strip() or " "  # an empty one is refused
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
        image = laid_out(order.inputs[start.image], size, whole, start.resize_mode)
        # Bare base64: a data: URL is ignored, or answered with nothing.
        fields = {"init_images": [encoded(image)], "denoising_strength": start.denoising_strength}
        if start.mask:
            # Inverted and blurred here: they know of only one of these, or of neither.
            mask = prepared_mask(order.inputs[start.mask], invert=start.inpainting_mask_invert, blur=start.mask_blur)
            fields["mask"] = encoded(laid_out(mask, size, whole, start.resize_mode))
        return fields


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 1.0


def prepared_mask(data: bytes, *, invert: bool, blur: int) -> bytes:
    """A mask of which white is painted anew, with a soft edge, as a PNG."""
    with Image.open(io.BytesIO(data)) as opened:
        # As A1111: what is drawn on nothing is the mask.
        mask = opened.getchannel("A") if opened.mode in ("RGBA", "LA") and _is_see_through(opened) else opened
        mask = mask.convert("L")
    if invert:
        mask = ImageOps.invert(mask)
    if blur:
        mask = mask.filter(ImageFilter.GaussianBlur(blur))
    out = io.BytesIO()
    mask.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _is_see_through(image: Image.Image) -> bool:
    return image.getchannel("A").getextrema() != (255, 255)


def laid_out(data: bytes, size: tuple[int, int], whole: tuple[int, int], mode: int) -> bytes:
    """The picture at `size`, in the middle of one of `whole` whose rim repeats its edge, as a PNG."""
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("L" if opened.mode == "L" else "RGB")
    if mode == 1:
        image = ImageOps.fit(image, size)
    elif mode == 2:
        image = ImageOps.pad(image, size)
    else:
        image = image.resize(size, Image.Resampling.LANCZOS)
    left, top = (whole[0] - size[0]) // 2, (whole[1] - size[1]) // 2
    canvas = image.transform(whole, Image.Transform.AFFINE, (1, 0, -left, 0, 1, -top)) if whole != size else image
    if whole != size:
        _repeat_edges(canvas, image, left, top)
    out = io.BytesIO()
    canvas.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _repeat_edges(canvas: Image.Image, image: Image.Image, left: int, top: int) -> None:
    """Fills the rim of the canvas with the outermost rows and columns of the image."""
    wide, high = image.size
    right, bottom = canvas.width - left - wide, canvas.height - top - high
    for box, width, x in (((0, 0, 1, high), left, 0), ((wide - 1, 0, wide, high), right, left + wide)):
        if width:
            canvas.paste(image.crop(box).resize((width, high)), (x, top))
    for y, height, at in ((top, top, 0), (top + high - 1, bottom, top + high)):
        if height:
            canvas.paste(canvas.crop((0, y, canvas.width, y + 1)).resize((canvas.width, height)), (0, at))
