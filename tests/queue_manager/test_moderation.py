"""What is allowed where, held to by submit itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zosma_queue import calls, keys
from zosma_queue.catalogue import Catalogue
from zosma_queue.client import Queue, Sender
from zosma_queue.errors import BlockedError, RequestRefusedError
from zosma_queue.fleet import Capabilities, Checkpoint, Style, WorkerState
from zosma_queue.moderation import ContentRules, check_words
from zosma_queue.request import PIXELS_MAX, parse_request
from zosma_queue.scripts import call

ANN = Sender(owner="discord:1/ann", group="discord:1")
ELSEWHERE = Sender(owner="discord:2/ann", group="discord:2")


@pytest.fixture(name="fleet")
def _fleet(raw):
    """One worker with two checkpoints, one loaded."""
    about = Capabilities(
        webui="http://gpu:7860", flavour="a1111", host="gpu", samplers=("Euler a",), schedulers=(),
        loras=("GoryScene_v2", "hat"),
        styles=(Style(name="Noir", prompt="film noir", negative_prompt="gory"), Style(name="Splatter", prompt="gory")),
        checkpoints=(Checkpoint(name="dream", title="dream.safetensors [abc]", hash="abc"),
                     Checkpoint(name="anime", title="anime.ckpt")),
        fields=("refiner_checkpoint", "hr_checkpoint_name"), scripts=("adetailer",),
    )  # fmt: skip
    call(raw, calls.beat("w1", WorkerState.READY, loaded="anime", pixels=PIXELS_MAX, about=about))


def cat(**fields):
    return parse_request({"prompt": "a cat", "seed": 1, **fields})


async def refused(queue, request, sender=ANN):
    with pytest.raises(RequestRefusedError) as error:
        await queue.submit(request, sender)
    return error.value


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prompt": "a very long secret prompt, g о r y"}, "prompt"),
        ({"negative_prompt": "GORY"}, "negative_prompt"),
        ({"prompt": "a cat <lora:GoryScene_v2:0.8>"}, "prompt"),
        ({"prompt": "a go<lora:hat:1>ry cat"}, "prompt"),
        ({"negative_prompt": "go<hypernet:hat:1>ry"}, "negative_prompt"),
        ({"prompt": "a cat <go<lora:hat:1>ry:x>"}, "prompt"),
        ({"styles": ["Splatter"]}, "styles"),
        ({"a1111": {"hr_prompt": "a GORY cat"}}, "hr_prompt"),
        (
            {
                "a1111": {
                    "alwayson_scripts": {"ADetailer": [True, {"ad_model": "face", "ad_prompt": "go<lora:hat:1>ry"}]}
                }
            },
            "alwayson_scripts",
        ),
        ({"a1111": {"alwayson_scripts": {"ADetailer": [{"ad_prompt": "<lora:GoryScene_v2:1>"}]}}}, "alwayson_scripts"),
    ],
)
@pytest.mark.usefixtures("fleet")
async def test_a_blocked_word_is_refused_wherever_it_stands_and_the_prompt_is_not_repeated(queue, fields, field):
    await queue.admin.set_rules("root", "", {"blocked": ["gory"]})

    error = await refused(queue, cat(**fields))

    assert isinstance(error, BlockedError)
    assert (error.code, error.values) == ("blocked-word", {"field": field, "word": "gory"})
    assert str(error) == f"{field} has 'gory', which is not allowed here: leave it out"
    assert (await queue.depth()).waiting == 0
    assert await queue.jobs_of(ANN.owner) == []


def test_a_text_that_a_workflow_takes_besides_is_judged_as_a_prompt():
    request = cat(workflow="mine", workflow_options={"sky": "gory", "steps": 5})

    with pytest.raises(BlockedError, match="workflow_options has 'gory'"):
        check_words(request, [ContentRules(blocked=("gory",))], Catalogue())


@pytest.mark.parametrize("field", ["refiner_checkpoint", "hr_checkpoint_name"])
@pytest.mark.usefixtures("fleet")
async def test_a_checkpoint_that_is_not_allowed_does_no_second_pass_either(field, queue):
    await queue.admin.set_rules("root", "", {"checkpoints": ["dream"]})

    error = await refused(queue, cat(a1111={field: "anime"}))

    assert (error.code, error.field) == ("checkpoint-not-allowed", field)
    assert await queue.submit(cat(a1111={field: "dream.safetensors"}), ANN)


@pytest.mark.usefixtures("fleet")
async def test_a_checkpoint_that_is_not_allowed_paints_no_details_either(queue):
    def details(checkpoint):
        args = [True, False, {"ad_model": "face_yolov8n.pt", "ad_use_checkpoint": True, "ad_checkpoint": checkpoint}]
        return cat(a1111={"alwayson_scripts": {"ADetailer": {"args": args}}})

    await queue.admin.set_rules("root", "", {"checkpoints": ["dream"]})

    error = await refused(queue, details("anime"))

    assert (error.code, error.field, error.values["given"]) == ("checkpoint-not-allowed", "alwayson_scripts", "anime")
    for fine in ("dream", "Use same checkpoint", "None", None):
        assert await queue.submit(details(fine), ANN)


@pytest.mark.usefixtures("fleet")
async def test_what_a_style_excludes_is_no_wish_of_the_member(queue):
    await queue.admin.set_rules("root", "", {"blocked": ["gory"]})

    assert await queue.submit(cat(styles=["noir"], prompt="a category <lora:hat:1>"), ANN)


@pytest.mark.usefixtures("fleet")
async def test_everybodys_rules_and_the_groups_hold_together(queue):
    await queue.admin.set_rules("root", "", {"blocked": ["gory"]})
    await queue.admin.set_rules("root", "discord:1", {"blocked": ["dog*"], "steps": 20})

    assert (await refused(queue, cat(prompt="gory"))).code == "blocked-word"
    assert (await refused(queue, cat(prompt="doghouse"))).values["word"] == "dog"
    error = await refused(queue, cat(steps=21))
    assert (error.code, error.values) == ("over-rule", {"field": "steps", "given": 21, "most": 20})
    assert (await refused(queue, cat(hires={"steps": 21}))).field == "hires.steps"
    assert (await refused(queue, cat(prompt="gory"), ELSEWHERE)).code == "blocked-word"
    assert await queue.submit(cat(prompt="doghouse", steps=21), ELSEWHERE)


@pytest.mark.usefixtures("fleet")
async def test_where_every_age_may_ask_nothing_is_made_once_a_rule_wants_adults(queue):
    await queue.admin.set_rules("root", "", {"age_restricted": True})

    assert (await refused(queue, cat(), replace(ANN, all_ages=True))).code == "age-restricted"
    assert await queue.submit(cat(), ANN)


@pytest.mark.usefixtures("fleet")
async def test_a_checkpoint_that_is_not_allowed_is_refused_with_those_that_are(queue):
    await queue.admin.set_rules("root", "discord:1", {"checkpoints": ["dream.safetensors"]})

    error = await refused(queue, cat(checkpoint="anime"))

    assert str(error) == "checkpoint 'anime' is not allowed here: use dream"
    assert (error.code, error.values["allowed"]) == ("checkpoint-not-allowed", "dream")
    job = await queue.job(await queue.submit(cat(checkpoint="abc"), ANN))
    assert job.request.checkpoint == "dream"


@pytest.mark.usefixtures("fleet")
async def test_who_names_no_checkpoint_gets_an_allowed_one_rather_the_loaded(queue):
    async def chosen():
        return (await queue.job(await queue.submit(cat(), ANN))).request.checkpoint

    assert await chosen() is None
    await queue.admin.set_rules("root", "", {"checkpoints": ["dream", "anime"]})
    assert await chosen() == "anime"
    await queue.admin.set_rules("root", "discord:1", {"checkpoints": ["dream"]})
    assert await chosen() == "dream"
    await queue.admin.set_rules("root", "discord:1", {"checkpoints": ["gone"]})
    assert (await refused(queue, cat())).code == "no-allowed-checkpoint"


async def test_rules_are_audited_kept_and_dropped_when_they_allow_everything(queue, raw, redis_url):
    made = await queue.admin.set_rules("root", "discord:1", {"blocked": [" gory ", "gory"], "count": 4})
    assert made == ContentRules(blocked=("gory",), count=4)
    await queue.admin.set_rules("root", "", {})

    assert await queue.admin.rules("discord:1") == made
    assert await queue.admin.rules() == ContentRules()
    async with Queue(redis_url) as other:
        assert await other.admin.rules("discord:1") == made
    assert [(act.act, act.target) for act in await queue.admin.audit()] == [
        ("rules", "everybody"),
        ("rules", "discord:1"),
    ]
    await queue.admin.set_rules("root", "discord:1", {})
    assert raw.hlen(keys.RULES) == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"blocked": ["x" * 101]}, "blocked"),
        ({"blocked": [str(number) for number in range(501)]}, "blocked"),
        ({"blocked": ["***"]}, "blocked"),
        ({"blocked": ["a*b"]}, "blocked"),
        ({"blocked": [""]}, "blocked"),
        ({"count": 17}, "count"),
        ({"colour": 1}, "colour"),
    ],
)
async def test_rules_that_are_none_are_refused(queue, fields, field):
    with pytest.raises(RequestRefusedError) as error:
        await queue.admin.set_rules("root", "", fields)

    assert (error.value.code, error.value.field) == ("bad-rule", field)
    assert await queue.admin.rules() == ContentRules()
