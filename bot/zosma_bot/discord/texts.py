"""Everything that a member can read, as plain functions. No other module of this package holds a sentence of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from zosma_queue.client import Depth
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError
from zosma_queue.fleet import WorkerInfo, WorkerState
from zosma_queue.forecast import Place
from zosma_queue.job import Job, Picture, Result
from zosma_queue.request import Request

PROMPT_SHOWN_CHARS = 700
NEGATIVE_SHOWN_CHARS = 250
ALT_TEXT_MAX_CHARS = 1000
BAR_CELLS = 12

#: Request fields by the name of the option that sets them.
OPTIONS = {"cfg_scale": "guidance", "negative_prompt": "negative"}

#: What Discord gives a meaning to: emphasis, code, spoilers, mentions, times and emoji (all begin with "<"), masked
#: links, addresses, and at the start of a line headings, quotes and lists.
_FORMATTING = re.compile(r"([\\*_~|`<\[]|:(?=//)|^[#>+-])")

# -- building blocks --------------------------------------------------------------------------------------------


def plain(text: str, limit: int) -> str:
    """A member's words on one line, cut to `limit` characters, in which Discord finds nothing to format."""
    flat = " ".join(text.split())
    if len(flat) > limit:
        flat = flat[: limit - 1].rstrip() + "…"
    return _FORMATTING.sub(r"\\\1", flat)


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, … 11th, …"""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def seconds(value: float) -> str:
    """A time span, coarser the longer it is."""
    if value < 9.95:
        return f"{value:.1f} s"
    if value < 90:
        return f"{value:.0f} s"
    if value < 90 * 60:
        return f"{value / 60:.0f} min"
    return f"{value / 3600:.1f} h"


def bar(fraction: float) -> str:
    """A progress bar of letters."""
    full = round(min(max(fraction, 0.0), 1.0) * BAR_CELLS)
    return "▰" * full + "▱" * (BAR_CELLS - full)


def prompt(request: Request | None) -> str:
    """What was asked for, as a quotation."""
    if request is None:
        return ""
    lines = [f"> {plain(request.prompt, PROMPT_SHOWN_CHARS)}"]
    if request.negative_prompt:
        lines.append(f"> **without** {plain(request.negative_prompt, NEGATIVE_SHOWN_CHARS)}")
    return "\n".join(lines) + "\n"


def alt_text(request: Request | None) -> str | None:
    """What a screen reader says of a picture."""
    return request.prompt[:ALT_TEXT_MAX_CHARS] if request else None


# -- a job's life -----------------------------------------------------------------------------------------------


def waiting(place: Place | None) -> str:
    """Where a job stands, and when its turn comes."""
    if place is None:
        return "🕓 In line"
    where = "Next" if place.position == 1 else ordinal(place.position)
    return f"🕓 {where} in line · starts {about(place.starts_in_s)}"


def about(in_s: float) -> str:
    """A forecast, no finer than it is good for: else the message would be edited for every second."""
    if in_s < 8:
        return "in a moment"
    if in_s < 55:
        return f"in about {round(in_s, -1):.0f} s"
    return f"in about {round(in_s / 60) or 1} min"


def nobody_online() -> str:
    """The job can't start for now."""
    return "🕓 No GPU is online for this right now; it starts when one comes back."


def trying_again() -> str:
    """A GPU failed, another try follows by itself."""
    return "🕓 A GPU had a problem with this; it is tried again in a moment."


def starting() -> str:
    """A GPU has the job, but no step is done."""
    return "🎨 Starting: the GPU makes itself ready"


def cancelling() -> str:
    """The GPU is told to stop."""
    return "✋ Stopping …"


def running(progress: float, eta_s: float | None) -> str:
    """How far a picture is."""
    left = f" · {seconds(max(eta_s, 1.0))} left" if eta_s is not None else ""
    return f"🎨 {bar(progress)} {progress * 100:.0f} %{left}"


def cancelled() -> str:
    """The end of a cancelled job."""
    return "✋ Cancelled. Nothing was charged for it."


def pictures_gone(missing: int, total: int) -> str:
    """Pictures whose time in the store is over."""
    if missing == total:
        return "⚠️ The pictures waited too long for Discord and are no longer stored. Please ask for them again."
    return f"⚠️ {missing} of {total} pictures are no longer stored."


def too_large() -> str:
    """Discord took not even the smallest version."""
    return "⚠️ The pictures are too large for Discord here. Ask for a smaller size or fewer at once."


_WEBUI_FAILED = "The Stable Diffusion WebUI failed at this, also when it was tried again. Try other settings, or later."
_FAILURES = {
    "oom": "The GPU ran out of memory. Try a smaller size or fewer pictures at once.",
    "nan": "The checkpoint made no valid picture (NaN). Try another checkpoint, size or sampler.",
    "black": "Only black came out. Try another prompt, checkpoint or seed.",
    "wrong-checkpoint": "No GPU could load this checkpoint. Try another one.",
    "wrong-sampler": "No GPU could use this sampler. Try another one.",
    "wrong-size": "The pictures came out in another size than asked for. Try another size.",
    "wrong-count": "Fewer pictures came out than asked for. Try fewer at once.",
    "empty": _WEBUI_FAILED,
    "webui-error": _WEBUI_FAILED,
    "webui-broken": _WEBUI_FAILED,
    "webui-hung": "The Stable Diffusion WebUI stopped in the middle of the picture. Try a smaller size or fewer steps.",
    "webui-died": "The Stable Diffusion WebUI went down each time it tried this. Try a smaller size or fewer at once.",
    "worker-lost": "The GPUs that worked on this broke down one after the other, so it was given up."
    " Try a smaller size, or ask an admin to look at the GPUs.",
    "no-worker": "No GPU that can do this came back in time. Try again later or with another checkpoint.",
    "undecodable": "What came out could not be read. Please send the command again.",
}


