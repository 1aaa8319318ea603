"""AUTOMATIC1111's WebUI, and the built-in one, which speaks its API."""

from __future__ import annotations

from typing import ClassVar

from zosma_worker.webui.flavours.base import Flavour


class A1111(Flavour):
    """The one that the others are measured by: nothing differs."""

    tells_vae: ClassVar[bool] = True


class BuiltIn(A1111):
    """Zosma's own stand-in."""

    name: ClassVar[str] = "zosma"
