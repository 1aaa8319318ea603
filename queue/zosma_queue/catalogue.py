"""What the living fleet offers, and what a request's words mean in it."""

from __future__ import annotations

import difflib
import functools
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from zosma_queue import sampler_names
from zosma_queue.a1111_options import MODULES
from zosma_queue.controlnet import ControlNet
from zosma_queue.embeddings import EmbeddingFinder, fits, is_unmistakable, marked_in
from zosma_queue.errors import RequestRefusedError
from zosma_queue.families import FAMILIES, Facts, suited
from zosma_queue.feasibility import nobody
from zosma_queue.fleet import Capabilities, Checkpoint, Scheduler, Style, WorkerInfo, WorkerState, Workflow, spelled
from zosma_queue.needs import CONTROLNET, hypernetworks_in, loras_in, unknown_tags, with_lora_names, without_tags
from zosma_queue.request import WORDLESS, Compare, Interrogate, Request, Upscale
from zosma_queue.workflow_options import checked_options, joined

T = TypeVar("T")

#: Taken when a request names no sampler and the fleet has it; A1111's own page starts with it.
DEFAULT_SAMPLER = "DPM++ 2M"
_AUTOMATIC = "automatic"
#: Words in the names of upscalers that only resize; anything else adds detail.
_PLAIN_UPSCALERS = ("lanczos", "nearest", "bicubic")


_NOBODYS = Checkpoint(name="", title="")


