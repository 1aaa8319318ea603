"""What a WebUI's options were before jobs set them, remembered where the next worker finds it.

A WebUI keeps what a job's `override_settings` sets until another job sets it (decisions.md says why we don't have it
put back). Were a worker killed in between, the next one would take that for the operator's own. So a value that isn't
the operator's is noted before it is sent, together with theirs. Who comes next compares: where the WebUI still has such
a value, it is put back; where it has another, the operator has changed it since, or started the WebUI anew.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from zosma_queue.a1111_options import MODULES, PASSED, SAVES, option_problem
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.unreadable import READING
from zosma_worker.backend import Notes

log = logging.getLogger(__name__)

VAE = "sd_vae"
#: Nobody's options take more; a WebUI may answer anything.
NOTES_MAX_BYTES = 64 * 1024
_NAMES = frozenset((*PASSED, VAE, MODULES, SAVES))


class OwnOptions:
    """One WebUI's. `home`: name → the operator's value, of all options that jobs have set."""

    def __init__(self, home: dict[str, Any], notes: Notes | None) -> None:
        """`notes`: None for who makes no jobs."""
        self._home = home
        self._notes = notes
        self._recalled = notes is None
        #: Name → what jobs have set besides, the last one last: any of them may be there.
        self._set: dict[str, list[Any]] = {}
        #: Name → what was sent last. The job before may not have been answered yet.
        self._sent: dict[str, Any] = {}
        self._writing = asyncio.Lock()

    async def recall(self, options: Mapping[str, Any]) -> None:
        """Before the first job: knows again what the WebUI had before a worker that died, if it still has a job's.

        Raises:
          QueueUnavailableError: when the notes can't be read now.
        """
        if self._recalled or self._notes is None:
            return
        data = await self._notes.read_notes()
        for name, own, values in _read(data):
            if name in options and any(_same(name, options[name], one) for one in values):
                self._home[name] = own
                self._set[name] = _with_last(name, values, options[name])
                log.info("its option %s is a job's of before: it goes back to the operator's with the next one", name)
        if data and options:  # what is not there any more must not be known again where an operator sets it later
            with suppress(QueueUnavailableError):  # a full Redis keeps no worker away
                await self._write(self._set)
        self._recalled = True

    async def before(self, sent: Mapping[str, Any]) -> None:
        """Before a job that sends these options.

        Raises:
          QueueUnavailableError: when they can't be noted: it must not be sent then.
        """
        async with self._writing:
            noted = dict(self._set)
            for name, value in sent.items():
                if name in self._home and not _same(name, value, self._home[name]):
                    noted[name] = _with_last(name, self._set.get(name, []), value)
            if any(not _alike(values, self._set.get(name, [])) for name, values in noted.items()):
                await self._write(noted)
            self._set = noted
            self._sent.update(sent)

    async def after(self, sent: Mapping[str, Any]) -> None:
        """Once the WebUI has answered such a job: what it has as the operator had it needs no note any more."""
        async with self._writing:
            back = [
                name
                for name in self._set
                if name in sent and all(_same(name, one[name], self._home[name]) for one in (sent, self._sent))
            ]
            if not back:
                return
            noted = {name: values for name, values in self._set.items() if name not in back}
            with suppress(QueueUnavailableError):  # else after the next one
                await self._write(noted)
                self._set = noted

    async def _write(self, noted: Mapping[str, list[Any]]) -> None:
        if self._notes is None:
            return
        data = json.dumps({name: {"own": self._home[name], "set": values} for name, values in noted.items()}).encode()
        if len(data) > NOTES_MAX_BYTES:
            log.warning("its options are too long to be noted: a worker that dies may leave a job's behind")
            return
        await self._notes.write_notes(data if noted else b"")


def _read(data: bytes) -> list[tuple[str, Any, list[Any]]]:
    """(name, the operator's value, jobs' values) as far as it can be what we have written."""
    try:
        found = json.loads(data or b"{}")
    except READING:
        return []
    entries = found.items() if isinstance(found, dict) else ()
    return [
        (name, one["own"], one["set"])
        for name, one in entries
        if name in _NAMES and isinstance(one, dict) and isinstance(one.get("set"), list) and _fits(name, one.get("own"))
    ]


def _fits(name: str, value: Any) -> bool:
    """Whether an operator can have set this. Other workers may write there too."""
    if name == MODULES:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if name in (VAE, SAVES):
        return isinstance(value, str if name == VAE else bool)
    return not option_problem(name, value)


def _with_last(name: str, values: list[Any], value: Any) -> list[Any]:
    """This value, and before it the last other one: which of the two is there nobody knows if the worker dies now."""
    return [*[one for one in values if not _same(name, one, value)][-1:], value]


def _alike(some: list[Any], others: list[Any]) -> bool:
    """The same values in any order."""
    return len(some) == len(others) and all(one in others for one in some)


def _same(name: str, one: Any, other: Any) -> bool:
    """Forge is told its modules' names, and tells their paths."""
    if name == MODULES and isinstance(one, list) and isinstance(other, list):
        return [_file(each) for each in one] == [_file(each) for each in other]
    return bool(one == other)


def _file(path: Any) -> str:
    return str(path).replace("\\", "/").rpartition("/")[2]
