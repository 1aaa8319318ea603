"""How much a worker has to say while nothing works, in played time: hours go by in a second or two."""

from __future__ import annotations

import asyncio
import itertools
import logging
import selectors
import socket
import time
from contextlib import suppress

import pytest

from zosma_queue.calls import Heard, Swept
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.fleet import Capabilities, Checkpoint
from zosma_queue.sweeper import Sweeper
from zosma_worker.backend import Found
from zosma_worker.errors import WebUIUnreachable
from zosma_worker.slot import WorkerOptions, _parts

#: With 24 the lines of a day.
HOURS = 3
#: A reason is said at once and then every hour; each change of state has a line of its own.
ONCE_AN_HOUR = HOURS + 1


class PlayedSelector(selectors.DefaultSelector):
    """Nothing is waited for: where the loop would sleep, its clock goes on."""

    def __init__(self):
        super().__init__()
        self.now = 1_000.0

    def select(self, timeout=None):
        found = super().select(0 if timeout else timeout)
        if not found and timeout:
            self.now += timeout
        return found


class Loop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.played = PlayedSelector()
        super().__init__(self.played)

    def time(self):
        return self.played.now


class WebUI:
    """A back end that is down, which its machine says in two ways by turns."""

    url = "http://10.0.0.7:7860"

    def __init__(self):
        self.is_up = False
        self.looks = 0
        self._says = itertools.cycle(("can't be reached (refused)", "didn't answer within {} s"))

    def _check(self):
        self.looks += 1
        if not self.is_up:
            raise WebUIUnreachable(f"{self.url} {next(self._says).format(self.looks)}")

    async def probe(self):
        self._check()
        dream = Checkpoint(name="dream", title="dream.safetensors")
        about = Capabilities(
            webui=self.url, flavour="a1111", host=socket.gethostname(), checkpoints=(dream,), samplers=("Euler",),
            schedulers=(),
        )  # fmt: skip
        return Found(about=about, loaded="dream")

    async def loaded(self):
        self._check()
        return "dream"

    async def foreign_work(self):
        self._check()

    async def free_memory(self):
        self._check()

    async def start(self, order, report, timeouts):
        self._check()
        raise AssertionError("nobody asked for a picture")


class Redis:
    """What a worker asks of the queue; away when it is said to be."""

    worker, place = "box/10.0.0.7:7860/1", "box/10.0.0.7:7860"

    def __init__(self):
        self.is_away = False
        self.asked = 0

    def _answer(self, answer):
        self.asked += 1
        if self.is_away:
            raise QueueUnavailableError(f"Redis can't be reached: error {self.asked} connecting")
        return answer

    async def beat(self, *_, **__):
        return self._answer(Heard(known=True, unswept=True))

    async def try_now_asked(self):
        return self._answer(False)

    async def oldest_protocol(self):
        return self._answer(1)

    async def past_failures(self, job_id):
        raise AssertionError(job_id)

    async def speed(self):
        return self._answer(1.0)

    async def sweep(self):
        return self._answer(Swept(due_ms=60_000))


async def hours(webui, redis, *, up_first):
    parts = _parts(redis, webui, WorkerOptions())
    parts.heartbeat.unswept.set()  # it is the one that sweeps
    work = [parts.heartbeat.run(), parts.health.run(), Sweeper(redis.sweep, wanted=parts.heartbeat.unswept).run()]
    tasks = [asyncio.create_task(one) for one in work]
    if up_first:
        webui.is_up = True
        await asyncio.sleep(60)
        webui.is_up = False
    await asyncio.sleep(HOURS * 3600 + 60)
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def said_in_hours(monkeypatch, caplog, webui, redis, *, up_first=False):
    """The lines of the log."""
    loop = Loop()
    monkeypatch.setattr(time, "monotonic", loop.time)
    with caplog.at_level(logging.INFO):
        try:
            loop.run_until_complete(hours(webui, redis, up_first=up_first))
        finally:
            loop.close()
    return [record.getMessage() for record in caplog.records if record.name.startswith("zosma_")]


@pytest.mark.parametrize("up_first", [False, True], ids=["never there", "gone while it worked"])
def test_a_webui_that_is_down_for_hours_is_said_once_and_then_every_hour(monkeypatch, caplog, up_first):
    webui, redis = WebUI(), Redis()
    said = said_in_hours(monkeypatch, caplog, webui, redis, up_first=up_first)

    assert webui.looks > 1_000  # it is looked for all the time
    assert ONCE_AN_HOUR <= len(said) <= 4 * ONCE_AN_HOUR, said
    assert sum("refused" in line for line in said) <= 2 * ONCE_AN_HOUR


def test_a_redis_that_is_away_for_hours_is_said_once_and_then_every_hour_by_each_who_asks_it(monkeypatch, caplog):
    webui, redis = WebUI(), Redis()
    webui.is_up, redis.is_away = True, True
    said = said_in_hours(monkeypatch, caplog, webui, redis)

    assert redis.asked > 10_000
    assert 2 * ONCE_AN_HOUR <= len(said) <= 3 * ONCE_AN_HOUR
    assert all("Redis can't be reached" in line for line in said[2:])
