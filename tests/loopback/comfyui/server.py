"""A ComfyUI on loopback: a queue, one prompt at a time, events over a socket; and whatever a test lets go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import heapq
import itertools
import json
import struct
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Self

from aiohttp import WSMsgType, web

from loopback.comfyui.execution import (
    Canvas,
    Raised,
    ancestors,
    encoded,
    is_link,
    outcome,
    refused,
    signature,
    validated,
)
from loopback.comfyui.faults import BROKEN_FILE, Fault, Hold, Prompt, is_canary, is_of_zosma
from loopback.comfyui.nodes import object_info
from loopback.port import Port, drained
from loopback.webui import picture
from zosma_worker.settings import Address

Json = dict[str, Any]

#: Binary events.
PREVIEW, PREVIEW_WITH_METADATA = 1, 4


def _is_canonical(prompt_id: Any) -> bool:
    """Whether a caller may call a prompt that; None leaves it to the server."""
    if prompt_id is None:
        return True
    try:
        return isinstance(prompt_id, str) and str(uuid.UUID(prompt_id)) == prompt_id
    except ValueError:
        return False


class _Interrupted(Exception):
    """The flag was seen."""


class ScriptedComfyUI:
    """A ComfyUI whose prompts go by script, in order, and well once the script is over."""

    def __init__(self, *checkpoints: str, auth: str | None = None) -> None:
        self.files: dict[str, list[str]] = {
            "checkpoints": list(checkpoints or ("dream.safetensors", "anime.safetensors")),
            "diffusion_models": [],
            "text_encoders": ["clip_l.safetensors", "clip_g.safetensors", "t5xxl_fp8_e4m3fn.safetensors"],
            "loras": ["styles/ink.safetensors", "grain.safetensors"],
            "vae": ["vae-ft-mse.safetensors"],
            "upscale_models": ["4x_foolhardy_Remacri.pth"],
            "embeddings": ["EasyNegative"],
        }
        self.headers: dict[str, Json] = {}
        """File → what its header says."""
        self.lacking: set[str] = set()
        """Classes of nodes that are not installed."""
        self.more_nodes: dict[str, Json] = {}
        self.broken: set[str] = set()
        """Files that can't be loaded."""
        self.black: set[str] = set()
        self.previews = False
        self.step_s = 0.0
        self.has_socket = True
        self.chooses_ids = False
        """It is an older one, which takes no id from the caller."""
        self.stops_anybody = False
        """It is an older one, whose /interrupt knows no id."""
        self.node_errors: deque[Json] = deque()
        """For the next prompts: told with the 200 of each."""
        self.cuts_submits = 0
        """So many of the next prompts are taken without an answer."""
        self.auth = auth
        self.seen: list[tuple[str, str]] = []
        self.prompts: list[Prompt] = []
        """All that ever ran."""
        self.ended: list[tuple[str, str]] = []
        """(prompt id, success|error|interrupted|deleted) in order."""
        self.foreign_fault = Fault()
        """For the next prompt of another program."""
        self.dies_at: set[str] = set()
        """Addresses at which the process ends, once each, and comes back by itself."""
        self.holds: list[Hold] = []
        self.restarting: asyncio.Task[None] | None = None
        self._script: deque[Fault] = deque()
        self._own: deque[Fault] = deque()
        self._port = Port()
        self._fresh()

    def _fresh(self) -> None:
        """What a process has at its start."""
        self.interrupted = asyncio.Event()
        self.sockets: dict[str, web.WebSocketResponse] = {}
        self.history: dict[str, Json] = {}
        self.temp: dict[str, bytes] = {}
        self.inputs: dict[str, bytes] = {}
        self._heap: list[tuple[float, str, Prompt]] = []
        self._running: Prompt | None = None
        self._now: str | None = None
        self._numbers = itertools.count()
        self._files = itertools.count(1)
        self._cache: dict[str, tuple[Any, ...]] = {}
        self._ui: dict[str, Json] = {}
        self._more = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None

    # -- for tests ----------------------------------------------------------------------------------------------

    def script(self, *faults: Fault) -> None:
        """What becomes of the next prompts of jobs."""
        self._script.extend(faults)

    def script_canaries(self, *faults: Fault) -> None:
        """What becomes of the next prompts of a worker itself."""
        self._own.extend(faults)

    @property
    def url(self) -> str:
        """Its base URL, the same after each start."""
        return f"http://127.0.0.1:{self._port.number}"

    @property
    def address(self) -> Address:
        """It as a worker is told about it."""
        return Address(self.url)

    @property
    def jobs(self) -> list[Prompt]:
        """The prompts of jobs that ran: not those of a worker itself, nor of other programs."""
        return [one for one in self.prompts if is_of_zosma(one) and not is_canary(one)]

    @property
    def pending(self) -> list[str]:
        """Ids of the prompts that wait."""
        return [one.id for _, _, one in self._heap]

    def paths(self, method: str) -> list[str]:
        """The paths of all requests of a method so far."""
        return [path for one, path in self.seen if one == method]

    def foreign(self, *, checkpoint: str = "anime.safetensors", prompt_id: str | None = None) -> str:
        """Another program's prompt is put into the queue; its id."""
        graph = {
            "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": checkpoint}},
            "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
            "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "theirs", "clip": ["4", 1]}},
            "3": {
                "class_type": "KSampler",
                "inputs": {
                    "seed": next(self._numbers), "steps": 2, "cfg": 7, "sampler_name": "euler", "scheduler": "normal",
                    "denoise": 1, "model": ["4", 0], "positive": ["6", 0], "negative": ["6", 0],
                    "latent_image": ["5", 0],
                },
            },
            "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
            "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "theirs", "images": ["8", 0]}},
        }  # fmt: skip
        name = prompt_id or str(uuid.uuid4())
        self._put(Prompt(next(self._numbers), name, graph, {"client_id": "somebody else"}, ["9"]))
        return name

    # -- the server ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listens; the port stays the same from the first start on."""
        app = web.Application(client_max_size=104857600)
        for prefix in ("", "/api"):
            for method, path, handler in self._routes():
                app.router.add_route(method, prefix + path, handler)
        app.router.add_get("/ws", self._ws)
        app.middlewares.append(self._watched)
        await self._port.start(app)
        self._worker = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """The process ends: everything that is not on disk is gone."""
        if self._worker:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker
        await self._port.crash()
        await self._port.stop()
        self._fresh()

    async def restart(self, back: asyncio.Event) -> None:
        """Ends, and comes back when it is told."""
        await self.stop()
        await back.wait()
        await self.start()

    async def cut_sockets(self) -> None:
        """All sockets break; prompts run on."""
        sockets, self.sockets = self.sockets, {}
        for one in sockets.values():
            transport = one._req.transport if one._req else None
            if transport is not None:
                transport.abort()
        await drained()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for hold in self.holds:
            hold.released.set()
        if self.restarting:
            self.restarting.cancel()
        await self.stop()

    def _routes(self) -> Iterator[tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]]:
        yield "GET", "/system_stats", self._stats
        yield "GET", "/features", self._features
        yield "GET", "/object_info", self._object_info
        yield "GET", "/object_info/{name}", self._object_info
        yield "GET", "/embeddings", self._embeddings
        yield "GET", "/models", self._models
        yield "GET", "/models/{folder}", self._models
        yield "GET", "/view_metadata/{folder}", self._view_metadata
        yield "GET", "/prompt", self._get_prompt
        yield "POST", "/prompt", self._post_prompt
        yield "GET", "/queue", self._get_queue
        yield "POST", "/queue", self._post_queue
        yield "POST", "/interrupt", self._interrupt
        yield "GET", "/history", self._get_history
        yield "GET", "/history/{id}", self._get_history
        yield "POST", "/history", self._post_history
        yield "POST", "/upload/image", self._upload
        yield "GET", "/view", self._view
        yield "POST", "/free", self._free

    @web.middleware
    async def _watched(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.seen.append((request.method, request.path))
        origin = request.headers.get("Origin")
        if origin is not None and origin.partition("://")[2] != request.headers.get("Host"):
            return web.Response(status=403)
        if request.path in self.dies_at:
            self.dies_at.remove(request.path)
            back = asyncio.Event()
            back.set()
            self.restarting = asyncio.create_task(self.restart(back))
            await asyncio.Event().wait()
        if self.auth and request.headers.get("Authorization") != self.auth:  # of a proxy before it
            return web.Response(status=401)
        return await handler(request)

    # -- what it is and has -------------------------------------------------------------------------------------

    async def _stats(self, _: web.Request) -> web.Response:
        device = {
            "name": "cuda:0 Loopback", "type": "cuda", "index": 0, "vram_total": 25_000_000_000,
            "vram_free": 20_000_000_000, "torch_vram_total": 0, "torch_vram_free": 0,
        }  # fmt: skip
        system = {
            "os": "posix", "ram_total": 1, "ram_free": 1, "comfyui_version": "0.3.64", "python_version": "3.11.7",
            "pytorch_version": "2.13.0", "embedded_python": False, "argv": ["main.py", "--cpu"],
        }  # fmt: skip
        return web.json_response({"system": system, "devices": [device]})

    async def _features(self, _: web.Request) -> web.Response:
        return web.json_response({"supports_preview_metadata": True, "max_upload_size": 104857600})

    @property
    def nodes(self) -> dict[str, Json]:
        """The nodes that are installed."""
        found = {**object_info(self.files), **self.more_nodes}
        return {name: entry for name, entry in found.items() if name not in self.lacking}

    async def _object_info(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name")
        nodes = self.nodes
        if name is None:
            return web.json_response(nodes)
        return web.json_response({name: nodes[name]} if name in nodes else {})

    async def _embeddings(self, _: web.Request) -> web.Response:
        return web.json_response(self.files["embeddings"])

    async def _models(self, request: web.Request) -> web.Response:
        folder = request.match_info.get("folder")
        if folder is None:
            return web.json_response(list(self.files))
        return web.json_response(self.files[folder]) if folder in self.files else web.Response(status=404)

    async def _view_metadata(self, request: web.Request) -> web.Response:
        found = self.headers.get(request.query.get("filename", ""))
        return web.Response(status=404) if found is None else web.json_response(found)

    # -- prompts ------------------------------------------------------------------------------------------------

    async def _get_prompt(self, _: web.Request) -> web.Response:
        return web.json_response({"exec_info": {"queue_remaining": self._remaining}})

    async def _post_prompt(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.json()
        except ValueError:
            return web.Response(status=500, text="500 Internal Server Error\n\nServer got itself in trouble")
        if "prompt" not in body:
            return web.json_response(refused("no_prompt", "No prompt provided", "No prompt provided"), status=400)
        if not self.chooses_ids and not _is_canonical(body.get("prompt_id")):
            return web.json_response(refused("invalid_prompt_id", "prompt_id must be a valid UUID"), status=400)
        refusal, errors, outputs = validated(body["prompt"], self.nodes, self.inputs)
        if refusal is not None:
            return web.json_response(refusal, status=400)
        number = float(body["number"]) if "number" in body else next(self._numbers)
        name = str(body.get("prompt_id") or uuid.uuid4())
        if self.chooses_ids:
            name = str(uuid.uuid4())
        extra = {**body.get("extra_data", {}), **({"client_id": body["client_id"]} if "client_id" in body else {})}
        self._put(Prompt(-number if body.get("front") else number, name, body["prompt"], extra, outputs))
        if self.cuts_submits:
            self.cuts_submits -= 1
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if self.node_errors:
            errors = self.node_errors.popleft()
        return web.json_response({"prompt_id": name, "number": number, "node_errors": errors})

    def _put(self, prompt: Prompt) -> None:
        heapq.heappush(self._heap, (prompt.number, prompt.id, prompt))
        self._more.set()
        self._tell_status()

    @property
    def _remaining(self) -> int:
        return len(self._heap) + (1 if self._running else 0)

    async def _get_queue(self, _: web.Request) -> web.Response:
        running = [self._running.item] if self._running else []
        return web.json_response({"queue_running": running, "queue_pending": [one.item for _, _, one in self._heap]})

    async def _post_queue(self, request: web.Request) -> web.Response:
        body = await request.json()
        gone = [one.id for _, _, one in self._heap] if body.get("clear") else list(body.get("delete", ()))
        for entry in list(self._heap):
            if entry[2].id in gone:
                self._heap.remove(entry)
                self.ended.append((entry[2].id, "deleted"))
        heapq.heapify(self._heap)
        self._tell_status()
        return web.Response()

    async def _interrupt(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else {}
        wanted = None if self.stops_anybody else body.get("prompt_id")
        if wanted is None or (self._running is not None and self._running.id == wanted):
            self.interrupted.set()
        return web.Response()

    async def _get_history(self, request: web.Request) -> web.Response:
        name = request.match_info.get("id")
        if name is not None:
            return web.json_response({name: self.history[name]} if name in self.history else {})
        most = int(request.query.get("max_items", len(self.history)))
        return web.json_response(dict(list(self.history.items())[-most:] if most else []))

    async def _post_history(self, request: web.Request) -> web.Response:
        body = await request.json()
        for name in list(self.history) if body.get("clear") else body.get("delete", ()):
            self.history.pop(name, None)
        return web.Response()

    async def _free(self, _: web.Request) -> web.Response:
        self._cache.clear()
        self._ui.clear()
        return web.Response()

    # -- files --------------------------------------------------------------------------------------------------

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        image = form["image"]
        assert isinstance(image, web.FileField)
        folder = str(form.get("subfolder", ""))
        name = f"{folder}/{image.filename}" if folder else image.filename
        self.inputs[name] = image.file.read()
        return web.json_response({"name": image.filename, "subfolder": folder, "type": "input"})

    async def _view(self, request: web.Request) -> web.Response:
        name = request.query.get("filename", "")
        if ".." in name:
            return web.Response(status=400)
        data = self.temp.get(name)
        return web.Response(status=404) if data is None else web.Response(body=data, content_type="image/png")

    # -- the socket ---------------------------------------------------------------------------------------------

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        if not self.has_socket:
            return web.Response(status=404)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        name = request.query.get("clientId") or uuid.uuid4().hex
        self.sockets[name] = socket
        await self._send_to(name, "status", {"status": self._status, "sid": name})
        if self._running and self._running.client == name:
            await self._send_to(name, "executing", {"node": self._now})
        async for message in socket:
            if message.type is WSMsgType.TEXT and json.loads(message.data).get("type") == "feature_flags":
                await self._send_to(name, "feature_flags", {"supports_preview_metadata": True})
        if self.sockets.get(name) is socket:
            del self.sockets[name]
        return socket

    @property
    def _status(self) -> Json:
        return {"exec_info": {"queue_remaining": self._remaining}}

    async def _send_to(self, client: str | None, kind: str, data: Json) -> None:
        socket = self.sockets.get(client or "")
        if socket is not None and not socket.closed:
            with contextlib.suppress(ConnectionError):
                await socket.send_str(json.dumps({"type": kind, "data": data}))

    def _tell_status(self) -> None:
        for name in list(self.sockets):
            asyncio.get_running_loop().create_task(self._send_to(name, "status", {"status": self._status}))

    async def _send_preview(self, prompt: Prompt, node: str) -> None:
        socket = self.sockets.get(prompt.client or "")
        if socket is None or socket.closed:
            return
        about = {
            "node_id": node, "prompt_id": prompt.id, "display_node_id": node, "parent_node_id": None,
            "real_node_id": node, "image_type": "image/jpeg",
        }  # fmt: skip
        told = json.dumps(about).encode()
        data = picture(64, 64, 1, fmt="JPEG")
        await socket.send_bytes(struct.pack(">II", PREVIEW_WITH_METADATA, len(told)) + told + data)
        await socket.send_bytes(struct.pack(">II", PREVIEW, 1) + data)

    # -- running prompts ----------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            while not self._heap:
                self._more.clear()
                await self._more.wait()
            _, _, prompt = heapq.heappop(self._heap)
            self._running, self._now = prompt, None
            self.prompts.append(prompt)
            script = self._own if is_canary(prompt) else self._script
            fault = script.popleft() if script and is_of_zosma(prompt) else Fault()
            if not is_of_zosma(prompt):
                fault, self.foreign_fault = self.foreign_fault, Fault()
            messages = await self._run(prompt, fault)
            success = messages[-1][0] == "execution_success"
            self.ended.append((prompt.id, messages[-1][0].removeprefix("execution_")))
            self._running = None
            self.history[prompt.id] = {
                "prompt": prompt.item,
                "outputs": {node: self._ui[signature(prompt.graph, node)] for node in prompt.outputs
                            if signature(prompt.graph, node) in self._ui},
                "status": {
                    "status_str": "success" if success else "error", "completed": success, "messages": messages,
                },
                "meta": {},
            }  # fmt: skip
            self._tell_status()
            await self._send_to(prompt.client, "executing", {"node": None, "prompt_id": prompt.id})

    async def _run(self, prompt: Prompt, fault: Fault) -> list[list[Any]]:
        """The events of its start and end, as the history keeps them."""
        messages: list[list[Any]] = []

        async def say(kind: str, **data: Any) -> None:
            told = {"prompt_id": prompt.id, **data, "timestamp": int(time.time() * 1000)}
            messages.append([kind, told])
            await self._send_to(prompt.client, kind, told)

        self.interrupted.clear()
        await say("execution_start")
        order = [node for output in prompt.outputs for node in ancestors(prompt.graph, output)]
        order = list(dict.fromkeys(order))
        marks = {node: signature(prompt.graph, node) for node in order}
        cached = [node for node in order if marks[node] in self._cache]
        await say("execution_cached", nodes=cached)
        results = {node: self._cache[marks[node]] for node in cached}
        self._ui = {mark: ui for mark, ui in self._ui.items() if mark in marks.values()}
        node = ""
        try:
            for node in order:
                if node not in results:
                    results[node] = await self._node(prompt, node, results, fault)
            if fault.at == "end":
                await fault(self, prompt)
            await say("execution_success")
        except _Interrupted:
            about = {"node_id": node, "node_type": prompt.graph[node]["class_type"], "executed": list(results)}
            await say("execution_interrupted", **about)
        except Raised as error:
            await say(
                "execution_error",
                node_id=node,
                node_type=prompt.graph[node]["class_type"],
                executed=list(results),
                exception_message=str(error),
                exception_type=error.kind,
                traceback=['  File "/home/ann/ComfyUI/execution.py", line 496, in execute\n'],
                current_inputs={},
                current_outputs=list(results),
            )
        # "Classic": what the last prompt used stays, and nothing else.
        self._cache = {marks[node]: found for node, found in results.items()}
        return messages

    async def _node(
        self, prompt: Prompt, node: str, results: dict[str, tuple[Any, ...]], fault: Fault
    ) -> tuple[Any, ...]:
        entry = prompt.graph[node]
        class_type, own = entry["class_type"], {"prompt_id": prompt.id}
        self._check_interrupted()
        self._now = node
        state = {"value": 0, "max": 1, "state": "running", "node_id": node, **own, "display_node_id": node,
                 "parent_node_id": None, "real_node_id": node}  # fmt: skip
        await self._send_to(prompt.client, "progress_state", {**own, "nodes": {node: state}})
        await self._send_to(prompt.client, "executing", {"node": node, "display_node": node, **own})
        inputs = {
            name: results[value[0]][value[1]] if is_link(value) else value for name, value in entry["inputs"].items()
        }
        if class_type == fault.at:
            await fault(self, prompt)
            self._check_interrupted()
        if {inputs.get("ckpt_name"), inputs.get("unet_name")} & self.broken:
            raise Raised(BROKEN_FILE, "Error while deserializing header: HeaderTooLarge")
        if class_type == "KSampler":
            await self._steps(prompt, node, inputs["steps"])
        if class_type in ("PreviewImage", "SaveImage"):
            return await self._show(prompt, node, inputs["images"], temp=class_type == "PreviewImage")
        return outcome(class_type, inputs, self.inputs)

    def _check_interrupted(self) -> None:
        if self.interrupted.is_set():
            self.interrupted.clear()
            raise _Interrupted

    async def _steps(self, prompt: Prompt, node: str, steps: int) -> None:
        for step in range(1, steps + 1):
            if self.step_s:
                await asyncio.sleep(self.step_s)
            self._check_interrupted()
            if self.previews:
                await self._send_preview(prompt, node)
            told = {"value": step, "max": steps, "prompt_id": prompt.id, "node": node}
            await self._send_to(prompt.client, "progress", told)

    async def _show(self, prompt: Prompt, node: str, canvas: Canvas, *, temp: bool) -> tuple[Any, ...]:
        name = f"ComfyUI_temp_abcde_{next(self._files):05}_.png" if temp else f"ComfyUI_{next(self._files):05}_.png"
        self.temp[name] = encoded(canvas, prompt.graph, black=prompt.id in self.black)
        images = {"images": [{"filename": name, "subfolder": "", "type": "temp" if temp else "output"}]}
        self._ui[signature(prompt.graph, node)] = images
        told = {"node": node, "display_node": node, "output": copy.deepcopy(images), "prompt_id": prompt.id}
        await self._send_to(prompt.client, "executed", told)
        return ()
