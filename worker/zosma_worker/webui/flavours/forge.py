"""Stable Diffusion WebUI Forge: A1111's API, with text encoders and VAEs as "modules"."""

from __future__ import annotations

from typing import Any, ClassVar

from zosma_queue.a1111_options import MODULES
from zosma_queue.families import FAMILIES, family_of, is_module_of_some, modules_of
from zosma_queue.request import Hires, Request
from zosma_worker.backend import Order
from zosma_worker.webui.client import Client
from zosma_worker.webui.flavours.a1111 import A1111
from zosma_worker.webui.flavours.base import Flavour
from zosma_worker.webui.names import names_in


class Forge(Flavour):
    """Forge and its successors."""

    name: ClassVar[str] = "forge"
    loads_late: ClassVar[bool] = True
    # Tiling does nothing there (its issues 293, 2973), faces are restored by a setting alone (1455); the others that
    # are left out have not been seen to work.
    fields: ClassVar[tuple[str, ...]] = tuple(
        name
        for name in (*A1111.fields, "distilled_cfg_scale", MODULES)
        if name not in ("tiling", "restore_faces", "hr_checkpoint_name", "image_cfg_scale")
    )
    takes_scripts: ClassVar[bool] = True
    takes_options: ClassVar[bool] = True
    several_starts: ClassVar[bool] = True
    restores_faces: ClassVar[bool] = True
    skips: ClassVar[bool] = True

    async def _vaes(self, client: Client) -> tuple[str, ...]:
        return names_in(await client.get_or_none("/sdapi/v1/sd-modules"), "model_name")

    def _body(self, order: Order) -> dict[str, Any]:
        body = super()._body(order)
        if not _distilled(order) or "distilled_cfg_scale" in order.request.a1111:
            return body
        # What it follows is a number that the model was taught; a CFG scale besides doubles the time, and spoils it.
        guidance = {"cfg_scale": 1.0, "distilled_cfg_scale": order.request.cfg_scale}
        again = {"hr_cfg": 1.0, "hr_distilled_cfg": order.request.cfg_scale} if order.request.hires else {}
        return {**body, **guidance, **again}

    def _settings(self, order: Order) -> dict[str, Any]:
        settings = super()._settings(order)
        family = FAMILIES.get(family_of(_path(order)) or "")
        if family and family.forge_preset and "forge_preset" in self._options:
            settings["override_settings"]["forge_preset"] = family.forge_preset
        if asked := order.request.a1111.get(MODULES):
            settings["override_settings"][MODULES] = asked
        elif self.lists.vaes and order.request.vae is None:
            settings["override_settings"][MODULES] = self._modules(_path(order))
        return settings

    def _modules(self, path: str) -> list[str]:
        """Text encoders and VAE for a checkpoint: the operator's, but for what its family needs or can't use."""
        home = list(self._home.setdefault(MODULES, self._options.get(MODULES) or []))
        family = FAMILIES.get(family_of(path) or "")
        if family is None:
            return home
        if not family.modules:
            return [one for one in home if not is_module_of_some(str(one))]
        known = {name.replace("\\", "/").rpartition("/")[2]: name for name in (*map(str, home), *self.lists.vaes)}
        needed = modules_of(path, known)
        return home if needed is None else [known[name] for name in needed]

    def _vae_setting(self, vae: str | None) -> dict[str, Any]:
        # `sd_vae` does nothing here.
        home = self._home.setdefault(MODULES, self._options.get(MODULES) or [])
        return {MODULES: [vae] if vae else home}

    def _hires(self, hires: Hires, request: Request) -> dict[str, Any]:
        # It crashes on the default of the first, and takes 1.0 for the second.
        more = {"hr_additional_modules": ["Use same choices"], "hr_cfg": request.cfg_scale}
        return {**super()._hires(hires, request), **more}


def _path(order: Order) -> str:
    """The checkpoint's file."""
    return order.checkpoint.title.removesuffix(f" [{order.checkpoint.hash}]")


def _distilled(order: Order) -> bool:
    return order.checkpoint.facts is not None and order.checkpoint.facts.distilled
