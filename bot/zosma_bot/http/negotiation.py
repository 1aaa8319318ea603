"""Pictures in the format that a client takes and no larger than it wants. Made once, and kept while there is room."""

from __future__ import annotations

import http
from collections import OrderedDict
from collections.abc import Iterable

from zosma_bot.http.problems import Problem
from zosma_queue.sandbox import Limits, Sandbox, SandboxError

FORMATS = ("png", "webp", "jpeg")
#: Bytes of pictures that were made for somebody. A thumbnail has some 15 kB.
KEPT_BYTES = 32 * 1024 * 1024
#: Larger ones are asked for once, as a rule.
KEPT_EACH_BYTES = 1024 * 1024
#: What is told of a picture stands in a JPEG's one segment of 64 kB, with two bytes a character.
TOLD_MAX_CHARS = 30_000
#: Of one `Accept`; browsers send some hundred characters.
_ACCEPT_MAX_CHARS = 1_000
_FORM = "zosma_bot.picture_forms:form"
#: Apart from strangers' and from those on their way to Discord.
_FORMS = Sandbox("forms", Limits(cpu_s=60, wall_s=90.0, memory_bytes=1024**3))


async def remade(data: bytes, format_: str, *, who: str, told: str = "", exact: tuple[int, int] | None = None) -> bytes:
    """The picture in one of `FORMATS`, as `picture_forms.form` makes it; as it is, where that can't be done: better
    than none. `who` asks.
    """
    args = {"format": format_, "size": None, "told": told[:TOLD_MAX_CHARS], "exact": exact}
    try:
        _, (made,) = await _FORMS.run(_FORM, args, [data], who=who)
    except SandboxError:
        return data
    return made


class Negotiator:
    """Chooses forms and makes them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def choose(self, accept: Iterable[str], original: str, size: int | None) -> str:
        """The format that a client likes best: of equals the original's own, for a smaller one WebP.

        Raises:
          Problem: 406 when it takes none of `FORMATS`.
        """
        wanted = ",".join(accept)[:_ACCEPT_MAX_CHARS]
        first = "webp" if size else original
        order = sorted(FORMATS, key=lambda one: one != first)
        liked = {one: _quality(wanted, one) for one in order}
        best = max(order, key=lambda one: liked[one])
        if liked[best] <= 0:
            known = ", ".join(f"image/{one}" for one in FORMATS)
            raise Problem(http.HTTPStatus.NOT_ACCEPTABLE, "NotAcceptable", f"pictures come as {known}", field="Accept")
        return best

    async def made(self, tag: str, data: bytes, original: str, format_: str, size: int | None, *, who: str) -> bytes:
        """The picture in this form. `tag` names it for ever, `who` asks.

        Raises:
          Problem: 503 when it can't be made.
        """
        if size is None and format_ == original:
            return data
        if tag in self._kept:
            self._kept.move_to_end(tag)
            return self._kept[tag]
        try:
            _, (made,) = await _FORMS.run(_FORM, {"format": format_, "size": size}, [data], who=who)
        except SandboxError as error:
            why = f"this picture can't be made into {format_}: ask for image/{original} without a size"
            raise Problem(http.HTTPStatus.NOT_ACCEPTABLE, "NotAcceptable", why, field="Accept") from error
        self._keep(tag, made)
        return made

    def _keep(self, tag: str, made: bytes) -> None:
        if len(made) > KEPT_EACH_BYTES or tag in self._kept:
            return
        self._kept[tag] = made
        self._bytes += len(made)
        while self._bytes > KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest)


def _quality(accept: str, format_: str) -> float:
    """How much a client likes a format, 0 to 1, by the most telling entry of its `Accept`."""
    if not accept.strip():
        return 1.0
    found = {0: 0.0}
    for entry in accept.split(","):
        kind, *parameters = (part.strip().casefold() for part in entry.split(";"))
        names = ("*/*", "image/*", f"image/{format_}")
        if kind not in names:
            continue
        quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        try:
            found[names.index(kind) + 1] = min(max(float(quality), 0.0), 1.0)
        except ValueError:
            found[names.index(kind) + 1] = 0.0
    return found[max(found)]
