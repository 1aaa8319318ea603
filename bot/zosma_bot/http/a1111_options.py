"""`override_settings` as bodies have it: which of A1111's options a request may set, and what asks for nothing."""

from __future__ import annotations

from typing import Any

from zosma_bot.http.a1111_fields import is_nothing
from zosma_queue.a1111_options import DEFAULTS, FIELD, MODULES, PASSED, option_problem
from zosma_queue.errors import RequestRefusedError

#: Options that are fields of our own requests.
HONOURED = ("sd_model_checkpoint", "CLIP_stop_at_last_layers", "sd_vae")
#: In which format pictures are answered: A1111's names → ours. The pictures themselves are made and kept as they are.
FORMAT = "samples_format"
_FORMATS = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp"}
#: They touch no picture: how it is saved, shown or told about. Forge's preset follows the checkpoint.
_HARMLESS = frozenset(
    {FORMAT, "save_images", "samples_save", "grid_save", "return_grid", "return_mask", "enable_pnginfo",
     "return_mask_composite", "do_not_show_images", "live_previews_enable", "show_progress_every_n_steps",
     "save_txt", "forge_preset", "add_model_hash_to_info", "add_model_name_to_info", "live_preview_content",
     "jpeg_quality"}
)  # fmt: skip
#: Beginnings of those that act on the WebUI's disk or process.
_ON_ITS_MACHINE = (
    "outdir_",
    "directories_",
    "temp_dir",
    "clean_temp_dir",
    "save_",
    "memmon",
    "sd_checkpoints_",
    "hide_",
)


def override_fields(given: Any) -> dict[str, Any]:
    """The fields of our request that the overrides mean: `a1111` holds those that reach the WebUI as they are.

    Raises:
      RequestRefusedError: for one that can't be honoured; names it and says why.
    """
    if not isinstance(given, dict):
        raise RequestRefusedError(f"{FIELD} must be an object", field=FIELD)
    fields: dict[str, Any] = {}
    passed: dict[str, Any] = {}
    for name, value in given.items():
        if name == "sd_model_checkpoint":
            fields |= {} if is_nothing(value) else {"checkpoint": value}
        elif name == "CLIP_stop_at_last_layers":
            fields |= {} if value is None else {"clip_skip": value}
        elif name == "sd_vae":
            fields |= {} if is_nothing(value) else {"vae": value}
        elif value is not None and name != MODULES and name not in _HARMLESS and not is_default(name, value):
            passed[name] = _passed(name, value)
    modules = _modules(given.get(MODULES))
    if len(modules) == 1 and fields.get("vae", modules[0]) == modules[0]:
        fields["vae"] = modules[0]  # clients that don't ask which kind of WebUI it is send both
        modules = []
    more = ({FIELD: passed} if passed else {}) | ({MODULES: modules} if modules else {})
    return {**fields, "a1111": more} if more else fields


def _modules(given: Any) -> list[str]:
    """Names of modules. Paths are those of another machine; only the files' names are the same here."""
    if given is None or given == []:
        return []
    if not isinstance(given, list) or not all(isinstance(one, str) and one.strip() for one in given):
        raise RequestRefusedError(f"{FIELD}.{MODULES} must be a list of files' names", field=f"{FIELD}.{MODULES}")
    return [one.replace("\\", "/").rpartition("/")[2] for one in given]


def _passed(name: str, value: Any) -> Any:
    if name not in PASSED:
        raise _refused(name)
    return read_option(name, value, f"{FIELD}.{name}")


def read_option(name: str, value: Any, field: str) -> Any:
    """The value of one of `PASSED`, as A1111 takes it; `field` is where it stands.

    Raises:
      RequestRefusedError: when it is of the wrong kind; names `field`.
    """
    if problem := option_problem(name, value):
        raise RequestRefusedError(f"{field} is {str(value)[:60]!r}: it {problem}", field=field)
    return type(DEFAULTS[name])(value)  # 31337.0 is 31337


def answer_format(value: Any, field: str) -> str:
    """`png`, `jpeg` or `webp`, for A1111's `samples_format`; `field` is where it stands.

    Raises:
      RequestRefusedError: for another; names `field`.
    """
    if isinstance(value, str) and (found := _FORMATS.get(value.strip().casefold())):
        return found
    raise RequestRefusedError(f"{field} is {str(value)[:60]!r}: it must be png, jpg or webp", field=field)


def is_default(name: str, value: Any) -> bool:
    """True for what A1111 does anyway: who asks for that asks for nothing."""
    if name not in DEFAULTS:
        return False
    default = DEFAULTS[name]
    if isinstance(default, str) or default is None:
        return is_nothing(value) if is_nothing(default) else str(value).casefold() == str(default).casefold()
    return not isinstance(value, str) and bool(value == default)


def _refused(name: str) -> RequestRefusedError:
    if name.startswith(_ON_ITS_MACHINE):
        why = "would act on the disk or process of the machine that makes the picture: leave it out"
    elif name in DEFAULTS:
        why = f"can't be set here: leave it out, or at A1111's default {DEFAULTS[name]!r}"
    else:
        why = f"can't be set here: leave it out; {', '.join((*HONOURED, *PASSED))} can"
    return RequestRefusedError(f"{FIELD}.{name[:100]} {why}", field=f"{FIELD}.{name[:100]}")
