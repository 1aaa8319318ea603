"""A ComfyUI for measuring: the one on loopback, with steps that take their time, a heavy picture and a clock."""

from __future__ import annotations

import base64
import time
from typing import Any

from aiohttp import web

from clockwork import picture
from loopback.comfyui.faults import Prompt, is_canary
from loopback.comfyui.server import ScriptedComfyUI

#: Steps of a job.
STEPS = 20


class ClockworkComfyUI(ScriptedComfyUI):
    """Makes every picture in the same time, and notes when a prompt is over and when the next one comes in."""

    def __init__(self, side: int, job_s: float) -> None:
        super().__init__("dream.safetensors")
        self.step_s = job_s / STEPS
        self.body = base64.b64decode(picture(side))
        self.arrived: list[float] = []
        self.ended_at: list[float] = []

    async def _post_prompt(self, request: web.Request) -> web.StreamResponse:
        self.arrived.append(time.perf_counter())
        return await super()._post_prompt(request)

    async def _view(self, request: web.Request) -> web.Response:
        return web.Response(body=self.body, content_type="image/png")

    async def _show(self, prompt: Prompt, node: str, canvas: Any, *, temp: bool) -> tuple[Any, ...]:
        made = await super()._show(prompt, node, canvas, temp=temp)
        self.temp.clear()
        return made

    async def _send_to(self, client: str | None, kind: str, data: dict[str, Any]) -> None:
        if kind == "executing" and data.get("node") is None and not is_canary(self.prompts[-1]):
            self.ended_at.append(time.perf_counter())
        await super()._send_to(client, kind, data)

    def gaps(self, warm_up: int) -> list[float]:
        """Seconds from the end of each prompt to the arrival of the next."""
        arrived = self.arrived[-len(self.ended_at) :]
        pairs = zip(self.ended_at[warm_up:], arrived[warm_up + 1 :], strict=False)
        return [came - over for over, came in pairs]
