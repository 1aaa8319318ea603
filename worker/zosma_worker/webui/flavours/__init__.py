"""Kinds of WebUI: how each is known, and a class for each with everything in which it differs."""

from __future__ import annotations

from typing import Any

from zosma_worker.backend import Order
from zosma_worker.webui.client import Client
from zosma_worker.webui.flavours.a1111 import A1111, BuiltIn
from zosma_worker.webui.flavours.base import Call, Flavour
from zosma_worker.webui.flavours.forge import Forge
from zosma_worker.webui.flavours.koboldcpp import KoboldCpp
from zosma_worker.webui.flavours.minimal import Minimal
from zosma_worker.webui.flavours.reforge import ReForge, is_reforge
from zosma_worker.webui.flavours.sdcpp import SDCpp
from zosma_worker.webui.flavours.sdnext import SDNext

__all__ = [
    "A1111", "BuiltIn", "Call", "Flavour", "Forge", "KoboldCpp", "Minimal", "Order", "ReForge", "SDCpp", "SDNext",
    "identify",
]  # fmt: skip


async def identify(client: Client, options: dict[str, Any]) -> Flavour:
    """The flavour of a WebUI that has these options.

    Raises:
      WebUIError: when it doesn't answer.
    """
    if any(key.startswith("forge_") for key in options):
        # Some builds of reForge have such options too, but keep VAEs where A1111 has them.
        vaes_as_a1111 = isinstance(await client.get_or_none("/sdapi/v1/sd-vae"), list)
        return (ReForge if vaes_as_a1111 else Forge)(options=options, home=client.home)
    version = await client.get_or_none("/sdapi/v1/version")
    if isinstance(version, dict):
        shown = version.get("updated") or version.get("version")
        return SDNext(version=str(shown) if shown else None, options=options, home=client.home)
    kobold = await client.get_or_none("/api/extra/version")
    if isinstance(kobold, dict) and kobold.get("result") == "KoboldCpp":
        return KoboldCpp(version=str(kobold.get("version")))
    if await client.get_or_none("/sdcpp/v1/capabilities") is not None:
        return SDCpp()
    if "zosma_stand_in" in options:
        return BuiltIn(options=options, home=client.home)
    return (ReForge if await is_reforge(client) else A1111)(options=options, home=client.home)
