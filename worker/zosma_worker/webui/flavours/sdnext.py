"""SD.Next: A1111's addresses with its own samplers, no schedulers, and a second pass that must be forced."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from zosma_queue.request import INTERROGATORS, Hires, Request
from zosma_worker.backend import Order
from zosma_worker.webui.client import Client
from zosma_worker.webui.flavours.base import INTERROGATE_PATH, Flavour

#: The one that A1111 has.
_USUAL_CLIP = "ViT-L-14/openai"
#: Upscalers of a second pass alone: a finished picture comes out of them merely resized.
_OF_LATENTS = "Latent "


class SDNext(Flavour):
    """SD.Next (vladmandic)."""

    name: ClassVar[str] = "sdnext"
    restores_faces: ClassVar[bool] = True
    skips: ClassVar[bool] = True
    # After it has enlarged a picture, and after an exception: nothing there ends what it has begun to count.
    tells_of_ended: ClassVar[bool] = True
    # An exception of torch's, as of too little memory, ends a picture there in the same way.
    fails_as_interrupted: ClassVar[bool] = True

    @property
    def clip_skip(self) -> bool:
        """It has a field of its own for it."""
        return True

    async def read_lists(self, client: Client) -> None:
        """As A1111's, less what means something else here."""
        await super().read_lists(client)
        self.lists = dataclasses.replace(
            self.lists,
            samplers=tuple(name for name in self.lists.samplers if name != "Default"),
            enlargers=tuple(name for name in self.lists.enlargers if not name.startswith(_OF_LATENTS)),
            schedulers=(),  # its list of that name holds the samplers' classes; requests have no such field
        )

    async def _interrogators(self, client: Client) -> Mapping[str, str]:
        """It lists them at the same address; the newest have CLIPs of many names and no "clip"."""
        listed = await client.get_or_none(INTERROGATE_PATH)
        names = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
        found = {name: name for name in INTERROGATORS if name in names}
        clips = [name for name in names if name not in INTERROGATORS]
        if "clip" not in found and clips:
            found["clip"] = _USUAL_CLIP if _USUAL_CLIP in clips else clips[0]
        return found

    def _settings(self, order: Order) -> dict[str, Any]:
        fields = super()._settings(order)
        if "CLIP_stop_at_last_layers" not in self._options:
            fields["override_settings"].pop("CLIP_stop_at_last_layers", None)
        return {**fields, "clip_skip": order.request.clip_skip or 1}

    def _hires(self, hires: Hires, request: Request) -> dict[str, Any]:
        # Without an upscaler it makes no second pass; without force only latent ones get steps.
        return {
            **super()._hires(hires, request),
            "hr_upscaler": hires.upscaler or self._first_upscaler(),
            "hr_denoising_strength": hires.denoise,
            "hr_force": True,
        }

    def _first_upscaler(self) -> str:
        names = self.lists.upscalers
        return next((name for name in names if "latent" in name.casefold()), next(iter(names), "None"))
