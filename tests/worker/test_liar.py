"""A worker that promises what its WebUI doesn't have."""

from __future__ import annotations

from loopback.webui import ScriptedWebUI, info_with
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State


async def test_a_job_that_a_lying_worker_spoils_is_made_by_an_honest_one(webui, join, ann):
    # It lists "anime", but makes everything with "dream", as A1111 does with a name that it can't load.
    webui.script(*[info_with(sd_model_name="dream")] * 5)
    await join(webui)
    job_id = await ann.asks(checkpoint="anime")
    async with ScriptedWebUI() as honest:
        await join(honest)
        job = await ann.gets(job_id)

        assert job.state is State.DONE
        assert job.result.checkpoint == "anime"
        assert len(honest.jobs) == 1
        assert (await ann.worker(WorkerState.READY)).about
