"""What our own API takes and gives, as pydantic models: answers are made of them, and OpenAPI describes them."""

from __future__ import annotations

import datetime
import time
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic.json_schema import SkipJsonSchema

from zosma_queue.api_keys import KeyScope
from zosma_queue.job import State
from zosma_queue.needs import Lane
from zosma_queue.policy import Policy
from zosma_queue.request import Detect, Hires, Img2Img, Request, Upscale
from zosma_queue.tiles import SDUpscale, UltimateSDUpscale

#: A job may be put off for a month.
DELAY_MAX_S = 30 * 24 * 3600
WEBHOOK_URL_MAX_CHARS = 2_000


class Model(BaseModel):
    """A shape that is published: tests/bot/http/openapi.json holds it."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


# -- what is sent -------------------------------------------------------------------------------------------------

Base64 = Annotated[
    str, WithJsonSchema({"type": "string", "contentEncoding": "base64", "description": "A picture's bytes in base64."})
]


class SentImg2Img(Img2Img):
    """A picture to start from, and with `mask` the part of it to paint anew."""

    model_config = ConfigDict(title="Img2Img", use_attribute_docstrings=True)

    image: Base64
    mask: Base64 | None = None
    """White is repainted."""


class SentUpscale(Upscale):
    """A picture to make larger, with nothing generated."""

    model_config = ConfigDict(title="Upscale", use_attribute_docstrings=True)

    image: Base64
    source_width: SkipJsonSchema[int] = 0
    source_height: SkipJsonSchema[int] = 0


class SentSDUpscale(SDUpscale):
    """The picture of `img2img` made larger, then painted anew in tiles of `width` × `height`, as by A1111's script."""

    model_config = ConfigDict(title="SDUpscale", use_attribute_docstrings=True)

    source_width: SkipJsonSchema[int] = 0
    source_height: SkipJsonSchema[int] = 0


class SentUltimateSDUpscale(UltimateSDUpscale):
    """The picture of `img2img` made larger, then painted anew in tiles of `width` × `height`, and at wish their seams
    once more, as by the script of that name, an extension of A1111's."""

    model_config = ConfigDict(title="UltimateSDUpscale", use_attribute_docstrings=True)

    source_width: SkipJsonSchema[int] = 0
    source_height: SkipJsonSchema[int] = 0


class SentDetect(Detect):
    """A picture to be looked at by one of ControlNet's preprocessors: its edges, depth, poses, … become a picture.
    Nothing is made from words, so there is no prompt."""

    model_config = ConfigDict(title="Detect", use_attribute_docstrings=True)

    image: Base64
    mask: Base64 | None = None
    """Some need one."""
    source_width: SkipJsonSchema[int] = 0
    source_height: SkipJsonSchema[int] = 0


class Webhook(Model):
    """Where a job's end is told. The secret that signs it: `GET /api/v1/webhook-secret`."""

    url: str = Field(max_length=WEBHOOK_URL_MAX_CHARS, pattern=r"^https?://")
    """Told by POST once the job has ended, for a day until it answers 2xx."""


def _moment(given: Any) -> Any:
    """Seconds since 1970."""
    if isinstance(given, str):
        try:
            moment = datetime.datetime.fromisoformat(given)
        except ValueError:
            raise ValueError("is no moment: write it like 2026-12-24T18:00:00Z") from None
        if moment.tzinfo is None:
            raise ValueError("has no time zone: write it like 2026-12-24T18:00:00Z")
        return moment.timestamp()
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ValueError("must be a moment like 2026-12-24T18:00:00Z, or seconds since 1970")
    return float(given)


Moment = Annotated[
    float,
    BeforeValidator(_moment),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "number", "minimum": 0}],
            "examples": ["2026-12-24T18:00:00Z", 1798135200],
        }
    ),
]


