"""A server with A1111's txt2img and few of its lists: somebody's own program, or one before another service."""

from __future__ import annotations

from typing import Any, ClassVar

from zosma_queue.a1111_options import FIELD as OPTIONS
from zosma_queue.request import Request
from zosma_worker.backend import Order
from zosma_worker.webui.client import Client
from zosma_worker.webui.flavours.base import Flavour, Lists, schedulers_in
from zosma_worker.webui.names import names_in

#: The checkpoint of a server that lists none.
UNNAMED = "default"


class Minimal(Flavour):
    """Nothing is offered but words, size, steps, CFG scale and seed; and what it lists, or answers for.

    `lists_models`: a request's checkpoint is told it, as A1111 is told.
    """

    name: ClassVar[str] = "minimal"
    per_call: ClassVar[int | None] = 1
    writes_infotext: ClassVar[bool] = False
    tells_progress: ClassVar[bool] = False
    hires: ClassVar[bool] = False
    mask_settings: ClassVar[bool] = False
    variations: ClassVar[bool] = False

    def __init__(self, *, lists_models: bool) -> None:
        super().__init__()
        self.lists_models = lists_models
        self.img2img = False
        self.inpainting = False

    @property
    def clip_skip(self) -> bool:
        """Nothing says so."""
        return False

    async def read_lists(self, client: Client) -> None:
        """What there is of lists."""
        samplers = await client.get_or_none("/sdapi/v1/samplers")
        schedulers = await client.get_or_none("/sdapi/v1/schedulers")
        self.lists = Lists(samplers=names_in(samplers), schedulers=schedulers_in(schedulers))
        self.img2img = await client.takes_posts("/sdapi/v1/img2img")

    def _count(self, request: Request) -> dict[str, Any]:
        return {"batch_size": 1, "n_iter": 1}

    def _settings(self, order: Order) -> dict[str, Any]:
        return {OPTIONS: {"sd_model_checkpoint": order.checkpoint.title}} if self.lists_models else {}
