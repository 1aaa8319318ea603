"""The one way in which a request becomes a job."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import aiohttp
import discord

from zosma_bot.discord.core.attachments import Source, fitting_size
from zosma_bot.discord.core.drawing import drawn
from zosma_bot.discord.core.identity import sender_of
from zosma_bot.discord.core.permissions import hides, why_not_here
from zosma_bot.discord.core.services import CHECKS_S, FETCH_S, Services
from zosma_bot.discord.state.reply_record import Origin, Reply
from zosma_bot.discord.state.server_settings import ServerSettings
from zosma_bot.discord.ui import refusals
from zosma_bot.discord.ui.language import translations_of
from zosma_bot.discord.ui.refusals import refused
from zosma_bot.discord.ui.respond import NO_MENTIONS, defer, say
from zosma_bot.inputs import draft, store, upright
from zosma_queue import tracing
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError
from zosma_queue.needs import Lane
from zosma_queue.request import Request

log = logging.getLogger(__name__)

DAY_S = 86_400.0
#: What the queue has to judge a request before the first answer. The other checks may take `CHECKS_S` each, of 3 s.
JUDGE_S = 0.5
_DISCORDS_TROUBLE = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)
#: Discord counts its time from the first second of 2015.
_DISCORD_EPOCH_MS = 1_420_070_400_000
#: Where in the request each picture belongs → where it comes from.
Sources = Mapping[tuple[str, str], Source]
#: A request's fields, and the pictures that belong into it.
Wanted = tuple[dict[str, Any], Sources]


async def submit(
    services: Services,
    interaction: discord.Interaction[Any],
    fields: dict[str, Any],
    *,
    sources: Sources | None = None,
    private: bool = False,
    run_at: datetime | None = None,
    origin: Origin | None = None,
) -> str | None:
    """Answers an interaction with a job's message, or with the reason why there is none. Returns the job id.

    What can be known at once is refused at once, seen by the member alone; only then does everybody see "thinking".
    `run_at`: not before that moment, and after those who don't wait for any.
    """

    async def known() -> Wanted:
        return fields, sources or {}

    with services.background.counted(), _traced(interaction):
        here = await _open(services, interaction)
        if here is None:
            return None
        try:
            fields = await drawn(services, interaction, fields)
            await _check(services, interaction, fields, sources or {}, run_at)
        except (RequestRefusedError, QueueUnavailableError) as error:
            await say(interaction, refusals.told(translations_of(interaction), error))
            return None
        return await _enqueue(services, interaction, here, known, private, origin, run_at)


async def submit_late(
    services: Services,
    interaction: discord.Interaction[Any],
    find: Callable[[], Awaitable[Wanted]],
    *,
    private: bool = False,
    origin: Origin | None = None,
) -> str | None:
    """Puts a request that takes a while to find out into the queue: `find` runs after the first answer.

    Raises nothing that `find` raises on purpose: a RequestRefusedError is told to the member.
    """
    with services.background.counted(), _traced(interaction):
        here = await _open(services, interaction)
        return None if here is None else await _enqueue(services, interaction, here, find, private, origin)


def _traced(interaction: discord.Interaction[Any]) -> tracing.Span:
    """The first part of a job's trace. Of the command it has the name, nothing of what the member wrote."""
    name = f"/{interaction.command.qualified_name}" if interaction.command else "component"
    return tracing.begin(name, "server", {"zosma.job": job_id_of(interaction)})


async def _open(services: Services, interaction: discord.Interaction[Any]) -> ServerSettings | None:
    """The rules here, or None when nothing may be asked for: then the member has been told why."""
    w = translations_of(interaction)
    if services.background.takes_nothing:
        await say(interaction, w("restarting"))
        return None
    try:
        here = await services.settings_here(interaction)
    except QueueUnavailableError:
        await say(interaction, refusals.queue_away(w))
        return None
    if why := why_not_here(here, interaction):
        await say(interaction, w(why[0], **why[1]))
        return None
    return here


async def _enqueue(
    services: Services,
    interaction: discord.Interaction[Any],
    here: ServerSettings,
    find: Callable[[], Awaitable[Wanted]],
    private: bool,
    origin: Origin | None,
    run_at: datetime | None = None,
) -> str | None:
    job_id = job_id_of(interaction)
    reply = reply_to(interaction, None, services.now(), private=private, here=here, origin=origin)
    async with services.deliveries.unqueued.taken(job_id, reply):
        shown = await defer(interaction, ephemeral=private)
        reply = reply.model_copy(update={"message_id": shown.message_id, "private": shown.is_private})
        if not await _queued(services, interaction, find, job_id, reply, run_at, keep_days=here.retention_days):
            return None
    log.info("job %s: accepted from Discord", job_id, extra={"job": job_id})
    services.deliveries.follow(job_id)
    return job_id