class SubmitOptions(Model):
    """What a submit takes beside the request itself."""

    delay_s: float | None = Field(None, ge=0, le=DELAY_MAX_S, strict=True)
    """The job begins no earlier than so many seconds from now."""
    not_before: Moment | None = None
    """The job begins no earlier than then, at most 30 days from now. Not together with `delay_s`."""
    lane: Lane | None = None
    """`relax` runs while `fast` waits for nothing. Left out: the lane of your limits, which you can't go before."""
    webhook: Webhook | None = None

    @property
    def run_at_ms(self) -> int:
        """The ms since 1970 of `not_before`; 0 for none."""
        return int((self.not_before or 0) * 1000)

    @field_validator("not_before")
    @classmethod
    def _once_and_not_too_far(cls, value: float | None, told: ValidationInfo) -> float | None:
        if value is not None and told.data.get("delay_s") is not None:
            raise ValueError("says the same as delay_s: leave one of them out")
        if value is not None and not 0 <= value <= time.time() + DELAY_MAX_S:
            raise ValueError(f"must be within the next {DELAY_MAX_S // 86_400} days")
        return value


class NewJob(SubmitOptions, Request):
    """What somebody asks for. `prompt` is needed, but with `upscale`, `interrogate` or `detect`."""

    # Not said by `anyOf`: openapi-python-client then makes no model of it, and datamodel-code-generator three.

    img2img: SentImg2Img | None = None
    upscale: SentUpscale | None = None
    sd_upscale: SentSDUpscale | None = None
    ultimate_sd_upscale: SentUltimateSDUpscale | None = None
    detect: SentDetect | None = None


EXAMPLE_JOB = {"prompt": "a lighthouse at dusk", "count": 2}


# -- what is told -------------------------------------------------------------------------------------------------


class Problem(Model):
    """What went wrong, as RFC 9457 has it."""

    type: str
    """Where `code` is explained, relative to this server."""
    title: str
    status: int
    detail: str
    """What is wrong and, as a rule, how to put it right."""
    code: str
    """What programs branch on; it never changes."""
    error: str
    """The class of the error, as `/sdapi` names it."""
    field: str | None = None
    """The field or parameter at fault, with dots for what is inside another."""
    hint: str | None = None
    """What helps, where `detail` doesn't say."""


class JobError(Model):
    """Why a job failed."""

    kind: str | None
    text: str | None


class ImageView(Model):
    """A finished picture."""

    url: str
    """Path on this server. By `Accept` as PNG, WebP or JPEG; with `?size=256` no longer than that on a side."""
    format: str
    """png, jpeg or webp: what the WebUI made."""
    width: int
    height: int
    seed: int
    parameters: str
    """How it was made, as A1111 writes it into its pictures."""


class ResultView(Model):
    """What became of a job that is done."""

    checkpoint: str
    sampler: str
    gpu_seconds: float
    caption: str = Field(default=None)  # type: ignore[assignment] # left out where no words were asked for
    """What is on the picture that was to be put into words."""
    pose: dict[str, Any] = Field(default=None)  # type: ignore[arg-type] # left out where none was found
    """The bodies, hands and faces that a preprocessor has found, as ControlNet tells them."""
    other_kind: bool = Field(default=None)  # type: ignore[assignment] # left out where it isn't so
    """Another kind of server made it than the one that began it: of the same seed it makes another picture."""
    images: list[ImageView]


#: As queued: fields that are not set are left out.
ShownRequest = Annotated[
    dict[str, Any] | None,
    WithJsonSchema({"anyOf": [{"$ref": "#/components/schemas/Request"}, {"type": "null"}]}),
]


class JobView(Model):
    """A job as its owner sees it."""

    id: str
    state: State
    position: int | None
    """Place in line, 1 for the job that begins next; null unless it waits, is placed and not held back by a pause."""
    starts_in_s: float | None
    """Forecast."""
    ends_in_s: float | None
    """Forecast."""
    paused: bool
    """It waits for an admin to resume what they paused, which nobody can forecast."""
    progress: float | None
    """0 to 1."""
    eta_s: float | None
    """Seconds until it ends, by the WebUI's own word."""
    estimated: bool
    """`progress` and `eta_s` are by time: this WebUI doesn't say."""
    attempt: int
    worker: str | None
    """Name of the GPU that has it, or had it last."""
    request: ShownRequest
    """As it is queued, in the fleet's own names. A picture to start from is an id."""
    error: JobError | None
    missing: int
    """Pictures of a set that could not be made; `error` says why."""
    result: ResultView = Field(default=None)  # type: ignore[assignment] # left out until it is done
    """Only where the job is done."""


