"""Schemathesis asks everything that the description allows, and much that it doesn't: no 5xx, nothing undescribed.

Over a real socket, a real queue and a worker that finishes whatever comes. `API_EXAMPLES=…` of each endpoint; eight in
the suite, and the same ones each time.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import checks
from schemathesis.core.failures import FailureGroup
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi import checks as openapi

from loopback.played_worker import PlayedWorker
from zosma_bot.http import wicket
from zosma_bot.http.app import make_app, serve
from zosma_bot.http.description import ENDPOINTS
from zosma_bot.http.openapi import description
from zosma_bot.hub import Hub
from zosma_queue.client import Queue
from zosma_queue.tasks import end

EXAMPLES = int(os.environ.get("API_EXAMPLES", "8"))
KEY = "ann-key"
CHECKS = [
    checks.not_a_server_error, openapi.status_code_conformance, openapi.content_type_conformance,
    openapi.response_headers_conformance, openapi.response_schema_conformance, openapi.ignored_auth,
    openapi.unsupported_method,
]  # fmt: skip


class LiveServer(threading.Thread):
    """The app in a thread of its own: schemathesis blocks while it asks."""

    def __init__(self, redis_url: str) -> None:
        super().__init__(daemon=True)
        self._redis_url = redis_url
        self._ready, self._over = threading.Event(), threading.Event()
        self.url, self.described = "", {}
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self.error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        async with Queue(self._redis_url) as queue, PlayedWorker(self._redis_url) as worker:
            hub = Hub(queue)
            tasks = [asyncio.create_task(hub.run()), asyncio.create_task(_draw(worker))]
            await hub.live.wait()
            app = make_app(queue, hub, {KEY: "ann"}, ["ann"], wicket=wicket.Wicket())
            async with serve(app, "127.0.0.1", 0) as self.url:
                # Answers may have no field that isn't described.
                self.described = description(app[ENDPOINTS], strict=True)
                self._ready.set()
                await asyncio.to_thread(self._over.wait)
            await end(*tasks)

    def __enter__(self) -> LiveServer:
        self.start()
        self._ready.wait()
        if self.error:
            raise self.error
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


async def _draw(worker: PlayedWorker) -> None:
    """A worker that is always there. An admin may pause it, and what waits may be of no use to it."""
    while True:
        await worker.beat()
        with suppress(TimeoutError, AssertionError):
            await worker.finish(await worker.take(0.5))


@pytest.fixture(name="live")
def _live(redis_url: str) -> Iterator[LiveServer]:
    with LiveServer(redis_url) as live:
        yield live


#: What of a request can be right in form and yet unknown to this fleet.
NAMES = ("sampler", "scheduler", "checkpoint", "vae", "styles", "img2img", "upscale", "a1111", "hires", "webhook")


def jobs_of(url: str) -> list[str]:
    """Ids of a job that is done, one that is put off and one that is cancelled: paths lead to them half of the time."""
    with requests.Session() as http:
        http.headers["Authorization"] = f"Bearer {KEY}"
        made = [
            http.post(f"{url}/api/v1/jobs", json={"prompt": "a cat", "steps": 1, **more}, timeout=20).json()["id"]
            for more in ({}, {"delay_s": 3600}, {"delay_s": 3600})
        ]
        http.delete(f"{url}/api/v1/jobs/{made[-1]}", timeout=20)
        with http.get(f"{url}/api/v1/jobs/{made[0]}/events", timeout=20, stream=True) as stream:
            assert any(line == b"event: end" for line in stream.iter_lines())
    return made


def made_plausible(case: Any, ids: list[str], number: int) -> None:
    """Half of the cases lead somewhere."""
    if number % 2:
        return
    if "id" in case.path_parameters:
        case.path_parameters["id"] = ids[number // 2 % len(ids)]
    if "index" in case.path_parameters:
        case.path_parameters["index"] = 0
    if isinstance(case.body, dict) and "prompt" in case.body:
        case.body = {name: value for name, value in case.body.items() if name not in NAMES} | {"prompt": "a cat"}


def failures(operation: Any, mode: GenerationMode, ids: list[str], answered: Counter[tuple[str, int]]) -> list[str]:
    """What one endpoint does wrong when it is asked as the description has it, or (NEGATIVE) just not so."""
    count = itertools.count()

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        made_plausible(case, ids, next(count))
        answer = case.call_and_validate(headers={"Authorization": f"Bearer {KEY}"}, checks=CHECKS, timeout=20)
        answered[operation.label, answer.status_code] += 1

    try:
        ask()
    except FailureGroup as failure:
        return [f"{operation.label}: {failure}"]
    except Unsatisfiable:  # nothing can be wrong with what takes nothing
        assert mode is GenerationMode.NEGATIVE
    return []


def test_whatever_is_asked_the_answer_is_one_that_is_described(live):
    described = live.described
    # They have no end: test_events.py reads them.
    for path in [path for path in described["paths"] if path.endswith("/events")]:
        del described["paths"][path]
    # Said in words: generators of clients make no model of a shape that has alternatives.
    described["components"]["schemas"]["NewJob"]["anyOf"] = [{"required": ["prompt"]}, {"required": ["upscale"]}]
    schema = schemathesis.openapi.from_dict(described)
    schema.config.update(base_url=live.url)
    ids, answered = jobs_of(live.url), Counter[tuple[str, int]]()

    operations = [result.ok() for result in schema.get_all_operations()]
    found = [text for one in operations for mode in GenerationMode for text in failures(one, mode, ids, answered)]

    assert found == []
    # That it got anywhere at all.
    reached = {label for label, status in answered if status < 300}
    assert {"POST /api/v1/jobs", "GET /api/v1/jobs/{id}/images/{index}", "DELETE /api/v1/jobs/{id}"} <= reached
    assert len(reached) > 20
    assert answered["GET /api/v1/jobs", 422] > 0
