"""The page at `/` over a fleet that is played: shown (docs/screens/page-*.webp), measured, or served to be looked at.

Needs Chromium (Debian: chromium).

PYTHONPATH=tests uv run python bench/console.py show | measure | serve
"""

from __future__ import annotations

import argparse
import asyncio
import io
import math
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from PIL import Image
from playwright.async_api import async_playwright

from loopback.played_worker import PlayedWorker
from screens import CHECKPOINTS, FOLDER, Painter, picture
from zosma_bot.forecaster import Forecaster
from zosma_bot.http.app import make_app, serve
from zosma_bot.hub import Hub
from zosma_cli.valkey import PrivateValkey
from zosma_queue import calls, keys
from zosma_queue.client import Queue, Sender
from zosma_queue.errors import ErrorKind
from zosma_queue.fleet import Trust, WorkerState
from zosma_queue.messages import decode_request
from zosma_queue.request import parse_request
from zosma_queue.series import GAMMA, Step
from zosma_queue.sweeper import Sweeper
from zosma_queue.tasks import end
from zosma_webui.painting import emerge

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
LOCAL = Sender(owner="http:local", group="http:local")
NAMES = {"discord:1/11": "Ann", "discord:1/12": "Bob", "discord:1/13": "Eva"}
REPLY = '{"guild_id": 1, "private": false, "spoiler": false, "blocked": []}'
PROMPTS = ("a lighthouse at dusk, waves, stars", "portrait of an old fisherman, soft light",
           "a fox in the snow, morning mist", "a city street at night in the rain, neon",
           "mountains and a lake, aurora", "a field of flowers, summer", "a space station over a ringed planet",
           "a castle on a hill, storm clouds", "desert dunes at sunrise", "a forest path in autumn")  # fmt: skip
SIZES = ((512, 512), (512, 768), (768, 512), (576, 1024))
PATHS = {"create": "/", "queue": "/console/queue", "fleet": "/console/fleet", "gallery": "/console/gallery?of=all",
         "history": "/console/history", "failed": "/console/failed", "connect": "/console/connect",
         "keys": "/console/keys", "admin": "/console/admin"}  # fmt: skip
#: Screens in docs: view, form, scheme, width in docs.
SHOWN = (("create", "desktop", "light"), ("queue", "desktop", "dark"), ("fleet", "desktop", "light"),
         ("history", "desktop", "dark"), ("gallery", "desktop", "light"), ("create", "phone", "dark"),
         ("queue", "phone", "light"), ("history", "phone", "dark"))  # fmt: skip
FORMS = {"desktop": (1360, 860), "phone": (390, 844)}

ROUNDS = 7
#: A page with one word and nothing else, of the same server: what no page can be sooner than.
EMPTY = "/empty"

_ALL_THERE = (
    "new Promise(done => { const wait = setInterval(() => { if ([...document.images].every(one => one.complete"
    " && one.naturalWidth && !one.hidden || one.getBoundingClientRect().top > innerHeight)) {"
    " clearInterval(wait); done() } }, 100) })"
)
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


