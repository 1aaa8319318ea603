"""What Discord's members are called, for admins who look at the page. In memory alone: as they were called last."""

from __future__ import annotations

import re
from collections import OrderedDict

#: The newest; of the others the id is shown.
REMEMBERED = 10_000
_MEMBER = re.compile(r"discord:(?:dm|user|\d+)/(\d+)")


class MemberNames:
    """Learns names from what members do, and knows them by the owner of a job."""

    def __init__(self) -> None:
        self._names: OrderedDict[int, str] = OrderedDict()

    def learn(self, user_id: int, name: str) -> None:
        """Notes what a member is called now."""
        self._names[user_id] = name
        self._names.move_to_end(user_id)
        if len(self._names) > REMEMBERED:
            self._names.popitem(last=False)

    def of(self, owner: str) -> str | None:
        """The name of a job's owner; None for who is no member, or has done nothing since the start."""
        found = _MEMBER.fullmatch(owner)
        return self._names.get(int(found[1])) if found else None
