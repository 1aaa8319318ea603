"""An order on its way through a ComfyUI: one prompt for each picture, one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from zosma_queue.errors import ErrorKind
from zosma_queue.request import Request
from zosma_queue.tasks import end
from zosma_worker.backend import Checked, Order, Report
from zosma_worker.bounds import BYTES_A_PIXEL, MB
from zosma_worker.comfyui import translate
from zosma_worker.comfyui.client import Client
from zosma_worker.comfyui.graph import Picture, build
from zosma_worker.comfyui.listener import Listener, Preview
from zosma_worker.comfyui.lists import Lists
from zosma_worker.comfyui.recipes import Recipe
from zosma_worker.comfyui.translate import Uploads
from zosma_worker.comfyui.watch import Interrupted, Made, Watch, is_down
from zosma_worker.comfyui.workflow import Graph
from zosma_worker.errors import (
    BadAnswer,
    CheckpointUnusable,
    OutOfMemory,
    WebUICut,
    WebUIError,
    WebUIRefused,
    WebUIUnreachable,
)
from zosma_worker.infotext import without_texts
from zosma_worker.preview import shrink_bytes
from zosma_worker.timeouts import Timeouts
from zosma_worker.verify import check, check_upscaled, joined

#: A stop is heard before a node and between steps only, so it is repeated.
STOP_EVERY_S = 1.0
#: Words in a file, and whatever else it has besides its pixels.
_BESIDES_BYTES = 8 * MB
_IDS = uuid.UUID("5f0c5f3e-7a0e-4d0f-9c0b-0d6f2a3c1e77")


def prompt_id(task: str, index: int) -> str:
    """What a picture's prompt is called, the same in every worker."""
    return str(uuid.uuid5(_IDS, f"{task}#{index}"))


@dataclass(frozen=True)
class CheckpointUse:
    """How a checkpoint's pictures are made on a server."""

    path: str
    """The checkpoint's file as the server lists it."""
    recipe: Recipe


class Host(Protocol):
    """What a run tells its back end."""

    def hears(self, run: ComfyUIRun) -> None:
        """Events are this run's from now on."""

    def left(self, run: ComfyUIRun) -> None:
        """Events are this run's no longer."""

    def note_loaded(self, name: str | None, at_ms: float) -> None:
        """What is in the server's memory since then, by its clock; None when nobody knows."""

    def note_failed(self, name: str, error: WebUIError) -> None:
        """An order with this checkpoint failed."""

    def is_known(self, prompt_id: str) -> bool:
        """Whether this process has sent or read the prompt."""

    def note_known(self, prompt_id: str) -> None:
        """This process has sent or read it."""


class Traits:
    """Pictures as ComfyUI makes them: in the size asked for, and without a word that others could read."""

    grid = 8
    whole_factors = False
    keeps_unmasked = False
    writes_infotext = False
    tells_vae = False
    lists_models = True

    def __init__(self, version: str | None) -> None:
        self.signs_as = f"ComfyUI {version}" if version else "ComfyUI"


