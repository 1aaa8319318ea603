"""Embeddings: how their names are found in prompts, and whose jobs they are."""

from __future__ import annotations

import time

import pytest

from loopback.played_worker import ABOUT, PlayedWorker
from zosma_queue import keys
from zosma_queue.client import Sender
from zosma_queue.embeddings import EmbeddingFinder, fits, is_unmistakable, marked_in, without_marks
from zosma_queue.errors import BlockedError, RequestRefusedError
from zosma_queue.families import FAMILIES
from zosma_queue.feasibility import with_embeddings
from zosma_queue.fleet import Capabilities, Checkpoint, Trust, WorkerInfo, WorkerState
from zosma_queue.last_fleet import Fleet
from zosma_queue.messages import decode_request
from zosma_queue.needs import Needs
from zosma_queue.request import parse_request

NAMES = ("EasyNegative", "bad-hands-5", "ng_deepnegative_v1", "ng_deepnegative_v1_75t", "cat", "By bad artist -neg")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a cat", ["cat"]),
        ("a CAT, (easynegative:1.2), [bad-hands-5]", ["cat", "EasyNegative", "bad-hands-5"]),
        ("caterpillar, easy negative, EasyNegativeV2x, badhands5", []),
        ("EasyNegative, easynegative", ["EasyNegative"]),
        ("ng_deepnegative_v1_75t", ["ng_deepnegative_v1_75t"]),  # the longest, as A1111
        ("ng_deepnegative_v1, x", ["ng_deepnegative_v1"]),
        ("bad - hands - 5", ["bad-hands-5"]),  # its tokens are the same
        ("by bad artist -neg", ["By bad artist -neg"]),
        ("embedding:EasyNegative", ["EasyNegative"]),
        ("", []),
    ],
)
def test_names_are_found_as_a1111_finds_them(text, found):
    assert EmbeddingFinder(NAMES).find(text) == found


def test_many_names_that_begin_alike_are_no_slow_search():
    finder, text = EmbeddingFinder([f"bad-thing{number}" for number in range(5000)]), "bad " * 1000
    begun = time.process_time()  # others may have the processor meanwhile
    for _ in range(8):
        assert finder.find(f"{text}bad-thing4999") == ["bad-thing4999"]
    assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    "name",
    [
        "EasyNegative", "easynegative", "badhandv4", "bad-hands-5", "ng_deepnegative_v1_75t", "bad-image-v2-39000",
        "negativehand", "FastNegativeV2", "BadDream", "UnrealisticDream", "charturnerv2", "zPDXL", "hatsune_miku",
    ],
)  # fmt: skip
def test_a_made_up_name_can_only_mean_the_embedding(name):
    assert is_unmistakable(name)


@pytest.mark.parametrize("name", ["cat", "style", "Style", "wlop", "negative", "Negative", "bad artist", "絵", " cat "])
def test_a_name_that_may_be_a_word_is_one(name):
    assert not is_unmistakable(name)


@pytest.mark.parametrize(
    ("text", "marked", "plain"),
    [
        ("a embedding:cat, (embedding:EasyNegative:1.2)", ["cat", "EasyNegative"], "a cat, (EasyNegative:1.2)"),
        ("EMBEDDING:styles/ink.safetensors", ["ink"], "ink"),
        ("embedding:a\\b.pt.", ["b"], "b."),
        ("an embedding: a picture", [], "an embedding: a picture"),
        ("myembedding:cat", [], "myembedding:cat"),
        ("embedding:v1.3", ["v1.3"], "v1.3"),
        ("embedding:... embedding:", [], "embedding:... embedding:"),
        ("[embedding:a|embedding:b]", ["a", "b"], "[a|b]"),  # A1111's way to take turns
        ("embedding:EasyNegative<lora:ink:0.8>", ["EasyNegative"], "EasyNegative<lora:ink:0.8>"),
    ],
)
def test_a_mark_says_that_a_word_is_one(text, marked, plain):
    assert (marked_in(text), without_marks(text)) == (marked, plain)


@pytest.mark.parametrize(
    ("width", "family", "fit"),
    [
        (768, "sd15", True),
        (768, "sdxl", False),
        (2048, "sdxl", True),
        (2048, "sd15", False),
        (0, "sd15", True),
        (0, "z-image", False),
        (768, "flux", True),
        (768, None, True),
    ],
)
def test_an_embedding_fits_the_checkpoints_of_its_family(width, family, fit):
    assert fits(width, FAMILIES[family].facts if family else None) is fit


