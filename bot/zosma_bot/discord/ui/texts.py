"""What members and admins read, put together from the catalogue (`language.py`). No sentence stands in the code."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import discord

from zosma_bot.discord.ui.language import Translations
from zosma_queue.catalogue import Catalogue
from zosma_queue.client import Depth
from zosma_queue.errors import ErrorKind
from zosma_queue.fleet import WorkerInfo, WorkerState
from zosma_queue.forecast import Place
from zosma_queue.job import Job, Picture, Result
from zosma_queue.request import Request

PROMPT_SHOWN_CHARS = 700
NEGATIVE_SHOWN_CHARS = 250
ALT_TEXT_MAX_CHARS = 1000
BAR_CELLS = 12
REASON_SHOWN_CHARS = 200
#: A start nearer than this is told as "in a moment": the forecast is no finer than that.
SOON_S = 8.0

#: Request fields by the name of the option that sets them.
OPTIONS = {
    "cfg_scale": "guidance",
    "negative_prompt": "negative",
    "img2img.image": "image",
    "img2img.mask": "mask",
    "img2img.denoising_strength": "strength",
    "upscale.image": "image",
    "upscale.upscaling_resize": "scale",
    "upscale.upscaler_1": "upscaler",
    "hires.scale": "hires",
    "styles": "style",
    "workflow_options": "workflow",
}

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


def capitalised(text: str) -> str:
    """The text with a capital first letter; the rest stays as it is."""
    return text[:1].upper() + text[1:]


def seconds(w: Translations, value: float) -> str:
    """A time span, coarser the longer it is."""
    if value < 9.95:
        return w("span-tenths", value=value)
    if value < 90:
        return w("span-seconds", value=round(value))
    if value < 90 * 60:
        return w("span-minutes", value=round(value / 60))
    return w("span-hours", value=value / 3600)


def span(w: Translations, value: float) -> str:
    """A time to wait, never shorter than it is."""
    if value < 90:
        return w("span-seconds", value=max(1, math.ceil(value)))
    if value < 90 * 60:
        return w("span-minutes", value=math.ceil(value / 60))
    return w("span-hours", value=value / 3600)


def bar(fraction: float) -> str:
    """A progress bar of letters."""
    full = round(min(max(fraction, 0.0), 1.0) * BAR_CELLS)
    return "▰" * full + "▱" * (BAR_CELLS - full)


def prompt(w: Translations, request: Request | None, before: Mapping[str, Any] | None = None) -> str:
    """What was asked for, as a quotation. `before`: how a picture was made that is now made larger."""
    if request is None:
        return ""
    said = before or {} if request.upscale else request.model_dump(include={"prompt", "negative_prompt", "prompts"})
    drawn = said.get("prompts") or ()
    lines = [f"> {number}. {plain(one, PROMPT_SHOWN_CHARS // len(drawn))}" for number, one in enumerate(drawn, start=1)]
    if not lines and said.get("prompt"):
        lines = [f"> {plain(said['prompt'], PROMPT_SHOWN_CHARS)}"]
    if said.get("negative_prompt"):
        lines.append("> " + w("asked-without", negative=plain(said["negative_prompt"], NEGATIVE_SHOWN_CHARS)))
    if request.upscale:
        key = "asked-upscale-too" if lines else "asked-upscale"
        lines.append(f"> {w(key, scale=request.upscale.upscaling_resize)}")
    if request.interrogate:
        lines.append(f"> {w('asked-interrogate')}")
    if request.compare:
        shown = (f"{one:g}" if isinstance(one, float) else one for one in request.compare.values)
        what = w(f"compare-{OPTIONS.get(request.compare.field, request.compare.field)}")
        lines.append("> " + w("asked-compare", what=what, values=plain(" · ".join(shown), NEGATIVE_SHOWN_CHARS)))
    return "\n".join(lines) + "\n"


def credit(w: Translations, deed: str, member: int, owner: int) -> str:
    """Whose doing it is, in small print: `member` made something of `owner`'s picture. Shown as names, pings nobody."""
    if f"deed-{deed}" not in w:  # noted by a later version
        return ""
    key = "credit-own" if member == owner else "credit"
    return "-# " + w(key, deed=w(f"deed-{deed}"), member=f"<@{member}>", owner=f"<@{owner}>") + "\n"


def caption(w: Translations, words: str) -> str:
    """What a picture shows, in words that can be copied."""
    return f"{w('described-words')}\n{code_block(words)}"


