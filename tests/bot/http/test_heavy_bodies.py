"""Bodies that are small to write and dear to read: refused by their bytes, before anybody looks at what they say."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import time
import tracemalloc
from base64 import b64encode, encodebytes
from pathlib import Path

import aiohttp
import pytest

from loopback.commands import Zosma
from loopback.hostile import empty_chunks, noise
from loopback.played_worker import PlayedWorker, png
from zosma_bot.http.bodies import PICTURES_MAX_BYTES, parse_bounded
from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey
from zosma_queue.messages import decode_request
from zosma_queue.tasks import end

JSON = {"Content-Type": "application/json"}


def filled(before: str, piece: str, after: str) -> bytes:
    """A body of as many pieces as it may have."""
    return (before + piece * ((PICTURES_MAX_BYTES - 100) // len(piece)) + after).encode()


HEAVY = {
    "11 million empty styles": lambda: filled('{"prompt": "a", "styles": ["', '","', '"]}'),
    "8 million objects": lambda: filled('{"prompt": "a", "styles": [{}', ",{}", "]}"),
    "4 million fields": lambda: filled('{"prompt": "a"', ',"a":0', "}"),
    "17 million lists": lambda: filled('{"prompt": "a", "styles": [[]', ",[]", "]}"),
    "one number of 34 million digits": lambda: filled('{"prompt": "a", "seed": 1.', "1", "}"),
}


@pytest.mark.parametrize("name", HEAVY)
async def test_a_body_of_millions_of_values_is_refused_and_holds_nobody_up(http, name):
    body, longest = HEAVY[name](), [0.0]
    ticking = asyncio.create_task(_tick(longest))
    began = time.monotonic()
    # /api/v1/jobs takes pictures, and so the largest bodies.
    async with http.post("/api/v1/jobs", data=io.BytesIO(body), headers=JSON) as answer:
        said = await answer.json()
    await end(ticking)

    assert answer.status == 422
    assert "the body has" in said["detail"]
    assert time.monotonic() - began < 10  # it was 134 s
    assert longest[0] < 1.0  # client and server share this loop, and the machine may be busy


async def _tick(longest: list[float]) -> None:
    """Notes the longest time for which the loop did not come round."""
    while True:
        began = time.monotonic()
        await asyncio.sleep(0.01)
        longest[0] = max(longest[0], time.monotonic() - began)


@pytest.mark.parametrize("name", HEAVY)
def test_reading_it_takes_hardly_more_memory_than_its_bytes(name):
    body = HEAVY[name]()
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="the body has"):
            parse_bounded(bytearray(body))
        assert tracemalloc.get_traced_memory()[1] < 2.2 * len(body)  # it was 14 GB
    finally:
        tracemalloc.stop()


async def test_one_caller_takes_no_more_than_256_mb_however_many_bodies_it_sends(tmp_path):
    large = json.dumps({"prompt": "a", "img2img": {"image": "A" * 16_000_000, "mask": "A" * 16_000_000}}).encode()
    port = free_port()
    with PrivateValkey(tmp_path / "valkey") as valkey:
        zosma = Zosma(tmp_path, REDIS_URL=valkey.url, ZOSMA_PORT=str(port))
        async with (
            PlayedWorker(valkey.url) as worker,
            zosma.running("bot") as bot,
            aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http,
        ):
            await bot.says("listening on")
            before = memory_mb(bot.process.pid, "VmHWM")
            await worker.beat()
            sent = [asyncio.create_task(status_of(http, "/api/v1/jobs", large)) for _ in range(10)]
            assert set(await asyncio.gather(*sent)) <= {422, 503}  # no pictures; or the worker's sign of life is old
            small = gzip.compress(large)
            assert len(small) < 64 * 1024
            sent = [
                asyncio.create_task(status_of(http, "/api/v1/jobs", small, **{"Content-Encoding": "gzip"}))
                for _ in range(10)
            ]
            assert set(await asyncio.gather(*sent)) <= {422, 503}
            assert memory_mb(bot.process.pid, "VmHWM") - before < 256


async def test_what_large_bodies_took_is_given_back(tmp_path):
    bodies = [json.dumps({"image": b64encode(data).decode()}).encode() for data in (empty_chunks(), noise())]
    port = free_port()
    with PrivateValkey(tmp_path / "valkey") as valkey:
        zosma = Zosma(tmp_path, REDIS_URL=valkey.url, ZOSMA_PORT=str(port))
        async with zosma.running("bot") as bot:
            await bot.says("listening on")
            before = memory_mb(bot.process.pid, "VmRSS")
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
                sent = [status_of(http, "/sdapi/v1/png-info", body) for body in bodies for _ in range(6)]
                assert set(await asyncio.gather(*sent)) == {200, 422}
            assert memory_mb(bot.process.pid, "VmRSS") - before < 40  # 71 and more stayed


def memory_mb(pid, which):
    """The most memory that a process has had (VmHWM), or what it has now (VmRSS)."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(which)]
    return int(line.split()[1]) // 1024


