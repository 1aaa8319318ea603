"""The one generation that runs: waits its turn, loads weights, walks the steps, draws, answers."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any

from aiohttp import web
from PIL import Image

from . import infotext, words
from . import plan as planning
from .bodies import Generation, Img2Img, Interrogate, Upscale
from .catalogue import Checkpoint, Checkpoints
from .errors import HTTPError
from .faults import Fault, FaultBoard, Job
from .options import Options
from .painting import emerge
from .plan import Plan, Start
from .state import State, Tasks

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class Timing:
    """How long the stand-in takes for what a GPU would take time for, in seconds."""

    load: float
    step: float
    sleep: Sleep


@dataclass(frozen=True)
class Drawn:
    """What a generation came to; an interrupt leaves fewer images than planned."""

    plan: Plan
    images: list[Image.Image]
    timestamp: str


class Engine:
    """All state of one server, and its work. One job at a time, the others wait in order of arrival."""

    def __init__(self, checkpoints: Checkpoints, timing: Timing) -> None:
        self.checkpoints = checkpoints
        self.options = Options(checkpoints)
        self.state = State()
        self.tasks = Tasks()
        self.faults = FaultBoard()
        self.loaded: Checkpoint = checkpoints.all[0]
        self.crash: Callable[[], Awaitable[None]] | None = None
        """ends the server; without one the `crash` fault only cuts the connection"""
        self._timing = timing
        self._turn = asyncio.Lock()

    async def generate(self, kind: str, body: Generation, sever: Callable[[], None]) -> dict[str, Any] | web.Response:
        """Answer txt2img or img2img (`kind`). `sever` closes the caller's connection. Raises what A1111 raises."""
        task = body.force_task_id or f"task({kind}-{uuid.uuid4().hex[:15]})"
        self.tasks.add(task)
        planning.check_scripts(body)
        start = await asyncio.to_thread(planning.read_start, body) if isinstance(body, Img2Img) else None
        async with self._turn:
            self.state.begin(f"scripts_{kind}")
            self.tasks.start(task)
            hits = self.faults.take()
            try:
                drawn = await self._work(body, start, hits, sever)
                answer: dict[str, Any] | web.Response = await self._answer(body, drawn)
            finally:
                self.state.end()
            self.tasks.finish(task)
        for fault in hits:
            answer = answer if isinstance(answer, web.Response) else fault.answer(answer)
        return answer

    async def upscale(self, body: Upscale) -> str:
        """The enlarged picture of `body` as base64. Raises HTTPError for a bad picture, Exception for an upscaler."""
        async with self._turn:
            self.state.begin("extras")
            self.state.job_count = 1
            try:
                return await asyncio.to_thread(_enlarge, body, str(self.options["samples_format"]))
            finally:
                self.state.end()

    async def interrogate(self, body: Interrogate) -> str:
        """The picture of `body` in words. Raises HTTPError for a bad picture, and for another model than "clip"."""
        if body.model != "clip":
            raise HTTPError(404, "Model not found")
        async with self._turn:
            self.state.begin("interrogate")
            try:
                return await asyncio.to_thread(lambda: words.describe(infotext.decode(body.image)))
            finally:
                self.state.end()

    async def when_idle(self) -> None:
        """Wait for the running job, as the refresh calls do."""
        async with self._turn:
            return

    async def preview(self) -> Image.Image | None:
        """The unfinished picture of the running job, drawn anew if enough steps have gone by."""
        state, every = self.state, int(self.options["show_progress_every_n_steps"])
        if not self.options["live_previews_enable"]:
            return None
        draw = state.preview_due(every)
        if draw is not None:
            image = await asyncio.to_thread(draw, state.sampling_step / max(1, state.sampling_steps))
            state.keep_preview(draw, image)
        return state.preview_image

    async def _work(self, body: Generation, start: Start | None, hits: list[Fault], sever: Callable[[], None]) -> Drawn:
        restore = body.override_settings_restore_afterwards is not False
        with self.options.overridden(body.override_settings or {}, restore=restore):
            plan = planning.make(body, self.options, self.checkpoints.find, start)
            plan = await self._load(plan, hits)
            images = await self._draw_all(plan, _Strikes(self, hits, sever))
        images = reduce(lambda made, fault: fault.spoil(made), hits, images)
        return Drawn(plan, images, self.state.job_timestamp)

    async def _load(self, plan: Plan, hits: list[Fault]) -> Plan:
        """Bring the plan's weights into memory; under a fault, bend the plan to those that are there."""
        if not all(fault.loads for fault in hits):
            return planning.with_checkpoint(plan, self.loaded)
        if plan.checkpoint != self.loaded:
            await self._timing.sleep(self._timing.load)
            self.loaded = plan.checkpoint
            self.options.loaded(plan.checkpoint)
        return plan

    async def _draw_all(self, plan: Plan, strikes: _Strikes) -> list[Image.Image]:
        state, images = self.state, list[Image.Image]()
        state.job_count = plan.passes
        for batch in range(plan.n_iter):
            state.skipped = False
            if state.interrupted:
                break
            if plan.n_iter > 1:
                state.job = f"Batch {batch + 1} out of {plan.n_iter}"
            images += await self._draw_batch(plan, batch * plan.batch_size, strikes)
        return images

    async def _draw_batch(self, plan: Plan, first: int, strikes: _Strikes) -> list[Image.Image]:
        state, hires = self.state, plan.hires
        thumbnail = cache(lambda: plan.picture(first, hires=False, thumbnail=True))
        state.preview = lambda done: emerge(thumbnail(), done, plan.seeds[first])
        done = await self._walk(plan.sampling_steps, strikes)
        enlarged = hires is not None and not state.interrupted
        if enlarged and hires is not None:
            state.next_pass()
            state.preview = lambda done: emerge(thumbnail(), 0.6 + 0.4 * done, plan.seeds[first])
            # The second pass starts from a finished picture: half-way through it, little noise is left.
            done = 0.6 + 0.4 * await self._walk(hires.steps, strikes)
        numbers = range(first, first + plan.batch_size)
        images = [await asyncio.to_thread(_picture, plan, number, enlarged, done) for number in numbers]
        state.next_pass()
        return images

    async def _walk(self, steps: int, strikes: _Strikes) -> float:
        """Take the steps of one pass, or as many as come before an interrupt or skip: the share taken, 0..1."""
        state = self.state
        state.sampling_steps = steps
        for step in range(steps + 1):
            await strikes.come(step / steps)
            if step == steps or state.interrupted or state.skipped:
                break
            await self._timing.sleep(self._timing.step * strikes.slowness)
            state.sampling_step = step + 1
        return state.sampling_step / steps

    async def _answer(self, body: Generation, drawn: Drawn) -> dict[str, Any]:
        texts = [drawn.plan.infotext(min(k, len(drawn.plan.seeds) - 1)) for k in range(len(drawn.images))]
        encoded = await asyncio.to_thread(self._encode, drawn.images, texts) if body.send_images else []
        hidden = set() if getattr(body, "include_init_images", False) else {"init_images", "mask"}
        echo = {k: (None if k in hidden else v) for k, v in body.model_dump().items()}
        return {"images": encoded, "parameters": echo, "info": drawn.plan.info(texts, drawn.timestamp)}

    def _encode(self, images: list[Image.Image], texts: list[str]) -> list[str]:
        kind, quality = str(self.options["samples_format"]), int(self.options["jpeg_quality"])
        wanted = bool(self.options["enable_pnginfo"])
        pairs = zip(images, texts, strict=True)
        return [infotext.encode(image, text if wanted else "", kind, quality=quality) for image, text in pairs]


