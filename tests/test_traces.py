"""One trace from the interaction, or the HTTP request, to the GPU to the post: by real bot and worker processes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest

from loopback.commands import Zosma
from loopback.discord.server import DiscordServer
from loopback.fleet import until
from loopback.otlp import Receiver
from loopback.webui import ScriptedWebUI, status
from zosma_cli.processes import free_port
from zosma_queue.client import Queue
from zosma_queue.fleet import WorkerState

THEIRS = "0af7651916cd43dd8448eb211c80319c"
FEW = {"prompt": "a secret lighthouse", "steps": 1, "width": 64, "height": 64}


class System:
    """Bot and worker as processes that send their traces to `receiver`."""

    def __init__(self, zosma: Zosma, parts: AsyncExitStack, discord: DiscordServer, receiver: Receiver) -> None:
        self.zosma, self.parts, self.discord, self.receiver = zosma, parts, discord, receiver
        self.url = f"http://127.0.0.1:{zosma.env['ZOSMA_PORT']}"

    async def start(self, queue: Queue, webui: ScriptedWebUI) -> tuple:
        """Both processes, ready."""
        bot = await self.parts.enter_async_context(self.zosma.running("bot"))
        await bot.says("logged in to Discord")
        await self.discord.wait_connected()
        worker = await self.parts.enter_async_context(self.zosma.running("worker", "--webui", webui.url))

        async def ready() -> bool:
            return any(one.state is WorkerState.READY for one in await queue.workers())

        await until(ready, timeout=60)
        return bot, worker

    async def traced(self, names: list[str], trace: str = "") -> dict:
        """The parts of the one trace that has these names, once it is whole; by name, the last of those alike."""

        async def whole() -> list | None:
            for one in {part.trace for part in self.receiver.parts if trace in ("", part.trace)}:
                if Counter(names) <= Counter(part.name for part in self.receiver.trace(one)):
                    return self.receiver.trace(one)
            return None

        return await until(whole)


@pytest.fixture(name="system")
async def _system(tmp_path: Path, redis_url: str) -> AsyncIterator[System]:
    async with AsyncExitStack() as parts:
        discord = await parts.enter_async_context(DiscordServer())
        receiver = await parts.enter_async_context(Receiver())
        zosma = Zosma(
            tmp_path, REDIS_URL=redis_url, ZOSMA_PORT=str(free_port()), DISCORD_TOKEN=discord.token,
            DISCORD_API_URL=discord.api_url, DISCORD_GATEWAY_URL=discord.gateway_url, ZOSMA_LOG_FORMAT="json",
            SD_BENCHMARK="off",
        )  # fmt: skip
        # As people write them: not in the environment, where the library looks, but in `.env`.
        (tmp_path / ".env").write_text(f"OTEL_EXPORTER_OTLP_ENDPOINT={receiver.url}\nOTEL_BSP_SCHEDULE_DELAY=50\n")
        yield System(zosma, parts, discord, receiver)
    assert discord.violations == []


async def test_one_trace_goes_from_the_interaction_to_the_gpu_to_the_post_over_a_retry(system, queue):
    async with ScriptedWebUI() as webui:
        bot, worker = await system.start(queue, webui)
        webui.script(status(500, {"error": "RuntimeError", "detail": "out of luck"}))

        asked = await system.discord.slash(system.discord.add_member("ann"), "imagine", {"prompt": "a secret"})
        await asked.wait_for(lambda message: message.files, timeout=60)
        once = ["/imagine", "submit", "wait", "deliver", "post"]
        parts = await system.traced([*once, "job", "gpu", "job", "gpu", "store"])

        by_name = {one.name: one for one in parts}
        first, second = (one for one in parts if one.name == "job")
        failed, made = (one for one in parts if one.name == "gpu")
        root, submit = by_name["/imagine"], by_name["submit"]
        assert (root.parent, submit.parent) == ("", root.id)
        assert {by_name[name].parent for name in ("wait", "deliver")} | {first.parent, second.parent} == {submit.id}
        assert (failed.parent, made.parent, by_name["store"].parent) == (first.id, second.id, second.id)
        assert by_name["post"].parent == by_name["deliver"].id
        assert (first.error, second.error) == (True, False)
        assert [one.about["zosma.attempt"] for one in (first, second)] == [1, 2]
        assert (first.about["zosma.outcome"], second.about["zosma.outcome"]) == ("retry", "done")
        assert by_name["post"].about["zosma.route"] == "interaction"
        assert {one.service for one in parts} == {"zosma-bot", "zosma-worker"}
        # From when it was accepted until it was leased; and the picture is drawn before it is stored and shown.
        assert submit.began_s - 0.001 <= by_name["wait"].began_s <= by_name["wait"].ended_s <= first.began_s
        assert made.ended_s <= by_name["store"].began_s <= by_name["store"].ended_s <= by_name["deliver"].ended_s

        # By HTTP, of a program that has a trace of its own.
        async with httpx2.AsyncClient(base_url=system.url) as http:
            header = {"traceparent": f"00-{THEIRS}-b7ad6b7169203331-01"}
            answer = await http.post("/sdapi/v1/txt2img", json=FEW, headers=header, timeout=60)
            assert answer.status_code == 200
            await http.get("/api/v1/jobs", headers=header)  # looking is no part of it
        http_root = "POST /sdapi/v1/txt2img"
        parts = await system.traced([http_root, "submit", "wait", "job", "gpu", "store", "deliver"], THEIRS)
        by_name = {one.name: one for one in parts}
        assert by_name[http_root].parent == "b7ad6b7169203331"
        assert by_name[http_root].about["http.response.status_code"] == 200
        assert by_name["submit"].parent == by_name["deliver"].parent == by_name[http_root].id
        assert by_name["job"].parent == by_name["submit"].id

        assert (await bot.end(), await worker.end()) == (0, 0)
        ids = {root.trace, THEIRS}
        for process, words in ((bot, "accepted from Discord"), (worker, "attempt 1")):
            lines = [json.loads(line) for line in process.text.splitlines() if line.startswith("{")]
            assert {line.get("trace_id") for line in lines if words in line["event"]} & ids
    told = b"".join(system.receiver.bodies)
    assert b"secret" not in told
    assert b"ann" not in told
