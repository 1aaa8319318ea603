"""What submits go by: the fleet's catalogue, read and put together once for each change of it.

`{zosma}:versions` has a version for each worker, written by the scripts whenever something changes that the catalogue
says of it. So only the workers that changed are read, and a submit tells by which version it was judged.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zosma_queue import keys
from zosma_queue.catalogue import Catalogue
from zosma_queue.fleet import WorkerInfo
from zosma_queue.last_fleet import Fleet
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import texts
from zosma_queue.workers import worker_in

#: The newest version, and the newest that changed what may be admitted.
_VERSIONS = re.compile(rb"(\d+) (\d+)")


@dataclass(frozen=True, eq=False)
class FleetCopy:
    """The workers and what they offer together, at one version."""

    version: str
    fleet: Fleet
    """Of each worker what the catalogue goes by; what it is doing now is as old as the version."""
    catalogue: Catalogue
    known: Mapping[str, tuple[bytes, WorkerInfo | None]] = field(repr=False)
    """Worker → version of what was read of it, and that; None for what can't be read."""


async def read_fleet(
    redis: Any, with_last: Callable[[Sequence[WorkerInfo]], Awaitable[Fleet]], known: FleetCopy | None
) -> FleetCopy:
    """The fleet; `known` itself when workers are ready and nothing has changed since.

    `with_last` adds those that were here to workers of which none may be ready.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    with redis_errors():
        pipe = redis.pipeline(transaction=False)
        pipe.hget(keys.VERSIONS, "")
        pipe.hlen(keys.VERSIONS)
        pipe.zcard(keys.WORKERS)
        noted, versions, count = await pipe.execute()
        # One more than there are workers: the newest version has an entry. Workers of an older version note nothing.
        if known and known.fleet.ready and known.version == _newest(noted) and versions == count + 1:
            return known
        pipe = redis.pipeline(transaction=True)
        pipe.hgetall(keys.VERSIONS)
        pipe.zrange(keys.WORKERS, 0, -1)
        noted, there = await pipe.execute()
        names = sorted(texts(keys.WORKERS, there))
        before = known.known if known else {}
        now = {name: noted.get(name.encode(), b"") for name in names}
        changed = [name for name in names if not now[name] or before.get(name, (None,))[0] != now[name]]
        pipe = redis.pipeline(transaction=False)
        for name in changed:
            pipe.hgetall(keys.worker(name))
        rows = await pipe.execute(raise_on_error=False) if changed else []
        read = {name: (now[name], worker_in(name, row)) for name, row in zip(changed, rows, strict=True)}
    found = {name: read.get(name) or before[name] for name in names}
    fleet = await with_last([worker for _, worker in found.values() if worker])
    return FleetCopy(_newest(noted.get(b"")), fleet, fleet.catalogue(), found)


def _newest(noted: bytes | None) -> str:
    """The newest version in what is noted of versions; as `fleet_versions` of the scripts, 0 for what can't be read."""
    found = _VERSIONS.fullmatch(noted or b"")
    return found[1].decode() if found else "0"
