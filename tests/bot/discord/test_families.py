"""What a member doesn't say follows the checkpoint, and workflows can be chosen."""

from __future__ import annotations

import pytest

from loopback.played_worker import ABOUT
from zosma_bot.discord.ui.custom_id import Act, CustomId
from zosma_queue.families import FAMILIES
from zosma_queue.fleet import Checkpoint, Scheduler, Workflow, WorkflowOption

FLUX = Checkpoint(name="flux1-dev", title="flux1-dev.safetensors", facts=FAMILIES["flux"].facts)
INK = Workflow(
    name="ink",
    title="Ink",
    description="black on white",
    checkpoints=("dream",),
    options=(
        WorkflowOption(name="paper", type="choice", choices=("rough", "very smooth")),
        WorkflowOption(name="strength", type="number", min=0, max=1),
    ),
)
MIXED = ABOUT.model_copy(
    update={
        "checkpoints": (*ABOUT.checkpoints, FLUX),
        "samplers": (*ABOUT.samplers, "Euler"),
        "schedulers": (*ABOUT.schedulers, Scheduler(name="simple", label="Simple")),
        "workflows": (INK,),
    }
)


@pytest.fixture(name="_mixed", autouse=True)
async def _mixed(worker):
    await worker.beat(about=MIXED)


async def test_flux_is_asked_for_as_suits_it_and_dream_as_ever(server, client, worker, ann, queue):
    await server.slash(ann, "imagine", {"prompt": "a cat", "checkpoint": "flux1-dev"})
    flux = (await queue.job((await worker.take()).id)).request
    await server.slash(ann, "imagine", {"prompt": "a cat", "checkpoint": "dream"})
    dream = (await queue.job((await worker.take()).id)).request

    assert (flux.width, flux.height, flux.steps, flux.cfg_scale) == (1024, 1024, 20, 3.5)
    assert (flux.sampler, flux.scheduler) == ("Euler", "Simple")
    assert (dream.width, dream.height, dream.steps, dream.cfg_scale, dream.sampler) == (512, 512, 20, 7.0, "DPM++ 2M")


async def test_what_is_said_goes_before_it(server, client, worker, ann, queue):
    said = {"prompt": "a cat", "checkpoint": "flux1-dev", "guidance": 2.0, "size": "portrait 512×768"}
    await server.slash(ann, "imagine", said)
    request = (await queue.job((await worker.take()).id)).request

    assert (request.width, request.height, request.cfg_scale, request.steps) == (512, 768, 2.0, 20)


async def test_a_workflow_and_its_options_reach_the_job(server, client, worker, ann, queue):
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "workflow": 'ink paper="very smooth" strength=0.4'})
    leased = await worker.take()
    request = (await queue.job(leased.id)).request

    assert (request.workflow, request.checkpoint) == ("ink", "dream")
    assert request.workflow_options == {"paper": "very smooth", "strength": 0.4}
    await worker.finish(leased)
    await asked.wait_for(lambda shown: shown.attachments)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("oil", "“oil” is not known here"),
        ("ink paper=wet", "possible are rough, very smooth"),
        ("ink papr=rough", "“papr” isn't an option of this workflow"),
        ("paper=rough", "Workflow is empty"),
    ],
)
async def test_a_workflow_that_is_none_is_refused_at_once(typed, words, server, client, worker, ann):
    refused = await server.slash(ann, "imagine", {"prompt": "a cat", "workflow": typed})
    await refused.response()

    assert words in refused.message.text


async def test_workflows_are_offered_with_their_choices(server, client, worker, ann):
    offered = await server.autocomplete(ann, "imagine", focused="workflow")

    assert [(one["name"], one["value"]) for one in offered] == [
        ("Ink – black on white", "ink"),
        ("Ink · paper: rough", "ink paper=rough"),
        ("Ink · paper: very smooth", 'ink paper="very smooth"'),
    ]


async def test_a_picture_that_is_edited_onto_flux_takes_what_suits_it(server, client, worker, ann, queue):
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "checkpoint": "dream", "steps": 9, "seed": 3})
    await worker.finish(await worker.take())
    made = await asked.wait_for(lambda shown: shown.attachments)
    edit = next(one["custom_id"] for one in made.buttons if CustomId.parse(one["custom_id"]).act == Act.EDIT)

    opened = await server.click(ann, made, edit)
    await opened.response()
    await server.submit_modal(ann, opened, {"checkpoint": ["flux1-dev"]})
    request = (await queue.job((await worker.take()).id)).request

    assert (request.checkpoint, request.width, request.cfg_scale, request.sampler) == ("flux1-dev", 1024, 3.5, "Euler")
    assert request.steps == 9
