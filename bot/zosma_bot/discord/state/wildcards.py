"""A server's lists of words, from which `__colour__` in a prompt draws."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from zosma_bot.discord.ui.refusals import refused
from zosma_queue.client import Queue
from zosma_queue.errors import RequestRefusedError

#: Of each server one record names its lists, and each list has a record of its own.
NAMES, LIST = "wildcards", "wildcard"
LISTS_MAX = 100
ENTRIES_MAX = 2000
ENTRY_MAX_CHARS = 500
NAME_MAX_CHARS = 40
_NAME = re.compile(r"[^\W_](?:[\w/-]*[^\W_])?")


def checked_name(name: str) -> str:
    """The name of a list as it is kept: in small letters, without the underscores around it.

    Raises:
      RequestRefusedError: when it could not stand in a prompt.
    """
    plain = name.strip().strip("_").casefold()
    if len(plain) > NAME_MAX_CHARS or "__" in plain or not _NAME.fullmatch(plain):
        raise refused("wildcard-name", field="name", given=name[:60], most=NAME_MAX_CHARS)
    return plain


def checked_entries(lines: Iterable[str]) -> tuple[str, ...]:
    """A list's entries, each once; empty lines and those that begin with `#` are left out.

    Raises:
      RequestRefusedError: when there are none or too many, or one is too long.
    """
    entries = tuple(dict.fromkeys(line.strip() for line in lines if line.strip() and not line.strip().startswith("#")))
    if not entries:
        raise refused("wildcard-empty", field="entries")
    if len(entries) > ENTRIES_MAX:
        raise refused("wildcard-many", field="entries", given=len(entries), most=ENTRIES_MAX)
    if too_long := next((entry for entry in entries if len(entry) > ENTRY_MAX_CHARS), None):
        raise refused("wildcard-long", field="entries", given=f"{too_long[:40]}…", most=ENTRY_MAX_CHARS)
    return entries


class WildcardStore:
    """Reads and changes servers' lists."""

    def __init__(self, queue: Queue) -> None:
        self._documents = queue.documents

    async def names(self, guild_id: int | None) -> dict[str, int]:
        """The lists of a server: name → number of entries, by name.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        found = await self._documents.get(NAMES, str(guild_id)) if guild_id else None
        return dict(sorted((found or {}).items()))

    async def entries(self, guild_id: int | None, name: str) -> tuple[str, ...] | None:
        """A list's entries; None when the server has no such list.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        found = await self._documents.get(LIST, f"{guild_id}:{name}") if guild_id else None
        return tuple(found["entries"]) if found else None

    async def put(self, guild_id: int, name: str, entries: Sequence[str]) -> None:
        """Keeps a list, in the place of one of the same name.

        Raises:
          RequestRefusedError: when it is too large, or the server has too many lists.
          QueueUnavailableError: when Redis doesn't answer.
        """

        def with_list(known: dict[str, int]) -> dict[str, int]:
            if name not in known and len(known) >= LISTS_MAX:
                raise refused("wildcards-full", field="name", most=LISTS_MAX)
            return known | {name: len(entries)}

        await self._documents.put(LIST, f"{guild_id}:{name}", {"entries": list(entries)})
        await self._documents.change(NAMES, str(guild_id), with_list)

    async def remove(self, guild_id: int, name: str) -> bool:
        """Forgets a list; False when there was none.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        await self._documents.change(
            NAMES, str(guild_id), lambda known: {one: count for one, count in known.items() if one != name} or None
        )
        return await self._documents.drop(LIST, f"{guild_id}:{name}")


def no_list(name: str, known: Mapping[str, int]) -> RequestRefusedError:
    """The refusal of a list that a server hasn't got."""
    if not known:
        return refused("wildcard-none", given=name[:60])
    return refused("wildcard-unknown", given=name[:60], there=", ".join(f"__{one}__" for one in list(known)[:8]))