@dataclass(frozen=True)
class Catalogue:
    """The union of what ready workers can do."""

    checkpoints: tuple[Checkpoint, ...] = ()
    samplers: tuple[str, ...] = ()
    schedulers: tuple[Scheduler, ...] = ()
    upscalers: tuple[str, ...] = ()
    loras: tuple[str, ...] = ()
    lora_aliases: Mapping[str, str] = field(default_factory=dict)
    """Other name → the one in `loras`."""
    embeddings: tuple[str, ...] = ()
    uneven_embeddings: Mapping[str, int] = field(default_factory=dict)
    """Those that some ready workers say they have and others don't, as `Capabilities.embedding_widths`."""
    hypernetworks: tuple[str, ...] = ()
    vaes: tuple[str, ...] = ()
    styles: tuple[Style, ...] = ()
    workflows: tuple[Workflow, ...] = ()
    """Operators' own, which may be asked for by name."""
    scripts: tuple[str, ...] = ()
    """Scripts that work along."""
    fields: tuple[str, ...] = ()
    """Of A1111's fields beyond our own, those that somebody honours."""
    controlnet_models: tuple[str, ...] = ()
    controlnet_modules: tuple[str, ...] = ()
    controlnet: ControlNet = field(default_factory=ControlNet)
    detectors: tuple[str, ...] = ()
    """ControlNet's preprocessors that may be asked for by themselves, under all their names."""
    enlargers: tuple[str, ...] = ()
    """What makes finished pictures larger."""
    face_restorers: tuple[str, ...] = ()
    """What restores faces in them."""
    interrogators: tuple[str, ...] = ()
    """What puts pictures into words."""
    loaded: frozenset[str] = frozenset()
    """Names of checkpoints that some worker holds in memory."""
    ready: int = 0
    """Number of ready workers."""
    holders: Mapping[str, int] = field(default_factory=dict)
    """Checkpoint → number of ready workers that have it on disk."""
    load_s: float | None = None
    """What loading a checkpoint takes in this fleet; None while nobody has loaded one."""
    last_seen_ms: int | None = None
    """When the last of them was ready, where none is and jobs may wait for one; else None."""
    is_new: bool = False
    """True where none has ever been ready."""

    @classmethod
    def of(cls, workers: Iterable[WorkerInfo], *, load_s: float | None = None) -> Catalogue:
        """What these workers offer together, in the order in which they list it."""
        ready = [worker for worker in workers if worker.state is not WorkerState.AWAY and worker.about]
        abouts = [worker.about for worker in ready if worker.about]

        def union(read: Callable[[Capabilities], Iterable[T]]) -> tuple[T, ...]:
            return tuple(dict.fromkeys(item for about in abouts for item in read(about)))

        loras = union(lambda about: about.loras)
        checkpoints = {checkpoint.name: checkpoint for about in abouts for checkpoint in about.checkpoints}
        return cls(
            checkpoints=tuple(checkpoints.values()),
            samplers=union(lambda about: about.samplers),
            schedulers=union(lambda about: about.schedulers),
            upscalers=union(lambda about: about.upscalers),
            loras=loras,
            lora_aliases={
                alias: name for about in abouts for alias, name in about.lora_aliases.items() if alias not in loras
            },
            embeddings=union(lambda about: about.embeddings),
            uneven_embeddings=_uneven_embeddings(abouts),
            hypernetworks=union(lambda about: about.hypernetworks),
            vaes=union(lambda about: about.vaes),
            styles=tuple({style.name: style for about in abouts for style in about.styles}.values()),
            workflows=joined(about.workflows for about in abouts),
            scripts=union(lambda about: about.scripts),
            fields=union(lambda about: about.fields),
            controlnet_models=union(lambda about: about.controlnet_models),
            controlnet_modules=union(lambda about: about.controlnet_modules),
            controlnet=ControlNet.joined(about.controlnet for about in abouts if about.has_script(CONTROLNET)),
            detectors=union(lambda about: about.detectors),
            enlargers=union(lambda about: about.enlargers),
            face_restorers=union(lambda about: about.face_restorers),
            interrogators=union(lambda about: about.interrogators),
            loaded=frozenset(worker.loaded for worker in ready if worker.loaded),
            ready=len(ready),
            holders=Counter(checkpoint.name for about in abouts for checkpoint in about.checkpoints),
            load_s=load_s,
        )

    @property
    def takes_jobs(self) -> bool:
        """True while a worker is ready, or jobs may wait for one."""
        return self.ready > 0 or self.last_seen_ms is not None

    @functools.cached_property
    def _embedding_finder(self) -> EmbeddingFinder:
        return EmbeddingFinder(self.embeddings)

    def embeddings_in(self, text: str) -> list[str]:
        """The names of embeddings in a text."""
        return self._embedding_finder.find(without_tags(text)[0]) if self.embeddings else []

    @functools.cached_property
    def _uneven_finder(self) -> EmbeddingFinder:
        return EmbeddingFinder(self.uneven_embeddings)

    def embeddings_for(self, request: Request) -> list[str]:
        """The embeddings that a request asks for, of those that not everybody has and that mean something to its
        checkpoint. What may as well be a word is one, unless it is marked: `embedding:cat`."""
        if not self.uneven_embeddings or not request.generates:
            return []
        named = self._by_spelling.get(spelled(request.checkpoint)) if request.checkpoint else None
        facts = named.facts if named else None
        texts = (*request.all_prompts, request.negative_prompt, *_second_prompts(request), *request.script_texts)
        marked = {name.casefold() for text in texts for name in marked_in(text)}
        found = dict.fromkeys(name for text in texts for name in self._uneven_finder.find(without_tags(text)[0]))
        return [
            name
            for name in found
            if (is_unmistakable(name) or name.casefold() in marked) and fits(self.uneven_embeddings[name], facts)
        ]

    @property
    def lora_names(self) -> tuple[str, ...]:
        """All names that a LoRA is known by."""
        return (*self.loras, *self.lora_aliases)

    def resolve(self, request: Request) -> Request:
        """The request with canonical names and the fleet's defaults.

        "DPM++ 2M Karras" is taken apart into sampler and scheduler, as A1111 does.

        Raises:
          NoWorkerError: when no worker is ready, and none was here lately.
          RequestRefusedError: when nobody has the checkpoint, sampler, scheduler or upscaler; names the nearest.
        """
        if not self.takes_jobs:
            raise nobody(is_new=self.is_new)
        if request.upscale:
            return request.model_copy(update={"upscale": self._upscaling(request.upscale)})
        if request.compare:
            return self._comparing(request, request.compare)
        if request.interrogate:
            return request.model_copy(update={"interrogate": self._interrogating(request.interrogate)})
        if request.detect:
            module = _known("detect.module", request.detect.module, self.detectors)
            return request.model_copy(update={"detect": request.detect.model_copy(update={"module": module})})
        if request.workflow:
            request = self._with_workflow(request, request.workflow)
        sampler, scheduler = self._sampler(request.sampler, request.scheduler)
        changes: dict[str, object] = {
            "sampler": sampler,
            "scheduler": scheduler,
            "checkpoint": request.checkpoint and self.checkpoint(request.checkpoint).name,
        }
        self._check_marked(request)
        changes["prompt"] = self._prompt(request.prompt, request)
        changes["prompts"] = tuple(self._prompt(prompt, request) for prompt in request.prompts)
        if request.hires and request.hires.upscaler:
            upscaler = _match(request.hires.upscaler, self.upscalers)
            if upscaler is None:
                raise _unknown("hires.upscaler", request.hires.upscaler, self.upscalers)
            changes["hires"] = request.hires.model_copy(update={"upscaler": upscaler})
        if request.tiled and request.tiled.upscaler:
            upscaler = _known(f"{request.tiled_by}.upscaler", request.tiled.upscaler, self.enlargers)
            changes[request.tiled_by] = request.tiled.model_copy(update={"upscaler": upscaler})
        if request.vae:
            changes["vae"] = _known("vae", request.vae, self.vaes)
        if modules := request.a1111.get(MODULES):
            known = [_known(f"override_settings.{MODULES}", name, self.vaes) for name in modules]
            changes["a1111"] = {**request.a1111, MODULES: known}
        names = [style.name for style in self.styles]
        changes["styles"] = tuple(_known("styles", name, names) for name in request.styles)
        return request.model_copy(update=changes)

    def _prompt(self, prompt: str, request: Request) -> str:
        """The prompt with its LoRAs under the names that WebUIs list."""
        if "<" not in prompt:
            return prompt
        spaced = {name.strip(): name for name in self.loras if name != name.strip()}
        prompt = with_lora_names(prompt, {**self.lora_aliases, **spaced})
        for name in loras_in(prompt):
            # A1111 leaves an unknown LoRA out without a word, and the member never learns why it looks wrong.
            if name not in self.loras:
                raise _unknown("LoRA", name, self.loras)
        for name in hypernetworks_in(prompt):
            if name not in self.hypernetworks:
                raise _unknown("hypernetwork", name, self.hypernetworks)
        if not request.a1111.get("disable_extra_networks"):
            for tag in unknown_tags(prompt):
                shown = tag if len(tag) <= 60 else f"{tag[:60]}…"
                raise RequestRefusedError(
                    detail=f"has {shown!r}, which is left out of the picture: a LoRA is written <lora:name:0.8>",
                    code="unknown-tag",
                    field="prompt",
                    values={"given": shown},
                )
        return prompt

    def _check_marked(self, request: Request) -> None:
        """Raises RequestRefusedError for what a prompt marks as an embedding that nobody has: others say nothing."""
        texts = [("prompt", one) for one in request.all_prompts] + [("negative_prompt", request.negative_prompt)]
        for where, text in texts:
            for name in marked_in(text):
                if _match(name, self.embeddings) is None:
                    raise _unknown(where, f"embedding:{name}", [f"embedding:{one}" for one in self.embeddings])

    def _upscaling(self, upscale: Upscale) -> Upscale:
        """It with an upscaler that somebody has, rather one that adds detail when it names none."""
        if not self.enlargers:
            raise RequestRefusedError(
                detail="is not possible: no GPU here can do it",
                code="upscale-not-possible",
                field="upscale",
            )
        for name in upscale.face_restorers:
            if name not in self.face_restorers:
                raise RequestRefusedError(
                    detail=f"is not possible: no GPU here has {name}: leave it out",
                    code="restore-not-possible",
                    field=f"upscale.{name.casefold()}_visibility",
                    values={"given": name},
                )
        if "extras_upscaler_2_visibility" in upscale.extras:
            second = _known("upscale.upscaler_2", upscale.upscaler_2 or "", self.enlargers)
            upscale = upscale.model_copy(update={"upscaler_2": second})
        if upscale.upscaler_1:
            upscaler = _known("upscale.upscaler_1", upscale.upscaler_1, self.enlargers)
        elif upscale.face_restorers:
            return upscale
        else:
            upscaler = min(self.enlargers, key=lambda name: any(word in name.casefold() for word in _PLAIN_UPSCALERS))
        return upscale.model_copy(update={"upscaler_1": upscaler})

    def _comparing(self, request: Request, compare: Compare) -> Request:
        """It with canonical names throughout, and all pictures on one checkpoint unless those are compared."""
        if compare.field != "checkpoint" and request.checkpoint is None:
            names = [one.name for one in self.checkpoints]
            usual = next((name for name in names if name in self.loaded), next(iter(names), None))
            request = request.model_copy(update={"checkpoint": usual})
        resolved = [self.resolve(one) for one in request.variants]
        values = tuple(getattr(one, compare.field) for one in resolved)
        if len(set(values)) < len(values):
            raise RequestRefusedError(
                detail=": are not all different: leave one out", code="compare-same", field="compare.values"
            )
        return resolved[0].model_copy(
            update={
                "compare": compare.model_copy(update={"values": values}),
                "count": request.count,
                compare.field: getattr(request, compare.field),
            }
        )

    def _interrogating(self, interrogate: Interrogate) -> Interrogate:
        if not self.interrogators:
            raise RequestRefusedError(
                detail="is not possible: no GPU here can put pictures into words",
                code="interrogate-not-possible",
                field="interrogate",
            )
        return interrogate.model_copy(
            update={"model": _known("interrogate.model", interrogate.model, self.interrogators)}
        )

    def _with_workflow(self, request: Request, wanted: str) -> Request:
        """The request with the workflow's own name, one of its checkpoints, and its options as it takes them."""
        name = _known("workflow", wanted, [one.name for one in self.workflows])
        workflow = next(one for one in self.workflows if one.name == name)
        if request.checkpoint:
            checkpoint = self.checkpoint(request.checkpoint).name
            if checkpoint not in workflow.checkpoints:
                fitting = ", ".join(workflow.checkpoints[:3])
                raise RequestRefusedError(
                    detail=f"{checkpoint!r} is none of the workflow {name}: those are {fitting}",
                    code="workflow-not-for-checkpoint",
                    field="checkpoint",
                    values={"given": checkpoint, "nearest": fitting},
                )
        else:
            checkpoint = min(workflow.checkpoints, key=lambda one: one not in self.loaded)
        options = checked_options(workflow, request.workflow_options)
        return request.model_copy(update={"workflow": name, "checkpoint": checkpoint, "workflow_options": options})

    def suited(self, fields: Mapping[str, Any], *, most_side: int = 0, most_steps: int = 0) -> dict[str, Any]:
        """A request's fields as they were said, with what suits their checkpoint where nothing was said.

        Where none is named and the fleet's checkpoints are of several families, one is: nothing suits them all.
        `most_side`, `most_steps`: what the rules allow, 0 for anything.
        """
        compared = fields.get("compare")
        several = isinstance(compared, Mapping) and compared.get("field") == "checkpoint"
        if several or any(fields.get(name) for name in WORDLESS):
            return dict(fields)
        usual = self.usual_checkpoint
        if not fields.get("checkpoint") and not fields.get("workflow") and usual and self._has_several_families:
            fields = {**fields, "checkpoint": usual.name}
        facts = self.facts_for(fields)
        return suited(fields, facts, most_side=most_side, most_steps=most_steps) if facts else dict(fields)

    def facts_for(self, fields: Mapping[str, Any]) -> Facts | None:
        """What suits a request with these fields, as far as its workflow or checkpoint tells."""
        workflow, checkpoint = (str(fields.get(name) or "").casefold() for name in ("workflow", "checkpoint"))
        for one in self.workflows:
            if one.name.casefold() == workflow and one.facts:
                return one.facts
        named = self._by_spelling.get(spelled(checkpoint))
        return (named or self.usual_checkpoint or _NOBODYS).facts

    @property
    def _has_several_families(self) -> bool:
        return len({one.facts or FAMILIES["sd15"].facts for one in self.checkpoints}) > 1

    @property
    def usual_checkpoint(self) -> Checkpoint | None:
        """The one for somebody who names none: one that is loaded somewhere, rather one that many have."""
        return min(
            self.checkpoints,
            key=lambda one: (one.name not in self.loaded, -self.holders.get(one.name, 0)),
            default=None,
        )

    def checkpoint(self, wanted: str) -> Checkpoint:
        """The checkpoint that `wanted` names.

        Raises:
          RequestRefusedError: when no ready worker has it.
        """
        found = self._by_spelling.get(spelled(wanted))
        if found is None:
            raise _unknown("checkpoint", wanted, [checkpoint.name for checkpoint in self.checkpoints])
        return found

    @functools.cached_property
    def _by_spelling(self) -> dict[str, Checkpoint]:
        # Of two that are called the same, the first.
        first = self.checkpoints[::-1]
        short = {spelling: one for one in first for spelling in one.short_spellings}
        return short | {spelling: one for one in first for spelling in one.spellings}

    def vae(self, wanted: str) -> str:
        """The VAE that `wanted` names.

        Raises:
          RequestRefusedError: when no ready worker has it.
        """
        return _known("vae", wanted, self.vaes)

    def _sampler(self, sampler: str | None, scheduler: str | None) -> tuple[str | None, str | None]:
        both = self._together(sampler, scheduler)
        if both:
            return both
        label = None
        if scheduler and scheduler.casefold() != _AUTOMATIC:
            label = self._scheduler_label(scheduler)
            if label is None:
                raise _unknown("scheduler", scheduler, [one.label for one in self.schedulers])
        if sampler is None:
            default = _match(DEFAULT_SAMPLER, self.samplers) or next(iter(self.samplers), None)
            return default, label
        known = _match(sampler, self.samplers)
        if known:
            return known, label
        for one in self.schedulers:
            suffix = f" {one.label}".casefold()
            if sampler.casefold().endswith(suffix):
                known = _match(sampler[: -len(suffix)], self.samplers)
                if known:
                    return known, label or one.label
        raise _unknown("sampler", sampler, self.samplers)

    def _together(self, sampler: str | None, scheduler: str | None) -> tuple[str, str] | None:
        """(sampler, scheduler) for what A1111 once had one name for, in either spelling, where somebody can do it."""
        automatic = not scheduler or scheduler.casefold() == _AUTOMATIC
        pair = sampler_names.parted((sampler or "") if automatic else f"{sampler} {scheduler}")
        if pair is None:
            return None
        apart = _match(pair[0], self.samplers) and self._scheduler_label(pair[1])
        return pair if apart or _match(" ".join(pair), self.samplers) else None

    def _scheduler_label(self, wanted: str) -> str | None:
        for one in self.schedulers:
            if wanted.casefold() in (one.label.casefold(), one.name.casefold()):
                return one.label
        return None


