"""The whole product as its parts really run: bot and workers as processes, Discord, WebUIs and Valkey on loopback.

`kill -9` hits each of them in the middle of a job; the picture must be in the channel all the same, and once.
"""

from __future__ import annotations

import asyncio
import io
import re
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from loopback.comfyui.faults import Hold as ComfyUIHold
from loopback.comfyui.server import ScriptedComfyUI
from loopback.commands import Running, Zosma
from loopback.discord.handle import InteractionHandle
from loopback.discord.interaction import Callback
from loopback.discord.server import DiscordServer
from loopback.discord.state import Upload
from loopback.fleet import until
from loopback.presses import menu_of
from loopback.s3 import KEY, SECRET, SLOW_DOWN, silence
from loopback.webui import Hold, ScriptedWebUI, good_answer
from zosma_bot.discord.ui.custom_id import Act
from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey
from zosma_queue.client import Queue
from zosma_queue.fleet import WorkerState

WAIT_S = 60


@dataclass
class System:
    """Everything there is, and the means to break it."""

    zosma: Zosma
    parts: AsyncExitStack
    discord: DiscordServer
    valkey: PrivateValkey
    queue: Queue

    async def bot(self) -> Running:
        """A bot process that stands in Discord."""
        bot = await self.parts.enter_async_context(self.zosma.running("bot"))
        await bot.says("logged in to Discord")
        await self.discord.wait_connected()
        return bot

    async def worker(self, webui: ScriptedWebUI | ScriptedComfyUI) -> Running:
        """A worker process that is ready."""
        worker = await self.parts.enter_async_context(self.zosma.running("worker", "--webui", webui.url))
        await worker.says(r"\d+ checkpoints? \(")
        await until(lambda: self.is_ready(webui))
        return worker

    async def is_ready(self, webui: ScriptedWebUI | ScriptedComfyUI) -> bool:
        """True once the queue counts on the WebUI's worker. A killed one's presence may still say the same of it."""
        workers = await self.queue.workers()
        return any(one.state is WorkerState.READY and one.about and one.about.webui == webui.url for one in workers)

    async def imagine(self, prompt: str = "a lighthouse at dusk") -> InteractionHandle:
        """`/imagine`, acknowledged."""
        handle = await self.discord.slash(self.discord.add_member("ann"), "imagine", {"prompt": prompt})
        ack = await handle.response()
        assert ack.type is Callback.DEFERRED_MESSAGE, handle.message.text
        return handle

    async def nothing_is_owed(self) -> bool:
        """True when every end has been shown."""
        return not await self.queue.undelivered()

    async def ends_with_one_picture(self, handle: InteractionHandle, webui: ScriptedWebUI) -> bytes:
        """The bytes of the only picture in the channel, which are those that the WebUI made."""
        shown = await handle.wait_for(finished, timeout=WAIT_S)
        in_channel = [one for one in self.discord.messages(self.discord.channel) if finished(one)]
        assert len(in_channel) == 1
        [file] = [file for file in shown.files if file.filename.endswith(".png")]
        made = [image for body in webui.jobs for image in good_answer(body, "dream")["images"]]
        assert file.data in [b64decode(image) for image in made]
        await until(self.nothing_is_owed)
        return file.data


async def soon(event: asyncio.Event) -> None:
    """Waits for an event, but not for ever."""
    async with asyncio.timeout(WAIT_S):
        await event.wait()


def finished(message) -> bool:
    """True for a message that holds a finished picture, and no preview."""
    return any(re.fullmatch(r"zosma-\w+-\d+\.png", file.filename) for file in message.files)


@pytest.fixture(name="system")
async def _system(tmp_path: Path) -> AsyncIterator[System]:
    async with AsyncExitStack() as parts:
        discord = await parts.enter_async_context(DiscordServer())
        valkey = parts.enter_context(PrivateValkey(tmp_path / "valkey"))
        queue = await parts.enter_async_context(Queue(valkey.url))
        zosma = Zosma(
            tmp_path, REDIS_URL=valkey.url, ZOSMA_PORT=str(free_port()), DISCORD_TOKEN=discord.token,
            DISCORD_API_URL=discord.api_url, DISCORD_GATEWAY_URL=discord.gateway_url,
        )  # fmt: skip
        yield System(zosma, parts, discord, valkey, queue)
    assert discord.violations == []


@pytest.fixture(name="webui")
async def _webui() -> AsyncIterator[ScriptedWebUI]:
    async with ScriptedWebUI() as webui:
        yield webui


async def test_imagine_ends_as_a_picture_in_the_channel(system, webui):
    await system.bot()
    await system.worker(webui)

    handle = await system.imagine()

    await system.ends_with_one_picture(handle, webui)
    assert "a lighthouse at dusk" in handle.message.text


