"""Options that several commands have: names from the living fleet, offered while they are typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Coroutine, Iterator
from dataclasses import replace
from typing import Any

import discord
from discord import app_commands

from zosma_bot.discord.core.attachments import Source, fitting_size, of_attachment
from zosma_bot.discord.core.defaults import NOTHING, style_names
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.core.sizes import size_fields
from zosma_bot.discord.ui.choices import (
    checkpoint_choices,
    lora_choices,
    name_choices,
    size_choices,
    workflow_choices,
)
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_queue.request import SIDE_MAX_PX, SIDE_MIN_PX

#: A LoRA as it may be typed: `name`, `name:0.8`, `name:-1` or a whole tag.
_LORA = re.compile(r"^(?:<lora:)?(?P<name>[^:<>]+?)(?::(?P<weight>-?(?:\d+(?:\.\d+)?|\.\d+)))?>?$")

#: An option of a workflow as it may be typed: `paper=smooth`, `words="two of them"`.
_WORKFLOW_OPTION = re.compile(r"""([\w-]+)=("[^"]*"|\S+)""")
NAME_MAX_CHARS = 200
#: How much of an attached picture is repainted when nothing is said.
STRENGTH = 0.6
Side = app_commands.Range[int, SIDE_MIN_PX, SIDE_MAX_PX]
#: A shape by name, `768x512` or an aspect like `16:9`.
Size = app_commands.Range[str, 1, 40]
Name = app_commands.Range[str, 1, NAME_MAX_CHARS]

Offer = Callable[[discord.Interaction[Any], str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]


def complete_names(command: app_commands.Command[Any, Any, Any], services: Services, *names: str) -> None:
    """Gives these options of a command their autocomplete."""
    offered = offers(services)
    for name in names:
        command.autocomplete(name)(offered[name])


def offers(services: Services) -> dict[str, Offer]:
    """Autocomplete by the name of the option."""

    async def checkpoints(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return checkpoint_choices(translations_of(interaction), await services.offered(interaction), typed)

    async def sizes(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return size_choices(translations_of(interaction), typed)

    async def styles(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return name_choices(await style_names(services, interaction), typed)

    async def loras(_: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return lora_choices(await services.catalogue(), typed)

    async def workflows(_: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return workflow_choices(await services.catalogue(), typed)

    async def samplers(_: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return name_choices((await services.catalogue()).samplers, typed)

    async def schedulers(_: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return name_choices([one.label for one in (await services.catalogue()).schedulers], typed)

    async def upscalers(_: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        return name_choices((await services.catalogue()).enlargers, typed)

    return {
        "size": sizes, "checkpoint": checkpoints, "style": styles, "lora": loras, "workflow": workflows,
        "sampler": samplers,
        "scheduler": schedulers, "upscaler": upscalers,
    }  # fmt: skip


def with_loras(prompt: str, typed: str | None, known: Collection[str] = ()) -> str:
    """The prompt with a tag for each LoRA in `name, other:0.8`. A name among the `known` ones may have commas in it.

    Raises:
      RequestRefusedError: when something in it is no LoRA.
    """
    tags = []
    for part in _parted(typed or "", {name.strip() for name in known if "," in name}):
        found = _LORA.match(part)
        if found:
            tags.append(f"<lora:{found['name'].strip()}:{found['weight'] or 1}>")
        elif part:
            raise refused("unreadable-lora", field="lora", given=part[:60])
    return " ".join([prompt, *tags])


def _parted(typed: str, with_commas: Collection[str]) -> Iterator[str]:
    """What stands between commas, without taking names with commas apart."""
    parts = typed.split(",")
    while parts:
        together = next((end for end in range(len(parts), 1, -1) if _bare(",".join(parts[:end])) in with_commas), 1)
        yield ",".join(parts[:together]).strip()
        del parts[:together]


def _bare(part: str) -> str:
    """A LoRA's name without weight and brackets."""
    found = _LORA.match(part.strip())
    return found["name"].strip() if found else part.strip()


def with_workflow(typed: str | None) -> dict[str, Any]:
    """A request's fields for `ink`, or `ink paper=smooth strength=0.4`; none for nothing."""
    options = {name: value.strip('"') for name, value in _WORKFLOW_OPTION.findall(typed or "")}
    name = _WORKFLOW_OPTION.sub("", typed or "").strip()
    if not name and not options:
        return {}
    return {"workflow": name, **({"workflow_options": options} if options else {})}


def request_fields(*, size: str | None = None, **given: Any) -> dict[str, Any]:
    """A request's fields from the options that were given. Width and height win over size.

    "-" is no negative prompt and `hires` 1 no second pass, whatever is set as the default.

    Raises:
      RequestRefusedError: when the size is none.
    """
    fields = {name: value for name, value in given.items() if value is not None}
    if fields.get("negative_prompt") == NOTHING:
        fields["negative_prompt"] = ""
    if fields.get("hires") == {"scale": 1.0}:
        fields["hires"] = None
    if size:
        sized = size_fields(size)
        if "aspect" not in sized or not {"width", "height"} & fields.keys():
            fields = sized | fields
    return fields


def start_from(
    fields: dict[str, Any], image: discord.Attachment | None, strength: float | None
) -> dict[tuple[str, str], Source]:
    """Makes the fields those of an image-to-image request, and says where its picture comes from.

    Raises:
      RequestRefusedError: when the attachment can't be used, or there is a strength and no image.
    """
    if image is None:
        if strength is not None:
            raise refused("strength-without-image", field="strength")
        return {}
    source = of_attachment(image, "image")
    fields["img2img"] = {"denoising_strength": STRENGTH if strength is None else strength, "resize_mode": 1}
    if not {"width", "height", "aspect"} & fields.keys():
        fields["width"], fields["height"] = fitting_size(source.width, source.height)
        source = replace(source, shapes=True)
    return {("img2img", "image"): source}
