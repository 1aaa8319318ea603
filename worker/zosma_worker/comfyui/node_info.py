"""What a server's nodes take and give, from its `/object_info`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zosma_worker.bounds import number

#: Takes or gives anything.
ANY = "*"
#: One of a list.
COMBO = "COMBO"


@dataclass(frozen=True)
class Input:
    """One input of a node."""

    type: str
    required: bool
    choices: tuple[str, ...] | None = None
    """What may stand there; None when that is not a matter of a list."""
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class NodeInfo:
    """One class of nodes."""

    inputs: Mapping[str, Input] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    """Types, in the order of the indexes in links."""
    is_output: bool = False
    """A prompt runs for the sake of such nodes."""

    def choices(self, name: str) -> tuple[str, ...]:
        """What may stand in an input that has a list; () when there is none."""
        found = self.inputs.get(name)
        return found.choices or () if found else ()


def read_nodes(found: Any) -> dict[str, NodeInfo]:
    """Class → what it takes and gives. What is no node is left out."""
    if not isinstance(found, dict):
        return {}
    return {name: _node(entry) for name, entry in found.items() if isinstance(entry, dict) and "input" in entry}


def _node(entry: dict[str, Any]) -> NodeInfo:
    inputs: dict[str, Input] = {}
    groups = entry.get("input")
    for group in ("required", "optional"):
        members = groups.get(group) if isinstance(groups, dict) else None
        for name, told in members.items() if isinstance(members, dict) else ():
            inputs[name] = _input(told, required=group == "required")
    outputs = entry.get("output")
    types = tuple(_type(one) for one in outputs) if isinstance(outputs, list) else ()
    return NodeInfo(inputs, types, entry.get("output_node") is True)


def _input(told: Any, *, required: bool) -> Input:
    """`[[values], {options}]`, or `["COMBO", {"options": [values]}]` as newer nodes write it, or `["INT", {…}]`."""
    kind = told[0] if isinstance(told, list) and told else ANY
    options = told[1] if isinstance(told, list) and len(told) > 1 and isinstance(told[1], dict) else {}
    choices = kind if isinstance(kind, list) else options.get("options") if kind == COMBO else None
    return Input(
        type=_type(kind),
        required=required,
        choices=tuple(str(one) for one in choices) if isinstance(choices, list) else None,
        least=number(options.get("min")),
        most=number(options.get("max")),
    )


def _type(kind: Any) -> str:
    if isinstance(kind, list):
        return COMBO
    return kind if isinstance(kind, str) else ANY
