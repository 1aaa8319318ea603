"""How long a GPU stands idle between two jobs while work waits: a real worker process against a WebUI that keeps times.

The WebUI only waits and answers, and notes when the last byte of an answer has gone and when the next request has come
in. What lies between is everything a worker does about a job besides making it.

uv run python bench/gap.py
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from aiohttp import web
from PIL import Image

from zosma_cli.valkey import PrivateValkey
from zosma_queue.client import Queue, Sender
from zosma_queue.request import parse_request

JOBS = 60
WARM_UP = 5
SIZES = (512, 1024)
#: What the GPU takes for a picture.
JOB_S = 0.2


def picture(side: int) -> str:
    """A picture that compresses about as well as a photograph, as base64."""
    dice = np.random.default_rng(side)
    rough = dice.integers(0, 255, (side // 4, side // 4, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(rough).resize((side, side), Image.Resampling.BICUBIC), dtype=np.int16)
    noisy = np.clip(smooth + dice.integers(-6, 7, smooth.shape), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(noisy).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


class Clockwork:
    """A WebUI that makes every picture in the same time."""

    def __init__(self, side: int) -> None:
        info = {"sd_model_name": "dream", "sampler_name": "Euler a", "version": "bench"}
        self.body = json.dumps({"images": [picture(side)], "parameters": {}, "info": json.dumps(info)}).encode()
        self.arrived: list[float] = []
        self.answered: list[float] = []

    async def txt2img(self, request: web.Request) -> web.StreamResponse:
        """Waits, answers, and keeps the times."""
        task = (await request.json())["force_task_id"]
        arrived = time.perf_counter()
        await asyncio.sleep(JOB_S)
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

    def gaps(self) -> list[float]:
        """Seconds from the end of each answer to the arrival of the next request."""
        pairs = zip(self.answered[WARM_UP:], self.arrived[WARM_UP + 1 :], strict=False)
        return [arrived - answered for answered, arrived in pairs]


async def measure(side: int, redis_url: str) -> tuple[int, list[float]]:
    """Bytes of an answer, and the gaps."""
    webui = Clockwork(side)
    app = web.Application()
    app.router.add_post("/sdapi/v1/txt2img", webui.txt2img)
    app.router.add_route("*", "/{path:.*}", webui.read)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    env = {**os.environ, "REDIS_URL": redis_url, "SD_API_HOST": url, "SD_BENCHMARK": "off"}
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "zosma_worker", env=env, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with Queue(redis_url) as queue:
            await run_jobs(queue, side)
    finally:
        worker.terminate()
        await worker.wait()
        await runner.cleanup()
    return len(webui.body), webui.gaps()


async def run_jobs(queue: Queue, side: int) -> None:
    """Queues all jobs at once and waits for the last."""
    while not (await queue.catalogue()).checkpoints:  # noqa: ASYNC110 - seen from outside
        await asyncio.sleep(0.05)
    request = {"prompt": "a cat", "width": side, "height": side, "steps": 20, "checkpoint": "dream"}
    for number in range(JOBS):
        await queue.submit(parse_request({**request, "seed": number}), Sender(owner="ann", group="guild"))
    while (depth := await queue.depth()).waiting + depth.running:  # noqa: ASYNC110
        await asyncio.sleep(0.1)


def main() -> None:
    """Prints a row for each size."""
    print(f"{JOBS} jobs of {JOB_S * 1000:.0f} ms, all queued at the start; milliseconds from answer to next request")
    print(f"{'picture':>10} {'answer':>10} {'p50':>7} {'p95':>7} {'max':>7}")
    for side in SIZES:
        with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder)) as valkey:
            size, gaps = asyncio.run(measure(side, valkey.url))
        p95 = statistics.quantiles(gaps, n=20)[18]
        numbers = "".join(f" {1000 * one:7.1f}" for one in (statistics.median(gaps), p95, max(gaps)))
        print(f"{side}x{side:<5} {size / 1e6:7.2f} MB{numbers}")


if __name__ == "__main__":
    main()
