"""The bot as a process, while somebody sends pictures that cost it far more than them."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import time
from contextlib import AsyncExitStack

import pytest
from PIL import Image

from loopback import hostile
from loopback.commands import Zosma
from loopback.discord.server import DiscordServer
from loopback.discord.state import Upload
from loopback.played_worker import PlayedWorker
from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey
from zosma_queue.tasks import end

#: For a picture from a worker to the channel, in seconds. Alone it takes a twentieth of it.
SHOWN_S = 20.0
ENDS_S = 20.0


def sideways() -> bytes:
    """The heaviest honest picture: it passes every check, is turned and encoded anew, and takes seconds."""
    picture = Image.frombytes("L", (1024, 1024), os.urandom(1 << 20)).resize((4096, 4096)).convert("RGB")
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    picture.save(out, "JPEG", quality=60, progressive=True, exif=exif)
    return out.getvalue()


@pytest.fixture(name="parts")
async def _parts(tmp_path):
    """(Discord, the running bot), with a worker that does all it is given."""
    async with AsyncExitStack() as parts:
        discord = await parts.enter_async_context(DiscordServer())
        valkey = parts.enter_context(PrivateValkey(tmp_path / "valkey"))
        zosma = Zosma(
            tmp_path, REDIS_URL=valkey.url, ZOSMA_PORT=str(free_port()), DISCORD_TOKEN=discord.token,
            DISCORD_API_URL=discord.api_url, DISCORD_GATEWAY_URL=discord.gateway_url,
        )  # fmt: skip
        worker = await parts.enter_async_context(PlayedWorker(valkey.url))
        bot = await parts.enter_async_context(zosma.running("bot"))
        await bot.says("logged in to Discord")
        await discord.wait_connected()
        tasks = {asyncio.create_task(_work(worker)), asyncio.create_task(_beat(worker))}
        yield discord, bot
        await end(*tasks)


async def _work(worker: PlayedWorker) -> None:
    while True:
        await worker.finish(await worker.take(timeout=600))


async def _beat(worker: PlayedWorker) -> None:
    while True:
        await worker.beat()
        await asyncio.sleep(1)


@pytest.mark.parametrize("make", [hostile.empty_scans, hostile.empty_chunks, sideways])
async def test_others_pictures_are_shown_and_sigterm_ends_the_bot(make, parts):
    discord, bot = parts
    mallory, ann = discord.add_member("mallory"), discord.add_member("ann")
    file = Upload("p.jpg" if make is not hostile.empty_chunks else "p.png", make(), "application/octet-stream")
    for _ in range(6):
        await discord.slash(mallory, "upscale", {"image": file})
        await discord.slash(mallory, "describe", {"image": file})

    began = time.monotonic()
    handle = await discord.slash(ann, "imagine", {"prompt": "a cat"})
    await handle.wait_for(lambda shown: any(one.filename.startswith("zosma-") for one in shown.files), timeout=SHOWN_S)
    assert time.monotonic() - began < SHOWN_S

    for _ in range(2):
        await discord.slash(mallory, "describe", {"image": file})
    began = time.monotonic()
    await bot.end(signal.SIGTERM)
    assert time.monotonic() - began < ENDS_S
