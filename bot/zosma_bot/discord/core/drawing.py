"""From a prompt as it was typed to what is made: flags become fields, alternatives are drawn by each picture's seed."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Iterator
from typing import Any

import discord

from zosma_bot.discord.core.alternatives import (
    Lists,
    Part,
    check_loops,
    draw,
    escaped,
    has_syntax,
    lists_in,
    lists_of,
    parse,
)
from zosma_bot.discord.core.identity import home_of
from zosma_bot.discord.core.prompt_flags import masked, read_flags, together
from zosma_bot.discord.core.services import CHECKS_S, Services
from zosma_bot.discord.core.sizes import shape
from zosma_bot.discord.state.member_settings import Fields
from zosma_bot.discord.state.wildcards import no_list
from zosma_bot.discord.ui.refusals import refused
from zosma_queue.errors import RequestRefusedError
from zosma_queue.request import DRAWN_SEED_MAX

#: Where what a prompt is drawn from is kept, and the prompt that comes of it.
_TEMPLATES = {"template": "prompt", "negative_template": "negative_prompt"}


def with_flags(given: Fields) -> Fields:
    """The fields of a prompt and options as they were typed, without flags in the prompt; maybe with `aspect`, `style`.

    Raises:
      RequestRefusedError: for a flag that is none, or says the same as an option.
    """
    flagged = read_flags(str(given.get("prompt", "")))
    return together(given, flagged.fields) | ({"prompt": flagged.prompt} if "prompt" in given else {})


def with_flags_over(fields: Fields, prompt: str) -> Fields:
    """The fields of something that was made, with a prompt that was typed for it: its flags win, words come together.

    Raises:
      RequestRefusedError: for a flag that is none.
    """
    flagged = read_flags(prompt)
    negative = [str(one["negative_prompt"]) for one in (fields, flagged.fields) if one.get("negative_prompt")]
    merged = fields | flagged.fields | {"prompt": flagged.prompt}
    return shaped(merged | ({"negative_prompt": ", ".join(negative)} if negative else {}), fields)


def shaped(fields: Fields, usual: Fields) -> Fields:
    """The fields with a size in the place of `aspect`: about as many pixels as the usual one has.

    Raises:
      RequestRefusedError: when a side would be too short or too long.
    """
    rest = {name: value for name, value in fields.items() if name != "aspect"}
    return rest | shape(float(fields["aspect"]), usual) if "aspect" in fields else rest


def templated(fields: Fields) -> Fields:
    """The fields with a prompt as its template when it has more in it than words that mean what they say.

    Raises:
      RequestRefusedError: when it can't be read.
    """
    found = dict(fields)
    for template, words in _TEMPLATES.items():
        said = str(found.get(words, ""))
        if words in found:
            found.pop(template, None)
        if has_syntax(said) and _parts_of(said, words) != (said,):
            for name in (words, "prompts") if words == "prompt" else (words,):
                found.pop(name, None)
            found[template] = said
    return found


def typed_words(fields: Fields) -> Fields:
    """The prompts of a request's fields as somebody would type them: what they were drawn from, or masked if needed."""
    typed: Fields = {"prompt": masked(str(fields.get("template") or escaped(str(fields.get("prompt", "")))))}
    negative = str(fields.get("negative_template") or escaped(str(fields.get("negative_prompt", ""))))
    return typed | ({"negative_prompt": negative} if negative else {})


def words_of(fields: Fields, number: int) -> str:
    """The prompt of picture `number`, counted from 1, as it was drawn."""
    prompts = fields.get("prompts") or ()
    return str(prompts[number - 1] if 1 <= number <= len(prompts) else fields.get("prompt", ""))


async def drawn(services: Services, interaction: discord.Interaction[Any], fields: Fields) -> Fields:
    """The fields with a prompt for each picture and a negative prompt for all, where they have only a template yet.

    Raises:
      RequestRefusedError: when a template can't be read, or draws from a list that isn't there or leads to itself.
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    waiting = {
        words: _parts_of(str(fields[template]), words)
        for template, words in _TEMPLATES.items()
        if fields.get(template) and words not in fields
    }
    if not waiting:
        return fields
    names = set[str]().union(*map(lists_in, waiting.values()))
    lists = await services.background.within(CHECKS_S, lists_for(services, guild_of(interaction), names))
    seed = int(fields.get("seed", -1))
    seed = secrets.randbelow(DRAWN_SEED_MAX + 1) if seed < 0 else seed
    count = int(fields.get("count", 1))
    alike = fields.get("subseed_strength") or fields.get("compare")
    seeds = [seed] * count if alike else range(seed, seed + count)
    made: Fields = {"seed": seed}
    # Some tens of milliseconds for a prompt made to be slow: not on the loop that answers Discord.
    if parts := waiting.get("prompt"):
        prompts = await asyncio.to_thread(lambda: [draw(parts, one, lists).strip() for one in seeds])
        if not all(prompts):
            raise RequestRefusedError(
                detail="is empty: say what the picture should show", code="empty-prompt", field="prompt"
            )
        made |= {"prompt": prompts[0]} | ({"prompts": prompts} if len(set(prompts)) > 1 else {})
    if negative := waiting.get("negative_prompt"):
        with _told_of("negative_prompt"):
            made["negative_prompt"] = (await asyncio.to_thread(draw, negative, seed, lists)).strip()
    return fields | made


def _parts_of(text: str, field: str) -> tuple[Part, ...]:
    with _told_of(field):
        return parse(text)


@contextlib.contextmanager
def _told_of(field: str) -> Iterator[None]:
    """What is refused inside is said of this field."""
    try:
        yield
    except RequestRefusedError as error:
        values = {name: value for name, value in error.values.items() if name != "field"}
        raise refused(error.code, field=field, **values) from None


def guild_of(interaction: discord.Interaction[Any]) -> int | None:
    """The server whose lists count: in direct messages that of the member."""
    home = home_of(interaction)
    return home.guild_id if home else interaction.guild_id


async def lists_for(services: Services, guild_id: int | None, names: set[str]) -> Lists:
    """The lists of these names, and those that they draw from in turn.

    Raises:
      RequestRefusedError: when one isn't there, can't be read, or leads back to itself.
      QueueUnavailableError: when Redis doesn't answer.
    """
    lists: dict[str, tuple[str, ...]] = {}
    wanted = sorted(names)
    while wanted:
        name = wanted.pop()
        if name in lists:
            continue
        found = await services.wildcards.entries(guild_id, name)
        if found is None:
            raise no_list(name, await services.wildcards.names(guild_id))
        lists[name] = found
        wanted += sorted(lists_of(found))
    check_loops(lists, sorted(names))
    return lists
