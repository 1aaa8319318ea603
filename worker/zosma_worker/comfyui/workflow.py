"""A workflow file: a graph in ComfyUI's API format, with names for the places where a request goes.

A node takes part by its title (right-click → Title, before "Export (API)"): `zosma: prompt`, or several with commas
between, `zosma: seed, steps`. `zosma: prompt=t5xxl` names the input too, where a node has several that would do. What
can't be said by titles stands in a block `"zosma": {…}` beside the nodes; see `docs/comfyui.md`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from zosma_queue.errors import ZosmaError
from zosma_queue.families import FAMILIES, Facts
from zosma_queue.validation import problems_of

#: A graph drawn by hand has some 30 kB; what is longer holds pictures.
FILE_MAX_BYTES = 1024 * 1024
NODES_MAX = 400

Node = dict[str, Any]
Graph = dict[str, Node]

_TITLE = re.compile(r"^\s*zosma\s*:\s*(.+)$", re.IGNORECASE)

#: Place → inputs of a node that may be meant, by their usual names; () for the node itself.
PLACES: Mapping[str, tuple[str, ...]] = {
    "checkpoint": ("ckpt_name", "unet_name"),
    "prompt": ("text", "prompt"),
    "negative": ("text", "prompt"),
    "size": (),
    "seed": ("seed", "noise_seed"),
    "steps": ("steps",),
    "guidance": ("guidance", "cfg"),
    "sampler": ("sampler_name",),
    "scheduler": ("scheduler",),
    "denoise": ("denoise",),
    "loras": (),
    "clip-skip": ("stop_at_clip_layer",),
    "vae": ("vae_name",),
    "picture": (),
    "start-image": ("image",),
    "latent-img2img": (),
    "mask": ("image",),
    "latent-inpaint": (),
    "picture-inpaint": (),
    "picture-hires": (),
    "hires-seed": ("seed", "noise_seed"),
    "hires-steps": ("steps",),
    "hires-guidance": ("guidance", "cfg"),
    "hires-sampler": ("sampler_name",),
    "hires-scheduler": ("scheduler",),
    "hires-denoise": ("denoise",),
    "hires-latent": (),
    "hires-image": (),
    "hires-size": (),
    "upscaler": ("model_name",),
    "enlarged": (),
}
#: What `sampling` and `hires-sampling` stand for: each of these that the node has.
_SAMPLING = ("seed", "steps", "guidance", "sampler", "scheduler", "denoise")
#: Without these there is nothing to ask for.
_REQUIRED = ("checkpoint", "prompt", "seed")
#: Nodes that show a picture and do nothing else.
PICTURE_OUTPUTS = ("PreviewImage", "SaveImage")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class WorkflowError(ZosmaError):
    """Raised when a workflow can't be used; `problems` name the node and the fix, for whoever wrote it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class Option(BaseModel):
    """Something more that may be chosen with a workflow."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Annotated[str, StringConstraints(pattern=r"^[^.]+\..+$")]
    """`node id.input`."""
    type: Literal["number", "integer", "text", "switch", "choice"] = "text"
    description: Annotated[str, StringConstraints(max_length=100)] = ""
    default: float | int | str | bool | None = None
    """None: what the file has there."""
    min: float | None = None
    max: float | None = None
    choices: tuple[Text, ...] = Field((), max_length=25)


class About(BaseModel):
    """The block `zosma` of a workflow file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Text | None = None
    description: Annotated[str, StringConstraints(max_length=100)] = ""
    automatic: bool = False
    """It makes all pictures of its checkpoints; else it must be asked for by name."""
    family: Literal["sd15", "sdxl", "sd35", "flux", "flux-schnell", "z-image", "z-image-turbo", "qwen-image"] | None = (
        None
    )
    """Of which family's checkpoints it is, and whose facts suit them."""
    checkpoints: tuple[Text, ...] = ()
    """Patterns of paths like `flux/*`: the checkpoints that it is for. None: the family's, else the one it names."""
    architectures: tuple[Text, ...] = ()
    """Patterns of `modelspec.architecture` in a checkpoint's header: it is for those too. None: the family's."""
    facts: Facts = Facts()
    """Where they say nothing, the family's do."""
    files: Mapping[str, tuple[Text, ...]] = {}
    """`node id.input` → patterns of file names, best first: whatever the server has of them stands there."""
    options: Mapping[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")], Option] = Field(
        {}, max_length=10
    )

    @model_validator(mode="after")
    def _of_a_family(self) -> Self:
        if self.family is None:
            return self
        family = FAMILIES[self.family]
        return self.model_copy(
            update={
                "checkpoints": self.checkpoints or family.paths,
                "architectures": self.architectures if self.checkpoints else family.architectures,
                "facts": self.facts.over(family.facts),
            }
        )


