"""What a job needs of a worker, and the class that jobs with the same needs share."""

from __future__ import annotations

import enum
import json
import re
from dataclasses import dataclass

from zosma_queue.request import Request

#: Pixel counts are rounded up to these, so that sizes don't split jobs into needlessly many classes.
PIXEL_STEPS = tuple(2**power for power in range(18, 26))


class Lane(enum.StrEnum):
    """Who goes first. Relax runs while fast waits for nothing."""

    FAST = "fast"
    RELAX = "relax"


@dataclass(frozen=True)
class Needs:
    """What a worker must be able to do for a job."""

    tokens: tuple[str, ...]
    """Sorted; `kind:name` or a bare ability, as in a worker's `can` set."""
    pixels: int
    """Of the largest picture it has to make."""
    checkpoint: str | None

    def to_json(self) -> str:
        """As the scripts read it."""
        needs: dict[str, object] = {"tokens": self.tokens, "pixels": self.pixels}
        if self.checkpoint:
            needs["checkpoint"] = self.checkpoint
        return json.dumps(needs)

    def class_in(self, lane: Lane) -> str:
        """The name under which jobs with these needs wait."""
        return "|".join((lane, *self.tokens, f"pixels:{self.pixels}"))


#: A1111's way to ask for a LoRA: `<lora:name>` or `<lora:name:0.8>`.
_LORA = re.compile(r"<lora:([^:>]+)(?::[^>]*)?>", re.IGNORECASE)


def loras_in(prompt: str) -> list[str]:
    """The names of the LoRAs that a prompt asks for."""
    return [name.strip() for name in _LORA.findall(prompt)]


def needs_of(request: Request) -> Needs:
    """What a request needs. Its names must be those of the catalogue (`Catalogue.resolve`)."""
    tokens = []
    if request.checkpoint:
        tokens.append(f"checkpoint:{request.checkpoint}")
    if request.sampler:
        tokens.append(f"sampler:{request.sampler}")
    if request.scheduler:
        tokens.append(f"scheduler:{request.scheduler}")
    if request.hires:
        tokens.append("hires")
        if request.hires.upscaler:
            tokens.append(f"upscaler:{request.hires.upscaler}")
    tokens += sorted({f"lora:{name}" for name in loras_in(request.prompt)})
    pixels = next(step for step in PIXEL_STEPS if step >= request.output_pixels)
    return Needs(tuple(sorted(tokens)), pixels, request.checkpoint)
