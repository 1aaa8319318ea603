"""`/`: a box for a prompt, what one has asked for, and how it stands."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from zosma_bot.console import forms
from zosma_bot.console.cards import PATH, Card, cards
from zosma_bot.console.forms import Form
from zosma_bot.console.gate import PART, Visitor
from zosma_bot.console.parts import Parts
from zosma_bot.console.render import redirect
from zosma_bot.http.problems import problem_of
from zosma_bot.inputs import sketched, submit_with_pictures
from zosma_queue.catalogue import Catalogue
from zosma_queue.client import Estimate
from zosma_queue.errors import RequestRefusedError
from zosma_queue.job import State
from zosma_queue.request import COUNT_MAX, PROMPT_MAX_CHARS, STEPS_MAX, Request

#: One's own jobs that are shown: the open ones, and the newest of the rest.
MINE = 24
#: Behind every place in line.
LAST = 1_000_000
#: Width by height of each shape, as it is called in the form.
SHAPES = {"square": (1, 1), "portrait": (2, 3), "landscape": (3, 2), "tall": (9, 16), "wide": (16, 9)}
#: About how many pixels wide a square of each size is. Checkpoints are trained on one of them.
SIDES = (512, 768, 1024)
_GRID_PX = 64


class Create:
    """The handlers, over the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def page(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """The box and one's own jobs; `again` in the query fills it with what a job asked for."""
        source = await self._again(visitor, request.query.get("again", ""))
        return await self._parts.page(
            request, visitor, "create.html", part="part-mine.html", catalogue=await self._parts.board.catalogue(),
            given=_given(source), mine=await self._mine(visitor), shapes=SHAPES, sides=SIDES,
            open_count=(await self._parts.queue.admin.owner_depth(visitor.owner)).open,
            limits={"count": COUNT_MAX, "prompt": PROMPT_MAX_CHARS, "steps": STEPS_MAX},
            from_picture=bool(source and source.img2img),
        )  # fmt: skip

    async def submit(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """Asks for pictures."""
        fields = fields_of(form, await self._parts.board.catalogue())
        fields = await self._parts.queue.suited(fields, visitor.caller)
        job_id = await submit_with_pictures(self._parts.queue, fields, visitor.caller)
        if PART in request.headers:
            return self._parts.done(request, "In line.", "/")
        return redirect(f"{PATH}/{job_id}")

    async def estimate(self, request: web.Request, visitor: Visitor, form: Form) -> web.StreamResponse:
        """What the form as it is would cost and when it would be done: words beside the button. Keeps nothing of it."""
        queue, board = self._parts.queue, self._parts.board
        try:
            fields = await queue.suited(fields_of(form, await board.catalogue()), visitor.caller)
            found = await queue.estimate(sketched(fields), visitor.caller)
        except RequestRefusedError as error:
            found = Estimate(refusal=error)
        refused = problem_of(found.refusal) if found.refusal else None
        return self._parts.renderer.answer(
            "part-estimate.html", found=found, refused=refused and refused.detail, fleet=(await board.now()).ready
        )

    async def _mine(self, visitor: Visitor) -> list[Card]:
        now = await self._parts.board.now()
        # Of somebody with hundreds in line the oldest run, and they are not among the newest.
        jobs = {job.id: job for job in now.running.values() if job.owner == visitor.owner}
        jobs |= {job.id: job for job in await self._parts.queue.jobs_of(visitor.owner, limit=MINE)}
        return sorted(await cards(self._parts, visitor, list(jobs.values())), key=_rank)

    async def _again(self, visitor: Visitor, job_id: str) -> Request | None:
        job = await self._parts.queue.job(job_id) if job_id else None
        if job is None or job.request is None or not (await self._parts.sights.one(visitor, job)).shows:
            return None
        return job.request


def _rank(one: Card) -> tuple[int, int]:
    """What runs, then what waits as it will run, then the rest, newest first."""
    return (0 if one.state is State.RUNNING else 1 if one.is_open else 2), one.position or LAST


def fields_of(form: Form, catalogue: Catalogue) -> dict[str, Any]:
    """The request that a form asks for, as `parse_request` takes it; what was left empty is left out."""
    width, height = _size(form)
    fields: dict[str, Any] = {
        "prompt": form.get("prompt", ""),
        "negative_prompt": form.get("negative_prompt", ""),
        "width": width,
        "height": height,
        "steps": forms.whole(form, "steps"),
        "cfg_scale": forms.real(form, "cfg_scale"),
        "sampler": form.get("sampler") or None,
        "scheduler": form.get("scheduler") or None,
        "seed": forms.whole(form, "seed"),
        "count": forms.whole(form, "count"),
        "checkpoint": form.get("checkpoint") or None,
        "vae": form.get("vae") or None,
        "styles": [name for name in form.all("styles") if name] or None,
    }
    if form.get("picture"):
        fields["img2img"] = {"image": form["picture"]}
        if (denoise := forms.real(form, "denoising_strength")) is not None:
            fields["img2img"]["denoising_strength"] = denoise
    elif form.get("hires_scale"):
        fields["hires"] = {"scale": forms.real(form, "hires_scale")}
        if upscaler := form.get("hires_upscaler"):
            fields["hires"]["upscaler"] = upscaler
        elif catalogue.upscalers:
            fields["hires"]["upscaler"] = catalogue.upscalers[0]
    return {name: value for name, value in fields.items() if value is not None}


def _size(form: Form) -> tuple[Any, Any]:
    """Width and height: as they are given, else by shape and size."""
    width, height = forms.whole(form, "width"), forms.whole(form, "height")
    if width is not None or height is not None:
        return width if width is not None else height, height if height is not None else width
    wide, high = SHAPES.get(form.get("shape", ""), SHAPES["square"])
    side = forms.whole(form, "side")
    base = side if side in SIDES else SIDES[0]
    # As many pixels as the square has.
    factor = base / (wide * high) ** 0.5
    return tuple(max(round(one * factor / _GRID_PX) * _GRID_PX, _GRID_PX) for one in (wide, high))


def _given(request: Request | None) -> dict[str, Any]:
    """What the form is filled with; None where nothing is."""
    names = ("width", "height", "count", "steps", "cfg_scale", "sampler", "scheduler", "seed", "checkpoint", "vae")
    given: dict[str, Any] = {name: getattr(request, name, None) for name in names}
    given |= {"prompt": "", "negative_prompt": "", "styles": (), "hires_scale": None}
    if request:
        given |= {name: getattr(request, name) for name in ("prompt", "negative_prompt", "styles")}
        given["hires_scale"] = request.hires.scale if request.hires else None
    return given


def routes(parts: Parts) -> list[web.RouteDef]:
    """`/`, and where its form goes."""
    view = Create(parts)
    return [
        web.get("/", parts.gate.sees(view.page)),
        web.post(PATH, parts.gate.changes(view.submit)),
        # By POST: prompts stand in no address, which proxies and histories keep.
        web.post("/console/estimate", parts.gate.changes(view.estimate)),
    ]
