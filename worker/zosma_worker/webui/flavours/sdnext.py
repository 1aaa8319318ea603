"""SD.Next: A1111's addresses with its own samplers, no schedulers, and a second pass that must be forced."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from zosma_queue.request import Hires, Request
from zosma_worker.backend import Order
from zosma_worker.webui.client import Client
from zosma_worker.webui.flavours.base import Flavour


class SDNext(Flavour):
    """SD.Next (vladmandic)."""

    name: ClassVar[str] = "sdnext"

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
            schedulers=(),  # its list of that name holds the samplers' classes; requests have no such field
        )

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
