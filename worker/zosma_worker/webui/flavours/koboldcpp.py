"""koboldcpp with `--sdmodel`: 1.76 of October 2024, and newer ones, which can do more."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from typing import Any, ClassVar

from zosma_queue.request import Upscale
from zosma_worker.backend import Order
from zosma_worker.errors import PromptUnreadable
from zosma_worker.webui.client import Client
from zosma_worker.webui.flavours.base import encoded
from zosma_worker.webui.flavours.plain import Plain

#: Of a prompt it reads so much, and of that what is ASCII (`clean_input_prompt` in its sources).
PROMPT_MAX_CHARS = 800
#: What phones and languages write instead of ASCII, where no decomposition leads to it.
_WRITTEN = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "×": " x ",
     "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
     "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "ı": "i"}
)  # fmt: skip


class KoboldCpp(Plain):
    """It clamps what it is given without a word, so nothing is offered that it would clamp.

    Versions that list LoRAs take masks and clip skip too, and enlarge pictures if started with `--sdupscaler`. Older
    ones ignore all of that in silence.
    """

    name: ClassVar[str] = "koboldcpp"
    hires: ClassVar[bool] = False  # the field is there, but enlarges the finished picture
    free_cfg: ClassVar[bool] = False
    whole_factors: ClassVar[bool] = True
    max_side: ClassVar[int | None] = 1024
    max_steps: ClassVar[int | None] = 80
    max_pixels: ClassVar[int] = 1024 * 1024
    where_checkpoints_go: ClassVar[str] = "start it with --sdmodel FILE"

    @property
    def clip_skip(self) -> bool:
        """Not in old ones."""
        return self._lora_paths is not None

    async def read_lists(self, client: Client) -> None:
        """As A1111's, and from them whether it is a newer one."""
        await super().read_lists(client)
        self.inpainting = self._lora_paths is not None

    async def _interrogators(self, client: Client) -> Mapping[str, str]:
        """Its language model finds the words, if it can see."""
        said = await client.get_or_none("/api/extra/version")
        return {"clip": "clip"} if isinstance(said, dict) and said.get("vision") is True else {}

    def _body(self, order: Order) -> dict[str, Any]:
        body = super()._body(order)
        return {**body, **{name: readable(body[name]) for name in ("prompt", "negative_prompt")}}

    def _upscale(self, order: Order) -> dict[str, Any]:
        upscale = order.request.upscale
        if upscale is None:
            raise TypeError("the order is for something else")
        return {"image": encoded(order.inputs[upscale.image]), "upscaling_resize": covering(upscale)}


def readable(words: str) -> str:
    """A prompt as koboldcpp reads it whole: without accents, typographic marks and emoji.

    Raises:
      PromptUnreadable: when letters would be lost, or it is too long.
    """
    plain = "".join(map(_ascii, words.translate(_WRITTEN)))
    if len(plain) > PROMPT_MAX_CHARS:
        raise PromptUnreadable(f"this GPU reads {PROMPT_MAX_CHARS} characters of a prompt (koboldcpp): shorten it")
    return plain


def _ascii(sign: str) -> str:
    """A letter without its accents; a space for a sign that is none, so that no word or tag comes of its neighbours."""
    if sign.isascii():
        return sign
    if unicodedata.category(sign) == "Mn" and unicodedata.combining(sign):
        return ""  # an accent; marks that take a place of their own are signs to the rules, too
    if not sign.isalpha():
        return " "
    letter = unicodedata.normalize("NFD", sign)[0]
    if not letter.isascii():
        raise PromptUnreadable("this GPU reads Latin letters only (koboldcpp): write the prompt in English")
    return letter


def covering(upscale: Upscale) -> int:
    """The whole factor by which a picture becomes at least as large as asked for."""
    wide, high = upscale.size
    return max(math.ceil(wide / upscale.source_width), math.ceil(high / upscale.source_height), 1)
