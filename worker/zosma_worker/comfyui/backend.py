"""ComfyUI as a back end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from zosma_queue.families import family_of, is_apart
from zosma_queue.fleet import COMFYUI, Capabilities, Checkpoint, Workflow, WorkflowOption, named_by_file
from zosma_worker.backend import Found, Order, Report
from zosma_worker.bounds import ENTRIES_MAX, NAME_MAX_CHARS
from zosma_worker.comfyui.client import Client, Queue
from zosma_worker.comfyui.listener import Listener, Preview
from zosma_worker.comfyui.lists import (
    FILE_LISTS,
    FOLDERS,
    TEXT_ENCODERS,
    Lists,
    checkpoint,
    hires_upscalers,
    read_lists,
)
from zosma_worker.comfyui.names import schedulers_of
from zosma_worker.comfyui.node_info import NodeInfo, read_nodes
from zosma_worker.comfyui.recipes import IMG2IMG, INPAINTING, Library, Recipe, choose, choose_by_header
from zosma_worker.comfyui.run import CheckpointUse, ComfyUIRun, Traits
from zosma_worker.errors import (
    CheckpointUnusable,
    NodesMissing,
    WebUIBroken,
    WebUIBusy,
    WebUIError,
    WebUILacks,
    WebUINotSetUp,
    WebUIRefused,
)
from zosma_worker.settings import Address
from zosma_worker.timeouts import Timeouts

log = logging.getLogger(__name__)

#: A checkpoint that couldn't be loaded twice in a row is not offered for this long: its file may be copied anew.
UNUSABLE_S = 600.0
FAILURES_UNTIL_UNUSABLE = 2
#: Headers that are read at the same time.
HEADERS_AT_ONCE = 8
#: The queue is looked at so often while nothing says that it has changed: with the socket open, and without.
QUEUE_EVERY_S, LOOK_EVERY_S = 30.0, 1.0
#: So many prompts are remembered as this process's own.
KNOWN_MAX = 2000


@contextlib.asynccontextmanager
async def comfyui_backend(address: Address, workflows: Path | None = None) -> AsyncIterator[ComfyUIBackend]:
    """The ComfyUI at an address, with an operator's folder of workflows."""
    async with Client(address) as client:
        backend = ComfyUIBackend(client, Library(workflows))
        try:
            yield backend
        finally:
            await backend.close()


async def is_comfyui(address: Address) -> bool:
    """Whether a ComfyUI answers there.

    Raises:
      WebUIError: when nothing does.
    """
    async with Client(address) as client:
        try:
            await client.stats()
        except WebUINotSetUp:
            return False
        return True


