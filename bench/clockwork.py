"""A WebUI for measuring: it only waits and answers, and notes when requests come in and answers have gone out."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import numpy as np
from aiohttp import web
from PIL import Image

from zosma_queue.client import Queue


def picture(side: int, number: int = 0) -> str:
    """A picture that compresses about as well as a photograph, as base64."""
    dice = np.random.default_rng((side, number) if number else side)
    rough = dice.integers(0, 255, (side // 4, side // 4, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(rough).resize((side, side), Image.Resampling.BICUBIC), dtype=np.int16)
    noisy = np.clip(smooth + dice.integers(-6, 7, smooth.shape), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(noisy).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


class Clockwork:
    """A WebUI that makes every picture in the same time."""

    def __init__(self, side: int, job_s: float, count: int = 1) -> None:
        self.job_s = job_s
        info = {"sd_model_name": "dream", "sampler_name": "Euler a", "version": "bench"}
        images = [picture(side, number) for number in range(count)]
        self.body = json.dumps({"images": images, "parameters": {}, "info": json.dumps(info)}).encode()
        self.arrived: list[float] = []
        self.answered: list[float] = []

    async def txt2img(self, request: web.Request) -> web.StreamResponse:
        """Waits, answers, and keeps the times."""
        task = str((await request.json()).get("force_task_id", ""))
        arrived = time.perf_counter()
        await asyncio.sleep(self.job_s)
        answer = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(self.body))})
        await answer.prepare(request)
        await answer.write(self.body)
        await answer.write_eof()
        if "benchmark" not in task and "canary" not in task:
            self.arrived.append(arrived)
            self.answered.append(time.perf_counter())
        return answer

    async def read(self, request: web.Request) -> web.Response:
        """The lists, as short as they get."""
        found = {
            "/sdapi/v1/options": {"sd_model_checkpoint": "dream", "CLIP_stop_at_last_layers": 1},
            "/sdapi/v1/sd-models": [{"title": "dream", "model_name": "dream", "hash": None}],
            "/sdapi/v1/samplers": [{"name": "Euler a", "aliases": [], "options": {}}],
            "/sdapi/v1/progress": {"progress": 0.0, "eta_relative": 0.0, "state": {"job_count": 0}},
        }.get(request.path)
        return web.json_response(found if found is not None else {"detail": "Not Found"}, status=200 if found else 404)

    def forget(self) -> None:
        """Drops the times so far."""
        self.arrived.clear()
        self.answered.clear()

    def gaps(self, warm_up: int) -> list[float]:
        """Seconds from the end of each answer to the arrival of the next request."""
        pairs = zip(self.answered[warm_up:], self.arrived[warm_up + 1 :], strict=False)
        return [arrived - answered for answered, arrived in pairs]


@asynccontextmanager
async def driven(webui: Clockwork, redis_url: str) -> AsyncIterator[Queue]:
    """The WebUI served, a real worker process driving it, and the queue, once the worker stands in it."""
    async with served(webui) as url, worker_at(url, redis_url) as queue:
        yield queue


@asynccontextmanager
async def served(webui: Clockwork) -> AsyncIterator[str]:
    """The WebUI on loopback; its address."""
    app = web.Application(client_max_size=64 * 1024**2)
    app.router.add_post("/sdapi/v1/txt2img", webui.txt2img)
    app.router.add_route("*", "/{path:.*}", webui.read)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def bare_call(session: aiohttp.ClientSession, url: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The decoded answer to a generation, asked for as a small script would."""
    async with session.post(f"{url}/sdapi/v1/txt2img", json=fields) as answer:
        return json.loads(await answer.read())  # type: ignore[no-any-return]


@asynccontextmanager
async def worker_at(url: str, redis_url: str) -> AsyncIterator[Queue]:
    """A real worker process that drives what answers there, and the queue, once the worker stands in it."""
    env = {**os.environ, "REDIS_URL": redis_url, "SD_API_HOST": url, "SD_BENCHMARK": "off"}
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "zosma_worker", env=env, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with Queue(redis_url) as queue:
            while not (await queue.catalogue()).checkpoints:  # noqa: ASYNC110 - seen from outside
                await asyncio.sleep(0.05)
            yield queue
    finally:
        worker.terminate()
        await worker.wait()
