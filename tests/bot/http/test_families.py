"""Over HTTP too: what isn't said follows the checkpoint, and workflows are found and asked for."""

from __future__ import annotations

import asyncio

import pytest

from loopback.played_worker import ABOUT
from zosma_queue.families import FAMILIES
from zosma_queue.fleet import Checkpoint, Workflow, WorkflowOption

FLUX = Checkpoint(name="flux1-dev", title="flux1-dev.safetensors", facts=FAMILIES["flux"].facts)
PAPER = WorkflowOption(name="paper", type="choice", choices=("rough", "smooth"))
INK = Workflow(name="ink", title="Ink", checkpoints=("dream",), options=(PAPER,))


@pytest.fixture(autouse=True)
async def _mixed(worker):
    about = {"checkpoints": (*ABOUT.checkpoints, FLUX), "workflows": (INK,), "samplers": (*ABOUT.samplers, "Euler")}
    schedulers = (*ABOUT.schedulers, ABOUT.schedulers[0].model_copy(update={"name": "simple", "label": "Simple"}))
    await worker.beat(about=ABOUT.model_copy(update=about | {"schedulers": schedulers}))


async def sent(http, path, body):
    async with http.post(path, json=body) as answer:
        return answer.status, await answer.json()


async def test_a_job_that_says_nothing_follows_its_checkpoint(http, worker):
    _, flux = await sent(http, "/api/v1/jobs", {"prompt": "a cat", "checkpoint": "flux1-dev", "steps": 8})
    _, dream = await sent(http, "/api/v1/jobs", {"prompt": "a cat", "checkpoint": "dream"})

    request = flux["request"]
    assert (request["width"], request["cfg_scale"], request["sampler"], request["steps"]) == (1024, 3.5, "Euler", 8)
    assert (dream["request"]["width"], dream["request"]["cfg_scale"]) == (512, 7.0)


async def test_a1111s_own_clients_get_a1111s_defaults(http, worker, queue):
    body = {"prompt": "a cat", "override_settings": {"sd_model_checkpoint": "flux1-dev"}}
    asking = asyncio.create_task(sent(http, "/sdapi/v1/txt2img", body))
    leased = await worker.take()
    request = (await queue.job(leased.id)).request
    await worker.finish(leased)

    assert (request.checkpoint, request.width, request.cfg_scale) == ("flux1-dev", 512, 7.0)
    assert (await asking)[0] == 200


async def test_a_workflow_is_found_in_the_catalogue_and_asked_for_with_its_options(http, worker):
    async with http.get("/api/v1/catalogue") as answer:
        (ink,) = (await answer.json())["workflows"]
    assert (ink["name"], ink["checkpoints"], ink["options"][0]["choices"]) == ("ink", ["dream"], ["rough", "smooth"])

    body = {"prompt": "a cat", "workflow": "ink", "workflow_options": {"paper": "smooth"}}
    status, job = await sent(http, "/api/v1/jobs", body)

    assert (status, job["request"]["workflow"], job["request"]["checkpoint"]) == (202, "ink", "dream")
    assert job["request"]["workflow_options"] == {"paper": "smooth"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"workflow": "oil"}, "oil"),
        ({"workflow": "ink", "workflow_options": {"paper": "wet"}}, "possible are rough, smooth"),
        ({"workflow": "ink", "workflow_options": {"paper": ["wet"]}}, "workflow_options"),
        ({"workflow": "ink", "workflow_options": [1]}, "workflow_options"),
        ({"workflow": {"nodes": []}}, "workflow"),
    ],
)
async def test_what_is_no_workflow_is_refused_by_name(fields, words, http, worker):
    status, refused = await sent(http, "/api/v1/jobs", {"prompt": "a cat", **fields})

    assert status in (400, 422)
    assert words in str(refused)