async def test_a_killed_worker_costs_a_few_seconds_and_no_picture(system, webui):
    await system.bot()
    victim = await system.worker(webui)
    hold = Hold()
    webui.script(hold)
    handle = await system.imagine()
    await soon(hold.started)

    await victim.kill()
    async with ScriptedWebUI() as other:
        await system.worker(other)
        began = asyncio.get_running_loop().time()
        await system.ends_with_one_picture(handle, other)
        assert asyncio.get_running_loop().time() - began < 12
    hold.released.set()


async def test_a_picture_goes_through_a_bucket_though_its_worker_dies_between_storing_and_telling(system, webui, s3):
    bucket = {"RESULTS_URL": s3.url, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    system.zosma.env |= bucket
    bot = await system.bot()
    victim = await system.worker(webui)
    stored = asyncio.Event()

    async def never_answered(request):
        if "/.check/" not in request.path:
            await s3.passed_on(request)
            stored.set()
        return await silence(request)

    s3.fault, s3.on = never_answered, "PUT"
    handle = await system.imagine()
    await soon(stored)
    await victim.kill()

    async def no_picture_now(request):
        return await (s3.passed_on if "/.zosma" in request.path else SLOW_DOWN)(request)

    s3.fault, s3.on = no_picture_now, "GET"
    async with ScriptedWebUI() as other:
        worker = await system.worker(other)
        await until(system.queue.undelivered)
        await bot.says("waits.*SlowDown")
        assert not finished(handle.message)
        s3.fault = None
        await system.ends_with_one_picture(handle, other)
    [left, shown] = await s3.objects()
    assert (left.rpartition("/")[0], shown.rpartition("/")[0]) == (left[:-2], left[:-3] + "2")
    assert SECRET not in bot.text + worker.text + victim.text


async def test_a_killed_bot_delivers_after_its_restart_and_once(system, webui):
    victim = await system.bot()
    await system.worker(webui)
    hold = Hold()
    webui.script(hold)
    handle = await system.imagine()
    await soon(hold.started)

    await victim.kill()
    hold.released.set()
    await until(system.queue.undelivered)
    assert not finished(handle.message)

    await system.bot()
    await system.ends_with_one_picture(handle, webui)


async def test_a_killed_redis_loses_no_job_that_waits_or_runs(system, webui):
    await system.bot()
    await system.worker(webui)
    hold = Hold()
    webui.script(hold)
    running = await system.imagine("first")
    await soon(hold.started)
    waiting = await system.imagine("second")
    await waiting.wait_for(lambda message: not message.thinking)

    system.valkey.kill()
    hold.released.set()
    system.valkey.start()

    for handle in (running, waiting):
        await handle.wait_for(finished, timeout=WAIT_S)
    assert len([one for one in system.discord.messages(system.discord.channel) if finished(one)]) == 2


async def test_a_killed_webui_sends_the_job_elsewhere(system):
    async with ScriptedWebUI() as first, ScriptedWebUI() as second:
        await system.bot()
        await system.worker(first)
        hold = Hold()
        first.script(hold)
        handle = await system.imagine()
        await soon(hold.started)
        await system.worker(second)
        await first.crash()

        await system.ends_with_one_picture(handle, second)


async def test_sigterm_of_the_bot_ends_it_in_order(system, webui):
    bot = await system.bot()
    await system.worker(webui)
    await system.ends_with_one_picture(await system.imagine(), webui)

    assert await bot.end() == 0
    assert "stopped" in bot.text


async def test_a_refused_token_is_one_line_and_exit_code_two(system):
    ran = await system.zosma("bot", DISCORD_TOKEN="wrong-token")

    assert ran.code == 2
    last = ran.err.strip().splitlines()[-1]
    assert last.startswith("zosma: DISCORD_TOKEN")
    assert "wrong-token" not in ran.err


async def test_a_conversation_goes_on_over_restarts_of_the_bot_with_the_built_in_webui(system):
    """A picture, varied, enlarged, repainted and made again in a form: by real parts all the way."""
    port = free_port()
    await system.parts.enter_async_context(
        system.zosma.running("webui", "--port", str(port), "--step-seconds", "0.01", "--load-seconds", "0.1")
    )
    worker = await system.parts.enter_async_context(
        system.zosma.running("worker", "--webui", f"http://127.0.0.1:{port}")
    )
    await worker.says(r"\d+ checkpoints? \(")
    await until(lambda: is_anybody_ready(system.queue))
    ann = system.discord.add_member("ann")

    async def picture_of(handle):
        shown = await handle.wait_for(finished, timeout=WAIT_S)
        return shown, Image.open(io.BytesIO(shown.files[0].data))

    async with system.zosma.running("bot") as bot:
        await bot.says("logged in to Discord")
        await system.discord.wait_connected()
        options = {"prompt": "a lighthouse at dusk", "seed": 5, "steps": 4, "width": 256, "height": 256}
        shown, first = await picture_of(await system.discord.slash(ann, "imagine", options))
        assert "Seed: 5" in first.info["parameters"]

    async with system.zosma.running("bot") as bot:
        await bot.says("logged in to Discord")
        await system.discord.wait_connected()
        _, varied = await picture_of(await system.discord.click(ann, shown, "Vary"))
        assert "Variation seed strength: 0.12" in varied.info["parameters"]
        assert varied.tobytes() != first.tobytes()
        _, larger = await picture_of(await system.discord.click(ann, shown, "Upscale"))
        assert larger.size == (512, 512)
        assert "Seed: 5" in larger.info["parameters"]
        menu = await menu_of(system.discord, ann, shown)
        choose = menu.selects[-1]["custom_id"]
        _, wider = await picture_of(await system.discord.select(ann, menu, choose, [Act.ZOOM_OUT]))
        assert wider.size == (384, 384)
        # What lies further from the edge than seam and blur reach is the very picture.
        assert wider.crop((120, 120, 264, 264)).tobytes() == first.crop((56, 56, 200, 200)).tobytes()
        form = await system.discord.select(ann, menu, choose, [Act.REGION])
        await form.response()
        asked = {"region": "left-half", "prompt": "a cat", "strength": "wholly"}
        _, part = await picture_of(await system.discord.submit_modal(ann, form, asked))
        assert part.crop((160, 0, 256, 256)).tobytes() == first.crop((160, 0, 256, 256)).tobytes()
        assert part.crop((0, 0, 96, 256)).tobytes() != first.crop((0, 0, 96, 256)).tobytes()
        upload = Upload("start.png", shown.files[0].data)
        _, painted = await picture_of(
            await system.discord.slash(ann, "imagine", {"prompt": "a lighthouse in fog", "steps": 4, "image": upload})
        )
        assert painted.size == (256, 256)
        opened = await system.discord.click(ann, shown, "Edit")
        await opened.response()

    async with system.zosma.running("bot") as bot:
        await bot.says("logged in to Discord")
        await system.discord.wait_connected()
        _, edited = await picture_of(await system.discord.submit_modal(ann, opened, {"prompt": "a cat"}))
        assert edited.info["parameters"].startswith("a cat")
    await until(system.nothing_is_owed)
    assert len([one for one in system.discord.messages(system.discord.channel) if finished(one)]) == 7


async def is_anybody_ready(queue: Queue) -> bool:
    """True once a worker takes jobs."""
    return any(one.state is WorkerState.READY for one in await queue.workers())


# -- ComfyUI ------------------------------------------------------------------------------------------------------


@pytest.fixture(name="comfyui")
async def _comfyui() -> AsyncIterator[ScriptedComfyUI]:
    async with ScriptedComfyUI("dream.safetensors", "flux/flux1-dev-fp8.safetensors") as comfyui:
        yield comfyui


async def pictures_of(handle) -> list[dict[str, str]]:
    """What each picture of a message says of itself."""
    shown = await handle.wait_for(finished, timeout=WAIT_S)
    found = []
    for file in shown.files:
        with Image.open(io.BytesIO(file.data)) as image:
            found.append({"size": f"{image.width}x{image.height}", **image.info})
    return found


async def test_imagine_ends_as_a_picture_that_a_comfyui_made(system, comfyui):
    await system.bot()
    await system.worker(comfyui)

    [made] = await pictures_of(await system.imagine())

    assert set(made) == {"size", "parameters"}  # and nothing of the graph
    assert "Model: dream, Version: ComfyUI 0.3.64" in made["parameters"]
    await until(system.nothing_is_owed)
    assert comfyui.history == {}


async def test_one_fleet_of_both_kinds_makes_each_picture_where_it_can_be_made(system, comfyui, webui):
    await system.bot()
    await system.worker(comfyui)
    await system.worker(webui)
    ann = system.discord.add_member("ann")

    async def asks(**options: object) -> InteractionHandle:
        return await system.discord.slash(ann, "imagine", {"prompt": "a cat", **options})

    flux = await asks(checkpoint="flux1-dev-fp8")
    anime = await asks(checkpoint="anime")
    both = [await asks(checkpoint="dream", seed=seed) for seed in range(2)]

    [of_flux] = await pictures_of(flux)
    [of_anime] = await pictures_of(anime)
    assert of_flux["size"] == "1024x1024"
    assert "Distilled CFG Scale: 3.5" in of_flux["parameters"]
    assert "Model: anime" in of_anime["parameters"]
    assert "ComfyUI" not in of_anime["parameters"]
    for handle in both:
        assert len(await pictures_of(handle)) == 1
    await until(system.nothing_is_owed)
    assert len(comfyui.jobs) + len(webui.jobs) == 4


async def test_a_job_of_a_killed_comfyui_worker_is_made_by_the_other_kind(system, comfyui, webui):
    hold = ComfyUIHold()
    comfyui.script(hold)
    await system.bot()
    worker = await system.worker(comfyui)
    handle = await system.imagine()
    await soon(hold.started)
    await system.worker(webui)
    await worker.kill()

    await handle.wait_for(finished, timeout=WAIT_S)

    await until(system.nothing_is_owed)
    assert len([one for one in system.discord.messages(system.discord.channel) if finished(one)]) == 1
    assert len(webui.jobs) == 1