class AdminJobView(JobView):
    """A job with what only admins need. Times are milliseconds since 1970."""

    owner: str
    group: str
    lane: Lane
    runs_on: str | None
    """Checkpoint that its worker has it on."""
    cost_s: float
    """Predicted GPU-seconds."""
    created_ms: int
    started_ms: int | None
    finished_ms: int | None
    run_at_ms: int | None
    failures: int
    lost: int
    """How many of its workers died."""


class JobList(Model):
    """One page of one's own jobs, newest first."""

    jobs: list[JobView]
    next: str | None
    """`cursor` of the next page; null at the end. A page with a next one may be short, or empty."""


class Cancelled(Model):
    """What became of a cancel."""

    id: str
    state: Literal["cancelled", "cancelling"]
    """`cancelling`: its GPU is told to stop."""


class PauseView(Model):
    """Something that is paused."""

    scope: str
    """`queue`, `lane:…`, `checkpoint:…` or `worker:…`."""
    since_ms: int
    why: str | None


class WorkerView(Model):
    """A worker in one line."""

    id: str
    state: Literal["ready", "busy", "away"]
    reason: str | None
    webui: str | None
    """Admins alone see it."""
    flavour: str | None
    checkpoint: str | None
    """Loaded."""
    job: str | None
    """The job that it runs: for admins, and where it is the caller's."""
    busy: bool = Field(default=None)  # type: ignore[assignment] # for admins the job says it
    """For callers that are no admins."""


class QueueView(Model):
    """How full the queue is."""

    waiting: int
    delayed: int
    running: int
    failed: int
    undelivered: int
    oldest_wait_s: float | None
    last_gpu_ms: int | None
    """When a GPU was last ready, in ms since 1970, while none is. null while one is, and where none ever was."""
    paused: list[PauseView]
    workers: list[WorkerView]


class PublicWorker(Model):
    """A worker, as everybody may see it."""

    name: str
    """Stays the same for as long as its machine and WebUI do."""
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


class WorkerList(Model):
    """The fleet."""

    workers: list[PublicWorker]


class CheckpointView(Model):
    """A checkpoint that somebody has."""

    name: str
    title: str
    hash: str | None
    workers: int
    """How many ready workers have it."""
    loaded: bool
    """One of them holds it in memory: it begins without a load."""


class SchedulerView(Model):
    """A noise schedule."""

    name: str
    label: str


class WorkflowOptionView(Model):
    """Something that may be chosen with a workflow: a key of `workflow_options`."""

    name: str
    type: Literal["number", "integer", "text", "switch", "choice"]
    description: str
    default: bool | int | float | str | None
    min: float | None
    max: float | None
    choices: list[str]


class WorkflowView(Model):
    """An operator's own way to make pictures: `workflow`."""

    name: str
    title: str
    description: str
    checkpoints: list[str]
    """Names of those that it is for."""
    options: list[WorkflowOptionView]


class CatalogueView(Model):
    """What the ready workers offer together. Lists keep the workers' own order."""

    ready: int
    """Ready workers."""
    load_s: float | None
    """What loading a checkpoint takes here; null while nobody has loaded one."""
    checkpoints: list[CheckpointView]
    samplers: list[str]
    schedulers: list[SchedulerView]
    upscalers: list[str]
    """Of the hires pass."""
    enlargers: list[str]
    """`upscale.upscaler_1`."""
    loras: list[str]
    vaes: list[str]
    styles: list[str]
    scripts: list[str]
    """`a1111.alwayson_scripts`."""
    workflows: list[WorkflowView]


