"""A worker that the test plays by hand: it calls the real verbs, and does with a job what the test says."""

from __future__ import annotations

import asyncio
import io
from contextlib import suppress
from typing import Any, Self

import redis.asyncio
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from zosma_queue import calls, keys
from zosma_queue.calls import Leased, Outcome
from zosma_queue.fleet import Capabilities, Checkpoint, Scheduler, Style, Trust, WorkerState
from zosma_queue.job import Picture, Result, State
from zosma_queue.messages import request_for
from zosma_queue.picture_store import RedisPictures, place
from zosma_queue.request import PIXELS_MAX, Request
from zosma_queue.s3_pictures import S3Pictures
from zosma_queue.scripts import acall
from zosma_queue.tasks import end

BEAT_EVERY_S = 3.0

ABOUT = Capabilities(
    webui="http://gpu:7860",
    flavour="a1111",
    version="v1.10.1",
    host="gpu",
    checkpoints=(
        Checkpoint(name="dream", title="dream.safetensors [0123456789]", hash="0123456789"),
        Checkpoint(name="anime", title="anime.safetensors [9876543210]", hash="9876543210"),
    ),
    samplers=("DPM++ 2M", "Euler a"),
    schedulers=(Scheduler(name="karras", label="Karras"),),
    upscalers=("Latent",),
    enlargers=("Lanczos", "R-ESRGAN 4x+"),
    loras=("lighthouses",),
    vaes=("soft.safetensors",),
    styles=(Style(name="misty", prompt="{prompt}, misty"),),
    fields=(
        "restore_faces",
        "tiling",
        "eta",
        "hr_prompt",
        "hr_sampler_name",
        "seed_resize_from_w",
        "hr_resize_x",
        "override_settings.eta_noise_seed_delta",
        "override_settings.face_restoration_model",
        "SD upscale",
    ),
    scripts=("adetailer",),
    face_restorers=("GFPGAN",),
    interrogators=("clip",),
    several_starts=True,
    skips=True,
    script_pictures=True,
    huge_seeds=True,
    img2img=True,
    inpainting=True,
)


