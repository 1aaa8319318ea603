"""Where the answer to a job goes: the record that the queue keeps for the bot, so that a restart forgets nobody."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zosma_bot.discord.ui.custom_id import OfJob
from zosma_bot.discord.ui.language import Translations, translations_for
from zosma_queue.client import Queue

#: What Discord takes from a bot where nothing better is known.
UPLOAD_LIMIT = 10 * 1024 * 1024
TOKEN_LIFE_S = 15 * 60
#: A token this close to its end isn't tried any more: an upload takes a while.
TOKEN_MARGIN_S = 20


class Origin(BaseModel):
    """The picture that a job's pictures come from, when they were asked for by its buttons."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    deed: str
    """What was made of it, as in the texts `deed-<deed>`."""
    user_id: int
    """Whose picture it was."""
    fields: dict[str, Any] | None = None
    """How it was made, where the job's own request doesn't say so: a picture made larger."""
    seeds: tuple[int, ...] = ()


class Reply(BaseModel):
    """Where one job's message stands in Discord."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["discord"] = "discord"
    application_id: int
    token: str = Field(repr=False)
    """The interaction's; a secret. '' once Discord has refused it."""
    token_created_ms: int
    channel_id: int
    guild_id: int | None = None
    user_id: int
    user_name: str = ""
    """What the member was called when they asked, for admins who choose among jobs."""
    message_id: int | None = None
    """The one message of this job; None when it is gone."""
    upload_limit: int = UPLOAD_LIMIT
    """Bytes that Discord takes in one file here."""
    locale: str = "en"
    """The member's language, as Discord names it."""
    posting_since_ms: int | None = None
    """Set before a new message is sent for the first time: it may be there although its id is unknown."""
    private: bool = False
    """Asked for so that nobody else sees it: the first answer was shown to the member alone."""
    spoiler: bool = False
    """By rule, pictures are hidden until somebody clicks on them, and there are no previews."""
    grid: bool = False
    """A set is shown as one picture."""
    blocked: tuple[int, ...] = ()
    """Pictures that must not be shown, counted from 0: the image check refused them."""
    origin: Origin | None = None
    """What it comes from; None when it was asked for by a command."""
    removed: bool = False
    """Somebody took the job's message out of its channel before its end was shown: no new one is posted there."""
    uncollected: bool = False
    """The end could be shown nowhere: it waits where the member looks for their jobs."""

    @classmethod
    def parse(cls, text: str) -> Reply | None:
        """The record, or None when the text is no answer to Discord."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            return None

    @property
    def words(self) -> Translations:
        """The catalogue in the member's language."""
        return translations_for(self.locale)

    def token_works(self, now: float) -> bool:
        """True while the interaction's own webhook may still be used."""
        return bool(self.token) and now < self.token_created_ms / 1000 + TOKEN_LIFE_S - TOKEN_MARGIN_S


class Outlet:
    """A job's reply record in memory and in the queue."""

    def __init__(self, queue: Queue, job_id: str, reply: Reply) -> None:
        self._queue = queue
        self.job_id = job_id
        self.reply = reply

    @property
    def of_job(self) -> OfJob:
        """The job, as its buttons name it."""
        return OfJob(self.job_id, self.reply.user_id)

    @classmethod
    async def open(cls, queue: Queue, job_id: str) -> Outlet | None:
        """The outlet of a job that was asked for in Discord, else None."""
        text = await queue.reply(job_id)
        reply = Reply.parse(text) if text else None
        return cls(queue, job_id, reply) if reply else None

    async def change(self, **changes: Any) -> None:
        """Notes a change. What is known in memory stays known when Redis is away.

        Raises:
          QueueUnavailableError: when it can't be written.
        """
        self.reply = self.reply.model_copy(update=changes)
        await self._queue.set_reply(self.job_id, self.reply.model_dump_json())
