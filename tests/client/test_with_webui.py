"""The whole way: client, bot, a real worker and the built-in WebUI; and the programs of docs/client.md on it."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from loopback.fleet import HASTY, Community
from loopback.played_worker import png
from zosma_queue.client import Queue
from zosma_queue.fleet import WorkerState
from zosma_webui.app import WebUI, serve
from zosma_worker.settings import Address
from zosma_worker.slot import WorkerOptions, run_slot

DOCS = Path(__file__).parent.parent.parent / "docs" / "client.md"
PROGRAMS = re.findall(r"^```python\n(.*?)^```", DOCS.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(name="gpu")
async def _gpu(worker_url: str, queue: Queue):
    """A real worker with the built-in WebUI."""
    async with serve(WebUI(("dream",), load_seconds=0.0, step_seconds=0.01)) as url:
        stop = asyncio.Event()
        options = WorkerOptions(timeouts=HASTY, benchmark=False)
        work = asyncio.create_task(run_slot(worker_url, Address(url), stop, options))
        await Community(queue).worker(WorkerState.READY)
        yield
        stop.set()
        async with asyncio.timeout(60):
            await work


@pytest.mark.usefixtures("gpu")
async def test_a_picture_is_made(zosma):
    job = await zosma.submit("a lighthouse", width=128, height=64, steps=4, seed=11)
    states = [update.state async for update in job]
    [picture] = await job.pictures()

    assert states[-1] == "done"
    assert (picture.width, picture.height, picture.seed) == (128, 64, 11)
    with picture.to_pil() as image:
        assert image.size == (128, 64)


def test_the_page_has_programs():
    assert len(PROGRAMS) == 4


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
@pytest.mark.usefixtures("gpu")
async def test_each_program_of_the_page_runs(bot, tmp_path, number):
    (tmp_path / "sketch.png").write_bytes(png(3, (512, 512)))
    program = PROGRAMS[number].replace("http://127.0.0.1:1324", bot.url).replace("zosma_…", "zosma_abc")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=tmp_path, env={**os.environ, "ZOSMA_API_KEY": ""},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate()

    assert (process.returncode, err.decode()) == (0, "")
    assert re.search(r"\.png|1 made", out.decode()), out.decode()
