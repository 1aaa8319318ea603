"""What a picture tells of how it was made, shown with buttons that go on from there.

A command is offered only where it works and says what comes of it: the very picture, or pictures like it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import discord

from zosma_bot import inputs
from zosma_bot.discord.core.alternatives import lists_in, parse
from zosma_bot.discord.core.defaults import usual_fields
from zosma_bot.discord.core.drawing import typed_words
from zosma_bot.discord.core.recipes import Recipe
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.core.sizes import PICTURES_MAX
from zosma_bot.discord.ui import refusals, texts
from zosma_bot.discord.ui.buttons import Button, view_of
from zosma_bot.discord.ui.custom_id import Act, OfJob
from zosma_bot.discord.ui.language import Translations, translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import say
from zosma_queue import infotext
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError
from zosma_queue.request import Hires, parse_request

#: What a message may hold besides the words around it.
SHOWN_MAX_CHARS = 1700
#: A file that says more than this about itself says something else than how it was made.
PARAMETERS_MAX_CHARS = 16_000
#: Request fields that no command has, by A1111's names for them, as `infotext.not_asked_for` gives them.
_WITHOUT_OPTION = {"vae": "VAE", "clip_skip": "Clip skip", "subseed_strength": "Variation seed"}
_A1111_NAMES = {"restore_faces": "Face restoration", "tiling": "Tiling", "eta": "Eta", "refiner_checkpoint": "Refiner"}
_FROM_PICTURE = frozenset(("img2img", "inpainting"))
#: Fields that a command has an option for.
_ASKED = (
    "prompt", "negative_prompt", "width", "height", "count", "checkpoint", "sampler", "scheduler", "steps",
    "cfg_scale", "seed", "styles", "hires",
)  # fmt: skip


async def told_by(data: bytes, who: str) -> Recipe | None:
    """What an encoded picture that `who` sent says; without fields when it isn't in A1111's form.

    Raises:
      RequestRefusedError: when it is no picture, has too many pixels, or takes too long.
    """
    text = (await inputs.told_by(data, "image", who)).strip()
    if not text:
        return None
    if len(text) > PARAMETERS_MAX_CHARS:
        return Recipe({}, parameters=text[:PARAMETERS_MAX_CHARS])
    fields = infotext.request_fields(text)
    return Recipe(fields, (int(fields["seed"]),) if "seed" in fields else (), text)


async def show(
    services: Services, interaction: discord.Interaction[Any], recipe: Recipe, key: str | None = None, number: int = 0
) -> None:
    """Tells the member; what is too long for a message comes as a file.

    `key`: under which the recipe is kept. `number`: of one picture of a set; 0 for the whole set.
    """
    w = translations_of(interaction)
    rows: tuple[tuple[Button, ...], ...] = ()
    if key:
        of = OfJob(key, interaction.user.id)
        remake = Button(of.custom_id(Act.REMAKE), w("button-remake"), "🔄", discord.ButtonStyle.primary)
        edit = Button(of.custom_id(Act.EDIT), w("button-edit"), "✏️")
        rows = ((edit,) if from_picture(recipe) else (remake, edit),)
    command, shown = await _command(services, interaction, recipe, number)
    if recipe.parameters:
        shown.append(f"{w('parameters-text')}\n{texts.code_block(recipe.parameters)}")
    text = "\n".join(shown) or w("parameters-none")
    if len(text) <= SHOWN_MAX_CHARS:
        await say(interaction, text, view=view_of(rows))
        return
    whole = "\n\n".join(part for part in (command, recipe.parameters) if part) + "\n"
    file = discord.File(io.BytesIO(whole.encode()), filename="parameters.txt")
    told = "\n".join(part for part in shown if "```" not in part)
    await say(interaction, f"{w('parameters-file')}\n{told}"[:2000], view=view_of(rows), files=[file])


async def _command(
    services: Services, interaction: discord.Interaction[Any], recipe: Recipe, number: int
) -> tuple[str, list[str]]:
    """(the command, '' where there is none that would work; what is said about it, the command included)."""
    w = translations_of(interaction)
    if not recipe.fields or recipe.fields.get("upscale"):
        return "", []
    if from_picture(recipe):
        again = f" {w('parameters-again')}" if recipe.job else ""
        return "", [w("parameters-from-picture") + again]
    left_out = lacking(recipe)
    if number and recipe.count > 1:  # one picture of a set has its own seed
        own, one = recipe.seed_of(number), recipe.of_picture(number)
        fields = one.fields | {"count": 1, "seed": -1 if own is None else own}
        recipe = replace(one, fields=fields, seeds=() if own is None else (own,))
    if not recipe.fields.get("prompts"):  # its very words, whatever becomes of what they were drawn from
        recipe = recipe.of_picture(1)
    seed = recipe.seed_of(1)
    typed = recipe.fields | typed_words(recipe.fields)
    command = texts.command_for(w, typed, seed, usual=await _usual(services, interaction))
    try:
        await _check(services, interaction, recipe, str(typed["prompt"]), w)
    except RequestRefusedError as error:
        return "", [w("parameters-no-command", why=refusals.told(w, error).removeprefix("⚠️ "))]
    shown = [f"{w('parameters-like' if left_out else 'parameters-shown')}\n{texts.code_block(command)}"]
    if left_out:
        shown.append(w("parameters-left-out", names=", ".join(left_out)))
    if recipe.enlarged:
        shown.append(w("parameters-enlarged"))
    if any(lists_in(parse(str(recipe.fields.get(name, "")))) for name in ("template", "negative_template")):
        shown.append(w("parameters-drawn"))
    return command, shown


def from_picture(recipe: Recipe) -> bool:
    """True for a picture that was made from another one, which words alone don't make again."""
    return not _FROM_PICTURE.isdisjoint(lacking(recipe))