def alt_text(
    w: Translations, request: Request | None, index: int = 0, before: Mapping[str, Any] | None = None
) -> str | None:
    """What a screen reader says of the picture at `index`. `before`: how a picture was made that is now made larger."""
    if request is None:
        return None
    words = request.prompts[index] if index < len(request.prompts) else request.prompt
    words = words or str((before or {}).get("prompt", ""))
    return words[:ALT_TEXT_MAX_CHARS] or w("alt-upscale")


# -- a job's life -----------------------------------------------------------------------------------------------


def waiting(w: Translations, place: Place | None, starts_at: int | None) -> str:
    """Where a job stands, and when its turn comes: `starts_at` in seconds since 1970, None for "in a moment"."""
    if place is None:
        return w("waiting")
    when = w("waiting-soon") if starts_at is None else w("waiting-until", time=f"<t:{starts_at}:R>")
    if place.position == 1:
        return w("waiting-next", when=when)
    return w("waiting-place", place=place.position, when=when)


def scheduled(w: Translations, run_at_ms: int) -> str:
    """The job is to be made later."""
    at = run_at_ms // 1000
    return w("waiting-scheduled", time=f"<t:{at}:f>", relative=f"<t:{at}:R>")


def nobody_online(w: Translations, last_seen_ms: int | None = None) -> str:
    """The job can't start for now. `last_seen_ms`: when the last GPU was here, where none at all is."""
    if last_seen_ms is None:
        return w("waiting-nobody")
    return w("waiting-gpu", time=f"<t:{last_seen_ms // 1000}:R>")


def paused(w: Translations, why: str) -> str:
    """The job can't start because an admin has paused what it needs; `why` in their words, or '' for no reason."""
    if not why or f"why-{why}" in w:  # ours are about workers, and say nothing to a member
        return w("waiting-paused")
    return w("waiting-paused-because", reason=plain(why, REASON_SHOWN_CHARS))


def at_limit(w: Translations) -> str:
    """The job waits for another one of its member's."""
    return w("waiting-limit")


def trying_again(w: Translations) -> str:
    """A GPU failed, another try follows by itself."""
    return w("waiting-again")


def starting(w: Translations) -> str:
    """A GPU has the job, but no step is done."""
    return w("starting")


def cancelling(w: Translations) -> str:
    """The GPU is told to stop."""
    return w("cancelling")


def running(w: Translations, job: Job) -> str:
    """How far a picture is."""
    progress = job.progress or 0.0
    line = w("running", bar=bar(progress), percent=round(progress * 100))
    if job.parts and job.request:
        made = len(job.result.pictures) if job.result else 0
        line += " · " + w("running-made", made=made, count=job.request.count)
    if job.eta_s is not None:
        line += " · " + w("running-left", span=span(w, job.eta_s))
    if job.estimated:
        line += " " + w("running-estimated")
    return line


def cancelled(w: Translations, job: Job) -> str:
    """The end of a cancelled job: by whom and why, when it wasn't its owner, and what it cost."""
    cost = w("cancelled-paid", span=seconds(w, job.paid_s)) if job.paid_s else w("cancelled-free")
    if job.cancelled_by is None:
        return f"{w('cancelled')} {cost}"
    member = re.fullmatch(r"discord:(\d+)", job.cancelled_by)
    by = w("cancelled-by-member", who=f"<@{member[1]}>") if member else w("cancelled-by-admin")
    why = w("cancelled-because", reason=plain(job.cancelled_why, REASON_SHOWN_CHARS)) if job.cancelled_why else ""
    return " ".join(part for part in (by, why, cost) if part)


def incomplete(w: Translations, job: Job) -> str:
    """Pictures of a set that could not be made, and why."""
    count = sum(one.count for one in job.missing)
    total = count + (len(job.result.pictures) if job.result else 0)
    return f"{w('missing', count=count, total=total)} {failed(w, job.error_kind, job.error)}\n"


def pictures_gone(w: Translations, missing: int, total: int) -> str:
    """Pictures whose time in the store is over."""
    return w("gone-all") if missing == total else w("gone-some", missing=missing, total=total)


def too_large(w: Translations) -> str:
    """Discord took not even the smallest version."""
    return w("too-large")


def files_refused(w: Translations) -> str:
    """The bot may attach nothing in this channel, and where the pictures are instead."""
    return w("files-refused")


def failed(w: Translations, kind: str | None, detail: str | None) -> str:
    """Why a job failed, and what to do. Only a refusal's `detail` was written for members."""
    if kind == ErrorKind.REFUSED and detail:
        return w("failed-refused", detail=plain(capitalised(detail), 500))
    key = f"failed-{kind}"
    return w(key if kind and key in w else "failed")


