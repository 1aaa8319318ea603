"""`alwayson_scripts`: which of them a body really asks for. Many clients name those that they don't use, too."""

from __future__ import annotations

from typing import Any

from zosma_queue.errors import RequestRefusedError

FIELD = "alwayson_scripts"


def used_scripts(given: Any) -> dict[str, list[Any]]:
    """Name → arguments of the scripts that would do something: those with arguments that don't say "off".

    Raises:
      RequestRefusedError: when it isn't an object of objects.
    """
    if not given:
        return {}
    if not isinstance(given, dict):
        raise RequestRefusedError(f"{FIELD} must be an object", field=FIELD)
    return {str(name): args for name, one in given.items() if not _is_off(args := _args(str(name), one))}


def _args(name: str, given: Any) -> list[Any]:
    """A script's arguments. Some clients send them without the object around."""
    args = given.get("args") if isinstance(given, dict) else given
    if isinstance(args, dict):  # the old ControlNet's single unit
        args = [args]
    if args is None:
        return []
    if not isinstance(args, list):
        raise RequestRefusedError(f"{FIELD}.{name[:100]}.args must be a list", field=f"{FIELD}.{name[:100]}")
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
