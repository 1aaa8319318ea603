"""Who holds which key, as the page needs to know it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from zosma_bot.http import auth
from zosma_bot.http.wicket import Wicket
from zosma_queue.client import Sender


@dataclass(frozen=True, kw_only=True)
class Caller(Sender):
    """Who looks at a page."""

    name: str
    is_admin: bool
    key_id: str = ""
    """Names the key without being it; '' where no key is asked for."""


LOCAL = Caller(owner=auth.LOCAL.owner, group=auth.LOCAL.group, name="local", is_admin=True)


class Ring:
    """The keys of the process's environment."""

    def __init__(self, keys: Mapping[str, str], admins: Collection[str], wicket: Wicket) -> None:
        self._keys = keys
        self._wicket = wicket
        self._callers = {
            _id_of(key): Caller(
                owner=auth.sender_named(name).owner,
                group=auth.sender_named(name).group,
                name=name,
                is_admin=name in admins,
                key_id=_id_of(key),
            )
            for key, name in keys.items()
        }

    @property
    def required(self) -> bool:
        """True when a key is asked for."""
        return bool(self._keys)

    async def authenticate(self, key: str, remote: str | None) -> Caller | None:
        """Whose key it is; None for nobody's.

        Raises:
          Problem: 429 when too many tries of that address wait already.
        """
        name = await self._wicket.judge(remote, (None, key), lambda given: auth.holder(given, self._keys))
        return self._callers[_id_of(key)] if name else None

    async def caller(self, key_id: str) -> Caller | None:
        """Who holds the key of this id; None once it is taken away."""
        return self._callers.get(key_id)


def _id_of(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()[:32]