class ComfyUIBackend:
    """A ComfyUI: a `Backend`. What it holds in memory is known by the prompts that ran, ours and others'."""

    def __init__(self, client: Client, library: Library, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._library = library
        self._clock = clock
        self._listener = Listener(
            client, f"zosma-{uuid.uuid4().hex}", self._on_event, self._on_preview, self._on_silence
        )
        self._run: ComfyUIRun | None = None
        self._nodes: Mapping[str, NodeInfo] = {}
        self._nodes_of = -1
        self._lists = Lists()
        self._checkpoints: dict[str, CheckpointUse] = {}
        self._by_name: dict[str, Recipe] = {}
        self._architectures: dict[str, str | None] = {}
        self.refusals: dict[str, tuple[str, ...]] = {}
        """Workflow → why it is not offered."""
        self._failures: dict[str, int] = {}
        self._unusable: dict[str, float] = {}
        self._version: str | None = None
        self._loaded: str | None = None
        self._loaded_at_ms = 0.0
        self._others = True
        """Somebody else may be at work, or have been."""
        self._queue = Queue((), ())
        self._queue_at = float("-inf")
        self._known: dict[str, None] = {}

    @property
    def url(self) -> str:
        """Its address without a login."""
        return self._client.url

    async def close(self) -> None:
        """Ends the socket."""
        await self._listener.close()

    # -- looking ------------------------------------------------------------------------------------------------

    async def probe(self) -> Found:
        """What it can do and holds."""
        stats = await self._client.stats()
        version = stats["system"].get("comfyui_version")
        self._version = version if isinstance(version, str) else None
        await self._listener.ensure()
        await self._read_nodes()
        recipes, refusals = self._library.bound(self._nodes)
        self._note_refusals({**self._library.refused, **refusals})
        checkpoints = await self._read_checkpoints(recipes)
        if not self._lists.samplers:
            raise WebUIBroken(f"{self.url} lists no sampler")
        if not checkpoints:
            raise WebUINotSetUp(f"{self.url} has no checkpoint that can be used: {self._lacking(refusals)}")
        used = {known.recipe.name: known.recipe for known in self._checkpoints.values()} | self._by_name
        return Found(about=self._about(checkpoints, list(used.values())), loaded=await self.loaded())

    async def _read_nodes(self) -> None:
        """All nodes of a server process that is new to us, else only the lists of files."""
        changed = self._library.read()
        if self._nodes_of != self._listener.lives or not self._listener.open or not self._nodes or changed:
            self._nodes = read_nodes(await self._client.object_info())
            self._nodes_of = self._listener.lives
        else:
            names = [name for name in (*FILE_LISTS, *TEXT_ENCODERS) if name in self._nodes]
            found = await asyncio.gather(*(self._client.object_info(name) for name in names))
            self._nodes = {**self._nodes, **{key: info for one in found for key, info in read_nodes(one).items()}}
        if not self._nodes:
            raise WebUIBroken(f"{self.url} lists no nodes")
        self._lists = read_lists(self._nodes, await self._client.embeddings())

    async def _read_checkpoints(self, recipes: list[Recipe]) -> tuple[Checkpoint, ...]:
        """The files that a recipe fits, by the loaders that list them."""
        files = [
            (FILE_LISTS[node], path)
            for node in ("CheckpointLoaderSimple", "UNETLoader")
            if node in self._nodes
            for path in self._nodes[node].choices(FILE_LISTS[node])[:ENTRIES_MAX]
            if len(path) <= NAME_MAX_CHARS
        ]
        room = asyncio.Semaphore(HEADERS_AT_ONCE)

        async def recipe_of(loader: str, path: str) -> Recipe | None:
            by_path = choose(recipes, path, loader)
            # Of a known family whose workflow this server doesn't take: another's would make noise of it.
            if by_path or is_apart(path) or family_of(path):
                return by_path
            async with room:
                return choose_by_header(recipes, await self._architecture(loader, path), loader)

        chosen = await asyncio.gather(*(recipe_of(loader, path) for loader, path in files))
        self._by_name = {one.name: one for one in recipes if one.own}
        found: dict[str, tuple[Checkpoint, CheckpointUse]] = {}
        for (loader, path), recipe in zip(files, chosen, strict=True):
            recipe = recipe or next((own for own in self._by_name.values() if own.is_for(loader, path)), None)
            if recipe is not None:
                one = checkpoint(path, recipe.workflow.about.facts)
                found.setdefault(one.name, (one, CheckpointUse(path, recipe)))
        listed = named_by_file(one for one, _ in found.values())
        known = zip(listed, (how for _, how in found.values()), strict=True)
        self._checkpoints = {one.name: how for one, how in known if not self._is_unusable(one.name)}
        return tuple(one for one in listed if one.name in self._checkpoints)

    async def _architecture(self, loader: str, path: str) -> str | None:
        """What a file's header says that it is; asked once."""
        key = f"{loader}:{path}"
        if key not in self._architectures:
            header = await self._client.header(FOLDERS[loader], path)
            found = header.get("modelspec.architecture")
            self._architectures[key] = found if isinstance(found, str) else None
        return self._architectures[key]

    def fits(self, workflow: str, checkpoint: str) -> bool:
        """Whether an operator's own workflow is for a checkpoint that it has."""
        recipe, known = self._by_name.get(workflow), self._checkpoints.get(checkpoint)
        return recipe is not None and known is not None and recipe.is_for(known.recipe.loader, known.path)

    def _workflows(self) -> tuple[Workflow, ...]:
        """What may be asked for by name."""
        found = []
        for name, recipe in self._by_name.items():
            about = recipe.workflow.about
            checkpoints = tuple(one for one in self._checkpoints if self.fits(name, one))
            if about.automatic or not checkpoints:
                continue
            options = tuple(
                WorkflowOption(name=key, **option.model_dump(exclude={"input"}))
                for key, option in about.options.items()
            )
            found.append(
                Workflow(
                    name=name,
                    title=recipe.workflow.title,
                    description=about.description,
                    checkpoints=checkpoints,
                    facts=about.facts,
                    options=options,
                )
            )
        return tuple(found)

    def _about(self, checkpoints: tuple[Checkpoint, ...], recipes: list[Recipe]) -> Capabilities:
        lists = self._lists
        embeddings = [name.replace("\\", "/").rpartition("/")[2] for name in lists.embeddings]
        return Capabilities(
            webui=self.url,
            flavour=COMFYUI,
            version=self._version,
            host=socket.gethostname(),
            checkpoints=checkpoints,
            samplers=tuple(lists.samplers),
            schedulers=schedulers_of(lists.schedulers.values()),
            upscalers=hires_upscalers(lists, recipes),
            enlargers=lists.enlargers,
            loras=tuple(lists.loras),
            embeddings=tuple(embeddings),
            embedding_widths=dict.fromkeys(embeddings, 0),
            vaes=tuple(lists.vaes),
            workflows=self._workflows(),
            fields=("distilled_cfg_scale",) if any(one.workflow.about.facts.distilled for one in recipes) else (),
            hires=bool(hires_upscalers(lists, recipes)),
            img2img=any(IMG2IMG in recipe.abilities for recipe in recipes),
            inpainting=any(INPAINTING in recipe.abilities for recipe in recipes),
            mask_settings=False,
            variations=False,
            huge_seeds=True,
            clip_skip=any(recipe.workflow.has("clip-skip") for recipe in recipes),
        )

    def _listed(self) -> list[str]:
        """All files of checkpoints that the server lists."""
        loaders = [(node, name) for node, name in FILE_LISTS.items() if name in FOLDERS and node in self._nodes]
        return [path for node, name in loaders for path in self._nodes[node].choices(name)]

    def _note_refusals(self, refusals: dict[str, tuple[str, ...]]) -> None:
        """Says of each workflow once why it is not offered; aloud of an own one, and where a file waits for it."""
        for name, problems in refusals.items():
            if self.refusals.get(name) != problems:
                missed = self._library.is_own(name) or self._library.is_meant_for(name, self._listed())
                level = logging.WARNING if missed else logging.INFO
                log.log(level, "%s: the workflow %s is not offered: %s", self.url, name, "; ".join(problems[:3]))
        self.refusals = refusals

    def _lacking(self, refusals: Mapping[str, tuple[str, ...]]) -> str:
        listed = self._listed()
        if listed:
            meant = [name for name in refusals if self._library.is_meant_for(name, listed)]
            first = next(iter([*meant, *refusals]), None)
            said = f" ({first}: {refusals[first][0]})" if first else ""
            return f"no workflow fits those that it lists{said}"
        return "put one into its folder models/checkpoints"

    async def loaded(self) -> str | None:
        """The checkpoint of the prompt that ran last. Asks nothing while the socket tells everything."""
        if not await self._listener.ensure() or self._others:
            await self._look_at_others()
        return self._loaded

    async def foreign_work(self) -> float | None:
        """0 while somebody else's prompts run or wait; of how far those are, only they are told."""
        if not self._others and self._listener.open:
            return None
        queue = await self._look_at_others()
        return 0.0 if queue.running or queue.pending else None

    async def _look_at_others(self) -> Queue:
        """Whose prompts are in the queue; once there are none, what the last one left in memory.

        Asked again when the socket said that the queue has changed, else now and then.
        """
        if self._clock() - self._queue_at < (QUEUE_EVERY_S if self._listener.open else LOOK_EVERY_S):
            return self._queue
        self._queue, self._queue_at = await self._client.queue(), self._clock()
        if self._queue.running or self._queue.pending:
            self._others = True
            return self._queue
        with contextlib.suppress(WebUIRefused, WebUIBroken):
            newest = await self._client.newest()
            if newest is not None and newest.at_ms > self._loaded_at_ms and not self.is_known(newest.id):
                self.note_loaded(self._checkpoint_in(newest.graph), newest.at_ms)
        self._others = False
        return self._queue

    def _checkpoint_in(self, graph: Mapping[str, Any]) -> str | None:
        """The checkpoint that somebody else's prompt used, if it is one of ours."""
        inputs = [one.get("inputs") for one in graph.values() if isinstance(one, dict)]
        files = [one.get(loader) for one in inputs if isinstance(one, dict) for loader in FOLDERS]
        return next((name for name, known in self._checkpoints.items() if known.path in files), None)

    async def free_memory(self) -> int | None:
        """Free bytes of the first GPU's memory."""
        devices = (await self._client.stats()).get("devices")
        first = devices[0] if isinstance(devices, list) and devices else None
        free = first.get("vram_free") if isinstance(first, dict) and first.get("type") != "cpu" else None
        return int(free) if isinstance(free, int | float) else None

    # -- making -------------------------------------------------------------------------------------------------

    async def start(self, order: Order, report: Callable[[Report], None], timeouts: Timeouts) -> ComfyUIRun:
        """Sends an order."""
        if not self._nodes:
            raise WebUIBusy(f"{self.url} has not been looked at")
        await self._listener.ensure()
        known = None if order.request.upscale else self._recipe_for(order)
        return ComfyUIRun(
            self, self._client, self._listener, self._lists, known, Traits(self._version), order, report, timeouts
        )

    def _recipe_for(self, order: Order) -> CheckpointUse | None:
        known, wanted = self._checkpoints.get(order.checkpoint.name), order.request.workflow
        if known is None or not wanted:
            return known
        if not self.fits(wanted, order.checkpoint.name):
            detail = f"the workflow {wanted!r} is no longer there, or not for this checkpoint"
            raise WebUILacks(f"{self.url}: {detail}", detail=detail)
        return CheckpointUse(known.path, self._by_name[wanted])

    def note_failed(self, name: str, error: WebUIError) -> None:
        """What a failure says of the server beyond the job: nodes are gone, or a checkpoint's file is broken."""
        if isinstance(error, NodesMissing):
            self._nodes_of = -1
        if not isinstance(error, CheckpointUnusable):
            return
        self._failures[name] = self._failures.get(name, 0) + 1
        if self._failures[name] >= FAILURES_UNTIL_UNUSABLE:
            self._unusable[name] = self._clock() + UNUSABLE_S
            log.warning("%s: %s is not offered for %.0f minutes: %s", self.url, name, UNUSABLE_S / 60, error)

    def _is_unusable(self, name: str) -> bool:
        return self._unusable.get(name, 0.0) > self._clock()

    # -- what a run and the socket tell ---------------------------------------------------------------------------

    def hears(self, run: ComfyUIRun) -> None:
        """Events are this run's from now on."""
        self._run = run

    def left(self, run: ComfyUIRun) -> None:
        """Events are this run's no longer."""
        if self._run is run:
            self._run = None

    def note_loaded(self, name: str | None, at_ms: float) -> None:
        """What is in memory since then, by the server's clock."""
        self._loaded = name
        self._loaded_at_ms = max(at_ms, self._loaded_at_ms)
        if name:
            self._failures.pop(name, None)

    def is_known(self, prompt_id: str) -> bool:
        """Whether this process has sent or read the prompt."""
        return prompt_id in self._known

    def note_known(self, prompt_id: str) -> None:
        """This process has sent or read it."""
        self._known[prompt_id] = None
        if len(self._known) > KNOWN_MAX:
            del self._known[next(iter(self._known))]

    def _on_event(self, kind: str, told: dict[str, Any]) -> None:
        if kind == "status":
            self._note_queue(told)
        elif self._run:
            self._run.on_event(kind, told)

    def _note_queue(self, told: dict[str, Any]) -> None:
        status = told.get("status")
        info = status.get("exec_info") if isinstance(status, dict) else None
        remaining = info.get("queue_remaining") if isinstance(info, dict) else None
        self._queue_at = float("-inf")
        if type(remaining) is int and remaining > (1 if self._run else 0):
            self._others = True

    def _on_preview(self, preview: Preview) -> None:
        if self._run:
            self._run.on_preview(preview)

    def _on_silence(self) -> None:
        """The socket broke: whatever comes back may be another process, with nothing in its memory."""
        self._others = True
        self._queue_at = float("-inf")
        self._loaded = None
        if self._run:
            self._run.on_silence()
