"""Scripts that a body asks for: in `alwayson_scripts` many clients name those that they don't use, too; of those that
`script_name` selects one can be taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zosma_bot.http.a1111_fields import is_nothing
from zosma_queue.errors import RequestRefusedError
from zosma_queue.request import SCRIPTS, SD_UPSCALE

SELECTED, ARGUMENTS = "script_name", "script_args"
#: Why some of A1111's scripts can't be selected, and what to do instead. Keys as `casefold` makes them.
_REFUSED: Mapping[str, str] = {
    "x/y/z plot": "says by numbers what it changes, which mean something else on each WebUI, and may change the words, "
    "the checkpoint and the size: send a request for each picture, or `compare` to POST /api/v1/jobs",
    "prompts from file or textbox": "has whole requests in its lines, and folders to write to: send a request for "
    "each line",
    "ultimate sd upscale": "names its upscaler by a number, which means another one on each WebUI: use 'SD upscale', "
    "which names it",
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


def sd_upscale_fields(given: Mapping[str, Any], *, starts: bool) -> dict[str, Any] | None:
    """What a body's selected script asks for, in the fields of our `SDUpscale`; None for no script.

    Its number and size of pictures are known beforehand, as those of no other. `starts`: from a picture.

    Raises:
      RequestRefusedError: when it is another script, or has other arguments; names the field.
    """
    name = given.get(SELECTED)
    if is_nothing(name):
        return None
    plain = str(name).strip().casefold()
    if plain != SD_UPSCALE.casefold():
        why = _REFUSED.get(plain, _DECIDES)
        raise RequestRefusedError(f"{SELECTED} {str(name)[:100]!r} can't be used here: it {why}", field=SELECTED)
    if not starts:
        raise RequestRefusedError(
            f"{SELECTED} {SD_UPSCALE!r} starts from a picture: send it to img2img", field=SELECTED
        )
    args = given.get(ARGUMENTS)
    if not isinstance(args, list) or len(args) != 4 or not isinstance(args[2], str) or is_nothing(args[2]):
        raise RequestRefusedError(
            f"{ARGUMENTS} of {SD_UPSCALE!r} must be [null, overlap in pixels, name of an upscaler, factor], as in "
            '[null, 64, "R-ESRGAN 4x+", 2]',
            field=ARGUMENTS,
        )
    return {"overlap": args[1], "upscaler": args[2], "scale_factor": args[3]}


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