def job_mark(w: Translations, job: Job) -> str:
    """The small print under a job without pictures, for whoever asks an admin about it."""
    return w("job-mark", id=job.id)


def seeds(w: Translations, pictures: Sequence[Picture]) -> str:
    """The seeds of some pictures."""
    numbers = list(dict.fromkeys(picture.seed for picture in pictures))
    if len(numbers) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        shown = f"{numbers[0]}–{numbers[-1]}"
    else:
        shown = ", ".join(str(number) for number in numbers)
    return w("seeds", count=len(numbers), seeds=shown)


def parameters(w: Translations, request: Request | None, result: Result) -> str:
    """How pictures were made, in one line."""
    first = result.pictures[0]
    size = f"{first.width}×{first.height}"
    if request and request.upscale:
        parts = [size, request.upscale.upscaler_1 or ""]
    else:
        compared = request.compare.field if request and request.compare else ""
        parts = [seeds(w, result.pictures), size]
        if request:
            parts.append(w("steps", count=request.steps))
        if request and compared != "cfg_scale":
            parts.append(w("guidance", value=request.cfg_scale))
        sampler = result.sampler
        if result.scheduler and result.scheduler.casefold() != "automatic":
            sampler += f" {result.scheduler}"
        parts += [sampler if compared != "sampler" else "", result.checkpoint if compared != "checkpoint" else ""]
    parts.append(seconds(w, result.gpu_seconds))
    return " · ".join(part[:100] for part in parts if part)


def meant_for(w: Translations, user_id: int) -> str:
    """Whose picture this is, in a message that no longer hangs on a command. Shown as a name, pings nobody."""
    return w("meant-for", member=f"<@{user_id}>")


def originals(w: Translations, urls: Sequence[str]) -> str:
    """Links to pictures as they were made, under a message that shows them smaller."""
    if len(urls) == 1:
        return w("originals", count=1, links=urls[0])
    links = " · ".join(f"[{number}](<{url}>)" for number, url in enumerate(urls, start=1))
    return w("originals", count=len(urls), links=links)


def shrunk(w: Translations, quality: int, factor: float) -> str:
    """What was done to pictures that Discord would not take as they are; `factor`: of their sides."""
    key = "shrunk" if factor == 1.0 else "shrunk-smaller"
    return "-# " + w(key, quality=quality, percent=round(100 * factor))


def singles(w: Translations) -> str:
    """How to get the pictures of a set one by one, under a message that shows them as one."""
    return "-# " + w("originals-singles")


def kept_originals(w: Translations, job: Job) -> str:
    """How to get pictures as they were made, under a message that can't show them so."""
    count = len(job.result.pictures) if job.result else 1
    return "-# " + w("originals-kept", count=count, id=f"`{job.id}`")


def hidden_by_classifier(w: Translations, blocked: int, total: int, reasons: Sequence[str]) -> str:
    """Pictures that the server's image check keeps back, and why."""
    known = ", ".join(dict.fromkeys(plain(reason, REASON_SHOWN_CHARS) for reason in reasons if reason.strip()))
    key = "hidden-one" if total == 1 else "hidden-all" if blocked == total else "hidden-some"
    text = w(key, blocked=blocked, total=total)
    return f"{text} {w('hidden-because', reasons=known)}\n" if known else f"{text}\n"


# -- the fleet ---------------------------------------------------------------------------------------------------


def depth(w: Translations, found: Depth) -> str:
    """How full the queue is."""
    lines = [w("depth-waiting", count=found.waiting)]
    if found.oldest_wait_s is not None:
        lines[0] = w("depth-waiting-since", count=found.waiting, span=seconds(w, found.oldest_wait_s))
    lines.append(w("depth-running", count=found.running))
    if found.delayed:
        lines.append(w("depth-delayed", count=found.delayed))
    lines.append(w("depth-failed", count=found.failed))
    if found.undelivered:
        lines.append(w("depth-undelivered", count=found.undelivered))
    return "\n".join(lines)


_STATES = {WorkerState.READY: "worker-free", WorkerState.BUSY: "worker-busy", WorkerState.AWAY: "worker-away"}


def pause_reason(w: Translations, why: str) -> str:
    """Why something is paused: our own reasons have words, admins' are their own."""
    key = f"why-{why}"
    return w(key) if key in w else why


