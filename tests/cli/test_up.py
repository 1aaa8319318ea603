"""`zosma up`, and the commands that talk to it."""

from __future__ import annotations

import asyncio
import json
import stat
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from loopback.played_worker import PlayedWorker
from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey


def read_privately(file):
    """What is in a file that nobody else may read."""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    return file.read_text().strip()


async def test_up_serves_an_a1111_client_and_workers_that_join_later(zosma, tmp_path):
    port = str(free_port())
    address = f"http://127.0.0.1:{port}"
    async with zosma.running("up", ZOSMA_PORT=port) as up:
        shown = (await up.says(r"Redis\W+built in\W+(redis://\S+)"))[1]
        redis_url = read_privately(Path((await up.says(r"with its password: (\S+)"))[1]))
        assert "@" not in shown
        await up.says("Stop: Ctrl-C")
        webuis = [free_port(), free_port()]
        async with (
            zosma.running("webui", "--port", str(webuis[0]), "--step-seconds", "0.1") as first,
            zosma.running("webui", "--port", str(webuis[1]), "--step-seconds", "0.1") as second,
        ):
            await first.says("models: dream, anime")
            await second.says("models: dream, anime")
            hosts = ",".join(f"127.0.0.1:{webui}" for webui in webuis)
            async with (
                zosma.running("worker", REDIS_URL=redis_url, SD_API_HOST=hosts),
                aiohttp.ClientSession(address) as http,
            ):
                await until_workers(http, 3)
                made = await asyncio.gather(*(txt2img(http, seed) for seed in range(9)))
                async with http.get("/api/v1/queue") as answer:
                    queue = await answer.json()
                table = await zosma("queue", "--server", address)
                as_json = await zosma("queue", "--json", "--server", address)
                ran = await zosma("imagine", "a cat", "--seed", "5", "--size", "256x320", "--server", address)

        assert {info["all_seeds"][0] for _, info in made} == set(range(9))
        assert all(image.size == (512, 512) for image, _ in made)
        assert queue["waiting"] == queue["running"] == queue["failed"] == 0
        assert len(queue["workers"]) == 3
        assert all(f":{webui}" in table.out for webui in webuis)
        assert len(json.loads(as_json.out)["workers"]) == 3
        [path] = (tmp_path / "zosma-pictures").iterdir()
        assert ran.code == 0
        assert path.name in ran.out
        with Image.open(path) as picture:
            assert picture.size == (256, 320)
        assert await up.end() == 0
    jobs_of_late_workers = up.text.count(": done")
    assert 0 < jobs_of_late_workers < 10, "the worker of `up` did all ten itself"


async def until_workers(http, count):
    async with asyncio.timeout(30):
        while True:
            async with http.get("/readyz") as answer:
                if (await answer.json()).get("workers_ready") == count:
                    return
            await asyncio.sleep(0.1)


async def txt2img(http, seed):
    body = {"prompt": "a lighthouse", "seed": seed, "steps": 10}
    async with http.post("/sdapi/v1/txt2img", json=body) as answer:
        assert answer.status == 200, await answer.text()
        found = await answer.json()
    return Image.open(BytesIO(b64decode(found["images"][0]))), json.loads(found["info"])


async def test_two_ups_do_not_share_a_data_folder(zosma):
    async with zosma.running("up", ZOSMA_PORT=str(free_port())) as up:
        await up.says("Stop: Ctrl-C")
        ran = await zosma("up", ZOSMA_PORT=str(free_port()))

    assert ran.code == 2
    assert "another `zosma up` runs with ZOSMA_DATA_DIR" in ran.err


async def test_up_says_when_its_port_is_taken(zosma):
    async with zosma.running("webui", "--port", str(free_port())) as other:
        port = (await other.says(r"127\.0\.0\.1:(\d+)"))[1]
        ran = await zosma("up", ZOSMA_PORT=port)

    assert ran.code == 2
    assert ran.err.startswith(f"zosma: ZOSMA_HOST='127.0.0.1' ZOSMA_PORT={port}: can't listen there")
    assert ran.err.count("\n") == 1


async def test_up_takes_no_strangers_readyz_for_its_own(zosma, tmp_path):
    """The port of another `zosma up`, whose `/readyz` says that all is well."""
    port = str(free_port())
    async with zosma.running("up", ZOSMA_PORT=port) as first:
        await first.says("Ready:")
        ran = await zosma("up", ZOSMA_PORT=port, ZOSMA_DATA_DIR=str(tmp_path / "other"))

    assert ran.code == 2
    assert "can't listen there" in ran.err
    assert "Ready:" not in ran.out


async def test_ready_is_said_after_its_own_worker_is_and_not_after_anothers(zosma, tmp_path):
    """A fleet that has a worker already; the WebUI of this machine takes its time to start."""
    with PrivateValkey(tmp_path / "valkey") as valkey:
        async with PlayedWorker(valkey.url) as other:
            webui = free_port()
            env = {"REDIS_URL": valkey.url, "SD_API_HOST": f"127.0.0.1:{webui}", "ZOSMA_PORT": str(free_port())}
            async with zosma.running("up", **env) as up:
                beating = asyncio.create_task(beat(other))
                await up.says("listening on")
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(3):
                        await up.says("eady:")
                async with zosma.running("webui", "--port", str(webui), "--step-seconds", "0.01"):
                    await up.says("Ready:")
                beating.cancel()


async def beat(worker):
    while True:
        await worker.beat()
        await asyncio.sleep(1)


@pytest.mark.parametrize(
    "named",
    [{"REDIS_URL": "redis://:hunter2@127.0.0.1:1/0"}, {"REDIS_ADDR": "127.0.0.1:1", "REDIS_PASSWORD": "hunter2"}],
    ids=["url", "address"],
)
async def test_up_says_when_the_named_redis_is_not_there(zosma, named):
    ran = await zosma("up", **named)

    assert ran.code == 2
    assert ran.err.startswith(f"zosma: {next(iter(named))}: redis://127.0.0.1:1/0 can't be reached")
    assert ran.err.count("\n") == 1
    assert "hunter2" not in ran.err
