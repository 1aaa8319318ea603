"""Prompts of the ComfyUI on loopback, and what a test lets become of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loopback.comfyui.execution import Raised

if TYPE_CHECKING:
    from loopback.comfyui.server import ScriptedComfyUI

Json = dict[str, Any]


@dataclass
class Prompt:
    """One in the queue."""

    number: float
    id: str
    graph: Json
    extra: Json
    outputs: list[str]

    @property
    def item(self) -> list[Any]:
        """As `GET /queue` shows it."""
        return [self.number, self.id, self.graph, self.extra, self.outputs]

    @property
    def client(self) -> str | None:
        found = self.extra.get("client_id")
        return found if isinstance(found, str) else None

    def has(self, class_type: str) -> bool:
        return any(entry["class_type"] == class_type for entry in self.graph.values())


@dataclass
class Fault:
    """What becomes of a prompt when a node of a class is about to run; "end": before its last events."""

    at: str = "KSampler"

    async def __call__(self, server: ScriptedComfyUI, prompt: Prompt) -> None:
        """Nothing: an ordinary prompt."""


@dataclass
class Hold(Fault):
    """Runs until the test lets it go, or an interrupt is heeded."""

    heeds: bool = True
    started: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, server: ScriptedComfyUI, prompt: Prompt) -> None:
        server.holds.append(self)
        self.started.set()
        waits = [self.released, *([server.interrupted] if self.heeds else [])]
        tasks = [asyncio.create_task(one.wait()) for one in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()


@dataclass
class Raises(Fault):
    """A node's exception."""

    kind: str = "RuntimeError"
    message: str = "something"

    async def __call__(self, server: ScriptedComfyUI, prompt: Prompt) -> None:
        raise Raised(self.kind, self.message)


@dataclass
class LosesSocket(Fault):
    """All sockets break."""

    async def __call__(self, server: ScriptedComfyUI, prompt: Prompt) -> None:
        await server.cut_sockets()


@dataclass
class Restarts(Fault):
    """The process ends in the middle, and another comes, when the test says so."""

    back: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, server: ScriptedComfyUI, prompt: Prompt) -> None:
        server.restarting = asyncio.create_task(server.restart(self.back))
        await asyncio.Event().wait()


@dataclass
class Black(Fault):
    """NaN: the picture is black, and nothing says so."""

    async def __call__(self, server: ScriptedComfyUI, prompt: Prompt) -> None:
        server.black.add(prompt.id)


OOM = Raises(
    kind="torch.OutOfMemoryError", message="Allocation on device 0 would exceed allowed memory. (out of memory)"
)
BROKEN_FILE = "safetensors._safetensors_rust.SafetensorError"


class HoldsOthers(Hold):
    """The next prompt of another program runs until it is let go."""

    def __init__(self, server: ScriptedComfyUI) -> None:
        super().__init__()
        server.foreign_fault = self


def _marks(prompt: Prompt) -> list[str]:
    return [str(entry["inputs"]["zosma"]) for entry in prompt.graph.values() if "zosma" in entry["inputs"]]


def is_of_zosma(prompt: Prompt) -> bool:
    """Whether a worker of ours sent it."""
    return bool(_marks(prompt))


def is_canary(prompt: Prompt) -> bool:
    """Whether it is a worker's own, that nobody asked for."""
    return any(mark.startswith("task(zosma-") for mark in _marks(prompt))
