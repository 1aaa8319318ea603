"""koboldcpp with `--sdmodel`."""

from __future__ import annotations

from typing import ClassVar

from zosma_worker.webui.flavours.plain import Plain


class KoboldCpp(Plain):
    """It clamps what it is given without a word, so nothing is offered that it would clamp."""

    name: ClassVar[str] = "koboldcpp"
    hires: ClassVar[bool] = False
    free_cfg: ClassVar[bool] = False
    max_side: ClassVar[int | None] = 1024
    max_steps: ClassVar[int | None] = 80
    max_pixels: ClassVar[int] = 1024 * 1024
    where_checkpoints_go: ClassVar[str] = "start it with --sdmodel FILE"

    @property
    def clip_skip(self) -> bool:
        """It has none."""
        return False
