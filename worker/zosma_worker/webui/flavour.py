"""Which kind of WebUI this is: all fingerprints, and what follows from them, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zosma_worker.webui.client import Client


@dataclass(frozen=True, kw_only=True)
class Flavour:
    """A kind of server and how it differs from A1111."""

    name: str
    version: str | None = None
    forge: bool = False
    """Wants `hr_additional_modules`, and has a CFG scale of its own for the hires pass."""
    clip_option: bool = True
    """Knows the option `CLIP_stop_at_last_layers`."""
    hires: bool = True
    lora_tags: bool = True
    """Reads `<lora:…>` in a prompt; where it doesn't, the tag would be drawn as words."""


async def identify(client: Client, options: dict[str, Any]) -> Flavour:
    """The flavour of a WebUI that has these options.

    Raises:
      WebUIError: when it doesn't answer.
    """
    clip_option = not options or "CLIP_stop_at_last_layers" in options
    if any(key.startswith("forge_") for key in options):
        return Flavour(name="forge", forge=True, clip_option=clip_option)
    version = await client.get_or_none("/sdapi/v1/version")
    if isinstance(version, dict):
        shown = version.get("updated") or version.get("version")
        return Flavour(name="sdnext", version=str(shown) if shown else None, clip_option=clip_option)
    kobold = await client.get_or_none("/api/extra/version")
    if isinstance(kobold, dict) and kobold.get("result") == "KoboldCpp":
        return Flavour(name="koboldcpp", version=str(kobold.get("version")), clip_option=clip_option, hires=False)
    if await client.get_or_none("/sdcpp/v1/capabilities") is not None:
        return Flavour(name="sdcpp", clip_option=clip_option, lora_tags=False)
    return Flavour(name="zosma" if "zosma_stand_in" in options else "a1111", clip_option=clip_option)
