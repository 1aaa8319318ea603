"""The addresses of the server, one small handler each."""

from __future__ import annotations

import asyncio
import html
import os
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from aiohttp import web

from . import catalogue, infotext
from .bodies import FaultOrder, Generation, Img2Img, Interrogate, PngInfo, Settings, TaskQuestion, Txt2Img, Upscale
from .catalogue import Checkpoint
from .engine import Engine
from .errors import STAND_IN
from .faults import FAULTS
from .plan import server_version
from .wire import CONTROL_PATH, Unprocessable, read

Answer = dict[str, Any] | web.Response

EMPTY_LISTS = ("loras", "sd-vae", "hypernetworks", "face-restorers", "realesrgan-models", "extensions")
"""Lists with nothing on them here, asked for by clients that fill menus."""


class Routes:
    """Handlers over one engine. Generations are tasks of their own, so that a caller who leaves does not end them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: set[asyncio.Task[Any]] = set()

    def table(self) -> list[web.RouteDef]:
        """Every route."""
        return [
            web.get("/", self.page),
            *(web.get(f"/sdapi/v1/{name}", constant(value)) for name, value in self._constants().items()),
            web.post("/sdapi/v1/txt2img", self.txt2img),
            web.post("/sdapi/v1/img2img", self.img2img),
            web.post("/sdapi/v1/extra-single-image", self.upscale),
            web.post("/sdapi/v1/interrogate", self.interrogate),
            web.post("/sdapi/v1/png-info", self.png_info),
            web.get("/sdapi/v1/progress", self.progress),
            web.post("/sdapi/v1/interrupt", self.interrupt),
            web.post("/sdapi/v1/skip", self.skip),
            web.get("/sdapi/v1/options", self.get_options),
            web.post("/sdapi/v1/options", self.set_options),
            web.post("/sdapi/v1/refresh-checkpoints", self.refresh),
            web.post("/sdapi/v1/refresh-loras", self.refresh),
            web.post("/sdapi/v1/refresh-vae", self.refresh),
            web.get("/internal/ping", constant({})),
            web.get("/internal/pending-tasks", self.pending_tasks),
            web.post("/internal/progress", self.task_progress),
            web.get(CONTROL_PATH, self.get_faults),
            web.post(CONTROL_PATH, self.order_fault),
            web.delete(CONTROL_PATH, self.clear_faults),
        ]

    def _constants(self) -> dict[str, Any]:
        checkpoints: tuple[Checkpoint, ...] = self._engine.checkpoints.all
        return {
            "sd-models": [checkpoint.listing() for checkpoint in checkpoints],
            "samplers": catalogue.samplers(),
            "schedulers": catalogue.schedulers(),
            "upscalers": catalogue.upscalers(),
            "latent-upscale-modes": [{"name": name} for name in catalogue.LATENT_UPSCALERS],
            "prompt-styles": catalogue.styles(),
            "embeddings": {"loaded": {}, "skipped": {}},
            "scripts": {"txt2img": [], "img2img": []},
            # Synthetic: A1111 answers with its real command line, passwords included.
            "cmd-flags": {"api": True, "nowebui": False, "api_auth": None, "zosma_stand_in": STAND_IN},
            "memory": memory(),
            **{name: [] for name in EMPTY_LISTS},
        }

    async def stop(self, app: web.Application) -> None:
        """End what runs: the server goes down."""
        del app
        for job in self._jobs:
            job.cancel()

    async def _apart(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Run `work` to its end even if the caller is gone, and return its result."""
        job = asyncio.ensure_future(work)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return await asyncio.shield(job)

    async def page(self, request: web.Request) -> web.Response:
        """GET /: what this is, for people."""
        del request
        models = "".join(f"<li>{html.escape(c.title)}</li>" for c in self._engine.checkpoints.all)
        text = (
            "<!doctype html><html lang=en><meta charset=utf-8><title>Zosma: built-in WebUI</title>"
            f"<h1>{html.escape(server_version())}</h1><p>This is a stand-in: {html.escape(STAND_IN)}. It speaks "
            "the HTTP API of AUTOMATIC1111's Stable Diffusion WebUI and draws simple pictures on the CPU, so that "
            "Zosma can be tried and tested without a GPU.</p>"
            f"<p>Checkpoints (names only, there are no weights):</p><ul>{models}</ul>"
        )
        return web.Response(text=text, content_type="text/html")

    async def txt2img(self, request: web.Request) -> web.Response:
        """POST txt2img."""
        return await self._generate(request, "txt2img", await read(request, Txt2Img))

    async def img2img(self, request: web.Request) -> web.Response:
        """POST img2img."""
        return await self._generate(request, "img2img", await read(request, Img2Img))

    async def _generate(self, request: web.Request, kind: str, body: Generation) -> web.Response:
        def sever() -> None:
            if request.transport is not None:
                request.transport.abort()

        answer = await self._apart(self._engine.generate(kind, body, sever))
        return answer if isinstance(answer, web.Response) else web.json_response(answer)

    async def upscale(self, request: web.Request) -> web.Response:
        """POST extra-single-image."""
        body = await read(request, Upscale)

        async def work() -> Answer:
            return {"html_info": "", "image": await self._engine.upscale(body)}

        return web.json_response(await self._apart(work()))

    async def interrogate(self, request: web.Request) -> web.Response:
        """POST interrogate."""
        body = await read(request, Interrogate)

        async def work() -> Answer:
            return {"caption": await self._engine.interrogate(body)}

        return web.json_response(await self._apart(work()))

    async def png_info(self, request: web.Request) -> web.Response:
        """POST png-info."""
        body = await read(request, PngInfo)
        text, items = infotext.read(await asyncio.to_thread(infotext.decode, body.image))
        return web.json_response({"info": text, "items": items, "parameters": infotext.parse(text)})

    async def progress(self, request: web.Request) -> web.Response:
        """GET progress: fraction done, seconds left, state and preview of whatever runs."""
        state = self._engine.state
        skip = request.query.get("skip_current_image", "false").lower() in ("true", "1", "yes", "on")
        preview = await self._engine.preview()
        image = None
        if preview is not None and not skip:
            image = await asyncio.to_thread(infotext.encode, preview, "", self._preview_format())
        answer = {
            "progress": state.fraction,
            "eta_relative": state.eta_s,
            "state": state.listing(),
            "current_image": image,
            "textinfo": None,
        }
        return web.json_response(answer)

    def _preview_format(self) -> str:
        return str(self._engine.options["live_previews_image_format"])

    async def interrupt(self, request: web.Request) -> web.Response:
        """POST interrupt: the running job ends after its present step."""
        del request
        self._engine.state.interrupt()
        return web.json_response({})

    async def skip(self, request: web.Request) -> web.Response:
        """POST skip: the running batch ends after its present step, the next one follows."""
        del request
        self._engine.state.skipped = True
        return web.json_response(None)

    async def get_options(self, request: web.Request) -> web.Response:
        """GET options."""
        del request
        return web.json_response(self._engine.options.values)

    async def set_options(self, request: web.Request) -> web.Response:
        """POST options: returns at once; another checkpoint is loaded by the next job."""
        body = await read(request, Settings)
        self._engine.options.set(body.model_extra or {})
        return web.json_response(None)

    async def refresh(self, request: web.Request) -> web.Response:
        """POST refresh-*: waits for the running job, there is nothing to look for."""
        del request
        await self._engine.when_idle()
        return web.json_response(None)

    async def pending_tasks(self, request: web.Request) -> web.Response:
        """GET /internal/pending-tasks."""
        del request
        pending = self._engine.tasks.pending
        return web.json_response({"size": len(pending), "tasks": pending})

    async def task_progress(self, request: web.Request) -> web.Response:
        """POST /internal/progress: how one request is doing, by its `force_task_id`."""
        body = await read(request, TaskQuestion)
        state, tasks = self._engine.state, self._engine.tasks
        answer: dict[str, Any] = {
            "active": body.id_task == tasks.current,
            "queued": body.id_task in tasks.pending,
            "completed": body.id_task in tasks.finished,
            "progress": None,
            "eta": None,
            "live_preview": None,
            "id_live_preview": body.id_live_preview,
            "textinfo": tasks.position(body.id_task),
        }
        if answer["active"]:
            answer.update(progress=state.fraction, eta=state.eta_s, textinfo=None)
            answer.update(await self._live_preview(body))
        return web.json_response(answer)

    async def _live_preview(self, body: TaskQuestion) -> dict[str, Any]:
        preview = await self._engine.preview() if body.live_preview else None
        number = self._engine.state.preview_id
        if preview is None or number == body.id_live_preview:
            return {}
        kind = self._preview_format()
        encoded = await asyncio.to_thread(infotext.encode, preview, "", kind)
        return {"live_preview": f"data:image/{kind};base64,{encoded}", "id_live_preview": number}

    async def get_faults(self, request: web.Request) -> web.Response:
        """GET /zosma/faults: what is on order, and what there is."""
        del request
        return web.json_response(self._engine.faults.listing())

    async def order_fault(self, request: web.Request) -> web.Response:
        """POST /zosma/faults: put a fault on order; an unknown one is 422."""
        order = await read(request, FaultOrder)
        if order.fault not in FAULTS:
            known = ", ".join(FAULTS)
            raise Unprocessable([{"loc": ["fault"], "msg": f"unknown fault; known: {known}", "type": "value_error"}])
        self._engine.faults.order(order)
        return web.json_response(self._engine.faults.listing())

    async def clear_faults(self, request: web.Request) -> web.Response:
        """DELETE /zosma/faults: take everything back, let hanging jobs go on."""
        del request
        self._engine.faults.clear()
        return web.json_response(self._engine.faults.listing())


def constant(value: Any) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that always answers `value`."""

    async def handler(request: web.Request) -> web.Response:
        del request
        return web.json_response(value)

    return handler


def memory() -> dict[str, Any]:
    """`GET memory`: bytes of RAM, and no GPU."""
    try:
        page, total, free = (os.sysconf(n) for n in ("SC_PAGE_SIZE", "SC_PHYS_PAGES", "SC_AVPHYS_PAGES"))
    except (ValueError, OSError, AttributeError):
        return {"ram": {"error": "unknown"}, "cuda": {"error": STAND_IN}}
    ram = {"free": free * page, "used": (total - free) * page, "total": total * page}
    return {"ram": ram, "cuda": {"error": STAND_IN}}
