"""Stable Diffusion WebUI Forge: A1111's API, with text encoders and VAEs as "modules"."""

from __future__ import annotations

from typing import Any, ClassVar

from zosma_queue.request import Hires, Request
from zosma_worker.webui.client import Client
from zosma_worker.webui.flavours.a1111 import A1111
from zosma_worker.webui.flavours.base import Flavour, names_in


class Forge(Flavour):
    """Forge and its successors."""

    name: ClassVar[str] = "forge"
    loads_late: ClassVar[bool] = True
    # Tiling does nothing there (its issues 293, 2973), faces are restored by a setting alone (1455); the others that
    # are left out have not been seen to work.
    fields: ClassVar[tuple[str, ...]] = tuple(
        name
        for name in (*A1111.fields, "distilled_cfg_scale")
        if name not in ("tiling", "restore_faces", "hr_checkpoint_name", "image_cfg_scale")
    )
    takes_scripts: ClassVar[bool] = True
    several_starts: ClassVar[bool] = True
    restores_faces: ClassVar[bool] = True

    async def _vaes(self, client: Client) -> tuple[str, ...]:
        return names_in(await client.get_or_none("/sdapi/v1/sd-modules"), "model_name")

    def _vae_setting(self, vae: str | None) -> dict[str, Any]:
        # `sd_vae` does nothing here.
        key = "forge_additional_modules"
        home = self._home.setdefault(key, self._options.get(key) or [])
        return {key: [vae] if vae else home}

    def _hires(self, hires: Hires, request: Request) -> dict[str, Any]:
        # It crashes on the default of the first, and takes 1.0 for the second.
        more = {"hr_additional_modules": ["Use same choices"], "hr_cfg": request.cfg_scale}
        return {**super()._hires(hires, request), **more}