class Machine(Painter):
    """One GPU of the fleet."""

    trust = Trust.TRUSTED

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._painted: dict[str, Image.Image] = {}

    async def beat(self, *_: Any, **__: Any) -> None:
        await PlayedWorker.beat(self, self.state, self.offers(), self.reason, self.trust)

    async def half(self, leased: calls.Leased, done: float = 0.5, eta_s: float = 3.0) -> None:
        """As the other painters, but each picture is painted once: the loop is the server's too."""
        request, out = decode_request(leased.body), io.BytesIO()
        if leased.id not in self._painted:
            whole = await asyncio.to_thread(picture, request, request.seed, self.loaded)
            self._painted[leased.id] = whole.resize([side // 2 for side in whole.size])
        emerge(self._painted[leased.id], done, request.seed).save(out, "JPEG", quality=80)
        await self.progress(leased, done, eta_s=eta_s, preview=out.getvalue())


def member(number: int) -> Sender:
    return Sender(owner=f"discord:1/{number}", group="discord:1", person=f"discord:user/{number}")


class Scene:
    """A fleet at work, with a past."""

    def __init__(self, queue: Queue, url: str) -> None:
        self.queue = queue
        self.machines = [Machine(url, f"gpu-box-{n}/10.0.0.{n}:7860/4f2a", CHECKPOINTS[n % 3].name) for n in range(4)]
        self.running: list[tuple[Machine, calls.Leased]] = []
        self.share = 0.55
        self._random = random.Random(7)
        self._alive: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        for machine in self.machines:
            machine.gpu_seconds = self._random.uniform(2, 6)
        sick = self.machines[3]
        sick.state, sick.trust = WorkerState.AWAY, Trust.QUARANTINED
        sick.reason = "3 of its last 4 pictures were black: a canary job is tried every minute"
        for machine in self.machines:
            await machine.beat()
            self._alive.append(asyncio.create_task(machine.live()))
        for number in range(8):
            await self.ask(LOCAL if number % 2 == 0 else member(11 + number % 3), number, count=4 if number == 2 else 1)
            leased = await self.machines[number % 3].take()
            await self.machines[number % 3].finish(leased)
        for number in (7, 8):
            await self.ask(LOCAL if number == 7 else member(12), number)
            text = "CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 7.79 GiB total capacity)"
            leased = await self.machines[0].take()
            await self.machines[0].settle(leased, calls.fail(ErrorKind.OUT_OF_MEMORY, text))
        for number in range(3):
            await self.ask(LOCAL if number == 0 else member(11 + number), number + 3)
        self.running = [(machine, await machine.take()) for machine in self.machines[:3]]
        self._alive.append(asyncio.create_task(self._draw()))
        for number in range(12):
            model = CHECKPOINTS[number % 3].name if number % 2 else None
            await self.ask(LOCAL if number in (2, 5) else member(11 + number % 3), number, checkpoint=model)
        await self.queue.admin.set_policy(LOCAL.owner, "default", {"waiting": 10, "running": 2, "daily_gpu_s": 3600})
        await self.queue.admin.pause(LOCAL.owner, "lane:relax", "GPUs are needed for the weekend's contest")
        await self._past()

    async def close(self) -> None:
        for task in self._alive:
            await end(task)

    async def ask(self, sender: Sender, number: int, **fields: Any) -> None:
        width, height = SIZES[number % 4]
        words = {"prompt": PROMPTS[number % len(PROMPTS)], "width": width, "height": height, "steps": 24}
        reply = REPLY if sender.owner.startswith("discord") else ""
        await self.queue.submit(parse_request(words | fields), sender, reply=reply)

    async def _draw(self) -> None:
        """Tells how far the pictures are, which also keeps their leases."""
        while True:
            for number, (machine, leased) in enumerate(self.running):
                done = min(self.share + 0.15 * number, 0.95)
                await machine.half(leased, done, max(1, 12 * (1 - done)))
            await asyncio.sleep(1)

    async def _past(self) -> None:
        """Ninety days in which evenings are busier than nights."""
        now, draw = int(time.time()), self._random
        for step in Step:
            pipe = self.queue._redis.pipeline(transaction=False)
            for number in range(now // step.seconds - step.kept + 1, now // step.seconds + 1):
                hour, minutes = number * step.seconds // 3600 % 24, step.seconds / 60
                load = max(0.05, (1 + math.sin((hour - 9) / 24 * math.tau)) / 2) * draw.uniform(0.8, 1.2)
                done = int(load * 9 * minutes * draw.random() * 1.2)
                fields = {
                    "submitted": done, "done": done, "pictures": int(done * 1.4), "waits": done, "wait_ms": done * 9000,
                    "failed": int(draw.random() < 0.06 * minutes), "cancelled": int(0.08 * draw.random() * done),
                    "samples": int(6 * minutes), "alive": int(24 * minutes), "waiting": int(42 * minutes * load**2),
                    "ready": int((24 if draw.random() > 0.1 else 18) * minutes),
                    "busy": int(20 * minutes * min(load, 1)),
                }  # fmt: skip
                for _ in range(min(done, 40)):
                    wait_ms = max(draw.lognormvariate(1.2 + 2.2 * load, 0.9) * 1000, 100)
                    name = f"wait:{math.ceil(math.log(wait_ms) / math.log(GAMMA))}"
                    fields[name] = fields.get(name, 0) + 1
                for kind, often in (("oom", 0.05), ("webui-hung", 0.03), ("worker-lost", 0.02)):
                    if draw.random() < often * minutes:
                        fields[f"fault:{kind}"] = draw.randint(1, 2)
                pipe.hset(keys.series(step.seconds, number), mapping=fields)
            await pipe.execute()


async def _empty(_: web.Request) -> web.Response:
    html = "<!doctype html><html lang=en><title>Empty</title><p>Empty"
    return web.Response(text=html, content_type="text/html")


@asynccontextmanager
async def stage() -> AsyncIterator[tuple[Queue, str, str]]:
    """(queue, its Redis's address, the server's address)."""
    with tempfile.TemporaryDirectory() as folder, PrivateValkey(Path(folder), durable=False) as valkey:
        async with Queue(valkey.url) as queue:
            hub = Hub(queue)
            beside = [
                asyncio.create_task(one) for one in (hub.run(), Forecaster(queue).run(), Sweeper(queue.sweep).run())
            ]
            app = make_app(queue, hub, {}, names=NAMES.get)
            app.router.add_get(EMPTY, _empty)
            async with serve(app, "127.0.0.1", 0) as address:
                yield queue, valkey.url, address
            for task in beside:
                await end(task)


async def show() -> None:
    """Photographs the views for docs/screens."""
    async with stage() as (queue, url, address), async_playwright() as playwright:
        scene = Scene(queue, url)
        await scene.begin()
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        for view, form, scheme in SHOWN:
            width, height = FORMS[form]
            tab = await browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            await tab.goto(address + PATHS[view])
            await tab.evaluate(_ALL_THERE)
            shot = Image.open(io.BytesIO(await tab.screenshot())).convert("RGB")
            shot.thumbnail((1000, 1000))
            file = FOLDER / f"page-{view}{'-phone' if form == 'phone' else ''}.webp"
            shot.save(file, "WEBP", quality=80, method=6)
            print(f"{file.name}: {file.stat().st_size:,} bytes")
            await tab.close()
        await browser.close()
        await scene.close()


async def measure() -> None:
    """Bytes and first paints of each view; then with 1,000 waiting jobs and 50 workers."""
    async with stage() as (queue, url, address), async_playwright() as playwright:
        scene = Scene(queue, url)
        await scene.begin()
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        print("usual: 15 open jobs, 4 workers")
        for view, path in {"(empty)": EMPTY, **PATHS}.items():
            await _measure(browser, address, view, path)
        crowd = [PlayedWorker(url, f"gpu-{number}/10.0.1.{number}:7860/1") for number in range(46)]
        for worker in crowd:
            await worker.beat()
        await queue.admin.drop_policy(LOCAL.owner, "default")
        await queue.admin.pause(LOCAL.owner, "queue", "so that all of them wait")
        for number in range(985):
            await scene.ask(member(11 + number % 40), number)
        alive = asyncio.create_task(_live(crowd))
        print("full: 1,000 open jobs, 50 workers")
        for view in ("create", "queue", "fleet", "history"):
            await _measure(browser, address, view, PATHS[view])
        await _streams(address, queue)
        await end(alive)
        await browser.close()
        await scene.close()


async def _live(workers: list[PlayedWorker]) -> None:
    while True:
        for worker in workers:
            await worker.beat()
        await asyncio.sleep(2)


async def _measure(browser: Any, address: str, view: str, path: str) -> None:
    sizes, paints, servers, again = [], [], [], []
    for _ in range(ROUNDS):
        context = await browser.new_context(viewport={"width": 1360, "height": 860})
        tab = await context.new_page()
        cdp = await context.new_cdp_session(tab)
        await cdp.send("Network.enable")
        size, pictures = [0], set()

        def heard(event: Any, pictures: set[str] = pictures) -> None:
            if event["type"] == "Image":
                pictures.add(event["requestId"])

        def ended(event: Any, pictures: set[str] = pictures, size: list[int] = size) -> None:
            if event["requestId"] not in pictures:
                size[0] += event["encodedDataLength"]

        cdp.on("Network.responseReceived", heard)
        cdp.on("Network.loadingFinished", ended)
        await tab.goto(address + path)
        paints.append(await _first_paint(tab))
        servers.append(await tab.evaluate("performance.getEntriesByType('navigation')[0].responseEnd"))
        sizes.append(size[0])
        await asyncio.sleep(0.3)  # its pictures
        await tab.goto(address + path)
        again.append(await _first_paint(tab))
        await context.close()
    cpu_ms = await _cpu_ms(address + path)
    print(
        f"  {view:8} {statistics.median(sizes) / 1000:5.1f} kB without pictures; made in {cpu_ms:4.0f} ms of CPU,"
        f" answered after {statistics.median(servers):4.0f} ms; first paint {statistics.median(paints):4.0f} ms"
        f" (least {min(paints):.0f}), of a next view {statistics.median(again):4.0f} ms (least {min(again):.0f})"
    )


async def _first_paint(tab: Any) -> float:
    """ms; asked for from outside, since no script of a page without our scripts may run."""
    while (found := await tab.evaluate(_PAINT)) is None:  # noqa: ASYNC110 - the page tells nobody
        await asyncio.sleep(0.02)
    return float(found)


async def _cpu_ms(url: str) -> float:
    """CPU time of this process for one page, the client's part included."""
    async with aiohttp.ClientSession() as session:
        before = time.process_time()
        for _ in range(10):
            async with session.get(url) as answer:
                await answer.read()
        return (time.process_time() - before) * 100


async def _streams(address: str, queue: Queue) -> None:
    """A hundred open pages while something happens each tenth of a second: how late the loop gets."""
    late: list[float] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        streams = [await session.get(f"{address}/console/events") for _ in range(100)]
        for number in range(50):
            before = time.perf_counter()
            await asyncio.sleep(0.1)
            late.append(time.perf_counter() - before - 0.1)
            await queue.cancel(await queue.submit(parse_request({"prompt": f"{number}"}), LOCAL))
        for stream in streams:
            stream.close()
    late.sort()
    print(
        f"  100 event streams: the loop is late by {late[25] * 1000:.0f} ms (median), {late[-1] * 1000:.0f} ms at most"
    )


async def keep_serving() -> None:
    """Serves the scene until it is stopped."""
    async with stage() as (queue, url, address):
        scene = Scene(queue, url)
        await scene.begin()
        print(address, flush=True)
        while True:
            scene.share = scene.share + 0.01 if scene.share < 0.6 else 0.1
            await asyncio.sleep(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("show", "measure", "serve"))
    what = {"show": show, "measure": measure, "serve": keep_serving}[parser.parse_args().what]
    asyncio.run(what())


if __name__ == "__main__":
    main()