async def status_of(http, path, data, **headers):
    async with http.post(path, data=io.BytesIO(data), headers=JSON | headers) as answer:
        return answer.status


async def test_the_first_error_is_enough(http, worker):
    fields = {f"field{number}": number for number in range(999)}
    async with http.post("/api/v1/jobs", json={"prompt": "a", **fields}) as answer:
        said = await answer.json()

    assert (answer.status, said["field"]) == (422, "field0")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({f"field{number}": 1 for number in range(1_001)}, "1,001 fields"),
        ({"styles": [""] * 1_001}, "1,001 entries"),
        ({"a": [[0] * 999 for _ in range(12)]}, "more than 10,000 values"),
    ],
)
async def test_lists_objects_and_all_together_have_bounds_of_their_own(http, body, says):
    async with http.post("/sdapi/v1/txt2img", json=body) as answer:
        said = await answer.json()

    assert answer.status == 422
    assert says in said["errors"]


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ('{"prompt": "a", "cfg_scale": NaN}', "cfg_scale", "the number NaN"),
        ('{"prompt": "a", "hires": {"scale": 1e999}}', "hires.scale", "the number 1e999"),
        ('{"prompt": "a", "styles": ["x", ' + "9" * 5_000 + "]}", "styles.1", "the number 9999"),
        (r'{"prompt": "a", "negative_prompt": "\ud800"}', "negative_prompt", "half a character"),
        ("Infinity", None, "the number Infinity"),
        ('{"a": ' * 5_000 + "1" + "}" * 5_000, None, "inside one another"),
    ],
)
async def test_a_value_that_nobody_could_mean_is_named_by_its_field(http, body, field, says):
    async with http.post("/api/v1/jobs", data=body.encode(), headers=JSON) as answer:
        said = await answer.json()

    assert (answer.status, said.get("field")) == (422, field)
    assert says in said["detail"]


async def test_what_real_clients_send_is_within_the_bounds(http, worker):
    options = {f"option_{number}": [number, "x" * 100] for number in range(450)}
    async with http.post("/sdapi/v1/options", json=options) as answer:
        assert answer.status == 200
    # A long prompt of short tags, and a picture with line ends in its base64, escaped as PHP does.
    picture = encodebytes(png(7)).decode()
    body = {"prompt": "a, " * 1_300, "init_images": [picture], "denoising_strength": 0.5}
    data = json.dumps(body).replace("/", "\\/").encode()
    asked = asyncio.create_task(_status(http, data))
    leased = await worker.take()
    assert decode_request(leased.body).prompt.count(",") == 1_300
    await worker.finish(leased)
    assert await asked == 200


async def _status(http, data):
    async with http.post("/sdapi/v1/img2img", data=data, headers=JSON) as answer:
        return answer.status
