"""Parts of a picture painted anew, and pictures that go on beyond their edges: what is asked of the queue for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from zosma_bot import masks
from zosma_bot.discord.core.attachments import Source
from zosma_bot.discord.core.recipes import Recipe
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.core.submit import Wanted
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.inputs import draft, undecodable
from zosma_bot.masks import Extension, MaskError
from zosma_queue.errors import RequestRefusedError
from zosma_queue.request import LATENT_PX, SIDE_MAX_PX, SIDE_MIN_PX

#: Longest side and pixels of what is made, the best first: what the fleet can't do is tried smaller.
SIZES = ((SIDE_MAX_PX, 2048 * 1024), (1024, 1024 * 1024), (768, 768 * 768))
#: How far the soft edge of a mask reaches, in pixels.
BLUR_PX = 8
#: Beyond its edges nothing of a picture is to be kept, but what is put there leads on.
OUTPAINT_STRENGTH = 0.9
_PICTURE, _MASK = ("img2img", "image"), ("img2img", "mask")
#: What a request of before had that goes with neither of these.
_NOT_ALONG = ("hires", "subseed_strength", "upscale", "img2img", "workflow", "workflow_options")

Box = tuple[float, float, float, float]
#: Named parts of a picture: left, top, right and bottom as shares of its sides.
REGIONS: dict[str, Box] = {
    "middle": (0.25, 0.25, 0.75, 0.75),
    "face": (0.3, 0.08, 0.7, 0.5),
    "sky": (0.0, 0.0, 1.0, 0.4),
    "ground": (0.0, 0.6, 1.0, 1.0),
    "left-third": (0.0, 0.0, 0.34, 1.0),
    "middle-third": (0.33, 0.0, 0.67, 1.0),
    "right-third": (0.66, 0.0, 1.0, 1.0),
    "left-half": (0.0, 0.0, 0.5, 1.0),
    "right-half": (0.5, 0.0, 1.0, 1.0),
    "top-half": (0.0, 0.0, 1.0, 0.5),
    "bottom-half": (0.0, 0.5, 1.0, 1.0),
}


def repainted(
    recipe: Recipe | None,
    source: Source,
    mask: Callable[[], Awaitable[bytes]],
    strength: float,
    who: str,
    changes: dict[str, Any],
) -> list[Wanted]:
    """The request for a picture of which the white of `mask` (of the picture's size) is painted anew.

    Once for each of `SIZES`, the best first: `first_possible` chooses. `who` asks for it.
    """
    found: list[Wanted] = []
    for side, pixels in SIZES:
        scale = min(1.0, side / max(source.width, source.height), (pixels / (source.width * source.height)) ** 0.5)
        size = _on_grid(source.width * scale), _on_grid(source.height * scale)
        # A picture that was made larger has far more bytes than a request may bring: it comes in the size that is made.
        picture = source if scale == 1.0 else Source(_Canvas(source, Extension(size, size, (0, 0)), who).picture)
        pictures = {_PICTURE: picture, _MASK: Source(mask, source.width, source.height)}
        found.append((_fields(recipe, "", size, strength) | changes, pictures))
    return found


def outpainted(recipe: Recipe, words: str, source: Source, extend: Extend, who: str) -> list[Wanted]:
    """The request for a picture that goes on beyond its edges, as `repainted`. `words`: its own. `who` asks for it."""
    found: list[Wanted] = []
    for side, pixels in SIZES:
        canvas = _Canvas(source, _placed(source.width, source.height, extend, side, pixels), who)
        pictures = {_PICTURE: Source(canvas.picture), _MASK: Source(canvas.mask)}
        found.append((_fields(recipe, words, canvas.extension.whole, OUTPAINT_STRENGTH), pictures))
    return found


async def first_possible(services: Services, found: list[Wanted]) -> Wanted:
    """The first of these requests that a worker which takes jobs can do; the first of all when there is none.

    Raises:
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    catalogue = await services.background.within(CHECKS_S, services.fleet.catalogue())
    for fields, sources in found:
        try:
            request = catalogue.resolve(draft(fields, {place: source.unseen for place, source in sources.items()}))
        except RequestRefusedError:
            break  # whoever submits it is told why
        if await services.background.within(CHECKS_S, services.fleet.can_do(request)):
            return fields, sources
    return found[0]


def _fields(recipe: Recipe | None, words: str, size: tuple[int, int], strength: float) -> dict[str, Any]:
    """The fields of pictures like those of before, painted on one. What other WebUIs than A1111's lack is left out."""
    before = recipe.anew(prompt=words) if recipe else {}
    kept = {name: value for name, value in before.items() if name not in _NOT_ALONG}
    if a1111 := {name: value for name, value in kept.pop("a1111", {}).items() if not name.startswith("hr_")}:
        kept["a1111"] = a1111
    start = {
        "denoising_strength": strength, "mask_blur": BLUR_PX, "inpainting_fill": 1, "inpaint_full_res": False,
        "resize_mode": 0,
    }  # fmt: skip
    return kept | {"width": size[0], "height": size[1], "img2img": start}


async def read_mask(data: bytes, size: tuple[int, int], who: str) -> bytes:
    """A mask that a member sent for a picture of this size, as a PNG of that size.

    Raises:
      RequestRefusedError: when it can't be used; says what is wrong with it.
    """
    try:
        return await masks.mask_of(data, size, who)
    except MaskError as error:
        raise refusal(error, "mask", size) from None


def refusal(error: MaskError, field: str, size: tuple[int, int]) -> RequestRefusedError:
    """What a member is told whose mask, for a picture of this size, can't be used; or whose picture."""
    if error.why == "mask-shape":
        return refused("mask-shape", field=field, given=error.given, size=f"{size[0]}x{size[1]}")
    if error.why == "mask-empty":
        return refused("mask-empty", field=field)
    if error.why == "mask-full":
        return refused("mask-full", field=field)
    return undecodable(field, error.why, error.given)


# -- beyond the edges ----------------------------------------------------------------------------------------------

#: How far a picture goes on to the left, the top, the right and the bottom, as shares of its sides.
Extend = tuple[float, float, float, float]
ZOOM_OUT: Extend = (0.25, 0.25, 0.25, 0.25)
ZOOM_OUT_FAR: Extend = (0.5, 0.5, 0.5, 0.5)
PAN_LEFT: Extend = (0.5, 0.0, 0.0, 0.0)
PAN_UP: Extend = (0.0, 0.5, 0.0, 0.0)
PAN_RIGHT: Extend = (0.0, 0.0, 0.5, 0.0)
PAN_DOWN: Extend = (0.0, 0.0, 0.0, 0.5)


def squaring(width: int, height: int) -> Extend:
    """What makes a picture of this size square: its short sides grow alike."""
    beside, above = max(0, height - width) / 2 / width, max(0, width - height) / 2 / height
    return (beside, above, beside, above)


def _placed(width: int, height: int, extend: Extend, side: int, pixels: int) -> Extension:
    """The picture on its canvas, at its own size where the canvas then keeps to `side` and `pixels`, else smaller."""
    left, top, right, bottom = extend
    whole = width * (1 + left + right), height * (1 + top + bottom)
    scale = min(1.0, side / max(whole), (pixels / (whole[0] * whole[1])) ** 0.5)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    size = _on_grid(whole[0] * scale), _on_grid(whole[1] * scale)
    # On the grid the canvas may be a few pixels less than it would be; it never is less than the picture.
    size = max(size[0], _up(inner[0])), max(size[1], _up(inner[1]))
    at = _share(size[0] - inner[0], left, right), _share(size[1] - inner[1], top, bottom)
    return Extension(size, inner, at)


def _share(room: int, before: float, after: float) -> int:
    """How much of the room lies before the picture."""
    return round(room * before / (before + after)) if before + after else 0


def _on_grid(side: float) -> int:
    return max(SIDE_MIN_PX, int(side) // LATENT_PX * LATENT_PX)


def _up(side: int) -> int:
    return -(-side // LATENT_PX) * LATENT_PX


class _Canvas:
    """A picture on a larger canvas and the mask for it, made once, when the first of them is asked for."""

    def __init__(self, source: Source, extension: Extension, who: str) -> None:
        self.extension = extension
        self._source = source
        self._who = who
        self._making: asyncio.Task[tuple[bytes, bytes]] | None = None

    async def picture(self) -> bytes:
        """The picture, and what is to be painted over around it."""
        return (await self._made())[0]

    async def mask(self) -> bytes:
        """White is painted."""
        return (await self._made())[1]

    async def _made(self) -> tuple[bytes, bytes]:
        self._making = self._making or asyncio.create_task(self._make())
        return await self._making

    async def _make(self) -> tuple[bytes, bytes]:
        try:
            return await masks.extended(await self._source.fetch(), self.extension, self._who)
        except MaskError as error:
            raise refusal(error, "image", self.extension.inner) from None