def worker(w: Translations, info: WorkerInfo, job: Job | None) -> str:
    """One worker in a few words."""
    parts = [w("worker-held" if info.is_held else _STATES[info.state])]
    if info.state is WorkerState.AWAY and info.reason:
        parts.append(plain(info.reason, 200))
    if info.about:
        version = f" {info.about.version}" if info.about.version else ""
        parts.append(plain(f"{info.about.flavour}{version}", 60))
    parts.append(plain(info.loaded, 100) if info.loaded else w("worker-nothing-loaded"))
    if info.job:
        progress = f" {job.progress * 100:.0f} %" if job and job.progress is not None else ""
        parts.append(w("worker-job", id=f"`{info.job}`") + progress)
    return " · ".join(parts)


def cut(text: str, limit: int) -> str:
    """The text in `limit` characters at most."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


# -- choices -----------------------------------------------------------------------------------------------------


def option_name(w: Translations, field: str) -> str:
    """A request field under the name of the option that sets it."""
    name = OPTIONS.get(field, field)
    key = f"option-{name.replace('.', '-').replace('_', '-')}"
    return w(key) if name and key in w else name


def size_name(w: Translations, name: str) -> str:
    """A shape's name: "square 512×512"."""
    shape, _, pixels = name.partition(" ")
    return f"{w(f'shape-{shape}')} {pixels}"


def checkpoint_hint(w: Translations, catalogue: Catalogue, name: str) -> str:
    """What choosing a checkpoint means: that it is loaded, or how long that takes, and how many can do it."""
    parts = []
    if name in catalogue.loaded:
        parts.append(w("loaded-now"))
    elif catalogue.load_s is not None:
        parts.append(w("load-time", span=seconds(w, max(1.0, round(catalogue.load_s)))))
    holders = catalogue.holders.get(name, 0)
    if holders > 1:
        parts.append(w("on-workers", count=holders))
    return f" ({', '.join(parts)})" if parts else ""


# -- parameters --------------------------------------------------------------------------------------------------

#: Options of /imagine by request field, in the order in which they are written.
_COMMAND = (
    ("prompt", "prompt"), ("negative_prompt", "negative"), ("width", "width"), ("height", "height"), ("count", "count"),
    ("checkpoint", "checkpoint"), ("sampler", "sampler"), ("scheduler", "scheduler"), ("steps", "steps"),
    ("cfg_scale", "guidance"),
)  # fmt: skip
#: All that such a command may name.
IMAGINE_OPTIONS = (
    *(option for _, option in _COMMAND), "style", "hires", "seed", "size", "lora", "image", "strength", "private",
)  # fmt: skip
#: What says that nothing of a kind is wanted, where a default would put something.
_NONE = {"negative": "-", "count": 1, "scheduler": "Automatic", "style": "-", "hires": 1}


def command_for(
    w: Translations, fields: Mapping[str, Any], seed: int | None, *, usual: Mapping[str, Any] | None = None
) -> str:
    """`/imagine …` with all that makes a picture again, to be copied; named as this member's Discord names it.

    `usual`: the defaults of whoever copies it. What they would add is named, so that it doesn't come along.
    """
    given = {option: fields.get(name) for name, option in _COMMAND}
    if fields.get("styles"):
        given["style"] = fields["styles"][0]
    if fields.get("workflow"):
        given["workflow"] = workflow_typed(fields)
    if fields.get("hires"):
        given["hires"] = fields["hires"].get("scale", 2.0)
    seed = fields.get("seed") if seed is None else seed
    if seed is not None and seed >= 0:
        given["seed"] = seed
    for name, value in (usual or {}).items():
        option = dict(_COMMAND).get(name, name)
        if value and option in _NONE and given.get(option) in (None, ""):
            given[option] = _NONE[option]
    parts = [f"/{w('command-imagine')}"]
    for option, value in given.items():
        if value not in (None, ""):
            shown = f"{value:g}" if isinstance(value, float) else value
            parts.append(f"{w(f'command-imagine-{option}')}:{shown}")
    return " ".join(parts)


def workflow_typed(fields: Mapping[str, Any]) -> str:
    """A workflow with its options, as it is typed."""
    options = [
        f"{name}={json.dumps(value, ensure_ascii=False) if ' ' in str(value) else value}"
        for name, value in (fields.get("workflow_options") or {}).items()
    ]
    return " ".join([fields["workflow"], *options])


def code_block(text: str) -> str:
    """The text as it is, in a block that it can't leave."""
    return "```\n" + text.replace("```", "'''") + "\n```"


def admin_name(interaction: discord.Interaction[Any]) -> str:
    """Under which name an admin's acts stand in the audit."""
    return f"discord:{interaction.user.id}"