def _uneven_embeddings(abouts: Sequence[Capabilities]) -> dict[str, int]:
    """Embedding → its width, as far as one tells it; of those that not all have."""
    listed, holders = Counter(itertools.chain.from_iterable(about.embedding_widths for about in abouts)), Counter[str]()
    for name, count in listed.items():
        holders[name.casefold()] += count
    told: dict[str, int] = {}
    for about in abouts:
        told |= about.embedding_widths
    return {
        name: told[name] or next((width for about in abouts if (width := about.embedding_widths.get(name))), 0)
        for name in listed
        if holders[name.casefold()] < len(abouts)
    }


def _second_prompts(request: Request) -> list[str]:
    told = (request.a1111.get(name) for name in ("hr_prompt", "hr_negative_prompt"))
    return [text for text in told if isinstance(text, str)]


def _match(wanted: str, known: Iterable[str]) -> str | None:
    # A file may be named with spaces around it, which nobody can type into every client.
    wanted = wanted.strip().casefold()
    return next((name for name in known if name.strip().casefold() == wanted), None)


def _known(field: str, wanted: str, known: Iterable[str]) -> str:
    known = list(known)
    found = _match(wanted, known)
    if found is None:
        raise _unknown(field, wanted, known)
    return found


def _unknown(field: str, wanted: str, known: Iterable[str]) -> RequestRefusedError:
    names = list(known)
    near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.4) or names[:3]
    offer = f": the nearest are {', '.join(near)}" if near else ": the fleet offers none"
    shown = wanted if len(wanted) <= 60 else f"{wanted[:60]}…"
    return RequestRefusedError(
        detail=f"{shown!r} is not known here{offer}",
        code="unknown-name",
        field=field,
        values={"given": shown, "nearest": ", ".join(near)},
    )
