"""What parsers are fed with: texts, JSON and pictures, made of what parsers look for, so that more than the first line
of each is reached; and good input with a few parts spoilt, so that the last is."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from loopback.hostile import chunk
from loopback.played_worker import png
from zosma_bot.http.a1111_fields import IMG2IMG, TXT2IMG, UPSCALE

Strategy = st.SearchStrategy[Any]
Path = tuple[str | int, ...]

_MARKS = (
    "Steps: ", "Size: ", "512x512", "Seed: ", "Negative prompt: ", "Hires upscale: ", '"', "\\", ",", ":", "\n", "(",
    "<lora:a:1>", "{", "}", "\x1b[2J", "\u202e", "\ud800", "\x00", "9" * 400, "1e999", "nan", "-0", "worker:", "lane:",
    "checkpoint:", "role:", "redis+sentinel://", "redis+cluster://", "@", "/", "[", "]", "::1", "%zz", "²", "ß", "*",
    "base64,", "none", "true", "Karras", "Euler a", "Bearer ", "Basic ", "|", "fast|", "z1:", " --ar ", " --no ",
    "16:9", " --steps ", "__list__", "in ", " days", " h ", "tomorrow 25:61", " at ",
)  # fmt: skip
_PIECES = st.sampled_from(_MARKS) | st.text(max_size=5)
#: For parsers of texts; and shorter ones, of which JSON has many.
TEXTS: Strategy = st.text(max_size=200) | st.lists(_PIECES, max_size=30).map("".join)
SHORT_TEXTS: Strategy = _PIECES | st.lists(_PIECES, max_size=4).map("".join)
#: Whole numbers that no float holds, and floats that are none.
_NUMBERS = st.integers() | st.floats() | st.sampled_from((10**400, -(10**400), 2**63, 2**31, -1, 0, 1))
LEAVES: Strategy = st.none() | st.booleans() | _NUMBERS | SHORT_TEXTS
VALUES: Strategy = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SHORT_TEXTS, inner, max_size=3), max_leaves=6
)
#: Names of fields, of whatever is read.
_NAMES = (
    "prompt", "negative_prompt", "width", "height", "steps", "cfg_scale", "seed", "sampler", "scheduler", "count",
    "styles", "checkpoint", "hires", "img2img", "mask", "upscale", "image", "override_settings", "alwayson_scripts",
    "subseed", "denoising_strength", "waiting", "weight", "running", "lane", "cooldown_s", "blocked", "checkpoints",
    "side", "detail", "error", "errors", "loc", "msg", "event", "id", "n", "prev", "hash", "who", "act", "target",
    "at", "args", "kwargs", "request", "webui", "flavour", "host", "samplers", "job", "attempt", "name", "title",
    "model_name", "alias", "label", "path", "info", "images", "infotexts", "all_seeds", "progress", "eta_relative",
    "state", "job_count", "current_image", "sd_model_checkpoint", "CLIP_stop_at_last_layers", "sd_vae", "txt2img",
    "verdict", "reason", "exception_type", "exception_message", "node_errors", "extra_info", "input_name",
    "prompt_id", "queue_running", "queue_pending", "status", "messages", "outputs", "filename", "timestamp", "input",
    "required", "output", "options", "min", "max", "system", "devices", "view", "class_type", "inputs", "zosma",
    "rules", "words", "limits", "active", "queued", "version", "updated", "is_alwayson",
)  # fmt: skip
OBJECTS: Strategy = st.dictionaries(st.sampled_from(_NAMES) | SHORT_TEXTS, VALUES, max_size=5)
JSON: Strategy = (VALUES | OBJECTS).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=200)
#: A list as WebUIs have them, and what isn't one.
LISTINGS: Strategy = st.lists(OBJECTS, max_size=3) | VALUES | OBJECTS


def body_of(table: Mapping[str, Any]) -> Strategy:
    """A body of A1111's API with some of its fields."""
    return st.dictionaries(st.sampled_from(sorted(table)), VALUES, max_size=6)


TXT2IMG_BODIES, IMG2IMG_BODIES, UPSCALE_BODIES = body_of(TXT2IMG), body_of(IMG2IMG), body_of(UPSCALE)


def _paths(value: Any, at: Path = ()) -> Iterator[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield (*at, name)
        yield from _paths(one, (*at, name))


def _put(value: Any, path: Path, by: Any) -> None:
    """Puts another value into this place, where there still is such a place."""
    with contextlib.suppress(KeyError, IndexError, TypeError):
        for name in path[:-1]:
            value = value[name]
        value[path[-1]] = by


def spoilt(good: Any) -> Strategy:
    """Good JSON of which up to three parts are something else."""

    def applied(changes: list[tuple[Path, Any]]) -> Any:
        made = deepcopy(good)
        for path, by in changes:
            _put(made, path, by)
        return made

    paths = sorted(_paths(good), key=str)
    return st.lists(st.tuples(st.sampled_from(paths), VALUES), max_size=3).map(applied)


def spoilt_hash(good: Mapping[bytes, bytes]) -> Strategy:
    """A good hash of Redis in which up to three fields are something else, or missing."""
    junk = st.binary(max_size=60) | st.sampled_from((b"nan", b"-1", b"9" * 400, b"1e999", b"[" * 2000)) | JSON
    changes = st.dictionaries(st.sampled_from(sorted(good)), st.none() | junk, max_size=3)
    return changes.map(lambda found: {name: value for name, value in {**good, **found}.items() if value is not None})


# -- pictures -------------------------------------------------------------------------------------------------------

_WHOLE = png(1, parameters="a cat\nSteps: 20")
_KINDS = (b"IHDR", b"IDAT", b"IEND", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"fcTL", b"ANMF", b"\x00\x00\x00\x00")
_CHUNKS = st.builds(chunk, st.sampled_from(_KINDS), st.binary(max_size=60) | st.just(b"parameters\x00"))
_HEADS = (
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\xd8\xff\xda\x00\x00", b"RIFF\x00\x00\x00\x00WEBP", b"GIF89a", b"<svg",
    b"",
)  # fmt: skip


def _cut(whole: bytes) -> Strategy:
    return st.integers(0, len(whole)).map(lambda at: whole[:at])


def _written_over(whole: bytes) -> Strategy:
    return st.builds(
        lambda at, put: whole[:at] + put + whole[at + len(put) :], st.integers(0, len(whole)), st.binary(max_size=8)
    )


PICTURES: Strategy = (
    st.builds(
        lambda head, parts, rest: head + b"".join(parts) + rest,
        st.sampled_from(_HEADS),
        st.lists(_CHUNKS, max_size=6),
        st.binary(max_size=200),
    )
    | _written_over(_WHOLE)
    | _cut(_WHOLE)
)


def pictures_like(whole: bytes) -> Strategy:
    """This picture with something written over it, or its beginning."""
    return _written_over(whole) | _cut(whole)
