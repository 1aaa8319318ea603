"""A worker that writes what it likes: nothing but pictures is served, and browsers run nothing in any answer."""

from __future__ import annotations

import pytest

from loopback.played_worker import png
from zosma_bot.http.app import make_app, serve
from zosma_bot.links import Links
from zosma_queue import calls, keys
from zosma_queue.job import Picture, Result

JOBS = "/api/v1/jobs"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
HTML = b"<!doctype html><script>alert(1)</script>"
#: What it stores, and the format that it tells.
LIES = {
    "SVG by its name": ("svg+xml", SVG),
    "SVG as PNG": ("png", SVG),
    "HTML as WebP": ("webp", HTML),
    "PNG as JPEG": ("jpeg", png(1)),
    "GIF by its name": ("gif", b"GIF89a" + bytes(100)),
    "a line break in the format": ("png\r\nX-Evil: 1", png(1)),
    "nothing": ("png", b""),
    "an empty format for no picture": ("", HTML),
    "half a RIFF": ("webp", b"RIFF\x00\x00\x00\x00WAVE"),
}


async def settled(http, worker, raw, kind, data):
    """The id of a job that a worker has ended with these bytes as its picture."""
    async with http.post(JOBS, json={"prompt": "a cat"}) as answer:
        job_id = (await answer.json())["id"]
    leased = await worker.take()
    raw.set(keys.image(job_id, leased.attempt, 0), data)
    picture = Picture(index=0, format=kind, width=64, height=64, bytes=len(data), seed=1, parameters="")
    result = Result(
        pictures=(picture,), attempt=leased.attempt, checkpoint="dream", sampler="Euler a", worker="w", gpu_seconds=1.0,
        info={},
    )  # fmt: skip
    await worker.settle(leased, calls.done(result))
    return job_id


@pytest.mark.parametrize(("kind", "data"), LIES.values(), ids=LIES)
async def test_what_is_no_picture_of_its_format_is_not_served(http, worker, raw, queue, kind, data):
    job_id = await settled(http, worker, raw, kind, data)

    async with http.get(f"{JOBS}/{job_id}/images/0") as answer:
        assert (answer.status, answer.content_type) == (404, "application/problem+json")
        assert b"script" not in await answer.read()
    assert await queue.pictures(await queue.job(job_id)) == [None]


async def test_nor_by_a_signed_link(http, worker, raw, queue, hub):
    job_id = await settled(http, worker, raw, "svg+xml", SVG)
    links = Links(queue, "http://pictures.example")
    path = (await links.url(job_id, 0)).removeprefix("http://pictures.example")

    async with (
        serve(make_app(queue, hub, {}, links=links), "127.0.0.1", 0) as url,
        http.get(f"{url}{path}") as answer,
    ):
        assert (answer.status, await answer.read()) != (200, SVG)
        assert answer.status == 410


async def test_nor_as_a_preview(http, worker):
    async with http.post(JOBS, json={"prompt": "a cat"}) as answer:
        job_id = (await answer.json())["id"]
    leased = await worker.take()
    await worker.progress(leased, 0.5, preview=HTML)

    async with http.get(f"{JOBS}/{job_id}/preview") as answer:
        assert answer.status == 404


@pytest.mark.parametrize("path", ["images/0", "preview", "images/7", ""])
async def test_every_answer_says_that_nothing_in_it_is_to_be_run(http, worker, raw, path):
    job_id = await settled(http, worker, raw, "png", png(1))
    raw.set(keys.preview(job_id), b"\xff\xd8preview")

    async with http.get(f"{JOBS}/{job_id}/{path}".rstrip("/")) as answer:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
