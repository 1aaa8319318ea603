"""`/api/v1/queue`, `workers`, `catalogue` and `estimate`: what there is, and what a request would cost."""

from __future__ import annotations

import dataclasses
from typing import Any

from aiohttp import web

from zosma_bot.http import problems
from zosma_bot.http.auth import CALLER
from zosma_bot.http.bodies import PICTURES_MAX_BYTES, read_object
from zosma_bot.http.described import Answer, Endpoint, routes_of
from zosma_bot.http.last_fleet import LastFleet
from zosma_bot.http.models import EXAMPLE_JOB, CatalogueView, EstimateView, NewJob, QueueView, WorkerList
from zosma_bot.http.submitting import hinted, read_options
from zosma_bot.http.views import (
    catalogue_view,
    public_name,
    public_queue_view,
    public_worker_view,
    queue_view,
)
from zosma_bot.inputs import drafted
from zosma_queue.client import Estimate, Queue
from zosma_queue.errors import RequestRefusedError


class Fleet:
    """The handlers of what everybody may know of queue and fleet."""

    def __init__(self, queue: Queue, fleet: LastFleet) -> None:
        self._queue = queue
        self._fleet = fleet

    def routes(self) -> list[web.RouteDef]:
        """The routes of queue and fleet."""
        return routes_of(self.endpoints())

    def endpoints(self) -> list[Endpoint]:
        """What it answers to."""
        return [
            Endpoint(
                method="GET", path="/api/v1/queue", handler=self.queue, name="getQueue", group="Fleet", scope="read",
                told="How full the queue is", more="Inner addresses and others' jobs are for admins alone.",
                answers={200: Answer(told="The queue.", model=QueueView)},
            ),
            Endpoint(
                method="GET", path="/api/v1/workers", handler=self.workers, name="listWorkers", group="Fleet",
                scope="read", told="The fleet, without inner addresses",
                answers={200: Answer(told="The workers that have shown a sign of life.", model=WorkerList)},
            ),
            Endpoint(
                method="GET", path="/api/v1/catalogue", handler=self.catalogue, name="getCatalogue", group="Fleet",
                scope="read", told="What can be asked for: checkpoints, samplers, LoRAs, …",
                more="While no worker is ready, what the last ones offered, with `ready` 0.",
                answers={200: Answer(told="What the ready workers offer together.", model=CatalogueView)},
            ),
            Endpoint(
                method="POST", path="/api/v1/estimate", handler=self.estimate, name="estimateJob", group="Jobs",
                scope="read", told="What a job would cost, and when it would be done",
                more="Takes the body of a submit and keeps nothing of it. What would be refused says why in `refused`.",
                body=NewJob, example=EXAMPLE_JOB, answers={200: Answer(told="The estimate.", model=EstimateView)},
            ),
        ]  # fmt: skip

    async def queue(self, request: web.Request) -> web.Response:
        """Depth by state, oldest wait, what is paused, workers; inner addresses and others' jobs for admins alone."""
        depth, fleet = await self._queue.depth(), await self._queue.fleet()
        pauses = await self._queue.admin.pauses()
        owner = request[CALLER].owner
        if request[CALLER].is_admin:
            return web.json_response(queue_view(depth, fleet, pauses))
        running = await self._queue.jobs([worker.job for worker in fleet.workers if worker.job])
        own = {job.id for job in running if job.owner == owner}
        return web.json_response(public_queue_view(depth, fleet, pauses, own))

    async def workers(self, _: web.Request) -> web.Response:
        """The fleet as everybody may see it."""
        workers, pauses = await self._queue.workers(), await self._queue.pauses()
        return web.json_response({"workers": [public_worker_view(one, pauses) for one in workers]})

    async def catalogue(self, _: web.Request) -> web.Response:
        """What the fleet offers."""
        catalogue = await self._fleet.catalogue()
        return web.json_response(catalogue_view(dataclasses.replace(catalogue, load_s=await self._queue.load_s())))

    async def estimate(self, request: web.Request) -> web.Response:
        """What the request in the body would cost, without taking it."""
        body = await read_object(request, PICTURES_MAX_BYTES)
        estimate = Estimate()
        try:
            with hinted():
                options = read_options(body)
                body = await self._queue.suited(body, request[CALLER])
                wanted = await drafted(body, request[CALLER])
                estimate = await self._queue.estimate(
                    wanted, request[CALLER], lane=options.lane, put_off=bool(options.delay_s or options.run_at_ms)
                )
                if estimate.refusal:
                    raise estimate.refusal
        except RequestRefusedError as error:
            return web.json_response(_estimate_view(estimate, error))
        return web.json_response(_estimate_view(estimate, None))


def _estimate_view(estimate: Estimate, refusal: RequestRefusedError | None) -> dict[str, Any]:
    place = estimate.place if refusal is None else None
    problem = problems.problem_of(refusal) if refusal else None
    return {
        "cost_s": estimate.cost_s and round(estimate.cost_s, 2),
        "position": place and place.position,
        "starts_in_s": place and round(place.starts_in_s, 1),
        "ends_in_s": place and round(place.ends_in_s, 1),
        "paused": estimate.paused,
        "workers": sorted({public_name(one) for one in estimate.workers}),
        "refused": problem and problems.problem_body(problem),
    }
