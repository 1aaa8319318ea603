"""What the server tells, as frozen dataclasses. Times are seconds, unless a name ends in `_ms` (since 1970)."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from zosma.errors import UnreadableAnswerError

T = TypeVar("T")

State = Literal["waiting", "delayed", "running", "done", "failed", "cancelled"]
"""`delayed`: put off, or waiting before another try."""
Lane = Literal["fast", "relax"]
ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True, kw_only=True)
class JobFailure:
    """Why a job failed."""

    kind: str | None
    """To branch on, like `oom`."""
    text: str | None
    """For people."""


@dataclass(frozen=True, kw_only=True)
class ImageView:
    """A finished picture, without its bytes."""

    url: str
    """Path on the server."""
    format: str
    """png, jpeg or webp."""
    width: int
    height: int
    seed: int
    parameters: str
    """How it was made, as A1111 writes it into its pictures."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a job that is done."""

    checkpoint: str
    sampler: str
    gpu_seconds: float
    images: list[ImageView]
    caption: str = ""
    """What is on the picture that was to be put into words."""
    pose: dict[str, Any] | None = None
    """The bodies, hands and faces that a preprocessor of ControlNet's has found."""
    other_kind: bool = False
    """Another kind of server made it than the one that began it: of the same seed it makes another picture."""


@dataclass(frozen=True, kw_only=True)
class JobView:
    """A job as it was when the server told of it."""

    id: str
    state: State
    position: int | None = None
    """Place in line, 1 for the job that begins next; None unless it waits, is placed and not held back by a pause."""
    starts_in_s: float | None = None
    """Forecast."""
    ends_in_s: float | None = None
    """Forecast."""
    paused: bool = False
    """It waits for an admin to resume what they paused, which nobody can forecast."""
    progress: float | None = None
    """0 to 1."""
    eta_s: float | None = None
    """Seconds until it ends, by the WebUI's own word."""
    estimated: bool = False
    """`progress` and `eta_s` are by time: this WebUI doesn't say."""
    attempt: int = 0
    worker: str | None = None
    """Name of the GPU that has it, or had it last."""
    request: dict[str, Any] | None = None
    """As it is queued: seeds drawn, names as the fleet has them."""
    error: JobFailure | None = None
    missing: int = 0
    """Pictures of a set that could not be made; `error` says why."""
    result: Result | None = None
    """Only where the job is done."""

    @property
    def ended(self) -> bool:
        """True when nothing more will become of it."""
        return self.state in ENDED


UpdateKind = Literal["state", "place", "progress", "preview", "end"]


@dataclass(frozen=True, kw_only=True)
class Update:
    """Something that happened to a job, and how it stands since."""

    kind: UpdateKind
    job: JobView
    preview_url: str | None = None
    """With `preview`: path of the picture so far. `await job.preview()` has its bytes."""

    @property
    def state(self) -> State:
        """The job's state."""
        return self.job.state

    @property
    def progress(self) -> float:
        """0 to 1; 0 while it waits, 1 once it is done."""
        return 1.0 if self.job.state == "done" else self.job.progress or 0.0

    @property
    def position(self) -> int | None:
        """Place in line, 1 for the job that begins next."""
        return self.job.position

    @property
    def starts_in_s(self) -> float | None:
        """Forecast."""
        return self.job.starts_in_s

    @property
    def ends_in_s(self) -> float | None:
        """Seconds until the pictures are there: a waiting job's forecast, or what a running one's WebUI says."""
        return self.job.eta_s if self.job.state == "running" else self.job.ends_in_s


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a request would be refused now."""

    detail: str
    """For people."""
    code: str
    """To branch on."""
    status: int
    field: str | None = None
    hint: str | None = None


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a request would cost and when it would be done, were it submitted now."""

    cost_s: float | None
    """GPU-seconds; None where the request itself is wrong."""
    position: int | None
    starts_in_s: float | None
    ends_in_s: float | None
    """None where it is refused, put off, held by a pause, or too far back to be placed."""
    paused: bool
    workers: list[str]
    """Names of the workers that could do it."""
    refused: Refusal | None
    """None: it would be taken."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A checkpoint that somebody has."""

    name: str
    title: str
    hash: str | None
    workers: int
    """How many ready workers have it."""
    loaded: bool
    """One of them holds it in memory: it begins without a load."""


