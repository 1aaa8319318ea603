"""This bot process among those that share its token: whether it posts, and which interactions are its own."""

from __future__ import annotations

import logging
import secrets

from zosma_queue.calls import Standing
from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError

log = logging.getLogger(__name__)

#: A sign of life this often: after a `kill -9` of the one that posts, another does within 4 s.
STAND_EVERY_S = 0.75
#: Of what was taken up, so much is remembered: more than Discord tells of while it could be told again.
REMEMBERED = 2_000


class Presence:
    """Call `stand` every `STAND_EVERY_S`, and `go` last."""

    def __init__(self, queue: Queue) -> None:
        self._bots = queue.bots
        self.id = secrets.token_hex(8)
        self.hears = False
        """True while this process is connected to Discord's gateway."""
        self.closing = False
        """True once it takes up nothing new."""
        self._standing = Standing(posts=False, others_hearing=0)
        self._taken_up: dict[str, None] = {}

    @property
    def posts(self) -> bool:
        """True for the one process that shows results."""
        return self._standing.posts

    @property
    def shared(self) -> bool:
        """True while others hear Discord, too."""
        return self._standing.others_hearing > 0

    async def stand(self) -> None:
        """A sign of life. While Redis is away, everything stays as it was."""
        try:
            standing = await self._bots.stand(self.id, hears=self.hears)
        except QueueUnavailableError as error:
            log.debug("presence: %s", error)
            return
        if standing.posts != self.posts:
            log.info("this bot process posts" if standing.posts else "another bot process posts")
        self._standing = standing

    async def go(self) -> None:
        """Says goodbye. Unheard, the others notice within three seconds."""
        self._standing = Standing(posts=False, others_hearing=0)
        try:
            await self._bots.go(self.id)
        except QueueUnavailableError as error:
            log.debug("presence: %s", error)

    async def claims(self, name: str) -> bool:
        """True when what is called so is for this process to handle, once. While Redis is away, everybody does: Discord
        takes one answer."""
        # The gateway may tell of the same thing twice. Two handlers would get into each other's way: one's answer is
        # the other's "has been acknowledged before", and it goes on with a message that isn't its own.
        if name in self._taken_up:
            return False
        self._taken_up[name] = None
        while len(self._taken_up) > REMEMBERED:
            del self._taken_up[next(iter(self._taken_up))]
        if not self.shared:
            return True
        if self.closing:
            return False
        try:
            return await self._bots.claim(name, self.id)
        except QueueUnavailableError:
            return True
