"""A job stays on the kind of WebUI that began it, where that can be: the same seed is another picture on the other."""

from __future__ import annotations

import pytest

from zosma_queue import calls, keys
from zosma_queue.client import Sender
from zosma_queue.errors import ErrorKind
from zosma_queue.fleet import Capabilities, Checkpoint, WorkerState, named_by_file
from zosma_queue.job import Picture, Result, State
from zosma_queue.request import parse_request
from zosma_queue.scripts import call
from zosma_queue.worker_queue import done, release, retry

DREAM = Checkpoint(name="dream", title="dream.safetensors")
FORGE, COMFY, COMFY_2 = "gpu/forge:7860/1", "gpu/comfyui:8188/2", "gpu2/comfyui:8188/3"


@pytest.fixture(name="joins")
def _joins(raw):
    def joins(name, *, state=WorkerState.READY):
        flavour = "comfyui" if "comfyui" in name else "forge"
        about = Capabilities(
            webui="http://gpu", flavour=flavour, host="gpu", checkpoints=(DREAM,), samplers=("Euler",), schedulers=()
        )
        call(raw, calls.beat(name, state, loaded="dream", pixels=2**24, about=about))

    return joins


@pytest.fixture(name="job_id")
async def _job_id(queue, joins):
    for name in (FORGE, COMFY, COMFY_2):
        joins(name)
    request = parse_request({"prompt": "a cat", "checkpoint": "dream", "sampler": "Euler"})
    return await queue.submit(request, Sender(owner="ann", group="guild"))


def taken(raw, worker):
    return call(raw, calls.fetch(worker))


async def test_a_job_that_was_given_back_goes_to_its_kind_alone(raw, queue, job_id):
    first = taken(raw, COMFY)
    call(raw, calls.settle(first.id, first.attempt, release(ErrorKind.WEBUI_DIED, "died")))

    assert taken(raw, FORGE) is None
    assert taken(raw, COMFY_2).id == job_id


async def test_a_job_that_failed_is_tried_elsewhere_on_its_kind(raw, queue, job_id):
    first = taken(raw, COMFY)
    call(raw, calls.settle(first.id, first.attempt, retry(ErrorKind.BLACK, "black", backoff_ms=0, max_failures=3)))
    call(raw, calls.sweep())

    assert taken(raw, FORGE) is None
    assert taken(raw, COMFY) is None
    assert taken(raw, COMFY_2).id == job_id


async def test_without_another_of_its_kind_it_goes_to_the_other_and_says_so(raw, queue, joins, job_id):
    first = taken(raw, COMFY)
    joins(COMFY, state=WorkerState.AWAY)
    joins(COMFY_2, state=WorkerState.AWAY)
    call(raw, calls.settle(first.id, first.attempt, release(ErrorKind.WEBUI_DIED, "died")))

    second = taken(raw, FORGE)
    picture = Picture(index=0, format="png", width=512, height=512, bytes=1, seed=1, parameters="")
    result = Result(
        pictures=(picture,), attempt=2, checkpoint="dream", checkpoint_hash=None, sampler="Euler", scheduler=None,
        worker=FORGE, gpu_seconds=1.0, info={},
    )  # fmt: skip
    call(raw, calls.settle(second.id, second.attempt, done(result)))

    job = await queue.job(job_id)
    assert (job.state, job.other_kind) == (State.DONE, True)


async def test_on_its_own_kind_nothing_is_said(raw, queue, job_id):
    first = taken(raw, COMFY)
    result = Result(
        pictures=(), attempt=1, checkpoint="dream", checkpoint_hash=None, sampler="Euler", scheduler=None,
        worker=COMFY, gpu_seconds=1.0, info={},
    )  # fmt: skip
    call(raw, calls.settle(first.id, first.attempt, done(result)))

    assert (await queue.job(job_id)).other_kind is False


# -- sets -------------------------------------------------------------------------------------------------------


FORGE_2 = "gpu2/forge:7860/4"


async def a_set(queue, count=4, **more):
    request = parse_request({"prompt": "a cat", "checkpoint": "dream", "sampler": "Euler", "count": count, **more})
    return await queue.submit(request, Sender(owner="ann", group="guild"))


def rests(raw, *workers):
    for worker in workers:
        assert taken(raw, worker) is None


def finished(raw, leased, worker):
    pictures = tuple(
        Picture(index=index, format="png", width=512, height=512, bytes=1, seed=1, parameters="")
        for index in range(leased.count)
    )
    result = Result(
        pictures=pictures, attempt=leased.attempt, checkpoint="dream", checkpoint_hash=None, sampler="Euler",
        scheduler=None, worker=worker, gpu_seconds=1.0, info={},
    )  # fmt: skip
    return call(raw, calls.settle(leased.id, leased.attempt, done(result)))


