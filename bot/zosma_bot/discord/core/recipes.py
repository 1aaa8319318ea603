"""How a picture that somebody points at was made, and its bytes: from the queue while it remembers, else from the
message, whose pictures tell it themselves."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from zosma_bot.discord.core.attachments import Source, of_bytes
from zosma_bot.discord.core.drawing import words_of
from zosma_bot.discord.core.seen import SeenMessage, SeenPicture
from zosma_bot.discord.core.services import CHECKS_S, FETCH_S, Services
from zosma_bot.discord.state.reply_record import Origin, Reply
from zosma_bot.discord.ui.custom_id import OfJob
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.inputs import words_in
from zosma_queue import infotext
from zosma_queue.catalogue import Catalogue
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.families import moved
from zosma_queue.job import Job, Picture
from zosma_queue.unreadable import skipping

log = logging.getLogger(__name__)

#: Fields that say which picture of a set it was, not what was asked for.
SEEDS = ("seed", "subseed")
#: What decides over every picture.
WRITTEN_OUT = ("width", "height", "steps", "cfg_scale")
#: Recipes that were read from members' pictures, and for how long they are kept.
KIND, KEPT_S = "recipe", 7 * 24 * 3600


@dataclass(frozen=True)
class Recipe:
    """A request's fields, with what the GPU chose filled in."""

    fields: dict[str, Any]
    seeds: tuple[int, ...] = ()
    """Of each picture, as far as they are known."""
    parameters: str = ""
    """A1111's infotext of the first picture."""
    job: Job | None = field(default=None, repr=False)
    enlarged: bool = False
    """The picture was made larger afterwards, which the fields don't say."""
    origin: Origin | None = None
    """Of a job without pictures, what it was to come from: so that it can be tried again."""

    def seed_of(self, number: int) -> int | None:
        """The seed of picture `number`, counted from 1."""
        return self.seeds[number - 1] if 1 <= number <= len(self.seeds) else None

    @property
    def count(self) -> int:
        """How many pictures were asked for."""
        return int(self.fields.get("count", 1))

    def of_picture(self, number: int) -> Recipe:
        """The recipe with the very words that picture `number` (0: the first) was made with."""
        if not self.fields.get("template") and not self.fields.get("negative_template"):
            return self
        drawn_from = ("prompts", "template", "negative_template")
        fields = {name: value for name, value in self.fields.items() if name not in drawn_from}
        return replace(self, fields=fields | {"prompt": words_of(self.fields, max(number, 1))})

    def anew(self, **changes: Any) -> dict[str, Any]:
        """The fields for new pictures, with other seeds; what the prompts were drawn from is drawn anew by those.

        A `prompt` or `negative_prompt` among the changes is taken as it is.
        """
        words: tuple[str, ...] = ("prompt", "prompts") if self.fields.get("template") else ()
        if "prompt" in changes:
            words = ("prompts", "template")
        if "negative_prompt" in changes:
            words += ("negative_template",)
        elif self.fields.get("negative_template"):
            words += ("negative_prompt",)
        return {name: value for name, value in self.fields.items() if name not in (*SEEDS, *words)} | changes


def on_checkpoint(fields: dict[str, Any], checkpoint: str, catalogue: Catalogue) -> dict[str, Any]:
    """A picture's fields with another checkpoint; what only suited the old one suits the new one then."""
    before, after = catalogue.facts_for(fields), catalogue.facts_for({"checkpoint": checkpoint})
    kept = {name: value for name, value in fields.items() if name not in ("workflow", "workflow_options")}
    return moved(kept, before, after) | {"checkpoint": checkpoint}