@dataclass(frozen=True)
class Place:
    """Where something of a request goes."""

    node: str
    input: str
    """'' where the whole node is meant."""


@dataclass(frozen=True)
class Workflow:
    """A workflow file that is one."""

    name: str
    graph: Graph
    """Never changed: copies are."""
    places: Mapping[str, Place]
    output: str
    """Id of the one node that shows the picture."""
    about: About

    @property
    def title(self) -> str:
        """What people read."""
        return self.about.title or self.name

    def has(self, *places: str) -> bool:
        """Whether it has all these places."""
        return all(place in self.places for place in places)


def read_workflow(path: Path) -> Workflow:
    """The workflow in a file, called as the file is.

    Raises:
      WorkflowError: when it is none, or too large.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_MAX_BYTES + 1)
    except OSError as error:
        raise WorkflowError([f"can't be read: {error.strerror or error}"]) from None
    return parse_workflow(path.stem, raw)


def parse_workflow(name: str, raw: bytes) -> Workflow:
    """The workflow that a file's bytes hold.

    Raises:
      WorkflowError: when it is none.
    """
    if len(raw) > FILE_MAX_BYTES:
        raise WorkflowError([f"has more than {FILE_MAX_BYTES // 1024:,} kB: a workflow holds no pictures"])
    try:
        found = json.loads(raw, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        wrong = isinstance(error, WorkflowError)
        raise WorkflowError([str(error) if wrong else f"is not JSON: {error}"]) from None
    if isinstance(found, dict) and isinstance(found.get("nodes"), list):
        raise WorkflowError(["is in the page's own format: export it with File → Export (API)"])
    if not isinstance(found, dict):
        raise WorkflowError(["is no workflow: export one with File → Export (API)"])
    about = _about(found.pop("zosma", {}))
    graph = _graph(found)
    places = _places(graph)
    problems = [f"no node is titled “zosma: {place}”" for place in _REQUIRED if place not in places]
    problems += _wrong_inputs(graph, about)
    outputs = [node for node, entry in graph.items() if _is_output(entry["class_type"])]
    output, refusals = _output(graph, outputs)
    problems += refusals
    problems += _loops(graph)
    if problems:
        raise WorkflowError(problems)
    return Workflow(name, graph, places, output, about)


def is_link(value: Any) -> bool:
    """Whether an input takes another node's output: `["node id", index]`."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and type(value[1]) is int


def sources(entry: Node) -> Iterator[str]:
    """Ids of the nodes that a node takes something of."""
    return (value[0] for value in entry["inputs"].values() if is_link(value))


def label(graph: Mapping[str, Node], node: str) -> str:
    """A node as people find it: its id and class."""
    return f"node {node} ({graph[node]['class_type']})" if node in graph else f"node {node}"


# -- reading ----------------------------------------------------------------------------------------------------


class _TwiceError(WorkflowError, ValueError):
    """Raised for an object with a name twice, of which JSON's reader would silently take the last."""


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _TwiceError([f"has {twice[:60]!r} twice in one object"])
    return found


def _about(found: Any) -> About:
    try:
        return About.model_validate(found)
    except ValidationError as error:
        first = problems_of(error)[0]
        raise WorkflowError([f"its block “zosma”: {first.field or 'it'}: {first.clause}"]) from None


def _graph(found: dict[str, Any]) -> Graph:
    if not found:
        raise WorkflowError(["has no nodes"])
    if len(found) > NODES_MAX:
        raise WorkflowError([f"has {len(found)} nodes, at most {NODES_MAX} are possible"])
    problems = []
    for node, entry in found.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("class_type"), str):
            problems.append(f"node {node[:60]} has no class_type: export the workflow with File → Export (API)")
        elif not isinstance(entry.get("inputs"), dict):
            problems.append(f"node {node[:60]} ({entry['class_type']}) has no inputs")
    if problems:
        raise WorkflowError(problems)
    for node, entry in found.items():
        problems += [
            f"{label(found, node)} takes something of node {source}, which is not there"
            for source in sources(entry)
            if source not in found
        ]
    if problems:
        raise WorkflowError(problems)
    return found


