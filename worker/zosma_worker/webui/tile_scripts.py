"""A1111's scripts that paint a picture anew in pieces: which of them a WebUI has, and how each is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zosma_queue.request import Request
from zosma_queue.tiles import SD_UPSCALE, ULTIMATE_SD_UPSCALE, UltimateSDUpscale

#: What Ultimate SD upscale takes, counted as `script-info` does. Older versions take one less.
_ULTIMATE_ARGUMENTS = 18
#: In every A1111's list of upscalers: a picture is only resized.
_NO_UPSCALER = "None"
#: Of its `target_size_type`: as `custom_width` and `custom_height` say.
_CUSTOM_SIZE = 1


def tile_scripts_in(selectable: Iterable[Mapping[str, Any]], upscalers: Mapping[str, int]) -> tuple[str, ...]:
    """Those that `script-info` lists among what may be selected for a picture, under A1111's names."""
    arguments = {str(one.get("name")).casefold(): one.get("args") for one in selectable}
    found = [SD_UPSCALE] if SD_UPSCALE.casefold() in arguments else []
    listed = arguments.get(ULTIMATE_SD_UPSCALE.casefold())
    if isinstance(listed, list) and len(listed) == _ULTIMATE_ARGUMENTS and _NO_UPSCALER in upscalers:
        found.append(ULTIMATE_SD_UPSCALE)
    return tuple(found)


def numbers_of(upscalers: Any) -> dict[str, int]:
    """Name → place in the WebUI's list of upscalers, by which some scripts know them."""
    found: dict[str, int] = {}
    for number, entry in enumerate(upscalers if isinstance(upscalers, list) else ()):
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            found.setdefault(entry["name"], number)
    return found


def script_fields(request: Request, upscalers: Mapping[str, int]) -> dict[str, Any]:
    """The fields of an img2img body that select the script. `upscalers`: see `numbers_of`."""
    if request.sd_upscale:
        asked = request.sd_upscale
        # The first argument is a text on its page.
        arguments = [None, asked.overlap, asked.upscaler, asked.scale_factor]
        return {"script_name": SD_UPSCALE.casefold(), "script_args": arguments}
    if request.ultimate_sd_upscale:
        arguments = _ultimate(request.ultimate_sd_upscale, request, upscalers)
        return {"script_name": ULTIMATE_SD_UPSCALE.casefold(), "script_args": arguments}
    return {}


def _ultimate(asked: UltimateSDUpscale, request: Request, upscalers: Mapping[str, int]) -> list[Any]:
    wide, high = asked.size
    return [
        None,  # a text on its page
        request.width,
        request.height,
        asked.mask_blur,
        asked.padding,
        asked.seams_fix_width,
        asked.seams_fix_denoise,
        asked.seams_fix_padding,
        upscalers[asked.upscaler or _NO_UPSCALER],
        False,  # nothing is left on its disk
        asked.redraw_mode,
        False,
        asked.seams_fix_mask_blur,
        asked.seams_fix_type,
        _CUSTOM_SIZE,
        wide,
        high,
        asked.scale_factor,
    ]
