"""Workers under names that tell nothing of the owner's network: for members, and for admins of servers that are not the
fleet's home. Whoever is at home sees host and port."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from zosma_queue.admin import Pause
from zosma_queue.fleet import WorkerInfo
from zosma_queue.scopes import WORKER

_PREFIX = f"{WORKER}:"
#: Addresses that no worker is known by.
_ADDRESS = re.compile(r"\w+://[^\s'\"<>,;)]+|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|\[[0-9a-fA-F:]+\](?::\d+)?")


class WorkerNames:
    """`gpu1`, `gpu2`, … in the order of places, so that a worker keeps its name as long as the same are there."""

    def __init__(self, workers: Iterable[WorkerInfo], paused: Iterable[str] = ()) -> None:
        """`paused`: scopes; a paused worker that is gone has a name as well."""
        workers = list(workers)
        self._places = {worker.id: worker.place for worker in workers}
        gone = {self._place(scope.removeprefix(_PREFIX)) for scope in paused if scope.startswith(_PREFIX)}
        places = sorted({*self._places.values(), *gone})
        self._names = {place: f"gpu{number}" for number, place in enumerate(places, start=1)}
        known = {text: self.of(worker.id) for worker in workers for text in _addresses(worker)}
        self._known = sorted(known.items(), key=lambda item: -len(item[0]))

    def _place(self, name: str) -> str:
        return self._places.get(name, name)

    def of(self, worker: str) -> str:
        """The name of a worker, by its id or place; one that is gone without a trace is any `gpu`."""
        place = self._place(worker)
        return self._names.get(place) or self._names.get(place.rpartition("/")[0], "gpu")

    def scope(self, scope: str) -> str:
        """A scope with the worker's name in it."""
        return f"{_PREFIX}{self.of(scope.removeprefix(_PREFIX))}" if scope.startswith(_PREFIX) else scope

    def worker(self, info: WorkerInfo) -> WorkerInfo:
        """The worker under its name."""
        return replace(info, id=self.of(info.id), reason=self.hide(info.reason) if info.reason else None)

    def pause(self, pause: Pause) -> Pause:
        """The pause under its worker's name."""
        return replace(pause, scope=self.scope(pause.scope), why=self.hide(pause.why))

    def counts(self, by_worker: Mapping[str, int]) -> dict[str, int]:
        """Counts by worker, by name."""
        found: Counter[str] = Counter()
        for worker, count in by_worker.items():
            found[self.of(worker)] += count
        return dict(found)

    def hide(self, text: str) -> str:
        """A text without the addresses of workers, or any other."""
        for address, name in self._known:
            text = text.replace(address, name)
        return _ADDRESS.sub("…", text)


def _addresses(worker: WorkerInfo) -> set[str]:
    """What in a text would tell where a worker is: its id, place and address. A plain word is none."""
    texts = {worker.id, worker.place, *worker.place.split("/")}
    if worker.about:
        texts |= {worker.about.webui, worker.about.webui.rpartition("://")[2]}
    return {text for text in texts if "/" in text or ":" in text}