def _places(graph: Graph) -> dict[str, Place]:
    found: dict[str, Place] = {}
    shorthand: dict[str, Place] = {}
    problems = []
    for node, entry in graph.items():
        for place, wanted in _titled(entry):
            known = place in PLACES or place.removeprefix("hires-") == "sampling"
            if not known:
                problems.append(f"{label(graph, node)}: there is no place “{place}”: possible are {', '.join(PLACES)}")
            elif place in found or place in shorthand:
                other = (found.get(place) or shorthand[place]).node
                problems.append(
                    f"the place “{place}” is named twice: in {label(graph, other)} and {label(graph, node)}"
                )
            elif place not in PLACES:
                shorthand[place] = Place(node, "")
            else:
                where = _input_of(entry, place, wanted)
                if where is None:
                    names = wanted or " or ".join(PLACES[place])
                    problems.append(f"{label(graph, node)} has no input {names} for the place “{place}”")
                else:
                    found[place] = Place(node, where)
    if problems:
        raise WorkflowError(problems)
    for place, at in shorthand.items():
        for one in _SAMPLING:
            name = f"{place.removesuffix('sampling')}{one}"
            where = _input_of(graph[at.node], name, "")
            if where is not None and name not in found:
                found[name] = Place(at.node, where)
    return found


def _titled(entry: Node) -> Iterator[tuple[str, str]]:
    """(place, input) that a node's title names."""
    meta = entry.get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else None
    match = _TITLE.match(title) if isinstance(title, str) else None
    for part in match[1].split(",") if match else ():
        place, _, wanted = part.partition("=")
        yield place.strip().casefold(), wanted.strip()


def _input_of(entry: Node, place: str, wanted: str) -> str | None:
    """The input that is meant; '' for the whole node, None when there is none."""
    if not PLACES[place]:
        return ""
    return next((name for name in ((wanted,) if wanted else PLACES[place]) if name in entry["inputs"]), None)


def _wrong_inputs(graph: Graph, about: About) -> list[str]:
    """What the block `zosma` points at and isn't there."""
    named = [("files", key, key) for key in about.files]
    named += [("options", name, option.input) for name, option in about.options.items()]
    problems = []
    for block, name, place in named:
        node, _, where = place.partition(".")
        if node not in graph or where not in graph[node]["inputs"]:
            problems.append(f"its block “zosma”: {block}.{name}: there is no input {place}")
    return problems


#: Words in the names of nodes that show or save something else than a picture.
_OTHER_MEDIA = ("video", "webm", "animated", "audio", "mesh", "glb", "3d", "gif")


def _is_output(class_type: str) -> bool:
    """By name, as far as that goes without a server."""
    plain = class_type.casefold()
    return class_type in PICTURE_OUTPUTS or (
        plain.startswith(("save", "preview", "vhs_videocombine")) and "latent" not in plain
    )


def other_medium(class_type: str) -> str | None:
    """What an output node makes that is no picture; None when it doesn't look like that."""
    plain = class_type.casefold()
    found = next((word for word in _OTHER_MEDIA if word in plain), None)
    if found is None:
        return None
    return "sound" if found == "audio" else "a 3D model" if found in ("mesh", "glb", "3d") else "a video"


def _output(graph: Graph, outputs: list[str]) -> tuple[str, list[str]]:
    """The node that shows the picture, and what is wrong with the choice."""
    problems = []
    for node in outputs:
        medium = other_medium(graph[node]["class_type"])
        if medium:
            problems.append(f"{label(graph, node)} makes {medium}: only pictures can be shown")
        elif graph[node]["class_type"] not in PICTURE_OUTPUTS:
            problems.append(f"{label(graph, node)} can't be read: use PreviewImage or SaveImage in its place")
    if not outputs:
        problems.append("has no output: add a PreviewImage")
    elif len(outputs) > 1 and not problems:
        named = " and ".join(label(graph, node) for node in outputs)
        problems.append(f"has {len(outputs)} outputs, {named}: leave one of them")
    return (outputs[0] if outputs else ""), problems


def _loops(graph: Graph) -> list[str]:
    """Links that come back to where they began. Goes through each link once."""
    done: set[str] = set()
    for begun in graph:
        path: dict[str, Iterator[str]] = {}
        if begun not in done:
            path[begun] = sources(graph[begun])
        while path:
            node, rest = next(reversed(path.items()))
            source = next(rest, None)
            if source is None:
                path.popitem()
                done.add(node)
            elif source in path:
                ring = [*list(path)[list(path).index(source) :], source]
                return [f"its links go in a circle: {' ← '.join(label(graph, one) for one in ring[:6])}"]
            elif source not in done:
                path[source] = sources(graph[source])
    return []
