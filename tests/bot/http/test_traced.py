"""Which requests begin a trace: those that may become a job, of somebody who may call."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from loopback.http_side import HttpSide
from loopback.otlp import Receiver
from zosma_queue import tracing

KEY = "a-key-of-sixteen-letters"


@pytest.fixture(name="receiver")
async def _receiver(monkeypatch):
    for name in (tracing.ENDPOINT, "OTEL_BSP_SCHEDULE_DELAY"):
        monkeypatch.setenv(name, "")
    async with Receiver() as receiver:
        yield receiver


async def test_a_trace_is_begun_by_who_asks_for_something_and_by_nobody_else(receiver, redis_url):
    sending = tracing.sent("zosma-bot", {tracing.ENDPOINT: receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "10"})
    sending.__enter__()
    side = HttpSide(redis_url, {KEY: "me"})
    await side.start()
    async with httpx2.AsyncClient(base_url=side.url) as http:
        stranger = await http.post("/api/v1/jobs", json={"prompt": "a secret"})
        bearer = {"Authorization": f"Bearer {KEY}"}
        looked = await http.get("/api/v1/jobs", headers=bearer)
        refused = await http.post("/api/v1/jobs", json={"prompt": "a secret", "stepz": 3}, headers=bearer)
        nowhere = await http.post("/api/v1/nothing/secret", json={}, headers=bearer)
        read = await http.post("/sdapi/v1/png-info", json={"image": "secret"}, headers=bearer)
    await side.stop()
    await asyncio.to_thread(sending.__exit__, None, None, None)

    assert [one.status_code for one in (stranger, looked, refused, nowhere)] == [401, 200, 422, 404]
    told = {one.name: one.about.get("error.type") for one in receiver.parts}
    assert told.pop("POST /api/v1/jobs") == "unknown-field"
    assert len(receiver.parts) == 1 + len(told)
    assert set(told) == {"POST /sdapi/v1/png-info", "POST unknown"}, read.text
    assert b"secret" not in b"".join(receiver.bodies)