class EstimateView(Model):
    """What a request would cost and when it would be done, were it submitted now. Nothing is kept of it."""

    cost_s: float | None
    """GPU-seconds that it counts for in the fair order; null where the request itself is wrong."""
    position: int | None
    starts_in_s: float | None
    ends_in_s: float | None
    """Null where it is refused, put off, held by a pause, or too far back to be placed."""
    paused: bool
    workers: list[str]
    """Names of the workers that could do it."""
    refused: Problem | None
    """Why a submit would be refused now; null: it would be taken."""


class WebhookSecret(Model):
    """What signs your webhooks."""

    secret: str | None
    """Null where the operator has set one for all: they have it."""


class Bumped(Model):
    """A job that goes next."""

    id: str
    bumped: Literal[True]


class Retried(Model):
    """A failed job that waits again."""

    id: str
    state: Literal["waiting"]


class PurgeIds(Model):
    """Which failed jobs to forget."""

    ids: list[str] | None = None
    """Left out: all."""


class Purged(Model):
    """How many were forgotten."""

    purged: int


class Owner(Model):
    """Whose jobs."""

    owner: str = Field(min_length=1)


class Cleared(Model):
    """How many were cancelled."""

    cancelled: int


class PauseAdminView(Model):
    """Something that is paused."""

    scope: str
    who: str
    at_ms: int
    why: str


class PauseRequest(Model):
    """What to pause."""

    scope: str = Field(min_length=1)
    """`queue`, `lane:…`, `checkpoint:…` or `worker:…`."""
    why: str | None = None
    """Shown to everybody whose job it holds."""


class ResumeRequest(Model):
    """What may go on."""

    scope: str = Field(min_length=1)


class ScopeChanged(Model):
    """What became of a pause or resume."""

    scope: str
    """With the name of a worker or checkpoint that there is."""
    changed: bool
    """False: it was so already."""


class LimitsDropped(Model):
    """What became of it."""

    name: str
    changed: bool


class ActView(Model):
    """Something that an admin did."""

    who: str
    act: str
    target: str
    at_ms: int
    part: str
    value: str


class AdminWorkerView(Model):
    """A worker with all that it says about itself."""

    id: str
    state: Literal["ready", "busy", "away"]
    reason: str | None
    webui: str | None
    flavour: str | None
    checkpoint: str | None
    job: str | None
    about: dict[str, Any] | None


class KeyView(Model):
    """An API key as admins see it. Times are milliseconds since 1970."""

    name: str
    """Its jobs are charged to `key:<name>`."""
    state: Literal["works", "expired", "revoked"]
    source: Literal["redis", "environment"]
    scopes: list[KeyScope]
    ends_with: str | None
    created_ms: int | None
    created_by: str | None
    expires_ms: int | None
    revoked_ms: int | None
    old_key_until_ms: int | None
    """Until when the key before it goes on."""
    last_used_ms: int | None
    """Right to within ten minutes."""
    limits: Policy | None


class MadeKey(KeyView):
    """A new key."""

    key: str
    """It is shown here alone."""


class KeysForgotten(Model):
    """How many keys were forgotten."""

    forgotten: int


# -- events -------------------------------------------------------------------------------------------------------


class StateEvent(Model):
    """`state` and `end`: how a job stands now."""

    job: str
    view: JobView | None
    """Null where the job has been forgotten."""


class PlaceEvent(Model):
    """`place`: where a job stands in line. Told anew when it changes; a clock that runs down is no change."""

    job: str
    position: int | None
    starts_in_s: float | None
    ends_in_s: float | None
    paused: bool


class ProgressEvent(Model):
    """`progress` of a running job."""

    job: str
    progress: float
    eta_s: float | None
    estimated: bool


class PreviewEvent(Model):
    """`preview`: there is a new one."""

    job: str
    url: str


class WebhookEvent(Model):
    """What a webhook is told by POST."""

    id: str
    """The same in every try: an event that came twice is told by it."""
    type: Literal["job.ended"]
    at_ms: int
    """When the job ended."""
    job: JobView


#: Models that no endpoint's answer leads to, and what is true of the whole.
MORE_MODELS: tuple[type[BaseModel], ...] = (
    Problem, Request, Hires, StateEvent, PlaceEvent, ProgressEvent, PreviewEvent, WebhookEvent,
)  # fmt: skip