def png(seed: int, size: tuple[int, int] = (64, 64), parameters: str = "") -> bytes:
    """A small picture whose bytes tell which seed it is of."""
    buffer = io.BytesIO()
    told = PngInfo()
    if parameters:
        told.add_text("parameters", parameters)
    Image.new("RGB", size, (seed % 256, seed // 256 % 256, 77)).save(buffer, "PNG", pnginfo=told)
    return buffer.getvalue()


def infotext(request: Request, seed: int, checkpoint: str) -> str:
    """How A1111 would tell it."""
    negative = f"\nNegative prompt: {request.negative_prompt}" if request.negative_prompt else ""
    return (
        f"{request.prompt}{negative}\nSteps: {request.steps}, Sampler: {request.sampler or 'DPM++ 2M'},"
        f" CFG scale: {request.cfg_scale:g}, Seed: {seed}, Size: {request.width}x{request.height}, Model: {checkpoint}"
    )


def wanted(leased: Leased) -> Request:
    """What a delivery is to make."""
    return request_for(leased.body, first=leased.first, count=leased.count, checkpoint=leased.checkpoint)


class PlayedWorker:
    """One worker. `take` waits for a job as a real one does."""

    def __init__(
        self, url: str, name: str = "gpu/played", loaded: str = "dream", loras: tuple[str, ...] = ABOUT.loras
    ) -> None:
        self.name = name
        self.loaded = loaded
        self.about = ABOUT.model_copy(update={"loras": loras})
        self.pixels = PIXELS_MAX
        self.gpu_seconds = 1.5
        self.inputs: dict[str, bytes] = {}
        """The pictures that the request at hand starts from."""
        self.bucket: S3Pictures | None = None
        """Where finished pictures are put; None: into Redis."""
        self._redis: Any = redis.asyncio.Redis.from_url(url)
        self._said: tuple[WorkerState, str, Trust] | None = None
        self._living: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.beat()
        self._living = asyncio.create_task(self._live())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._living:
            await end(self._living)
        await self._redis.aclose()

    async def _live(self) -> None:
        """Says again what it said last: a test may take longer than a silent worker is believed in."""
        while True:
            await asyncio.sleep(BEAT_EVERY_S)
            if self._said:
                state, reason, trust = self._said
                with suppress(redis.RedisError, OSError):
                    await self.beat(state, reason=reason, trust=trust)

    async def beat(
        self,
        state: WorkerState = WorkerState.READY,
        about: Capabilities | None = None,
        reason: str = "",
        trust: Trust = Trust.TRUSTED,
    ) -> None:
        """A sign of life. What it says about itself, it says from then on."""
        self.about = about or self.about
        self._said = state, reason, trust
        beat = calls.beat(
            self.name, state, loaded=self.loaded, pixels=self.pixels, about=self.about, reason=reason, trust=trust
        )
        await acall(self._redis, beat)

    async def leave(self) -> None:
        """Goodbye."""
        self._said = None
        await acall(self._redis, calls.leave(self.name))

    async def take(self, timeout: float = 30.0) -> Leased:
        """The next job, once there is one. A test whose job never came fails, and doesn't hang."""
        async with asyncio.timeout(timeout):
            while True:
                leased = await acall(self._redis, calls.fetch(self.name, waits=True))
                if leased:
                    return leased
                handed = keys.handed(self.name)
                found = await self._redis.blpop([handed, keys.wake(self.name)], timeout=1)
                if found and found[0] == handed.encode() and (leased := calls.leased_in(found[1])):
                    return leased
                await self.beat()

    async def progress(self, leased: Leased, value: float, *, eta_s: float = 1.0, preview: bytes = b"") -> calls.Lease:
        """Renews the lease with progress."""
        return await acall(
            self._redis, calls.renew(leased.id, leased.attempt, progress=value, eta_s=eta_s, preview=preview)
        )

    async def settle(self, leased: Leased, outcome: Outcome) -> State | None:
        """Ends the delivery."""
        return await acall(self._redis, calls.settle(leased.id, leased.attempt, outcome))

    def draw(self, request: Request, seed: int, checkpoint: str, parameters: str) -> bytes:
        """One picture; whoever wants to look at it draws a better one."""
        return png(seed, request.output_size, parameters)

    def _told(self, request: Request, seed: int, checkpoint: str) -> str:
        """The infotext of a picture; one that was made larger keeps what it said before."""
        if request.upscale is None:
            return infotext(request, seed, checkpoint)
        with Image.open(io.BytesIO(self.inputs[request.upscale.image])) as source:
            before = source.info.get("parameters")
        how = f"Postprocess upscale by: {request.upscale.upscaling_resize:g}"
        return ", ".join(part for part in (before, how) if part)

    async def finish(self, leased: Leased) -> list[bytes]:
        """Makes the pictures, stores and settles them; gives their bytes."""
        request = wanted(leased)
        seeds = [] if request.interrogate else range(request.seed, request.seed + request.count)
        checkpoint = request.checkpoint or self.loaded
        self.inputs = {one: await self._redis.get(keys.picture_input(one)) for one in request.inputs}
        told = [self._told(request, seed, checkpoint) for seed in seeds]
        images = [self.draw(request, seed, checkpoint, text) for seed, text in zip(seeds, told, strict=True)]
        for index, image in enumerate(images):
            store = self.bucket or RedisPictures(self._redis)
            await store.put(place(leased.id, leased.attempt, index), image)
        pictures = tuple(
            Picture(
                index=index, format="png", width=request.output_size[0], height=request.output_size[1],
                bytes=len(image), seed=seed, parameters=text, store=self.bucket.name if self.bucket else "",
            )
            for index, (seed, image, text) in enumerate(zip(seeds, images, told, strict=True))
        )  # fmt: skip
        result = Result(
            pictures=pictures, attempt=leased.attempt, checkpoint=checkpoint,
            checkpoint_hash="0123456789", sampler=request.sampler or "DPM++ 2M", scheduler=request.scheduler,
            worker=self.name, gpu_seconds=self.gpu_seconds,
            caption=f"a picture by {request.interrogate.model}" if request.interrogate else "",
            info={"prompt": request.prompt, "seed": request.seed, "sd_model_name": checkpoint},
        )  # fmt: skip
        await self.settle(leased, calls.done(result))
        return images