def lacking(recipe: Recipe) -> tuple[str, ...]:
    """What a picture was made with that no command can ask for, by A1111's names."""
    fields = recipe.fields
    found = [name for field, name in _WITHOUT_OPTION.items() if fields.get(field)]
    if (fields.get("clip_skip") or 1) == 1 and "Clip skip" in found:
        found.remove("Clip skip")
    if start := fields.get("img2img"):
        found.append("inpainting" if start.get("mask") else "img2img")
    for name, value in (fields.get("a1111") or {}).items():
        found += value if name in ("alwayson_scripts", "override_settings") else [_A1111_NAMES.get(name, name)]
    if len(fields.get("styles") or ()) > 1:
        found.append("Styles")
    if (hires := fields.get("hires")) and Hires(**hires) != Hires(scale=hires.get("scale", Hires().scale)):
        found.append("Hires settings")
    if recipe.job is None:
        # The postprocessing is said in a sentence of its own.
        found += [name for name in infotext.not_asked_for(recipe.parameters) if name != "Postprocess upscale"]
    return tuple(dict.fromkeys(found))


async def _usual(services: Services, interaction: discord.Interaction[Any]) -> Mapping[str, Any]:
    """What the member's own defaults would add to a command; nothing when they can't be read now."""
    try:
        return await usual_fields(services, interaction)
    except QueueUnavailableError:
        return {}


async def _check(
    services: Services, interaction: discord.Interaction[Any], recipe: Recipe, typed: str, w: Translations
) -> None:
    """Judges the command as Discord and `/imagine` would. `typed`: its prompt, as it stands in it.

    Raises:
      RequestRefusedError: when one of them would refuse it.
    """
    fields = {name: value for name, value in recipe.fields.items() if name in _ASKED}
    if int(fields.get("count") or 1) > PICTURES_MAX:
        raise RequestRefusedError(
            f"at most {PICTURES_MAX}", code="out-of-bounds", field="count",
            values={"given": int(fields["count"]), "low": 1, "high": PICTURES_MAX},
        )  # fmt: skip
    request = parse_request(fields)
    if option := _taken_for_option(w, typed, request.negative_prompt):
        raise refused("prompt-has-option", field="prompt", given=option)
    catalogue = await services.offered(interaction)
    if catalogue.takes_jobs:
        catalogue.resolve(request)


def _taken_for_option(w: Translations, *said: str) -> str | None:
    """A word with a colon that Discord takes for an option's name when a command with it is pasted."""
    names = {w(f"command-imagine-{option}") for option in texts.IMAGINE_OPTIONS} | set(texts.IMAGINE_OPTIONS)
    found = re.search(rf"(?:^|\s)({'|'.join(map(re.escape, sorted(names)))}):", "\n".join(said))
    return f"{found[1]}:" if found else None
