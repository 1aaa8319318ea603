"""How long one job may stand still, and whose job it is that moves."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from loopback.fleet import until
from zosma_queue.request import Request
from zosma_queue.tasks import end
from zosma_worker.backend import Report
from zosma_worker.errors import Stalled, WebUIUnreachable
from zosma_worker.timeouts import Timeouts
from zosma_worker.webui.client import Client
from zosma_worker.webui.watch import Watch


def test_a_job_may_stand_still_for_as_long_as_its_steps_explain():
    timeouts = Timeouts(floor_s=60, stalled_s=300)
    small, large = Request(prompt="a", width=512, height=512), Request(prompt="a", width=2048, height=2048)

    assert timeouts.with_job(small, None).stalled_s == 300
    assert timeouts.with_job(small, 1.0).stalled_s == 60
    assert timeouts.with_job(large, 1.0).stalled_s == pytest.approx(30 * 2 * 0.4 * 4.19, rel=0.01)
    assert timeouts.with_job(small, 100.0).stalled_s == pytest.approx(30 * 2 * 40 * 0.262, rel=0.01)


def test_a_hires_pass_is_reckoned_at_its_full_size():
    request = Request(prompt="a", width=1024, height=1024, hires={"scale": 2})

    assert Timeouts(floor_s=1).with_job(request, 1.0).stalled_s == pytest.approx(30 * 2 * 0.4 * 4.19, rel=0.01)


def running(fraction: float, began: str, step: int = 1) -> dict[str, object]:
    state = {"job_count": 1, "sampling_step": step, "job_timestamp": began}
    return {"progress": fraction, "eta_relative": 1.0, "state": state, "current_image": None}


async def test_somebody_elses_progress_is_not_shown_and_does_not_stall(webui):
    reports: list[Report] = []
    webui.progress = running(0.5, "20261124000000")
    async with Client(webui.address) as client:
        watch = Watch(client, "task(a-1)", reports.append, Timeouts(poll_s=0.01, stalled_s=0.0))
        watching = asyncio.create_task(watch.run())

        async def watched():
            return len(webui.seen) >= 10

        await until(watched)
        assert (reports, watching.done(), await watch.ours()) == ([], False, False)
        assert watch.waited_s > 0

        webui.progress = running(0.25, "20261124000009")
        with pytest.raises(Stalled, match="stood still"):
            await watching

    assert [report.fraction for report in reports][:1] in ([], [0.25])


async def test_a_webui_that_is_busy_elsewhere_for_ever_is_given_up(webui):
    webui.progress = running(0.5, "20261124000000")
    async with Client(webui.address) as client:
        watch = Watch(client, "task(a-1)", lambda report: None, Timeouts(poll_s=0.01, loading_s=0.1))
        with pytest.raises(WebUIUnreachable, match="busy elsewhere for too long"):
            await watch.run()


async def test_a_server_without_progress_has_the_whole_time_of_the_job(webui):
    async def not_there(request):
        return web.Response(status=404)

    webui.special["/sdapi/v1/progress"] = not_there
    async with Client(webui.address) as client:
        watch = Watch(client, "task(a-1)", lambda report: None, Timeouts(poll_s=0.01, whole_s=0.05))
        with pytest.raises(Stalled, match="has not ended a job"):
            await watch.run()


async def test_a_server_that_need_not_tell_its_progress_is_not_held_to_what_it_tells(webui):
    estimate, reports = Report(0.3, 2.0, estimated=True), list[Report]()
    async with Client(webui.address) as client:  # which says all along that it is idle
        watch = Watch(client, "task(a-1)", reports.append, Timeouts(poll_s=0.01, unanswered_s=0.0), lambda: estimate)
        watching = asyncio.create_task(watch.run())

        async def told():
            return len(reports) >= 5

        await until(told)
        assert (reports[0], watching.done()) == (estimate, False)
        await end(watching)