CHECKPOINTS = (
    *ABOUT.checkpoints,
    Checkpoint(name="large", title="sdxl/large.safetensors", facts=FAMILIES["sdxl"].facts),
)
WITH = ABOUT.model_copy(
    update={
        "checkpoints": CHECKPOINTS,
        "embeddings": ("EasyNegative", "cat"),
        "embedding_widths": {"EasyNegative": 768, "cat": 768},
    }
)
WITHOUT = ABOUT.model_copy(update={"checkpoints": CHECKPOINTS})


@pytest.fixture(name="two")
async def _two(queue, worker_url):
    """(a worker with embeddings, one without)."""
    async with PlayedWorker(worker_url, "gpu/with") as one, PlayedWorker(worker_url, "gpu/without") as other:
        await one.beat(about=WITH)
        await other.beat(about=WITHOUT)
        yield one, other


async def tokens_of(queue, raw, **fields):
    """What the job of a request needs of embeddings."""
    job_id = await queue.submit(parse_request({"prompt": "a dog", **fields}), Sender(owner="ann", group="guild"))
    tokens = raw.hget(keys.job(job_id), "class").decode().split("|")
    return [token for token in tokens if token.startswith("embedding:")]


@pytest.mark.parametrize(
    ("fields", "tokens"),
    [
        ({"negative_prompt": "(easynegative:1.2), blurry"}, ["embedding:easynegative"]),
        ({"prompt": "a dog, EasyNegative"}, ["embedding:easynegative"]),
        ({"a1111": {"hr_negative_prompt": "EasyNegative"}}, ["embedding:easynegative"]),
        ({"a1111": {"alwayson_scripts": {"ADetailer": {"args": [{"ad_negative_prompt": "EasyNegative"}]}}}},
         ["embedding:easynegative"]),
        ({"prompt": "a cat"}, []),
        ({"prompt": "a embedding:cat"}, ["embedding:cat"]),
        ({"prompt": "a dog <lora:lighthouses:1>"}, []),
        ({"negative_prompt": "EasyNegative", "checkpoint": "large"}, []),
        ({"negative_prompt": "EasyNegative", "checkpoint": "dream"}, ["embedding:easynegative"]),
    ],
)  # fmt: skip
async def test_a_prompt_that_names_an_embedding_goes_to_who_has_it(queue, raw, two, fields, tokens):
    for worker in two:
        about = worker.about.model_copy(update={"fields": (*ABOUT.fields, "hr_negative_prompt")})
        await worker.beat(about=about)
    assert await tokens_of(queue, raw, **fields) == tokens


async def test_it_is_no_need_where_all_have_it_nor_where_none_can_do_the_rest(queue, raw, two):
    one, other = two
    await one.beat(about=WITH.model_copy(update={"checkpoints": ABOUT.checkpoints[:1]}))

    # Who has it lacks the checkpoint: then it is a word, and no request is refused for it.
    assert await tokens_of(queue, raw, negative_prompt="EasyNegative", checkpoint="anime") == []
    await other.beat(about=WITH)
    assert await tokens_of(queue, raw, negative_prompt="EasyNegative") == []


async def test_it_is_no_need_where_all_that_can_do_the_rest_have_it(queue, raw, two):
    _, other = two
    await other.beat(about=WITHOUT.model_copy(update={"checkpoints": ABOUT.checkpoints[:1]}))

    assert await tokens_of(queue, raw, negative_prompt="EasyNegative", checkpoint="anime") == []
    assert await tokens_of(queue, raw, negative_prompt="EasyNegative") == ["embedding:easynegative"]


async def test_of_several_as_many_are_needed_as_one_worker_has(queue, raw, two, worker_url):
    one, other = two
    await other.beat(about=WITHOUT.model_copy(update={"embedding_widths": {"badhandv4": 768, "ngTI": 0}}))
    words = "EasyNegative, badhandv4, ngTI"
    assert await tokens_of(queue, raw, negative_prompt=words) == ["embedding:easynegative"]

    # Who has the first one alone is to be kept from it by the other.
    async with PlayedWorker(worker_url, "gpu/third") as third:
        await third.beat(about=WITHOUT.model_copy(update={"embedding_widths": {"EasyNegative": 768}}))
        await one.beat(about=WITH.model_copy(update={"embedding_widths": {"EasyNegative": 768, "ngTI": 0}}))
        tokens = await tokens_of(queue, raw, negative_prompt=words)
        assert tokens == ["embedding:easynegative", "embedding:ngti"]


