"""reForge: the first Forge's engine under A1111's API, with VAEs and a hires pass as A1111 has them."""

from __future__ import annotations

from typing import Any, ClassVar

from zosma_worker.webui.client import Client
from zosma_worker.webui.flavours.a1111 import A1111

#: How the names of the first Forge's built-in scripts end ("Never OOM Integrated", "FreeU Integrated", …; the API lists
#: them in lower case). None of A1111's does, and Forge proper is known before this is asked.
_INTEGRATED = " integrated"


class ReForge(A1111):
    """reForge (Panchovix), and what else was made of the first Forge. Nothing but the name differs from A1111."""

    name: ClassVar[str] = "reforge"


async def is_reforge(client: Client) -> bool:
    """True for a server with Forge's scripts; that it is not Forge must be known already.

    Raises:
      WebUIError: when it doesn't answer.
    """
    scripts: Any = await client.get_or_none("/sdapi/v1/scripts")
    names = scripts.get("txt2img") if isinstance(scripts, dict) else None
    return any(str(name).casefold().endswith(_INTEGRATED) for name in names or ())
