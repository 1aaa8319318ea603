"""stable-diffusion.cpp's sd-server."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from zosma_queue.request import Hires, Request
from zosma_worker.webui.client import Client
from zosma_worker.webui.flavours.plain import Plain

#: Its own ids, and what A1111 calls the same thing.
SAMPLERS: Mapping[str, str] = {
    "euler": "Euler", "euler_a": "Euler a", "heun": "Heun", "dpm2": "DPM2", "dpm++2s_a": "DPM++ 2S a",
    "dpm++2m": "DPM++ 2M", "dpm++2mv2": "DPM++ 2M v2", "ipndm": "IPNDM", "ipndm_v": "IPNDM_V", "lcm": "LCM",
    "ddim_trailing": "DDIM", "tcd": "TCD", "res_multistep": "Res Multistep", "er_sde": "ER SDE",
    "lms": "LMS", "dpm++2m_sde": "DPM++ 2M SDE",
}  # fmt: skip
SCHEDULERS: Mapping[str, str] = {
    "karras": "Karras", "exponential": "Exponential", "ays": "Align Your Steps", "gits": "Align Your Steps GITS",
    "sgm_uniform": "SGM Uniform", "simple": "Simple", "kl_optimal": "KL Optimal", "beta": "Beta",
    "discrete": "Normal", "ddim": "DDIM",
}  # fmt: skip


class SDCpp(Plain):
    """sd-server. It takes A1111's names only here and there, so it is spoken to in its own."""

    name: ClassVar[str] = "sdcpp"
    max_steps: ClassVar[int | None] = 100
    where_checkpoints_go: ClassVar[str] = "start it with -m FILE"

    @property
    def clip_skip(self) -> bool:
        """It has a field of its own for it."""
        return True

    async def read_lists(self, client: Client) -> None:
        """As A1111's, in A1111's names."""
        await super().read_lists(client)
        self.lists = dataclasses.replace(
            self.lists,
            samplers=tuple(name for name in self.lists.samplers if name != "default"),
            schedulers=tuple(one for one in self.lists.schedulers if one.name != "default"),
            enlargers=(),  # its list of upscalers is for the second pass alone: it has no address to enlarge with
        )
        self.renamed(SAMPLERS, SCHEDULERS)

    def _hires(self, hires: Hires, request: Request) -> dict[str, Any]:
        fields = super()._hires(hires, request)
        steps = fields.pop("hr_second_pass_steps")
        return {**fields, "hr_steps": steps or request.steps}