class ComfyUIRun:
    """An order at work: a `Run`."""

    def __init__(
        self,
        host: Host,
        client: Client,
        listener: Listener,
        lists: Lists,
        known: CheckpointUse | None,
        traits: Traits,
        order: Order,
        report: Callable[[Report], None],
        timeouts: Timeouts,
    ) -> None:
        """`known`: how its checkpoint is used; None when the order needs none."""
        self._host = host
        self._client = client
        self._listener = listener
        self._lists = lists
        self._known = known
        self._traits = traits
        self._order = order
        self._report = report
        self._timeouts = timeouts
        self._watch: Watch | None = None
        self._sent = True
        self._stopped = False
        self._waited_s = 0.0
        self._steps = 0
        self._done = 0
        self._stepping_since: float | None = None
        self._stepped = 0.0
        self._furthest = 0.0
        self._shown_at = float("-inf")
        self._showing: asyncio.Task[None] | None = None
        host.hears(self)
        self._work = asyncio.create_task(self._made())

    @property
    def waited_s(self) -> float:
        """For how long it has waited for somebody else's work."""
        return self._waited_s + (self._watch.waited_s if self._watch else 0.0)

    # -- making -------------------------------------------------------------------------------------------------

    async def answer(self) -> ComfyUIAnswer:
        """Once all its prompts are over."""
        try:
            made = await asyncio.shield(self._work)
        except Interrupted:
            return ComfyUIAnswer(self._client, self._known, self._traits, self._order, [], interrupted=True)
        return ComfyUIAnswer(self._client, self._known, self._traits, self._order, made)

    async def _made(self) -> list[Made]:
        try:
            uploads = await self._uploaded()
            made: list[Made] = []
            for index, graph in enumerate(self._graphs(uploads)):
                if self._stopped:
                    raise Interrupted
                made.append(await self._one(index, graph))
                self._done += 1
            return made
        finally:
            self._host.left(self)
            if self._showing:
                await end(self._showing)

    async def _uploaded(self) -> Uploads:
        if not self._order.inputs:
            return Uploads()
        files = await asyncio.to_thread(translate.prepared, self._order)
        return Uploads(*[await self._client.upload(name, png) for name, png in files])

    def _graphs(self, uploads: Uploads) -> list[Graph]:
        order, mark = self._order, self._order.task
        if order.request.upscale:
            return [translate.enlarging(order.request, self._lists, uploads.start or "", mark)]
        if self._known is None:
            raise WebUIRefused("", detail="the checkpoint is no longer there")
        pictures = translate.pictures(order, self._known.recipe, self._known.path, self._lists, uploads)
        self._steps = _steps_of(pictures[0])
        return [build(self._known.recipe.workflow, picture, mark) for picture in pictures]

    async def _one(self, index: int, graph: Graph) -> Made:
        """One picture's prompt: sent, unless an earlier attempt's is still known to the server, and waited for."""
        output = next(node for node, entry in graph.items() if entry["class_type"] == "PreviewImage")
        earlier = await self._earlier(index)
        name = earlier or prompt_id(self._order.task, index)
        watch = Watch(self._client, self._listener, graph, output, self._timeouts, name, ours=earlier is None)
        self._stepping_since = None
        self._watch, self._sent = watch, earlier is not None
        self._host.note_known(name)
        try:
            if earlier:
                watch.wake()
            else:
                await self._send(watch, graph)
            made = await watch.ended()
        except (WebUIError, Interrupted) as error:
            self._note_failed(watch, error)
            await self._forget(watch.prompt_id)
            raise
        finally:
            self._waited_s += watch.waited_s
            watch.waited_s = 0.0
        if self._known:
            self._host.note_loaded(self._order.checkpoint.name, watch.ended_ms)
        return made

    def _note_failed(self, watch: Watch, error: WebUIError | Interrupted) -> None:
        if isinstance(error, OutOfMemory | CheckpointUnusable | WebUICut | WebUIUnreachable):
            self._host.note_loaded(None, 0.0)  # ComfyUI unloads all models when it is out of memory
        elif watch.started and self._known:
            self._host.note_loaded(self._order.checkpoint.name, watch.ended_ms)
        if isinstance(error, WebUIError):
            self._host.note_failed(self._order.checkpoint.name, error)

    async def _earlier(self, index: int) -> str | None:
        """The prompt that a worker sent before it died, if the server still has it."""
        names = [prompt_id(task, index) for task in self._order.earlier]
        names = [name for name in names if not self._host.is_known(name)]
        queue = await self._client.queue() if names else None
        for name in names:
            if queue and queue.has(name):
                return name
            entry = await self._client.entry(name)
            if entry is not None and entry.succeeded:
                return name
        return None

    async def _send(self, watch: Watch, graph: Graph) -> None:
        try:
            watch.prompt_id = await self._client.submit(graph, watch.prompt_id, self._listener.client_id)
        except WebUICut as cut:
            # It may have been taken all the same.
            try:
                known = (await self._client.queue()).has(watch.prompt_id) or await self._client.entry(watch.prompt_id)
            except WebUIError:
                raise cut from None
            if not known:
                raise
        finally:
            self._sent = True

    async def _forget(self, name: str) -> None:
        with contextlib.suppress(WebUIError):
            await self._client.forget(name)

    # -- what the server tells ----------------------------------------------------------------------------------

    def on_event(self, kind: str, told: dict[str, Any]) -> None:
        """An event of the socket, of any prompt of ours."""
        watch = self._watch
        if watch is None or told.get("prompt_id") != watch.prompt_id:
            return
        watch.event(kind, told)
        if kind == "progress":
            self._tell()

    def on_preview(self, preview: Preview) -> None:
        """A picture on its way."""
        watch = self._watch
        due = time.monotonic() - self._shown_at >= self._timeouts.preview_s
        ours = watch is not None and watch.started and preview.prompt_id in (None, watch.prompt_id)
        if ours and due and (self._showing is None or self._showing.done()):
            self._shown_at = time.monotonic()
            self._showing = asyncio.create_task(self._show(preview.data))

    def on_silence(self) -> None:
        """The socket broke."""
        if self._watch:
            self._watch.wake()

    async def _show(self, data: bytes) -> None:
        small = await asyncio.to_thread(shrink_bytes, data)
        if small:
            self._tell(small)

    def _tell(self, preview: bytes = b"") -> None:
        share, eta_s = self._share()
        total = max(self._order.request.count, 1)
        self._furthest = max(self._furthest, min((self._done + share) / total, 1.0))
        self._report(Report(self._furthest, eta_s, preview))

    def _share(self) -> tuple[float, float | None]:
        """How much of the running picture is done, and the seconds that all of them still need."""
        steps = self._watch.steps if self._watch else {}
        done = sum(value for value, _ in steps.values())
        most = max(sum(most for _, most in steps.values()), self._steps)
        if not done or not most:
            return 0.0, None
        now = time.monotonic()
        if self._stepping_since is None:  # from the end of the first step: what came before was loading
            self._stepping_since, self._stepped = now, done
        rest = most - done + (max(self._order.request.count, 1) - self._done - 1) * most
        since = done - self._stepped
        return min(done / most, 1.0), (now - self._stepping_since) / since * rest if since > 0 else None

    # -- stopping -----------------------------------------------------------------------------------------------

    async def interrupt(self) -> None:
        """Takes the prompt out of the queue, or stops it if it runs."""
        await self._stop()

    async def skip(self) -> None:
        """It has no way to end a picture that leaves one."""

    async def _stop(self) -> bool:
        """Asks once. True when the server has nothing of it left."""
        if self._watch is None:
            return True
        return not await self._client.stop(self._watch.prompt_id)

    async def let_go(self) -> None:
        """Stops until the server neither runs the prompt nor has it in its queue."""
        self._stopped = True
        while True:
            try:
                gone = await self._stop()
            except WebUIError as error:
                if is_down(error):
                    await self.drop()
                    raise
                gone = False
            if gone and (self._sent or self._work.done()):
                break
            if self._work.done():
                await asyncio.sleep(STOP_EVERY_S)
            else:
                await asyncio.wait({self._work}, timeout=STOP_EVERY_S)
        await self.drop()
        if self._watch:
            await self._forget(self._watch.prompt_id)

    async def drop(self) -> None:
        """Waits for it no longer."""
        await end(self._work)