async def test_a_set_is_split_over_workers_of_one_kind_alone(raw, queue, joins):
    for name in (FORGE, FORGE_2, COMFY, COMFY_2):
        joins(name)
    rests(raw, FORGE, FORGE_2, COMFY, COMFY_2)
    job_id = await a_set(queue)

    first = taken(raw, COMFY)
    rests(raw, FORGE, FORGE_2)
    second = taken(raw, COMFY_2)

    assert [(one.first, one.count) for one in (first, second)] == [(0, 2), (2, 2)]
    finished(raw, first, COMFY)
    finished(raw, second, COMFY_2)
    job = await queue.job(job_id)
    assert (job.state, job.other_kind) == (State.DONE, False)


async def test_a_set_whose_kind_has_one_worker_stays_one_job(raw, queue, joins):
    for name in (FORGE, COMFY, COMFY_2):
        joins(name)
    rests(raw, FORGE, COMFY, COMFY_2)
    job_id = await a_set(queue)

    assert taken(raw, FORGE).id == job_id
    rests(raw, COMFY, COMFY_2)


async def test_a_part_whose_worker_dies_goes_to_its_kind_though_the_other_is_free(raw, queue, joins):
    for name in (FORGE, COMFY, COMFY_2):
        joins(name)
    rests(raw, FORGE, COMFY, COMFY_2)
    await a_set(queue)
    first, second = taken(raw, COMFY), taken(raw, COMFY_2)
    call(raw, calls.settle(first.id, first.attempt, release(ErrorKind.WEBUI_DIED, "died")))

    rests(raw, FORGE)
    finished(raw, second, COMFY_2)
    assert taken(raw, COMFY_2).id == first.id


async def test_a_set_of_which_the_other_kind_made_a_part_says_so(raw, queue, joins):
    for name in (FORGE, COMFY, COMFY_2):
        joins(name)
    rests(raw, FORGE, COMFY, COMFY_2)
    job_id = await a_set(queue)
    first, second = taken(raw, COMFY), taken(raw, COMFY_2)
    for gone in (COMFY, COMFY_2):
        joins(gone, state=WorkerState.AWAY)
    finished(raw, first, COMFY)
    call(raw, calls.settle(second.id, second.attempt, release(ErrorKind.WEBUI_DIED, "died")))
    assert (await queue.job(job_id)).other_kind is False

    assert finished(raw, taken(raw, FORGE), FORGE) is State.DONE

    assert (await queue.job(job_id)).other_kind is True


async def test_a_comparison_waits_for_its_kind_and_wakes_it(raw, queue, joins):
    for name in (FORGE, COMFY, COMFY_2):
        joins(name)
    rests(raw, FORGE, COMFY_2)
    job_id = await a_set(queue, count=2, sampler=None, compare={"field": "cfg_scale", "values": [5.0, 7.0]})

    assert taken(raw, COMFY).id == f"{job_id}~0"
    rests(raw, FORGE)
    assert raw.llen(keys.wake(COMFY_2)) == 1
    assert taken(raw, COMFY_2).id == f"{job_id}~1"


# -- one name ---------------------------------------------------------------------------------------------------


def names(*titles):
    return [one.name for one in named_by_file(checkpoint(title) for title in titles)]


def checkpoint(title):
    path = title.removesuffix(".safetensors")
    return Checkpoint(name=path.replace("/", "_").replace("\\", "_"), title=title)


def test_a_file_has_one_name_whatever_its_folder_is():
    assert names("sd15/dream.safetensors", "anime.safetensors") == ["dream", "anime"]
    assert names("SD15\\dream.safetensors") == ["dream"]


def test_two_files_of_one_name_keep_their_folders():
    assert names("sd15/dream.safetensors", "xl/dream.safetensors") == ["sd15_dream", "xl_dream"]


def test_folders_as_sdnext_writes_them_are_those_of_the_others():
    there = [
        Checkpoint(name="sd15/dream", title="sd15/dream [0123456789]", hash="0123456789"),
        Checkpoint(name="xl\\dream", title="xl\\dream"),
        Checkpoint(name="xl/anime v3", title="xl/anime v3"),
    ]

    assert [one.name for one in named_by_file(there)] == ["sd15_dream", "xl_dream", "anime v3"]
    assert [one.is_called("anime v3") for one in named_by_file(there)] == [False, False, True]


def test_a_name_of_the_webuis_own_stays():
    own = Checkpoint(name="Dream v8", title="sd15/dream.safetensors")

    assert named_by_file((own,)) == (own,)
    assert own.model_name == "Dream v8"


def test_the_name_with_its_folder_is_understood_as_before_and_what_a1111s_clients_see():
    (dream,) = named_by_file((checkpoint("sd15/dream.safetensors"),))

    assert dream.model_name == "sd15_dream"
    assert all(dream.is_called(name) for name in ("dream", "sd15_dream", "sd15/dream.safetensors", "SD15\\dream"))
