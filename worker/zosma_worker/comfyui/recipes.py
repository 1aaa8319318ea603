"""Which workflow makes the pictures of a checkpoint, and what it can do on a server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from zosma_queue.families import is_apart, matches
from zosma_worker.comfyui.check import problems_in
from zosma_worker.comfyui.graph import Lora, Picture, Second, build
from zosma_worker.comfyui.node_info import NodeInfo
from zosma_worker.comfyui.workflow import Graph, Workflow, WorkflowError, label, read_workflow

log = logging.getLogger(__name__)

PACKAGED = Path(__file__).parent / "workflows"
#: What makes the pictures of a checkpoint of which nothing tells the family.
FALLBACK = "sd15"
#: How a header's `modelspec.architecture` begins for what that workflow may still make pictures of.
_STABLE_DIFFUSION = "stable-diffusion"
#: Files of an operator's folder that are read.
FILES_MAX = 100

#: What a recipe may be able to do.
IMG2IMG, INPAINTING, HIRES_LATENT, HIRES_MODEL, HIRES_RESIZED = "img2img", "inpainting", "latent", "model", "resized"


@dataclass(frozen=True)
class Recipe:
    """A workflow that a server takes."""

    workflow: Workflow
    own: bool
    """It is the operator's, and can be asked for by name."""
    abilities: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """What it is asked for by."""
        return self.workflow.name

    @property
    def loader(self) -> str:
        """The input that names its checkpoint."""
        return self.workflow.places["checkpoint"].input

    def is_for(self, loader: str, path: str) -> bool:
        """Whether it is for a checkpoint, which the input `loader` lists under this path."""
        place, about = self.workflow.places["checkpoint"], self.workflow.about
        own = str(self.workflow.graph[place.node]["inputs"][place.input])
        patterns = about.checkpoints or ((own,) if own else ("*",))
        return loader == self.loader and any(matches(path, pattern) for pattern in patterns)


def bind(workflow: Workflow, nodes: Mapping[str, NodeInfo], *, own: bool = False) -> Recipe:
    """The workflow as this server runs it, with what it can do there.

    Raises:
      WorkflowError: when the server has something against it.
    """
    bound = replace(workflow, graph=_with_files(workflow, nodes))
    problems = _other_outputs(workflow, nodes) or problems_in(build(bound, _sample(bound, nodes), ""), nodes)
    if problems:
        raise WorkflowError(problems)
    return Recipe(bound, own, frozenset(_abilities(bound, nodes)))


def _other_outputs(workflow: Workflow, nodes: Mapping[str, NodeInfo]) -> list[str]:
    """Outputs beside the one that is shown, which a server knows of and a name doesn't tell."""
    return [
        f"{label(workflow.graph, node)} is an output too: leave one of them"
        for node, entry in workflow.graph.items()
        if node != workflow.output and entry["class_type"] in nodes and nodes[entry["class_type"]].is_output
    ]


def _with_files(workflow: Workflow, nodes: Mapping[str, NodeInfo]) -> Graph:
    """The graph with the names of files that this server has."""
    graph = {node: {**entry, "inputs": dict(entry["inputs"])} for node, entry in workflow.graph.items()}
    problems = []
    for where, patterns in workflow.about.files.items():
        node, _, name = where.partition(".")
        info = nodes.get(graph[node]["class_type"])
        if info is None:
            continue  # said of the node
        choices = info.choices(name)
        found = next((file for pattern in patterns for file in choices if matches(file, pattern)), None)
        if found is None:
            lacking = f"node {node} ({graph[node]['class_type']}): {name} has no file like {patterns[0]}"
            problems.append(f"{lacking}: put one where ComfyUI looks for it")
        else:
            graph[node]["inputs"][name] = found
    if problems:
        raise WorkflowError(problems)
    return graph


def _sample(workflow: Workflow, nodes: Mapping[str, NodeInfo]) -> Picture:
    """Values with which it is tried against what the server says of its nodes."""
    place = workflow.places["checkpoint"]
    info = nodes.get(workflow.graph[place.node]["class_type"])
    own = workflow.graph[place.node]["inputs"][place.input]
    choices = info.choices(place.input) if info else ()
    checkpoint = own if own in choices or not choices else choices[0]
    return Picture(values={"checkpoint": checkpoint, "seed": 1, "prompt": "a lighthouse"}, size=(512, 512))