def failed(kind: str | None, detail: str | None) -> str:
    """Why a job failed, and what to do. Only a refusal's `detail` was written for members."""
    if kind == "refused" and detail:
        return f"⚠️ {plain(detail[:1].upper() + detail[1:], 500)}. Try other settings."
    return "⚠️ " + _FAILURES.get(kind or "", "Something went wrong on our side. Please try again in a minute.")


def job_mark(job: Job) -> str:
    """The small print under a job without pictures, for whoever asks an admin about it."""
    return f"job {job.id}"


def seeds(pictures: Sequence[Picture]) -> str:
    """The seeds of some pictures."""
    numbers = [picture.seed for picture in pictures]
    if len(numbers) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        return f"seeds {numbers[0]}–{numbers[-1]}"
    return ("seed " if len(numbers) == 1 else "seeds ") + ", ".join(str(number) for number in numbers)


def parameters(request: Request | None, result: Result) -> str:
    """How pictures were made, in one line."""
    first = result.pictures[0]
    parts = [seeds(result.pictures), f"{first.width}×{first.height}"]
    if request:
        parts += [f"{request.steps} steps", f"guidance {request.cfg_scale:g}"]
    sampler = result.sampler
    if result.scheduler and result.scheduler.casefold() != "automatic":
        sampler += f" {result.scheduler}"
    parts += [sampler, result.checkpoint, seconds(result.gpu_seconds)]
    return " · ".join(part[:100] for part in parts)


def meant_for(user_id: int) -> str:
    """Whose picture this is, in a message that no longer hangs on a command. Shown as a name, pings nobody."""
    return f"for <@{user_id}>"


# -- refusals ---------------------------------------------------------------------------------------------------


def refusal(error: RequestRefusedError) -> str:
    """Why a request is not taken, with the option's name as Discord shows it."""
    text = str(error)
    field = error.field or ""
    if field in OPTIONS and text.startswith(field):
        text = OPTIONS[field] + text.removeprefix(field)
    escaped = plain(text, 1500)
    return f"⚠️ {escaped[:1].upper()}{escaped[1:]}."


def queue_away() -> str:
    """Redis doesn't answer."""
    return "⚠️ The queue can't be reached right now, so nothing was started. Please try again in a minute."


def restarting() -> str:
    """The bot is closing."""
    return "⚠️ The bot restarts right now. Please try again in half a minute."


def refused(error: RequestRefusedError | QueueUnavailableError) -> str:
    """Either of the two."""
    return refusal(error) if isinstance(error, RequestRefusedError) else queue_away()


def not_permitted() -> str:
    """The member lacks a permission."""
    return "⚠️ Only members with the permission “Manage Server” may use this."


def guilds_only() -> str:
    """The command makes no sense in a direct message."""
    return "⚠️ This works in a server only, not in direct messages."


def outdated() -> str:
    """Discord showed an older version of the command."""
    return "⚠️ This command has changed. Please reload Discord (Ctrl+R) and try again."


def unexpected() -> str:
    """A bug of ours."""
    return "⚠️ Something went wrong on our side. It has been noted; please try again."


# -- for admins -------------------------------------------------------------------------------------------------


def depth(found: Depth) -> str:
    """How full the queue is."""
    oldest = f", the oldest for {seconds(found.oldest_wait_s)}" if found.oldest_wait_s is not None else ""
    lines = [f"**{found.waiting}** waiting{oldest}", f"**{found.running}** running"]
    if found.delayed:
        lines.append(f"**{found.delayed}** to be tried again later")
    lines.append(f"**{found.failed}** failed in the last 30 days")
    if found.undelivered:
        lines.append(f"**{found.undelivered}** finished, not shown yet")
    return "\n".join(lines)


_STATES = {WorkerState.READY: "🟢 free", WorkerState.BUSY: "🔵 busy", WorkerState.AWAY: "🔴 away"}


def worker(info: WorkerInfo, job: Job | None) -> str:
    """One worker in a few words."""
    parts = [_STATES[info.state]]
    if info.state is WorkerState.AWAY and info.reason:
        parts.append(plain(info.reason, 200))
    if info.about:
        version = f" {info.about.version}" if info.about.version else ""
        parts.append(plain(f"{info.about.flavour}{version}", 60))
    parts.append(plain(info.loaded, 100) if info.loaded else "no checkpoint loaded")
    if info.job:
        progress = f" {job.progress * 100:.0f} %" if job and job.progress is not None else ""
        parts.append(f"job `{info.job}`{progress}")
    return " · ".join(parts)


def no_workers() -> str:
    """The fleet is empty."""
    return "No worker has shown a sign of life in the last ten seconds."


def more_workers(count: int) -> str:
    """What did not fit."""
    return f"… and {count} more"
