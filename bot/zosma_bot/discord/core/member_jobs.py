"""A member's own jobs, in words: where each one is, and what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import discord

from zosma_bot.discord.core.identity import owner_of
from zosma_bot.discord.core.services import Services
from zosma_bot.discord.state.reply_record import Reply
from zosma_bot.discord.ui import buttons, texts
from zosma_bot.discord.ui.buttons import Button, Rows
from zosma_bot.discord.ui.card import EMBED_TEXT_MAX_CHARS, Colour
from zosma_bot.discord.ui.custom_id import Act, CustomId, OfJob
from zosma_bot.discord.ui.language import Translations
from zosma_queue.job import Job, State

#: On one page: as many as a menu takes.
SHOWN_MAX = 25
PROMPT_MAX_CHARS = 60

_MARKS = {
    State.WAITING: "🕓", State.DELAYED: "🕓", State.RUNNING: "🎨", State.DONE: "✅", State.FAILED: "⚠️",
    State.CANCELLED: "✋",
}  # fmt: skip
_COLOURS = {State.RUNNING: Colour.RUNNING, State.DONE: Colour.DONE, State.FAILED: Colour.FAILED}


@dataclass(frozen=True)
class JobEntry:
    """One of a member's jobs, with what else is known of it."""

    job: Job
    line: str
    """Where it is."""
    reply: Reply | None

    @property
    def uncollected(self) -> bool:
        """True when its end could be shown nowhere."""
        return self.reply is not None and self.reply.uncollected

    @property
    def private(self) -> bool:
        """True when they asked for it so that nobody else sees it."""
        return self.reply is None or self.reply.private


def is_mine(interaction: discord.Interaction[Any], job: Job) -> bool:
    """True for the member's own job, wherever they asked for it."""
    return job.owner.startswith("discord:") and job.owner.endswith(f"/{interaction.user.id}")


@dataclass(frozen=True)
class Page:
    """Some of a member's jobs, newest first."""

    jobs: list[JobEntry]
    number: int = 0
    """From 0."""
    has_more: bool = False


async def jobs_here(services: Services, w: Translations, interaction: discord.Interaction[Any], page: int = 0) -> Page:
    """The member's jobs in this server, or in direct messages; the last page for one that is beyond it.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    found = await services.queue.jobs_of(owner_of(interaction), limit=(page + 1) * SHOWN_MAX + 1)
    number = min(page, max(len(found) - 1, 0) // SHOWN_MAX)
    first = number * SHOWN_MAX
    entries = [await look(services, w, job) for job in found[first : first + SHOWN_MAX]]
    return Page(entries, number, has_more=len(found) > first + SHOWN_MAX)


async def look(services: Services, w: Translations, job: Job) -> JobEntry:
    """What is known of one job of a member.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    text = await services.queue.reply(job.id)
    reply = Reply.parse(text) if text else None
    return JobEntry(job, await _line(services, w, job, reply), reply)


def _made(w: Translations, job: Job, reply: Reply | None) -> str:
    if job.result and job.result.caption:
        return w("jobs-described")
    count = len(job.result.pictures) if job.result else 0
    return w("jobs-uncollected" if reply and reply.uncollected else "jobs-done", count=count)


async def _line(services: Services, w: Translations, job: Job, reply: Reply | None) -> str:
    if job.state is State.DONE:
        return _made(w, job, reply)
    if job.state is State.FAILED:
        return w("jobs-failed")
    if job.state is State.CANCELLED:
        return w("jobs-cancelled")
    if job.state is State.RUNNING:
        if job.cancelling:
            return texts.cancelling(w)
        return texts.running(w, job) if job.progress else texts.starting(w)
    if job.state is State.DELAYED and job.failures:
        return texts.trying_again(w)
    if job.state is State.DELAYED and job.run_at_ms:
        return texts.scheduled(w, job.run_at_ms)
    if job.request and not await services.fleet.can_do(job.request):
        fleet = await services.fleet.catalogue()
        return texts.nobody_online(w, fleet.last_seen_ms if job.wait_ms else None)
    place = await services.queue.place(job.id) if job.state is State.WAITING else None
    if job.state is State.WAITING:
        if place is None and await services.queue.is_held(job.id):
            pause = await services.queue.pause_of(job)
            return texts.paused(w, pause.why if pause else "")
        if await services.queue.is_at_limit(job.id):
            return texts.at_limit(w)
    soon = place is None or place.starts_in_s < texts.SOON_S
    return texts.waiting(w, place, None if soon or place is None else round(services.now() + place.starts_in_s))


def title(w: Translations, job: Job) -> str:
    """What was asked for, without anything that Discord would format."""
    if job.request is None:
        return w("jobs-unreadable")
    if job.request.interrogate:
        return w("asked-interrogate")
    return w("alt-upscale") if job.request.upscale else " ".join(job.request.prompt.split())


