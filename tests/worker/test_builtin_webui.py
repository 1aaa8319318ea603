"""The worker with the built-in WebUI: whatever it is told to do wrong once, the member gets a picture."""

from __future__ import annotations

import io

import aiohttp
import pytest
from PIL import Image

from loopback.webui import Address
from zosma_queue.job import State
from zosma_webui.app import WebUI, serve
from zosma_worker.timeouts import Timeouts

#: Faults that cost one try; `slow` costs none, `slow-start` and `crash` take the whole WebUI away.
FAULTS = (
    "oom", "nan", "http-500-html", "rubbish", "empty", "black", "undecodable", "wrong-checkpoint", "wrong-count",
    "wrong-size", "hang", "cut",
)  # fmt: skip


@pytest.fixture(name="builtin")
async def _builtin():
    """Its address; it loads and steps in no time."""
    async with serve(WebUI(["dream", "anime"], load_seconds=0.0, step_seconds=0.002)) as url:
        yield Address(url)


async def order(address: Address, fault: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{address.url}/zosma/faults", json={"fault": fault, "times": 1}) as answer,
    ):
        assert answer.status == 200, await answer.text()


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_of_the_webui_costs_a_try_and_no_picture(fault, builtin, join, ann, queue):
    await join(builtin, timeouts=Timeouts(poll_s=0.03, stalled_s=0.3, stubborn_s=5.0))
    await order(builtin, fault)

    job = await ann.gets(await ann.asks(count=2, checkpoint="anime", sampler="Euler a", scheduler="Karras"))

    assert (job.state, job.failures, job.result.attempt) == (State.DONE, 1, 2)
    assert (job.result.checkpoint, job.result.sampler, job.result.scheduler) == ("anime", "Euler a", "Karras")
    pictures = await queue.pictures(job)
    assert [len(data) for data in pictures] == [one.bytes for one in job.result.pictures]


async def test_a_hires_pass_comes_out_in_its_size(builtin, join, ann):
    await join(builtin)

    job = await ann.gets(await ann.asks(hires={"scale": 1.5, "steps": 2, "upscaler": "latent"}))

    assert (job.state, job.result.pictures[0].width) == (State.DONE, 96)
    assert "Hires upscale: 1.5" in job.result.pictures[0].parameters


async def _sends(queue):
    out = io.BytesIO()
    Image.new("RGB", (96, 64), (200, 40, 40)).save(out, "PNG")
    return await queue.keep_input(out.getvalue())


async def test_an_enlarged_picture_still_says_how_it_was_made(builtin, join, ann, queue):
    await join(builtin)
    first = await ann.gets(await ann.asks(seed=77))
    image = await queue.keep_input((await queue.pictures(first))[0])
    upscale = {"image": image, "source_width": 64, "source_height": 64, "upscaler_1": "nearest"}

    large = await ann.gets(await ann.asks(prompt="", upscale=upscale))

    text = large.result.pictures[0].parameters
    assert text.startswith(first.result.pictures[0].parameters)
    assert (text.count("Seed: 77"), text.count("Postprocess upscale")) == (1, 1)
    with Image.open(io.BytesIO((await queue.pictures(large))[0])) as stored:
        assert stored.info["parameters"] == text


async def test_pictures_are_made_from_pictures_and_made_larger(builtin, join, ann, queue):
    await join(builtin)

    image, mask = await _sends(queue), await _sends(queue)
    start = {"image": image, "denoising_strength": 0.5}
    plain = await ann.gets(await ann.asks(img2img=start, styles=["misty"]))
    masked = await ann.gets(await ann.asks(img2img={**start, "mask": mask}, subseed_strength=0.4, subseed=9))
    upscale = {"image": image, "source_width": 96, "source_height": 64, "upscaler_1": "nearest"}
    large = await ann.gets(await ann.asks(prompt="", upscale=upscale))

    assert [job.state for job in (plain, masked, large)] == [State.DONE] * 3
    assert "Denoising strength: 0.5" in plain.result.pictures[0].parameters
    assert plain.result.info["prompt"] == "a cat, misty"
    assert "Variation seed: 9" in masked.result.pictures[0].parameters
    assert (large.result.pictures[0].width, large.result.pictures[0].height) == (192, 128)