def _steps_of(picture: Picture) -> int:
    return int(picture.values.get("steps", 0)) + (picture.second.steps if picture.second else 0)


class ComfyUIAnswer:
    """The files that a ComfyUI has made, still on its side."""

    def __init__(
        self,
        client: Client,
        known: CheckpointUse | None,
        traits: Traits,
        order: Order,
        made: list[Made],
        *,
        interrupted: bool = False,
    ) -> None:
        self._client = client
        self._known = known
        self._traits = traits
        self._order = order
        self._made = made
        self._interrupted = interrupted

    @property
    def was_loaded(self) -> bool | None:
        """Whether the first prompt found its checkpoint in the server's cache."""
        if self._known is None or not self._made:
            return None
        return self._known.recipe.workflow.places["checkpoint"].node in self._made[0].cached

    async def checked(self) -> Checked:
        """The pictures, fetched and looked at."""
        if self._interrupted:
            raise BadAnswer(ErrorKind.INTERRUPTED)
        try:
            data = [await self._fetched(made) for made in self._made]
        finally:
            for made in self._made:
                with contextlib.suppress(WebUIError):
                    await self._client.forget(made.prompt_id)
        return await asyncio.to_thread(self._verified, data)

    async def _fetched(self, made: Made) -> bytes:
        if not made.pictures:
            raise BadAnswer(ErrorKind.EMPTY)
        request = self._order.request
        try:
            return await self._client.view(made.pictures[0], request.output_pixels * BYTES_A_PIXEL + _BESIDES_BYTES)
        except WebUIRefused as gone:
            raise BadAnswer(ErrorKind.EMPTY) from gone

    def _verified(self, data: list[bytes]) -> Checked:
        order, request = self._order, self._order.request
        plain = [_plain(one) for one in data]
        if request.upscale:
            source = order.inputs.get(request.upscale.image, b"")
            return check_upscaled(plain[0], request, request.upscale, source, self._traits)
        return joined([self._seen(one, part) for one, part in zip(plain, translate.parts(request), strict=True)])

    def _seen(self, data: bytes, request: Request) -> Checked:
        order, info = self._order, {"version": self._traits.signs_as}
        if self._known:
            request = translate.resolved(request, self._known.recipe)
        return check([data], info, request, order.checkpoint, self._traits, order.inputs)


def _plain(data: bytes) -> bytes:
    """A picture without the graph that ComfyUI writes into it: that is the operator's."""
    try:
        return without_texts(data)
    except ValueError:
        return data  # no PNG; whoever looks at it next says what it is