def test_however_many_are_named_each_worker_is_asked_once_what_it_can_do(monkeypatch):
    asked, tokens = [], Capabilities.tokens
    monkeypatch.setattr(Capabilities, "tokens", lambda about: [*tokens(about), asked.append(about)])
    names = [f"bad-{number}" for number in range(99)]
    abouts = [WITHOUT.model_copy(update={"embedding_widths": dict.fromkeys(names, 0)}), WITHOUT, WITHOUT]
    fleet = [
        WorkerInfo(id=f"w{number}", state=WorkerState.READY, loaded=None, job=None, seen_ms=0, about=about)
        for number, about in enumerate(abouts)
    ]

    found = with_embeddings(Needs((), 64, None), names, fleet)

    assert (found.tokens, len(asked)) == (("embedding:bad-0",), 2)


class Unread(tuple):
    def __iter__(self):
        raise AssertionError("somebody has looked through all workers")


async def test_a_request_that_names_none_has_nobody_look_through_the_workers(queue, two, monkeypatch):
    sender = Sender(owner="ann", group="guild")
    await queue.submit(parse_request({"prompt": "a"}), sender)  # the fleet is known from now on
    monkeypatch.setattr(Fleet, "judges", property(lambda fleet: Unread(fleet.workers)))

    assert await queue.submit(parse_request({"prompt": "b"}), sender)
    with pytest.raises(AssertionError, match="looked through"):
        await queue.submit(parse_request({"prompt": "EasyNegative"}), sender)


async def test_who_gets_no_jobs_is_waited_for_by_none(queue, raw, two):
    one, _ = two
    await one.beat(trust=Trust.QUARANTINED)
    assert await tokens_of(queue, raw, negative_prompt="EasyNegative") == []


async def test_the_job_reaches_its_worker_and_the_other_gets_the_next(queue, two):
    one, other = two
    sender = Sender(owner="ann", group="guild")
    first = await queue.submit(parse_request({"prompt": "a", "negative_prompt": "EasyNegative"}), sender)
    second = await queue.submit(parse_request({"prompt": "b"}), sender)

    assert (await other.take()).id == second
    leased = await one.take()
    assert (leased.id, decode_request(leased.body).negative_prompt) == (first, "EasyNegative")


async def test_a_comparison_looks_for_each_of_its_pictures(queue, raw, two):
    fields = {"prompt": "a", "negative_prompt": "EasyNegative", "count": 2}
    compared = {"compare": {"field": "checkpoint", "values": ["dream", "large"]}}
    assert await tokens_of(queue, raw, **fields, **compared) == ["embedding:easynegative"]


async def test_an_estimate_names_those_that_would_make_it(queue, two):
    request = parse_request({"prompt": "a", "negative_prompt": "EasyNegative"})
    estimate = await queue.estimate(request, Sender(owner="ann", group="guild"))
    assert estimate.workers == ("gpu/with",)


async def test_workers_of_a_version_before_say_nothing_that_the_queue_does_not_know(queue, raw, two):
    one, _ = two
    await one.beat(about=WITH.model_copy(update={"embedding_widths": {}}))
    assert await tokens_of(queue, raw, negative_prompt="EasyNegative") == []


@pytest.mark.parametrize("field", ["prompt", "negative_prompt"])
async def test_what_is_marked_and_nobody_has_is_refused_by_name(queue, two, field):
    request = parse_request({"prompt": "a", field: "(embedding:EasyNegativ:1.1)"})
    with pytest.raises(RequestRefusedError, match="nearest are embedding:EasyNegative") as refused:
        await queue.submit(request, Sender(owner="ann", group="guild"))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("prompt", "blocked"),
    [
        ("a DarkHorse_v2", "horse"),
        ("a embedding:DarkHorse_v2", "horse"),
        ("a embedding:horse", "horse"),
        ("a dark<x:y>embedding:horse", "darkhorse"),
    ],
)
async def test_no_mark_and_no_name_goes_round_the_rules(queue, two, prompt, blocked):
    one, _ = two
    await one.beat(about=WITH.model_copy(update={"embeddings": ("DarkHorse_v2", "horse")}))
    await queue.admin.set_rules("root", "", {"blocked": [blocked]})
    request = parse_request({"prompt": prompt, "a1111": {"disable_extra_networks": True}})

    with pytest.raises(BlockedError):
        await queue.submit(request, Sender(owner="ann", group="guild"))