def _abilities(workflow: Workflow, nodes: Mapping[str, NodeInfo]) -> Iterable[str]:
    """What the graph can be made into, so that the server still takes it."""
    sample = _sample(workflow, nodes)
    second = Second(seed=1, steps=2, denoise=0.5, width=1024, height=1024)
    models = nodes["UpscaleModelLoader"].choices("model_name") if "UpscaleModelLoader" in nodes else ()
    loras = nodes["LoraLoader"].choices("lora_name") if "LoraLoader" in nodes else ()
    hires = ("picture", "picture-hires", "hires-latent", "hires-denoise")
    enlarging = (*hires, "hires-image", "hires-size", "enlarged")
    tries = {
        IMG2IMG: (("start-image", "size", "latent-img2img", "denoise"), replace(sample, start="a.png")),
        INPAINTING: (
            ("start-image", "mask", "size", "latent-inpaint", "denoise"),
            replace(sample, start="a.png", mask="b.png"),
        ),
        HIRES_LATENT: (hires, replace(sample, second=replace(second, latent_method="nearest-exact"))),
        HIRES_RESIZED: (enlarging, replace(sample, second=second)),
    }
    if models:
        tries[HIRES_MODEL] = ((*enlarging, "upscaler"), replace(sample, second=replace(second, upscaler=models[0])))
    if loras:
        tries["loras"] = (("loras",), replace(sample, loras=(Lora(file=loras[0], weight=1.0),)))
    for ability, (places, picture) in tries.items():
        if workflow.has(*places) and not problems_in(build(workflow, picture, ""), nodes):
            yield ability


def choose(recipes: Iterable[Recipe], path: str, loader: str) -> Recipe | None:
    """The recipe that a checkpoint's folder or name asks for; None when it asks for none.

    `loader`: the input that lists it. The operator's own go first, then whose pattern says more.
    """
    if is_apart(path):
        recipes = [one for one in recipes if one.own]
    return _best(recipes, path, loader, lambda one: one.workflow.about.checkpoints)


def choose_by_header(recipes: Iterable[Recipe], architecture: str | None, loader: str) -> Recipe | None:
    """The recipe for what a checkpoint's header says; without a header the usual one. None: there is none."""
    recipes = list(recipes)
    if architecture:
        found = _best(recipes, architecture, loader, lambda one: one.workflow.about.architectures)
        if found or not architecture.casefold().startswith(_STABLE_DIFFUSION):
            return found
    return next((one for one in recipes if one.name == FALLBACK and one.loader == loader), None)


def _best(
    recipes: Iterable[Recipe], text: str, loader: str, patterns: Callable[[Recipe], Iterable[str]]
) -> Recipe | None:
    found = [
        (one.own, len(pattern.replace("*", "")), one)
        for one in recipes
        if one.loader == loader and one.workflow.about.automatic
        for pattern in patterns(one)
        if matches(text, pattern)
    ]
    return max(found, key=lambda entry: entry[:2])[2] if found else None


class Library:
    """The workflow files: those that come with Zosma, and an operator's own, which go before them."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._read_at: dict[Path, int] = {}
        self._workflows: dict[str, tuple[Workflow, bool]] = {}
        self._nodes: Mapping[str, NodeInfo] | None = None
        self._bound: tuple[list[Recipe], dict[str, tuple[str, ...]]] = ([], {})
        self.refused: dict[str, tuple[str, ...]] = {}
        """File → why it is no workflow."""

    def read(self) -> bool:
        """Reads all files if one has changed since. True when it did."""
        files = [(path, False) for path in sorted(PACKAGED.glob("*.json"))]
        own = sorted(self._folder.glob("*.json"))[:FILES_MAX] if self._folder else []
        files += [(path, True) for path in own]
        read_at = {path: _changed_at(path) for path, _ in files}
        if read_at == self._read_at:
            return False
        self._read_at, self._workflows, self.refused, self._nodes = read_at, {}, {}, None
        for path, is_own in files:
            try:
                self._workflows[path.stem] = (read_workflow(path), is_own)
            except WorkflowError as error:
                self.refused[path.stem] = error.problems
                log.warning("the workflow %s is not used: %s", path, error)
        return True

    def bound(self, nodes: Mapping[str, NodeInfo]) -> tuple[list[Recipe], dict[str, tuple[str, ...]]]:
        """The workflows that a server takes, and of the others what it has against them."""
        if nodes == self._nodes:  # nothing has changed since the last look
            return self._bound
        recipes: list[Recipe] = []
        refused: dict[str, tuple[str, ...]] = {}
        for name, (workflow, own) in self._workflows.items():
            try:
                recipes.append(bind(workflow, nodes, own=own))
            except WorkflowError as error:
                refused[name] = error.problems
        self._nodes, self._bound = nodes, (recipes, refused)
        return self._bound

    def is_meant_for(self, name: str, paths: Iterable[str]) -> bool:
        """Whether it would make the pictures of one of these files."""
        if name not in self._workflows:
            return False
        patterns = self._workflows[name][0].about.checkpoints
        return any(matches(path, pattern) for path in paths if not is_apart(path) for pattern in patterns)

    def is_own(self, name: str) -> bool:
        """Whether it is the operator's."""
        return name in self._workflows and self._workflows[name][1]


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