def listed(w: Translations, page: Page) -> discord.Embed:
    """The jobs of a page, a line each."""
    lines: list[str] = []
    for one in page.jobs:
        # The line begins with its own mark.
        line = f"{one.line}\n-# {texts.plain(title(w, one.job), PROMPT_MAX_CHARS)} · {asked_at(one.job)}"
        if sum(len(before) + 1 for before in lines) + len(line) > EMBED_TEXT_MAX_CHARS:
            break
        lines.append(line)
    embed = discord.Embed(description="\n".join(lines) or w("jobs-none"), colour=Colour.WAITING)
    return embed.set_footer(text=w("jobs-page", page=page.number + 1)) if page.number or page.has_more else embed


def asked_at(job: Job) -> str:
    """How long ago it was asked for; Discord keeps that true."""
    return f"<t:{job.created_ms // 1000}:R>"


def list_view(w: Translations, page: Page, user_id: int) -> discord.ui.View:
    """A menu of a page's jobs, and buttons that look anew, or at another page."""
    view = discord.ui.View(timeout=None)
    options = [
        discord.SelectOption(
            label=texts.cut(title(w, one.job), 100),
            value=one.job.id,
            emoji=_MARKS[one.job.state],
            description=texts.cut(w(f"jobs-state-{_state(one.job)}"), 100),
        )
        for one in page.jobs
    ]
    if options:
        menu = discord.ui.Select[discord.ui.View](
            custom_id=str(CustomId(Act.JOBS_MENU, (str(user_id),))), placeholder=w("jobs-choose"), options=options
        )
        view.add_item(menu)
    turns = ((page.number - 1, "◀️", page.number > 0), (page.number + 1, "▶️", page.has_more))
    for number, emoji, is_there in turns:
        if is_there:
            turn = str(CustomId(Act.JOBS_REFRESH, (str(user_id), str(number))))
            view.add_item(discord.ui.Button(custom_id=turn, emoji=emoji))
    refresh = str(CustomId(Act.JOBS_REFRESH, (str(user_id), str(page.number))))
    view.add_item(discord.ui.Button(custom_id=refresh, label=w("button-refresh"), emoji="🔄"))
    view.stop()
    return view


def _state(job: Job) -> str:
    """Which words tell where a job is."""
    return "scheduled" if job.state is State.DELAYED and not job.failures else job.state


def detailed(w: Translations, one: JobEntry) -> discord.Embed:
    """All about one job of a member's list."""
    job = one.job
    line = one.line
    if job.state is State.FAILED:
        line = texts.failed(w, job.error_kind, job.error)
    if job.result and job.result.caption:
        line = texts.caption(w, job.result.caption)
    before = one.reply.origin.fields if one.reply and one.reply.origin else None
    parts = [texts.prompt(w, job.request, before) + line, w("jobs-asked", time=asked_at(job))]
    if link := _link(one):
        parts.append(w("jobs-link", link=link))
    embed = discord.Embed(description="\n".join(parts)[:EMBED_TEXT_MAX_CHARS], colour=_COLOURS.get(job.state))
    foot = [texts.parameters(w, job.request, job.result)] if job.result and job.result.pictures else []
    return embed.set_footer(text=" · ".join([*foot, texts.job_mark(w, job)])[:1500])


def _link(one: JobEntry) -> str | None:
    """Where its message is, if everybody can go there again."""
    reply = one.reply
    if reply is None or reply.message_id is None or reply.private or reply.uncollected:
        return None
    return f"https://discord.com/channels/{reply.guild_id or '@me'}/{reply.channel_id}/{reply.message_id}"


def rows(w: Translations, one: JobEntry, user_id: int) -> Rows:
    """The buttons of what can be done with the job."""
    job, of = one.job, OfJob(one.job.id, user_id)
    refresh = Button(of.custom_id(Act.JOBS_LOOK), w("button-refresh"), "🔄")
    if not job.state.ended:
        return ((Button(of.custom_id(Act.CANCEL), w("button-cancel"), "✋"), refresh),)
    if job.result and job.result.caption:
        return buttons.described(w, of)
    from_words = job.request is not None and job.request.generates
    edit = (Button(of.custom_id(Act.EDIT), w("button-edit"), "✏️"),) if from_words else ()
    if job.state is State.DONE:
        pick_up = Button(of.custom_id(Act.JOBS_PICK_UP), w("button-pick-up"), "📥", discord.ButtonStyle.primary)
        told = (Button(of.custom_id(Act.PARAMETERS), w("button-parameters"), "📋"),) if from_words else ()
        return ((pick_up, *told, *edit),)
    retry = Button(of.custom_id(Act.JOBS_RETRY), w("button-try-again"), "🔄", discord.ButtonStyle.primary)
    return ((retry, *edit),)
