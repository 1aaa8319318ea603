"""A WebUI on loopback whose every answer a test can script: real sockets, A1111's addresses, all requests kept."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web
from PIL import Image, PngImagePlugin

from loopback.port import Port
from zosma_queue.tasks import set_within
from zosma_worker.settings import Address

Json = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """A request that came in."""

    method: str
    path: str
    body: Any


@dataclass(frozen=True)
class Turn:
    """One generation, as its scripted answer sees it."""

    webui: ScriptedWebUI
    request: web.Request
    body: Json

    @property
    def checkpoint(self) -> str:
        """The model that makes it: the one asked for, or silently the first when that is not there."""
        asked = self.body.get("override_settings", {}).get("sd_model_checkpoint", "").partition(".")[0]
        return asked if asked in self.webui.models else self.webui.models[0]


INTERROGATE = "/sdapi/v1/interrogate"
GENERATIONS = ("/sdapi/v1/txt2img", "/sdapi/v1/img2img", "/sdapi/v1/extra-single-image", INTERROGATE)
Answer = Callable[[Turn], Awaitable[web.StreamResponse]]


def picture(width: int, height: int, seed: int | None, *, text: str | None = None, fmt: str = "PNG") -> bytes:
    """An encoded picture, one colour per seed; None is black."""
    image = Image.new("RGB", (width, height), (0, 0, 0) if seed is None else (seed % 200 + 30, 90, 160))
    out = io.BytesIO()
    if fmt == "PNG" and text is not None:
        chunks = PngImagePlugin.PngInfo()
        chunks.add_text("parameters", text)
        image.save(out, fmt, pnginfo=chunks)
    else:
        image.save(out, fmt)
    return out.getvalue()


def encoded(data: bytes) -> str:
    """Base64 as the API sends it."""
    return base64.b64encode(data).decode()


def good_answer(body: Json, checkpoint: str, *, text: bool = True) -> Json:
    """What A1111 answers to a request when all goes well."""
    count = body["n_iter"] * body["batch_size"]
    scale = body.get("hr_scale", 1.0) if body.get("enable_hr") else 1.0
    wide, high = (int(body[side] * scale) // 8 * 8 for side in ("width", "height"))
    seeds = [body["seed"] + index for index in range(count)]
    texts = [f"{body['prompt']}\nSteps: {body['steps']}, Seed: {seed}, Model: {checkpoint}" for seed in seeds]
    pictures = [
        picture(wide, high, seed, text=words if text else None) for seed, words in zip(seeds, texts, strict=True)
    ]
    info = {
        "prompt": body["prompt"],
        "seed": seeds[0],
        "all_seeds": seeds,
        "sampler_name": body.get("sampler_name", "Euler"),
        "sd_model_name": checkpoint,
        "sd_model_hash": None,
        "index_of_first_image": 0,
        "infotexts": texts,
        "extra_generation_params": {},
        "version": "v1.10.1",
    }
    return {"images": [encoded(data) for data in pictures], "parameters": body, "info": json.dumps(info)}


def pictures(change: Callable[[Json], Any] = lambda answer: None) -> Answer:
    """A good answer, after `change` has spoiled it in place."""

    async def answer(turn: Turn) -> web.StreamResponse:
        good = good_answer(turn.body, turn.checkpoint)
        change(good)
        return web.json_response(good)

    return answer


def info_with(**changes: Any) -> Answer:
    """A good answer with other values in its `info`."""

    def change(answer: Json) -> None:
        answer["info"] = json.dumps({**json.loads(answer["info"]), **changes})

    return pictures(change)


def status(code: int, body: Any = None, *, html: str | None = None) -> Answer:
    """An error, as JSON or as an HTML page."""

    async def answer(turn: Turn) -> web.StreamResponse:
        if html is not None:
            return web.Response(status=code, text=html, content_type="text/html")
        return web.json_response(body, status=code)

    return answer


def text(words: str) -> Answer:
    """A 200 with these words as its body."""

    async def answer(turn: Turn) -> web.StreamResponse:
        return web.Response(text=words, content_type="application/json")

    return answer


def cut() -> Answer:
    """The connection ends without an answer."""

    async def answer(turn: Turn) -> web.StreamResponse:
        assert turn.request.transport is not None
        turn.request.transport.abort()
        return web.Response()

    return answer


def crash() -> Answer:
    """The whole server dies in mid-job."""

    async def answer(turn: Turn) -> web.StreamResponse:
        await turn.webui.crash()
        return web.Response()

    return answer


@dataclass
class Hold:
    """A generation that runs until the test lets it go, or until an interrupt if it heeds one."""

    heeds: bool = True
    told: bool = True
    """False: the WebUI says that it is idle, as one does whose answer was lost on the way."""
    then: Answer = field(default_factory=pictures)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, turn: Turn) -> web.StreamResponse:
        turn.webui.held = self if self.told else None
        self.started.set()
        waits = [self.released, *([self.interrupted] if self.heeds else [])]
        tasks = [asyncio.create_task(event.wait()) for event in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            turn.webui.held = None
            for task in tasks:
                task.cancel()
        return await self.then(turn)


@dataclass
class Halting:
    """An answer whose first half comes at once, and the rest, or the connection's end, when the test lets it."""

    tells_length: bool = True
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)
    breaks_off: bool = False
    trickles: bool = False
    """Meanwhile it goes on byte by byte."""

    async def __call__(self, turn: Turn) -> web.StreamResponse:
        body = json.dumps(good_answer(turn.body, turn.checkpoint)).encode()
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        if self.tells_length:
            answer.content_length = len(body)
        await answer.prepare(turn.request)
        await answer.write(body[: len(body) // 2])
        self.begun.set()
        while self.trickles and not await set_within(self.goes_on, 0.02):
            await answer.write(b" ")
        await self.goes_on.wait()
        if self.breaks_off:
            assert turn.request.transport is not None
            turn.request.transport.abort()
            return answer
        await answer.write(body[len(body) // 2 :])
        await answer.write_eof()
        return answer


def _is_canary(body: Any) -> bool:
    return isinstance(body, dict) and str(body.get("force_task_id", "")).startswith("task(zosma-")


class ScriptedWebUI:
    """A WebUI that answers generations by script, in order, and well once the script is over."""

    #: The status of its answer to interrupt and skip; 204 has no body.
    interrupts_with = 200

    def __init__(self, models: Iterable[str] = ("dream", "anime"), *, auth: str | None = None) -> None:
        self.models = list(models)
        self.auth = auth
        self.options: Json = {"sd_model_checkpoint": f"{self.models[0]}.safetensors", "CLIP_stop_at_last_layers": 1}
        self.progress: Json = {"progress": 0.0, "eta_relative": 0.0, "state": {"job_count": 0}, "current_image": None}
        #: path → handler that stands before all others.
        self.special: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {}
        self.tls: ssl.SSLContext | None = None
        self.held: Hold | None = None
        self.seen: list[Seen] = []
        #: Canaries and benchmarks: jobs of the worker itself, with a script of their own.
        self.canaries: list[Json] = []
        self._canary_script: deque[Answer] = deque()
        self._script: deque[Answer] = deque()
        self._port = Port()

    def script(self, *answers: Answer) -> None:
        """The answers to the next generations."""
        self._script.extend(answers)

    def script_canaries(self, *answers: Answer) -> None:
        """The answers to the next jobs of the worker itself."""
        self._canary_script.extend(answers)

    @property
    def url(self) -> str:
        """Its base URL, the same after each start."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._port.number}"

    @property
    def address(self) -> Address:
        """It as a worker is told about it, without a login."""
        return Address(self.url)

    def paths(self, method: str = "POST") -> list[str]:
        """The paths of all requests of a method so far."""
        return [seen.path for seen in self.seen if seen.method == method]

    @property
    def jobs(self) -> list[Json]:
        """The bodies of all generations so far."""
        posted = [seen for seen in self.seen if seen.path in GENERATIONS and seen.method == "POST"]
        return [seen.body for seen in posted if not _is_canary(seen.body)]

    async def start(self) -> None:
        """Listens; the port stays the same from the first start on."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        await self._port.start(app, self.tls)

    async def stop(self) -> None:
        """Ends it."""
        await self._port.stop()

    async def crash(self) -> None:
        """The port closes and all connections drop."""
        await self._port.crash()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.held:
            self.held.released.set()
        await self.stop()

    # -- answers ------------------------------------------------------------------------------------------------

    async def usual(self, turn: Turn) -> web.StreamResponse:
        """What it answers once the script is over."""
        return await pictures()(turn)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        self.seen.append(Seen(request.method, request.path, body))
        if self.auth and request.headers.get("Authorization") != f"Basic {encoded(self.auth.encode())}":
            return web.json_response({"detail": "Not authenticated"}, status=401)
        if request.path in self.special:
            return await self.special[request.path](request)
        if request.path in GENERATIONS and request.method == "POST":
            script = self._script
            if _is_canary(body):
                self.canaries.append(body or {})
                script = self._canary_script
            answer = script.popleft() if script else self.usual
            return await answer(Turn(self, request, body or {}))
        if request.path in ("/sdapi/v1/interrupt", "/sdapi/v1/skip"):
            if self.held:
                self.held.interrupted.set()
            return web.json_response({}) if self.interrupts_with == 200 else web.Response(status=self.interrupts_with)
        found = self._lists().get(request.path)
        return web.json_response(
            {"detail": "Not Found"} if found is None else found, status=200 if found is not None else 404
        )

    def _lists(self) -> dict[str, Any]:
        running = {
            "progress": 0.5,
            "eta_relative": 3.0,
            "state": {"job_count": 1, "sampling_step": 10},
            "current_image": None,
        }
        models = [
            {"title": f"{name}.safetensors", "model_name": name, "hash": None, "sha256": None} for name in self.models
        ]
        return {
            "/sdapi/v1/options": self.options,
            "/sdapi/v1/progress": {**running, **self.progress} if self.progress["progress"] else (
                running if self.held else self.progress
            ),
            "/sdapi/v1/sd-models": models,
            "/sdapi/v1/samplers": [{"name": name, "aliases": [], "options": {}} for name in ("DPM++ 2M", "Euler a")],
            "/sdapi/v1/schedulers": [{"name": "karras", "label": "Karras"}],
            "/sdapi/v1/upscalers": [{"name": "None"}, {"name": "Lanczos"}],
            "/sdapi/v1/latent-upscale-modes": [{"name": "Latent"}],
        }  # fmt: skip


def with_special(path: str, code: int, body: Any = None, *, html: str | None = None) -> ScriptedWebUI:
    """A WebUI with one address that always answers like this."""
    webui = ScriptedWebUI()

    async def answer(request: web.Request) -> web.StreamResponse:
        if html is not None:
            return web.Response(status=code, text=html, content_type="text/html")
        return web.json_response(body, status=code)

    webui.special[path] = answer
    return webui
