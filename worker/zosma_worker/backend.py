"""What a worker asks of the program that makes its pictures, whichever kind that is.

`Backend` is the contract; `webui/` holds the implementation for AUTOMATIC1111's WebUI and its relatives, `comfyui/` the
one for ComfyUI. Everything else in this package knows only what stands here, so that another kind needs no change
outside its own folder and `backends.py`, which chooses. What goes wrong is said by the errors in `errors.py`, whose
texts are for the operator.

    backend.probe() ─ Found          what it can do, what it holds
    backend.start(order, report) ─ Run
        run.answer() ─ Answer        the back end is free for the next order
            answer.checked()         the pictures, looked at
        run.let_go()                 stopped, and nobody else's work with it
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from zosma_queue.fleet import Capabilities, Checkpoint
from zosma_queue.job import Picture
from zosma_queue.request import Request
from zosma_worker.timeouts import Timeouts


@dataclass(frozen=True, kw_only=True)
class Found:
    """A back end that can be used."""

    about: Capabilities
    loaded: str | None
    """Canonical name of the checkpoint in its memory, None when it doesn't say."""
    selected: str | None = None
    """The one that it would take unasked, which need not be in its memory."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Pictures to be made."""

    request: Request
    checkpoint: Checkpoint
    """The one to use, also when the request names none."""
    task: str
    """What the back end is to call it: unique, so that its own job is told from everybody else's."""
    earlier: tuple[str, ...] = ()
    """What it was called in the attempts before: one of them may still be at work, if the worker died that began it."""
    inputs: Mapping[str, bytes] = field(default_factory=dict)
    """The pictures that it starts from, by the ids in the request."""
    ratio: float | None = None
    """Real seconds for each predicted one; None while nobody knows."""
    waited_for: bool = False
    """The worker had nothing to do before, and so hardly has another after it: its pictures are wanted at once."""
    on_data: Callable[[Sequence[bytes]], None] | None = None
    """Told of pictures' bytes as they will be handed on, while they are still looked at: they may be stored meanwhile,
    and are good only once `checked` says so. Called from any thread, once for each call's pictures, in their order, or
    never."""


@dataclass(frozen=True)
class Report:
    """How far an order is."""

    fraction: float
    """0 to 1."""
    eta_s: float | None
    preview: bytes = b""
    """An encoded picture; b'' for none that is new."""
    estimated: bool = False
    """By time, because the back end doesn't say."""


@dataclass(frozen=True)
class Checked:
    """Pictures that are what was asked for."""

    pictures: tuple[Picture, ...]
    data: tuple[bytes, ...]
    """The encoded pictures, in the order of `pictures`."""
    info: dict[str, Any]
    """A1111's `info`, with all its keys, whichever the back end."""
    caption: str = ""
    """What a picture shows, for an order that wanted words."""
    pose: dict[str, Any] | None = None
    """See `Result`."""


class Notes(Protocol):
    """What must be known again of a back end when its worker has died and another comes. Its users are the only ones
    who know what it means. Both raise QueueUnavailableError."""

    async def read_notes(self) -> bytes:
        """What was written last; b'' for nothing."""

    async def write_notes(self, data: bytes) -> None:
        """Writes it anew; b'' for nothing."""


class Answer(Protocol):
    """What came of an order. The back end may work on the next one already."""

    @property
    def was_loaded(self) -> bool | None:
        """Whether its checkpoint was in memory before, so that no time went into loading; None when nobody says."""

    async def checked(self) -> Checked:
        """The pictures, fetched and looked at.

        Raises:
          BadAnswer: when they are not what was asked for.
          WebUIError: when they can't be fetched.
        """


class Run(Protocol):
    """An order that a back end has been sent."""

    @property
    def waited_s(self) -> float:
        """For how long it has waited for somebody else's work, in seconds."""

    async def answer(self) -> Answer:
        """Returns once the back end is done with it. Cancelling this stops only the waiting.

        Raises:
          WebUIError: when the back end fails, refuses, or can't be reached any more; the order is over then.
          Stalled: when nothing moves; `let_go` must follow.
        """

    async def interrupt(self) -> None:
        """Asks the back end once to stop this order, and never anybody else's work.

        Raises:
          WebUIError: when it can't be asked.
        """

    async def skip(self) -> None:
        """Asks the back end once to end the picture at hand as far as it is, and to go on with the order's next one.

        Does nothing where it can't.

        Raises:
          WebUIError: when it can't be asked.
        """

    async def let_go(self) -> None:
        """Stops this order and returns once the back end works on it no longer; it may never return.

        Raises:
          WebUIError: when the back end went down by it.
        """

    async def drop(self) -> None:
        """Waits for it no longer, whatever becomes of it."""


class Backend(Protocol):
    """One program that makes pictures, one order of ours at a time. Each method that waits raises WebUIError."""

    @property
    def url(self) -> str:
        """Its address without a login, for logs and reasons."""

    async def probe(self) -> Found:
        """Reads everything that it can do, and holds. The error's text says why it can't be used, and what to do."""

    async def loaded(self) -> str | None:
        """Canonical name of the checkpoint in its memory, None when it doesn't say. A quick sign of life."""

    async def foreign_work(self) -> float | None:
        """For how many seconds somebody else's work in it has not moved; None when there is none."""

    async def free_memory(self) -> int | None:
        """Bytes of the GPU's memory that are free; None when it doesn't say."""

    async def start(self, order: Order, report: Callable[[Report], None], timeouts: Timeouts) -> Run:
        """Sends an order. `report` is called with whatever the back end says of it, `timeouts` are this order's.

        Raises:
          QueueUnavailableError: when something must be noted before it (`Notes`), and can't be.
        """


def named(checkpoints: tuple[Checkpoint, ...], wanted: str) -> Checkpoint | None:
    """The checkpoint of a list that `wanted` stands for: its name, title, file name or hash."""
    exact = next((one for one in checkpoints if wanted in (one.name, one.title)), None)
    return exact or next((one for one in checkpoints if one.is_called(wanted)), None)