@dataclass(frozen=True, kw_only=True)
class Scheduler:
    """A noise schedule."""

    name: str
    label: str


@dataclass(frozen=True, kw_only=True)
class WorkflowOption:
    """Something that may be chosen with a workflow: a key of `workflow_options`."""

    name: str
    type: Literal["number", "integer", "text", "switch", "choice"]
    description: str
    default: Any
    """A number, text or True/False, by `type`; None for none."""
    min: float | None
    max: float | None
    choices: list[str]


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """An operator's own way to make pictures: `workflow`."""

    name: str
    title: str
    description: str
    checkpoints: list[str]
    """Names of those that it is for."""
    options: list[WorkflowOption]


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """What the ready workers offer together."""

    ready: int
    """Ready workers."""
    load_s: float | None
    """What loading a checkpoint takes here; None while nobody has loaded one."""
    checkpoints: list[Checkpoint]
    samplers: list[str]
    schedulers: list[Scheduler]
    upscalers: list[str]
    """Of the hires pass."""
    enlargers: list[str]
    """For `upscale`."""
    loras: list[str]
    vaes: list[str]
    styles: list[str]
    scripts: list[str]
    workflows: list[Workflow] = dataclasses.field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A GPU, as everybody may see it."""

    name: str
    state: Literal["ready", "busy", "away"]
    flavour: str | None
    checkpoint: str | None
    """Loaded."""
    quarantined: bool
    """Its WebUI is not trusted: it gets no jobs until a trial job comes out right."""
    paused: bool
    checkpoints: int
    """How many it has."""
    max_pixels: int
    """Largest picture, width × height."""


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Something that an admin has paused."""

    scope: str
    """`queue`, `lane:…`, `checkpoint:…` or `worker:…`."""
    since_ms: int
    why: str | None


@dataclass(frozen=True, kw_only=True)
class Queue:
    """How full the queue is: numbers of jobs."""

    waiting: int
    delayed: int
    running: int
    failed: int
    undelivered: int
    oldest_wait_s: float | None
    last_gpu_ms: int | None
    """When a GPU was last ready, in ms since 1970, while none is; None while one is, and where none ever was."""
    paused: list[Pause]


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of the caller's jobs."""

    jobs: list[JobView]
    next: str | None


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    """What became of a cancel."""

    state: Literal["cancelled", "cancelling"]


def decode(kind: type[T], data: Any) -> T:
    """A dataclass from decoded JSON. Fields that it doesn't know are left out: newer servers have more.

    Raises:
      UnreadableAnswerError: when a field is missing or of another type.
    """
    try:
        return typing.cast(T, _decoded(kind, data, kind.__name__))
    except _MisfitError as error:
        raise UnreadableAnswerError(
            f"the server's answer can't be read ({error}): is it a Zosma server, and of about this client's version?"
        ) from None


class _MisfitError(ValueError):
    """Raised for data that doesn't fit its type."""


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decoded(kind: Any, data: Any, where: str) -> Any:
    if kind is Any:
        return data
    origin = typing.get_origin(kind)
    if dataclasses.is_dataclass(kind):
        return _object(kind, data, where)
    if origin in (typing.Union, types.UnionType):
        return None if data is None else _decoded(typing.get_args(kind)[0], data, where)
    if origin is list and isinstance(data, list):
        [inner] = typing.get_args(kind)
        return [_decoded(inner, one, f"{where}[]") for one in data]
    # A state or the like that this client doesn't know yet is handed on.
    expected = {Literal: str, dict: dict, list: list}.get(origin, kind)
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return _float(data, where)
    if not isinstance(data, expected) or (kind is int and isinstance(data, bool)):
        raise _MisfitError(f"{where} is no {getattr(expected, '__name__', expected)}")
    return data


def _float(data: int, where: str) -> float:
    try:
        return float(data)
    except OverflowError:
        raise _MisfitError(f"{where} is too large") from None


def _object(kind: Any, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise _MisfitError(f"{where} is no object")
    given = {}
    for field in dataclasses.fields(kind):
        if field.name in data:
            given[field.name] = _decoded(_hints(kind)[field.name], data[field.name], f"{where}.{field.name}")
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise _MisfitError(f"{where}.{field.name} is missing")
    return kind(**given)
