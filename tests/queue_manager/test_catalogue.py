"""The fleet's catalogue: names in everybody's spelling, and the nearest one for what nobody has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zosma_queue.catalogue import Catalogue
from zosma_queue.errors import NoWorkerError, RequestRefusedError
from zosma_queue.fleet import Capabilities, Checkpoint, Scheduler, WorkerInfo, WorkerState
from zosma_queue.needs import needs_of
from zosma_queue.request import parse_request


def worker(*checkpoints, state=WorkerState.READY, loaded=None, samplers=("Euler a", "DPM++ 2M")):
    about = Capabilities(
        webui="http://gpu:7860",
        flavour="a1111",
        host="gpu",
        checkpoints=tuple(
            Checkpoint(name=name, title=f"sd/{name}.safetensors [0123456789]", hash="0123456789")
            for name in checkpoints
        ),
        samplers=samplers,
        schedulers=(Scheduler(name="karras", label="Karras"), Scheduler(name="sgm_uniform", label="SGM Uniform")),
        upscalers=("Latent", "R-ESRGAN 4x+"),
    )
    return WorkerInfo(id="w", state=state, loaded=loaded, job=None, seen_ms=0, about=about)


@pytest.fixture(name="catalogue")
def _catalogue():
    return Catalogue.of([worker("dream", loaded="dream"), worker("anime"), worker("gone", state=WorkerState.AWAY)])


def resolve(catalogue, **fields):
    return catalogue.resolve(parse_request({"prompt": "a cat", **fields}))


def test_it_is_the_union_of_what_ready_workers_have(catalogue):
    assert [one.name for one in catalogue.checkpoints] == ["dream", "anime"]
    assert catalogue.loaded == {"dream"}
    assert catalogue.ready == 2


@pytest.mark.parametrize(
    "spelling", ["dream", "DREAM", "sd/dream.safetensors", "sd/dream.safetensors [0123456789]", "0123456789", " dream "]
)
def test_a_checkpoint_is_known_by_name_title_file_and_hash(catalogue, spelling):
    assert resolve(catalogue, checkpoint=spelling).checkpoint == "dream"


@pytest.mark.parametrize(
    "spelling",
    ["dream", "sd15_dream", "sd15/dream.safetensors", "sd15\\dream.safetensors", "SD15\\dream", "dream.safetensors"],
)
def test_a_checkpoint_of_a_windows_worker_is_known_with_either_separator(spelling):
    title = "sd15\\dream.safetensors [0123456789]"
    assert Checkpoint(name="sd15_dream", title=title, hash="0123456789").is_called(spelling)


def test_a_file_in_the_first_folder_goes_before_one_of_the_same_name_elsewhere():
    titles = {"sub_dream": "sub/dream.safetensors", "dream": "dream.safetensors"}
    one = worker()
    about = one.about.model_copy(
        update={"checkpoints": tuple(Checkpoint(name=name, title=title) for name, title in titles.items())}
    )
    catalogue = Catalogue.of([replace(one, about=about)])

    assert resolve(catalogue, checkpoint="dream.safetensors").checkpoint == "dream"
    assert resolve(catalogue, checkpoint="sub/dream.safetensors").checkpoint == "sub_dream"


@pytest.mark.parametrize("spelling", ["model [v2]", "sub/model [v2].safetensors", "sub_model [v2]"])
def test_brackets_that_hold_no_hash_belong_to_the_name(spelling):
    found = Checkpoint(name="sub_model [v2]", title="sub/model [v2].safetensors")

    assert found.is_called(spelling)
    assert not found.is_called("model")


def test_an_unknown_checkpoint_is_refused_with_the_nearest(catalogue):
    with pytest.raises(
        RequestRefusedError, match="checkpoint 'animee' is not known here: the nearest are anime"
    ) as refused:
        resolve(catalogue, checkpoint="animee")

    assert refused.value.field == "checkpoint"


def test_a_checkpoint_of_a_worker_that_is_away_is_unknown(catalogue):
    with pytest.raises(RequestRefusedError):
        resolve(catalogue, checkpoint="gone")


@pytest.mark.parametrize(
    ("given", "sampler", "scheduler"),
    [
        ({"sampler": "euler A"}, "Euler a", None),
        ({"sampler": "DPM++ 2M Karras"}, "DPM++ 2M", "Karras"),
        ({"sampler": "DPM++ 2M SGM Uniform"}, "DPM++ 2M", "SGM Uniform"),
        ({"sampler": "DPM++ 2M Karras", "scheduler": "sgm_uniform"}, "DPM++ 2M", "SGM Uniform"),
        ({"sampler": "Euler a", "scheduler": "automatic"}, "Euler a", None),
        ({}, "DPM++ 2M", None),
    ],
)
def test_samplers_and_schedulers_are_taken_as_a1111_takes_them(catalogue, given, sampler, scheduler):
    resolved = resolve(catalogue, **given)

    assert (resolved.sampler, resolved.scheduler) == (sampler, scheduler)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"sampler": "Eular"}, "sampler"),
        ({"scheduler": "zigzag"}, "scheduler"),
        ({"hires": {"upscaler": "Waifu"}}, "hires.upscaler"),
    ],
)
def test_unknown_names_are_refused_by_field(catalogue, given, field):
    with pytest.raises(RequestRefusedError) as refused:
        resolve(catalogue, **given)

    assert refused.value.field == field


def test_an_empty_fleet_is_said_to_be_empty():
    with pytest.raises(NoWorkerError, match="no GPU is online"):
        resolve(Catalogue.of([worker("dream", state=WorkerState.AWAY)]))


def with_loras(*names, **aliases):
    found = worker("dream")
    assert found.about is not None
    return replace(found, about=found.about.model_copy(update={"loras": names, "lora_aliases": aliases}))


def test_a_lora_asked_for_by_its_alias_is_the_one_of_that_name():
    catalogue = Catalogue.of([with_loras("house_v2", "cats", house="house_v2")])

    assert catalogue.loras == ("house_v2", "cats")
    asked = resolve(catalogue, prompt="<lora:house:0.8> by the sea, <lora:cats> <lora: house>")
    assert asked.prompt == "<lora:house_v2:0.8> by the sea, <lora:cats> <lora:house_v2>"


def test_a_lora_in_a_folder_of_a_windows_webui_is_asked_for_by_its_alias_too():
    catalogue = Catalogue.of([with_loras("sub\\house", **{"old house": "sub\\house"})])

    assert resolve(catalogue, prompt="<lora:old house:1>").prompt == "<lora:sub\\house:1>"


def test_a_name_of_a_lora_is_no_alias_of_another_workers():
    catalogue = Catalogue.of([with_loras("house_v2", house="house_v2"), with_loras("house")])

    assert catalogue.lora_aliases == {}
    assert resolve(catalogue, prompt="<lora:house:1>").prompt == "<lora:house:1>"


def test_an_unknown_lora_is_refused_with_the_nearest():
    with pytest.raises(RequestRefusedError, match="LoRA 'hous' is not known here"):
        resolve(Catalogue.of([with_loras("house")]), prompt="<lora:hous:1>")


OLD = worker("dream", samplers=("DPM++ 2M Karras", "DPM++ 2M", "Euler a"))
assert OLD.about is not None
OLD = replace(OLD, about=OLD.about.model_copy(update={"schedulers": ()}))
NEW = worker("dream")
EITHER_WAY = [
    {"sampler": "DPM++ 2M Karras"},
    {"sampler": "dpm++ 2m karras", "scheduler": "Automatic"},
    {"sampler": "DPM++ 2M", "scheduler": "Karras"},
    {"sampler": "dpm++ 2m", "scheduler": "karras"},
]


@pytest.mark.parametrize("asked", EITHER_WAY)
@pytest.mark.parametrize("fleet", [[OLD], [NEW], [OLD, NEW]], ids=["old", "new", "both"])
def test_a_sampler_with_its_schedule_is_one_thing_to_ask_old_and_new_webuis_for(asked, fleet):
    request = resolve(Catalogue.of(fleet), **asked)

    assert (request.sampler, request.scheduler) == ("DPM++ 2M", "Karras")
    needed = set(needs_of(request).tokens)
    assert all(needed <= set(one.about.tokens()) for one in fleet)


def test_a_schedule_that_an_old_webui_never_had_with_that_sampler_is_not_sent_to_it():
    request = resolve(Catalogue.of([OLD, NEW]), sampler="Euler a", scheduler="Karras")

    needed = set(needs_of(request).tokens)
    assert [needed <= set(one.about.tokens()) for one in (OLD, NEW)] == [False, True]
    with pytest.raises(RequestRefusedError, match="scheduler 'Karras' is not known here"):
        resolve(Catalogue.of([OLD]), sampler="Euler a", scheduler="Karras")