async def _queued(
    services: Services,
    interaction: discord.Interaction[Any],
    find: Callable[[], Awaitable[Wanted]],
    job_id: str,
    reply: Reply,
    run_at: datetime | None,
    *,
    keep_days: float,
) -> bool:
    """True when the job is in the queue; else the member has been told why not."""
    try:
        fields, sources = await find()
        fields = await drawn(services, interaction, fields)
        request = await _with_pictures(services, fields, sources, sender_of(interaction).everywhere)
        await services.queue.submit(
            request,
            sender_of(interaction),
            job_id=job_id,
            reply=reply.model_dump_json(),
            lane=Lane.RELAX if run_at else None,
            run_at_ms=_ms(run_at),
            # 0 would mean "as long as usual".
            keep_s=max(keep_days * DAY_S, 1.0),
        )
    except (RequestRefusedError, QueueUnavailableError) as error:
        if isinstance(error, QueueUnavailableError):
            services.background.start(services.deliveries.withdraw(job_id))
        text = refusals.told(translations_of(interaction), error)
        if not await _take_back(interaction, text, reply.message_id):
            services.deliveries.unqueued.refuse(job_id, reply, text)
        return False
    return True


def job_id_of(interaction: discord.Interaction[Any]) -> str:
    """The id of the job that an interaction asks for: two tries of one, or two processes that hear it, make one job.

    It has the form of the queue's own ids (`new_job_id`): time first. Behind it stands the token's hash: a server that
    is only compatible may count its ids from 1 after each restart, and an interaction's id is public, its token is not.
    """
    asked_ms = (interaction.id >> 22) + _DISCORD_EPOCH_MS
    return f"{asked_ms:012x}{hashlib.sha256(interaction.token.encode()).hexdigest()[:8]}"


def _ms(moment: datetime | None) -> int:
    return int(moment.timestamp() * 1000) if moment else 0


async def _check(
    services: Services,
    interaction: discord.Interaction[Any],
    fields: dict[str, Any],
    sources: Sources,
    run_at: datetime | None,
) -> None:
    """Judges a request as the queue will, by what Discord says of its pictures, without queueing it.

    A queue too slow to judge in time does so after the first answer.

    Raises:
      RequestRefusedError: when it is wrong, against the rules or a limit, or nobody can do it.
      QueueUnavailableError: when Redis doesn't answer in time.
    """
    for source in sources.values():
        fields = _shaped(fields, source, source.width, source.height)
    request = draft(fields, {place: source.unseen for place, source in sources.items()})
    catalogue = await services.background.within(CHECKS_S, services.fleet.catalogue())
    if catalogue.takes_jobs:  # else the queue says why
        catalogue.resolve(request)
    judged = services.queue.check(request, sender_of(interaction), job_id=job_id_of(interaction), run_at_ms=_ms(run_at))
    judging = services.background.start(judged)
    done, _ = await asyncio.wait([judging], timeout=JUDGE_S)
    if done:
        judging.result()


def _shaped(fields: dict[str, Any], source: Source, width: int, height: int) -> dict[str, Any]:
    """The fields, with the size of what is made if that goes by a picture of this size."""
    if not source.shapes:
        return fields
    wide, high = fitting_size(width, height)
    return fields | {"width": wide, "height": high}


async def _with_pictures(services: Services, fields: dict[str, Any], sources: Sources, sender: str) -> Request:
    pictures = {}
    for place, source in sources.items():
        name = ".".join(place)
        try:
            async with asyncio.timeout(FETCH_S):
                data = await source.fetch()
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            log.info("an attachment could not be fetched: %s", type(error).__name__)
            raise refused("picture-unfetched", field=name) from None
        pictures[place] = picture = await upright(data, name, sender)
        fields = _shaped(fields, source, picture.width, picture.height)
    return await store(services.queue, fields, pictures, sender)


async def _take_back(interaction: discord.Interaction[Any], text: str, message_id: int | None) -> bool:
    """Says no where "thinking" stood: to the member alone, and the message goes. False when Discord took none of it.

    In this order the reason is read whatever Discord makes of it: a first follow-up may take the place of "thinking",
    or be lost once that has been deleted; and each of the three may be done and its answer lost.
    """
    edited = False
    with suppress(*_DISCORDS_TROUBLE):
        await interaction.edit_original_response(content=text, allowed_mentions=NO_MENTIONS)
        edited = True
    try:
        told = await interaction.followup.send(text, ephemeral=True, allowed_mentions=NO_MENTIONS, wait=True)
    except _DISCORDS_TROUBLE as error:
        log.info("a refusal could not be told to its member alone: %s", type(error).__name__)
        return edited  # then it stands where everybody sees it
    if told.id == message_id:
        return True  # the edit was lost, and this took the place of "thinking"
    with suppress(*_DISCORDS_TROUBLE):
        await interaction.delete_original_response()
    return True


def reply_to(
    interaction: discord.Interaction[Any],
    message_id: int | None,
    received_s: float,
    *,
    private: bool,
    here: ServerSettings,
    origin: Origin | None = None,
) -> Reply:
    """Where the answer to this interaction goes.

    Its token's age counts from when we received it, by Discord's clock as its answers tell it: an id's date is the same
    clock, but on a server that is only compatible it may be no date at all.
    """
    if interaction.channel_id is None:
        raise ValueError("an interaction without a channel has no place for an answer")
    return Reply(
        application_id=interaction.application_id,
        token=interaction.token,
        token_created_ms=int(received_s * 1000),
        channel_id=interaction.channel_id,
        guild_id=interaction.guild_id,
        user_id=interaction.user.id,
        user_name=interaction.user.display_name[:32],
        message_id=message_id,
        upload_limit=interaction.filesize_limit,
        locale=str(interaction.locale),
        private=private,
        spoiler=hides(here, interaction),
        grid=here.grid,
        origin=origin,
    )