async def recall(services: Services, of: OfJob) -> Recipe | None:
    """What the queue still knows of the job; None when it has forgotten it.

    Raises:
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    job = await services.background.within(CHECKS_S, services.queue.job(of.job_id))
    if job is None or job.request is None:
        return await _kept(services, of.job_id)
    request = job.request
    if request.upscale and job.result:
        return await _enlarged(services, job)
    if request.compare and of.number and job.result and of.number <= len(job.result.pictures):
        # Of a comparison each picture is one of its own.
        request = request.part(job.result.pictures[of.number - 1].place, 1)
    fields = request.model_dump(mode="json", exclude_defaults=True)
    if request.generates:
        # Also where they are the usual ones: who copies the command may have other defaults.
        fields |= request.model_dump(mode="json", include=set(WRITTEN_OUT))
    if job.result is None:
        reply = await _reply(services, job.id)
        return Recipe(fields, job=job, origin=reply.origin if reply else None)
    if request.generates and request.compare is None:
        fields["checkpoint"] = request.checkpoint or job.result.checkpoint
    pictures = job.result.pictures
    return Recipe(fields, tuple(one.seed for one in pictures), pictures[0].parameters if pictures else "", job)


async def _enlarged(services: Services, job: Job) -> Recipe:
    """How a picture was made before it was made larger; without fields when nobody knows."""
    reply = await _reply(services, job.id)
    parameters = job.result.pictures[0].parameters if job.result and job.result.pictures else ""
    if reply and reply.origin and reply.origin.fields:
        return Recipe(reply.origin.fields, reply.origin.seeds, parameters, job, enlarged=True)
    fields = infotext.request_fields(parameters)
    # Without the job: what the text names beyond the fields is not ours, and has to be said.
    return Recipe(fields, (int(fields["seed"]),) if "seed" in fields else (), parameters, enlarged=True)


async def _reply(services: Services, job_id: str) -> Reply | None:
    text = await services.background.within(CHECKS_S, services.queue.reply(job_id))
    return Reply.parse(text) if text else None


async def keep(services: Services, recipe: Recipe, *, by: int, private: bool = False) -> str:
    """Keeps a recipe that belongs to no job for a while; buttons name it by the key as they name a job by its id.

    `by`: the member for whom it is kept, and who alone may use it.

    `private`: it is of a picture that its member alone has seen.

    Raises:
      RequestRefusedError: when it is too large.
      QueueUnavailableError: when Redis doesn't answer.
    """
    key = secrets.token_hex(10)
    document = {
        "fields": recipe.fields,
        "seeds": recipe.seeds,
        "parameters": recipe.parameters,
        "private": private,
        "by": by,
    }
    await services.queue.documents.put(KIND, key, document, ttl_s=KEPT_S)
    return key


async def _kept(services: Services, key: str) -> Recipe | None:
    found = await services.background.within(CHECKS_S, services.queue.documents.get(KIND, key))
    with skipping("a kept recipe"):
        if found:
            return Recipe(dict(found["fields"]), tuple(map(int, found["seeds"])), str(found["parameters"]))
    return None


async def read(message: SeenMessage | None, number: int = 0) -> Recipe | None:
    """What a message's own picture says; takes as long as Discord takes to hand it out. None when it says nothing."""
    attachment = attached(message, number) or _grid(message)
    if attachment is None:
        return None
    text = await _infotext(attachment)
    fields = infotext.request_fields(text)
    if not fields:
        return None
    if infotext.starts_from_picture(text):
        raise refused("recipe-from-picture")
    in_grid = infotext.pairs(text).get("Grid", "")
    count = int(in_grid) if in_grid.isdecimal() else max(len(message.pictures) if message else 0, 1)
    # Of a set, picture 1 tells the seed; the others' are counted up, as WebUIs do. A grid tells that of its first.
    first = int(fields["seed"]) - (0 if in_grid else max(number - 1, 0))
    return Recipe(fields | {"count": count}, tuple(first + index for index in range(count)), text)


def _grid(message: SeenMessage | None) -> SeenPicture | None:
    """A message's one picture, when it shows a whole set."""
    one = attached(message, 0)
    named = _NAME.search(one.filename) if one else None
    return one if named and named[1] == "grid" else None


async def _infotext(attachment: SeenPicture) -> str:
    try:
        async with asyncio.timeout(FETCH_S):
            data = await attachment.read()
        return await words_in(data, f"message:{attachment.id}")
    except Exception as error:  # Pillow's readers raise whatever they stumble over, discord.py and aiohttp their own
        log.info("a picture's parameters could not be read: %s", type(error).__name__)
        return ""


async def recipe_of(services: Services, message: SeenMessage | None, of: OfJob) -> Recipe:
    """How the picture was made: as the queue remembers it, else as the message's own picture tells it.

    Raises:
      RequestRefusedError: when nothing tells it any more.
    """
    try:
        found = await recall(services, of)
    except QueueUnavailableError:
        found = None
    found = found or await read(message, of.number)
    if found is None:
        raise refused("recipe-gone")
    return found


async def picture_of(services: Services, message: SeenMessage | None, of: OfJob) -> Source:
    """Picture `of.number` (0: the first) in the best form that is left.

    Raises:
      RequestRefusedError: when it is nowhere any more, or must not be shown.
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    found = await services.background.within(CHECKS_S, stored(services, of.job_id))
    if one := found.get(max(of.number, 1)):
        return of_bytes(one.data, one.made.width, one.made.height)
    attachment = attached(message, of.number)
    if attachment is None:
        raise refused("picture-gone")
    return Source(attachment.read, attachment.width, attachment.height)


@dataclass(frozen=True)
class Stored:
    """A picture as it was made."""

    made: Picture
    data: bytes = field(repr=False)


async def stored(services: Services, job_id: str) -> dict[int, Stored]:
    """Those of a job's pictures that are still stored and may be shown, by number from 1.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    job = await services.queue.job(job_id)
    if job is None or job.result is None:
        return {}
    text = await services.queue.reply(job_id)
    reply = Reply.parse(text) if text else None
    blocked = reply.blocked if reply else ()
    pictures = zip(job.result.pictures, await services.queue.pictures(job), strict=True)
    return {
        index + 1: Stored(made, data) for index, (made, data) in enumerate(pictures) if data and index not in blocked
    }


#: How the files of a job's message are named; `grid` is a whole set in one picture.
_NAME = re.compile(r"-(\d+|grid)\.[a-z]+$")


def attached(message: SeenMessage | None, number: int) -> SeenPicture | None:
    """Picture `number` of a message, counted from 1; 0 is the first. Some of a set may not be shown, or all as one."""
    found = message.pictures if message else ()
    if number == 0:
        return found[0] if found else None
    names = [named[1] if (named := _NAME.search(one.filename)) else "" for one in found]
    if str(number) in names:
        return found[names.index(str(number))]
    return None if any(names) or number > len(found) else found[number - 1]
