"""AUTOMATIC1111's WebUI, and the built-in one, which speaks its API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from zosma_queue.needs import HR_RESIZE, RESIZE_LATENT
from zosma_queue.request import A1111_FIELDS
from zosma_worker.webui.client import Client
from zosma_worker.webui.flavours.base import Flavour

#: Fields of extra-single-image that nobody else is known to have.
_OF_ENLARGING = ("extras_upscaler_2_visibility", "upscale_first", "upscaling_crop")


class A1111(Flavour):
    """The one that the others are measured by: nothing differs."""

    tells_vae: ClassVar[bool] = True
    fields: ClassVar[tuple[str, ...]] = tuple(
        name
        for name in (*A1111_FIELDS, HR_RESIZE, RESIZE_LATENT, *_OF_ENLARGING)
        if name not in ("alwayson_scripts", "distilled_cfg_scale", "forge_additional_modules", "override_settings")
    )
    takes_scripts: ClassVar[bool] = True
    takes_options: ClassVar[bool] = True
    several_starts: ClassVar[bool] = True
    restores_faces: ClassVar[bool] = True
    skips: ClassVar[bool] = True
    has_hypernetworks: ClassVar[bool] = True


class BuiltIn(A1111):
    """Zosma's own stand-in."""

    name: ClassVar[str] = "zosma"
    fields: ClassVar[tuple[str, ...]] = ("restore_faces", "tiling", HR_RESIZE)
    takes_scripts: ClassVar[bool] = False
    takes_options: ClassVar[bool] = False

    async def _interrogators(self, client: Client) -> Mapping[str, str]:
        found = await super()._interrogators(client)
        return {name: own for name, own in found.items() if name == "clip"}