class _Strikes:
    """The faults of one generation that come in its middle: each once, at its share of the first pass."""

    def __init__(self, engine: Engine, hits: list[Fault], sever: Callable[[], None]) -> None:
        self._waiting = list(hits)
        self._engine, self._sever = engine, sever
        self.slowness = 1.0
        for fault in hits:
            self.slowness *= fault.slowness()

    async def come(self, share: float) -> None:
        """Let those strike whose time has come at `share` (0..1) of the pass."""
        due = [fault for fault in self._waiting if share >= fault.at]
        self._waiting = [fault for fault in self._waiting if share < fault.at]
        for fault in due:
            engine = self._engine
            await fault.strike(Job(engine.state, engine.faults.cleared, self._sever, self._crash))

    async def _crash(self) -> None:
        if self._engine.crash is not None:
            await self._engine.crash()
        self._sever()


def _picture(plan: Plan, number: int, hires: bool, done: float) -> Image.Image:
    return emerge(plan.picture(number, hires=hires), done, plan.seeds[number])


def _enlarge(body: Upscale, samples_format: str) -> str:
    image = infotext.decode(body.image).convert("RGB")
    method = {
        "None": Image.Resampling.LANCZOS,
        "Lanczos": Image.Resampling.LANCZOS,
        "Nearest": Image.Resampling.NEAREST,
    }
    if body.upscaler_1 not in method:
        raise Exception(f"could not find upscaler named {body.upscaler_1}")
    size = _enlarged_size(body, image.size)
    planning.check_memory(size[0] * size[1], 1)
    large = image.resize(size, method[body.upscaler_1])
    if body.resize_mode == 1 and body.upscaling_crop:
        left = (large.width - body.upscaling_resize_w) // 2
        top = (large.height - body.upscaling_resize_h) // 2
        large = large.crop((left, top, left + body.upscaling_resize_w, top + body.upscaling_resize_h))
    return infotext.encode(large, f"Postprocess upscale: {size[0]}x{size[1]}", samples_format)


def _enlarged_size(body: Upscale, size: tuple[int, int]) -> tuple[int, int]:
    if body.resize_mode == 0:
        factor = body.upscaling_resize
    else:
        shares = body.upscaling_resize_w / size[0], body.upscaling_resize_h / size[1]
        factor = max(shares) if body.upscaling_crop else min(shares)
    if factor <= 0:
        raise HTTPError(500, "bad size")
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))
