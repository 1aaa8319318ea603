"""The text that A1111 writes into its pictures, and the pictures as the API sends them."""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
from collections.abc import Mapping
from typing import Any

from PIL import ExifTags, Image, PngImagePlugin, UnidentifiedImageError

from .errors import HTTPError

#: What is no pair is a match, too, and nothing is given back (`++`): A1111's own pattern is quadratic.
_PAIR = re.compile(r'\s++|(\w[\w \-/]++)(?::\s*+("(?:\\.|[^\\"])++"(?=,|$)|[^,]*+)(?:,|$))?+|.', re.DOTALL)
_FORMATS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP"}


def write(prompt: str, negative: str, values: Mapping[str, Any]) -> str:
    """Prompt, negative prompt and `Key: value` pairs (None left out) in A1111's layout."""
    pairs = ", ".join(f"{key}: {_quoted(value)}" for key, value in values.items() if value is not None)
    negative_line = f"\nNegative prompt: {negative}" if negative else ""
    return f"{prompt}{negative_line}\n{pairs}".strip()


def _quoted(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if re.search(r"[,:\n]", text) else text


def parse(text: str) -> dict[str, str]:
    """The values of an infotext by key, with `Prompt` and `Negative prompt`; sizes also as `Key-1` and `Key-2`."""
    if not text.strip():
        return {}
    lines = text.strip().split("\n")
    last = [(key, value) for key, value in _PAIR.findall(lines[-1]) if key and value]
    if len(last) < 3:
        last = []
    else:
        lines.pop()
    body = "\n".join(lines)
    prompt, _, negative = f"\n{body}".partition("\nNegative prompt:")
    found = {"Prompt": prompt.strip(), "Negative prompt": negative.strip()}
    for key, raw in last:
        value = json.loads(raw) if raw.startswith('"') else raw.strip()
        size = re.fullmatch(r"(\d+)x(\d+)", value)
        if size:
            found[f"{key}-1"], found[f"{key}-2"] = size.groups()
        else:
            found[key] = value
    return found


def encode(image: Image.Image, text: str, samples_format: str, *, quality: int = 80) -> str:
    """`image` as bare base64 with `text` in its metadata. Raises HTTPError 500 for a format A1111 does not send."""
    kind = _FORMATS.get(str(samples_format).lower())
    if kind is None:
        raise HTTPError(500, "Invalid image format")
    buffer = io.BytesIO()
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        if text:
            info.add_text("parameters", text)
        image.save(buffer, kind, pnginfo=info, compress_level=4)
    else:
        exif = Image.Exif()
        if text:
            comment = b"UNICODE\0" + text.encode("utf-16-be")
            exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = comment
        image.convert("RGB").save(buffer, kind, quality=quality, exif=exif)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def decode(encoded: str) -> Image.Image:
    """The picture in base64, with or without `data:` prefix. Raises HTTPError 500 for addresses and non-pictures."""
    if encoded.startswith(("http://", "https://")):
        raise HTTPError(500, "Requests not allowed")
    if encoded.startswith("data:image/"):
        encoded = encoded.partition(",")[2]
    try:
        image = Image.open(io.BytesIO(base64.b64decode(encoded, validate=False)))
        image.load()
    except (binascii.Error, UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise HTTPError(500, "Invalid encoded image") from error
    return image


def read(image: Image.Image) -> tuple[str, dict[str, Any]]:
    """The infotext of a picture ("" if none) and its other text items."""
    items: dict[str, Any] = {str(k): v for k, v in image.info.items() if isinstance(v, (str, int, float))}
    text = str(items.pop("parameters", ""))
    comment = image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)
    if not text and isinstance(comment, bytes) and comment.startswith(b"UNICODE\0"):
        text = comment.removeprefix(b"UNICODE\0").decode("utf-16-be", "replace")
    return text, items
