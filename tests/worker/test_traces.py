"""A worker whose traces nobody takes works as ever."""

from __future__ import annotations

import asyncio

import pytest

from loopback.fleet import until
from loopback.otlp import Receiver
from zosma_queue import tracing
from zosma_queue.job import State


@pytest.mark.parametrize("answers", [503, None], ids=["refuses", "never answers"])
async def test_a_receiver_that_is_no_help_costs_no_picture_and_a_line_or_two(
    answers, ann, join, webui, monkeypatch, caplog
):
    monkeypatch.setattr(tracing, "LAST_S", 0.05)
    async with Receiver() as receiver:
        receiver.answer = answers or 200
        receiver.open = None if answers else asyncio.Event()
        variables = {
            tracing.ENDPOINT: receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "5", "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        }  # fmt: skip
        sending = tracing.sent("zosma-worker", variables)
        sending.__enter__()
        await join(webui)
        for _ in range(3):
            with tracing.begin("ask", "server"):
                job = await ann.asks()
            assert (await ann.gets(job, timeout=60)).state is State.DONE
        async with asyncio.timeout(60):
            await receiver.heard.wait()
        if answers:

            async def said_so() -> bool:
                return "traces: " in caplog.text

            await until(said_so)
        await asyncio.to_thread(sending.__exit__, None, None, None)
    said = [one.getMessage() for one in caplog.records if one.getMessage().startswith("traces: ")]
    # That it is tried again, and that it was given up: each of them once.
    assert len(said) <= 2
