"""Scripts that a body asks for: in `alwayson_scripts` many clients name those that they don't use, too; of those that
`script_name` selects two can be taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zosma_bot.http.a1111_fields import is_nothing, read_whole
from zosma_queue.errors import RequestRefusedError
from zosma_queue.request import SCRIPTS, SIDE_MAX_PX, SIDE_MIN_PX
from zosma_queue.tiles import BANDS, NO_SEAMS, SD_UPSCALE, ULTIMATE_SD_UPSCALE

SELECTED, ARGUMENTS = "script_name", "script_args"
#: Why some of A1111's scripts can't be selected, and what to do instead. Keys as `casefold` makes them.
_REFUSED: Mapping[str, str] = {
    "x/y/z plot": "says by numbers what it changes, which mean something else on each WebUI, and may change the words, "
    "the checkpoint and the size: send a request for each picture, or `compare` to POST /api/v1/jobs",
    "prompts from file or textbox": "has whole requests in its lines, and folders to write to: send a request for "
    "each line",
    "custom code": "runs a program on the WebUI's machine: nobody may",
}
_DECIDES = (
    "decides by itself how many pictures are made and how large: send a request for each picture "
    f"(scripts that work along go into {SCRIPTS})"
)


def used_scripts(given: Any) -> dict[str, list[Any]]:
    """Name → arguments of the scripts that would do something: those with arguments that don't say "off".

    Raises:
      RequestRefusedError: when it isn't an object of objects.
    """
    if not given:
        return {}
    if not isinstance(given, dict):
        raise RequestRefusedError(f"{SCRIPTS} must be an object", field=SCRIPTS)
    return {str(name): args for name, one in given.items() if not _is_off(args := _args(str(name), one))}


def tile_script_fields(given: Mapping[str, Any], upscalers: Sequence[str], *, starts: bool) -> dict[str, Any]:
    """What a body's selected script asks for, in the fields of our `Request`; {} for no script.

    Their number and size of pictures are known beforehand, as those of no other. `upscalers`: as `/sdapi/v1/upscalers`
    lists them, for a script that knows them by their number. `starts`: from a picture.

    Raises:
      RequestRefusedError: when it is another script, or has other arguments; names the field.
    """
    name = given.get(SELECTED)
    if is_nothing(name):
        return {}
    known = {one.casefold(): one for one in (SD_UPSCALE, ULTIMATE_SD_UPSCALE)}
    plain = str(name).strip().casefold()
    if plain not in known:
        why = _REFUSED.get(plain, _DECIDES)
        raise RequestRefusedError(f"{SELECTED} {str(name)[:100]!r} can't be used here: it {why}", field=SELECTED)
    if not starts:
        raise RequestRefusedError(
            f"{SELECTED} {known[plain]!r} starts from a picture: send it to img2img", field=SELECTED
        )
    args = given.get(ARGUMENTS)
    if known[plain] == SD_UPSCALE:
        return {"sd_upscale": _sd_upscale(args)}
    return _ultimate_sd_upscale(args, given, upscalers)


def _sd_upscale(args: Any) -> dict[str, Any]:
    if not isinstance(args, list) or len(args) != 4 or not isinstance(args[2], str) or is_nothing(args[2]):
        raise RequestRefusedError(
            f"{ARGUMENTS} of {SD_UPSCALE!r} must be [null, overlap in pixels, name of an upscaler, factor], as in "
            '[null, 64, "R-ESRGAN 4x+", 2]',
            field=ARGUMENTS,
        )
    return {"overlap": args[1], "upscaler": args[2], "scale_factor": args[3]}


#: What Ultimate SD upscale takes, by the names and in the order of its page; the first is a text there.
_ULTIMATE = (
    "_", "tile_width", "tile_height", "mask_blur", "padding", "seams_fix_width", "seams_fix_denoise",
    "seams_fix_padding", "upscaler", "save_upscaled_image", "redraw_mode", "save_seams_fix_image",
    "seams_fix_mask_blur", "seams_fix_type", "target_size_type", "custom_width", "custom_height", "custom_scale",
)  # fmt: skip
#: Its `target_size_type`: as the request's width and height say, as the custom ones do, by the custom scale.
_REQUESTS, _CUSTOM, _SCALE = range(3)


def _ultimate_sd_upscale(args: Any, given: Mapping[str, Any], upscalers: Sequence[str]) -> dict[str, Any]:
    """Its tiles become the request's size. What it would keep on its disk isn't kept."""
    if not isinstance(args, list) or len(args) != len(_ULTIMATE):
        raise RequestRefusedError(
            f"{ARGUMENTS} of {ULTIMATE_SD_UPSCALE!r} must be these {len(_ULTIMATE)}, the first of them null: "
            f"{', '.join(_ULTIMATE)}",
            field=ARGUMENTS,
        )
    told = dict(zip(_ULTIMATE, args, strict=True))
    tile_width, tile_height = (_whole(told, name) for name in ("tile_width", "tile_height"))
    fields = {name: told[name] for name in ("mask_blur", "padding", "redraw_mode", "seams_fix_type")}
    fields["upscaler"] = _upscaler(told["upscaler"], upscalers)
    target, seams = _whole(told, "target_size_type"), _whole(told, "seams_fix_type")
    if target == _REQUESTS:
        fields |= {f"target_{side}": given.get(side, 512) for side in ("width", "height")}
    elif target == _CUSTOM:
        fields |= {f"target_{side}": told[f"custom_{side}"] for side in ("width", "height")}
    elif target == _SCALE:
        fields["scale_factor"] = told["custom_scale"]
    else:
        raise _wrong("target_size_type", told, "0 (the request's size), 1 (the custom size) or 2 (the custom scale)")
    if seams != NO_SEAMS:  # menus send these whether or not there are any
        fields |= {f"seams_fix_{name}": told[f"seams_fix_{name}"] for name in ("denoise", "padding")}
        own = "width" if seams == BANDS else "mask_blur"
        fields[f"seams_fix_{own}"] = told[f"seams_fix_{own}"]
    # Of the tile's sides one may be left to the other.
    size = {"width": tile_width or tile_height, "height": tile_height or tile_width}
    for side, px in size.items():  # the request's own width and height are the finished picture's here
        if not SIDE_MIN_PX <= px <= SIDE_MAX_PX:
            raise _wrong(f"tile_{side}", told, f"between {SIDE_MIN_PX} and {SIDE_MAX_PX}")
    return {"ultimate_sd_upscale": fields, **size}


def _upscaler(given: Any, upscalers: Sequence[str]) -> str | None:
    """Its name, by its number in our list; names are taken, too. None for none, which only resizes."""
    if isinstance(given, str) and not given.strip().isdecimal():
        return None if is_nothing(given) else given
    number = _whole({"upscaler": given}, "upscaler")
    if not 0 <= number < len(upscalers):
        possible = ", ".join(f"{place} {name}" for place, name in enumerate(upscalers))
        raise _wrong("upscaler", {"upscaler": given}, f"one of these, by number or name: {possible}")
    return None if is_nothing(upscalers[number]) else upscalers[number]


def _whole(told: Mapping[str, Any], name: str) -> int:
    try:
        return read_whole(told[name])
    except (TypeError, ValueError, OverflowError):
        raise _wrong(name, told, "a whole number") from None


def _wrong(name: str, told: Mapping[str, Any], wanted: str) -> RequestRefusedError:
    return RequestRefusedError(
        f"{name} among the {ARGUMENTS} is {str(told[name])[:60]!r}: it must be {wanted}", field=ARGUMENTS
    )


def _args(name: str, given: Any) -> list[Any]:
    """A script's arguments. Some clients send them without the object around."""
    args = given.get("args") if isinstance(given, dict) else given
    if isinstance(args, dict):  # the old ControlNet's single unit
        args = [args]
    if args is None:
        return []
    if not isinstance(args, list):
        raise RequestRefusedError(f"{SCRIPTS}.{name[:100]}.args must be a list", field=f"{SCRIPTS}.{name[:100]}")
    return args


def _is_off(args: list[Any]) -> bool:
    """True for no arguments, for a first one that says false, and for units none of which is enabled or has a model."""
    if not args or args[0] is False or args[0] is None:
        return True
    units = [one for one in args if isinstance(one, dict)]
    if units and all(unit.get("ad_model") == "None" for unit in units):
        return True
    return len(units) == len(args) and all(_is_off_unit(unit) for unit in units)


def _is_off_unit(unit: dict[str, Any]) -> bool:
    switches = [unit[name] for name in ("enabled", "enable", "is_enabled", "ad_enable") if name in unit]
    return not unit or (bool(switches) and not any(switches))
