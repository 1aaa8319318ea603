"""Sets that several GPUs make together, in Discord: one message that fills, whatever becomes of its parts."""

from __future__ import annotations

import asyncio
import io
from contextlib import AsyncExitStack

import pytest
from PIL import Image

from loopback.played_worker import ABOUT, PlayedWorker, wanted
from loopback.presses import answer_of, more
from zosma_bot.discord.ui.custom_id import Act
from zosma_queue import calls, keys
from zosma_queue.errors import ErrorKind
from zosma_queue.fleet import WorkerState
from zosma_queue.tasks import end


class Fleet:
    """Played workers that all wait for a job from the beginning."""

    def __init__(self, workers):
        self.workers = workers
        self.taking = {asyncio.create_task(worker.take()): worker for worker in workers}

    async def parts(self):
        """(worker, delivery) of all of them, in the order of the pictures."""
        given = [(worker, await task) for task, worker in self.taking.items()]
        return sorted(given, key=lambda one: one[1].first)


@pytest.fixture(name="gpus")
async def _gpus(redis_url, queue, until):
    """Starts so many of them."""
    async with AsyncExitStack() as stack:

        async def start(count=4):
            names = [f"gpu{number}/played/1" for number in range(count)]
            fleet = Fleet([await stack.enter_async_context(PlayedWorker(redis_url, name)) for name in names])
            stack.push_async_callback(end, *fleet.taking)

            async def all_rest():
                return await queue._redis.zcard(keys.IDLE) == count

            await until(all_rest)
            return fleet

        yield start


async def asks(server, who, **options):
    return await server.slash(who, "imagine", {"prompt": "a lighthouse", "seed": 7, "count": 4} | options)


async def test_four_gpus_make_a_picture_each_and_the_message_fills_picture_by_picture(server, client, gpus, ann):
    fleet = await gpus()
    asked = await asks(server, ann)
    parts = await fleet.parts()
    assert [wanted(leased).seed for _, leased in parts] == [7, 8, 9, 10]

    for number, (worker, leased) in enumerate(parts[:3], start=1):
        await worker.finish(leased)
        shown = await asked.wait_for(lambda shown, n=number: f"{n} of 4 made" in shown.text)
        assert shown.embeds[0]["image"]["url"]
        assert shown.labels == ["Cancel"]
    worker, leased = parts[3]
    await worker.finish(leased)

    shown = await asked.wait_for(lambda shown: len(shown.files) == 4)
    assert [Image.open(io.BytesIO(file.data)).getpixel((0, 0))[0] for file in shown.files] == [7, 8, 9, 10]
    assert server.messages() == [shown]


async def test_buttons_under_the_set_act_on_the_picture_that_they_name(server, client, gpus, ann, queue):
    fleet = await gpus(2)
    asked = await asks(server, ann, count=2)
    for one, leased in await fleet.parts():
        await one.finish(leased)
    shown = await asked.wait_for(lambda shown: len(shown.files) == 2)

    await server.click(ann, shown, "V2")
    request = (await queue.job((await fleet.workers[0].take()).id)).request
    assert (request.seed, request.subseed_strength > 0) == (8, True)


async def test_one_that_fails_leaves_the_others_and_a_button_for_the_missing(server, client, gpus, ann, queue):
    fleet = await gpus()
    asked = await asks(server, ann)
    parts = await fleet.parts()
    await parts[1][0].settle(parts[1][1], calls.fail(ErrorKind.BLACK))
    for worker, leased in (parts[0], parts[2], parts[3]):
        await worker.finish(leased)

    shown = await asked.wait_for(lambda shown: len(shown.files) == 3)
    assert "1 of 4 pictures could not be made." in shown.text
    assert "black" in shown.text
    assert shown.labels[0] == "Make picture 2"

    await server.click(ann, shown, "Make picture 2")
    leased = await parts[0][0].take()
    assert (wanted(leased).seeds, wanted(leased).checkpoint) == ([8], "dream")


async def test_a_part_that_only_another_kind_could_make_is_said_of(server, client, gpus, ann, redis_url):
    fleet = await gpus(2)
    async with PlayedWorker(redis_url, "gpu9/played/1") as other:
        asked = await asks(server, ann, count=2)
        parts = await fleet.parts()
        await other.beat(about=ABOUT.model_copy(update={"flavour": "comfyui"}))
        await parts[0][0].finish(parts[0][1])
        for worker in fleet.workers:
            await worker.beat(WorkerState.AWAY)
        await parts[1][0].settle(parts[1][1], calls.release(ErrorKind.WEBUI_DIED))
        await other.finish(await other.take())

    shown = await asked.wait_for(lambda shown: len(shown.files) == 2)
    assert "Some of these pictures were made on a GPU with other software" in shown.text


async def test_when_all_fail_there_is_one_reason_and_the_whole_can_be_tried_again(server, client, gpus, ann):
    fleet = await gpus(2)
    asked = await asks(server, ann, count=2)
    for worker, leased in await fleet.parts():
        await worker.settle(leased, calls.fail(ErrorKind.OUT_OF_MEMORY))
    shown = await asked.wait_for(lambda shown: "memory" in shown.text)
    assert shown.labels == ["Try again", "Edit", "Delete"]


async def test_cancel_stops_all_of_it(server, client, gpus, ann, queue):
    fleet = await gpus(2)
    asked = await asks(server, ann, count=2)
    parts = await fleet.parts()
    await parts[0][0].finish(parts[0][1])
    shown = await asked.wait_for(lambda shown: "1 of 2 made" in shown.text)
    await (await server.click(ann, shown, "Cancel")).response()
    assert await parts[1][0].progress(parts[1][1], 0.9) is calls.Lease.CANCEL
    await parts[1][0].settle(parts[1][1], calls.cancelled(0.5))
    shown = await asked.wait_for(lambda shown: "Cancelled." in shown.text)
    assert not shown.files
    assert await queue.open_jobs() == []


async def test_a_bot_that_is_killed_in_the_middle_shows_all_of_it_once(server, bot, gpus, ann):
    await bot.start()
    fleet = await gpus()
    asked = await asks(server, ann)
    parts = await fleet.parts()
    await parts[0][0].finish(parts[0][1])
    await asked.wait_for(lambda shown: "1 of 4 made" in shown.text)
    await bot.kill()
    for worker, leased in parts[1:3]:
        await worker.finish(leased)
    await bot.start()
    await asked.wait_for(lambda shown: "3 of 4 made" in shown.text)
    await parts[3][0].finish(parts[3][1])

    shown = await asked.wait_for(lambda shown: len(shown.files) == 4)
    assert server.messages() == [shown]


async def test_it_is_one_entry_of_ones_jobs(server, client, gpus, ann):
    fleet = await gpus()
    await asks(server, ann)
    parts = await fleet.parts()
    await parts[0][0].finish(parts[0][1])

    listed = await server.slash(ann, "jobs")
    await listed.response()
    assert listed.message.text.count("a lighthouse") == 1
    assert "1 of 4 made" in listed.message.text


# -- comparisons ------------------------------------------------------------------------------------------------


async def compares(server, who, **options):
    given = {"prompt": "a lighthouse", "by": "checkpoint", "first": "dream", "second": "anime", "seed": 7}
    return await server.slash(who, "compare", given | options)


async def test_checkpoints_are_compared_in_one_labelled_picture(server, client, worker, ann):
    asked = await compares(server, ann)
    for checkpoint in ("dream", "anime"):
        leased = await worker.take()
        assert (wanted(leased).checkpoint, wanted(leased).seeds) == (checkpoint, [7])
        await worker.finish(leased)

    shown = await asked.wait_for(lambda shown: "Again" in shown.labels)
    [sheet] = shown.files
    with Image.open(io.BytesIO(sheet.data)) as image:
        assert image.width >= 2 * 512
        assert image.height > 512  # a label stands above each
        assert image.convert("RGB").getpixel((3, 3)) == (24, 25, 28)
    assert "compared by checkpoint: dream · anime" in shown.text
    assert server.messages() == [shown]


@pytest.mark.parametrize(
    ("by", "values", "field", "found"),
    [
        ("sampler", ("Euler a", "dpm++ 2m"), "sampler", ["Euler a", "DPM++ 2M"]),
        ("guidance", ("4", "7,5", "12"), "cfg_scale", [4.0, 7.5, 12.0]),
    ],
)
async def test_samplers_and_guidance_are_compared_too(server, client, worker, ann, by, values, field, found):
    options = dict(zip(("first", "second", "third"), values, strict=False))
    asked = await compares(server, ann, by=by, **options)
    made = []
    for _ in values:
        leased = await worker.take()
        made.append(wanted(leased))
        await worker.finish(leased)
    await asked.wait_for(lambda shown: "Again" in shown.labels)
    assert [getattr(one, field) for one in made] == found
    assert {one.checkpoint for one in made} == {"dream"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"by": "guidance", "first": "high", "second": "5"}, "“high” isn't a number"),
        ({"by": "guidance", "first": "5", "second": "99"}, "between 0 and 30"),
        ({"second": "Dream"}, "Two of the values are the same"),
        ({"second": "no such"}, "is not known here"),
        ({"checkpoint": "anime"}, "checkpoints are compared already"),
    ],
)
async def test_what_can_not_be_compared_is_refused_in_a_sentence(server, client, worker, ann, queue, options, says):
    asked = await compares(server, ann, **options)
    await asked.response()
    assert says in asked.message.text
    assert asked.message.ephemeral
    assert await queue.open_jobs() == []


async def test_a_button_acts_on_the_compared_picture_that_it_names(server, client, worker, ann):
    asked = await compares(server, ann)
    for _ in range(2):
        await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: "Again" in shown.labels)
    await server.click(ann, shown, "V2")
    leased = await worker.take()
    assert (wanted(leased).checkpoint, wanted(leased).seed, wanted(leased).count) == ("anime", 7, 1)


async def test_parameters_are_those_of_the_compared_picture_that_was_chosen(server, client, worker, ann):
    asked = await compares(server, ann)
    for _ in range(2):
        await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: "Again" in shown.labels)
    text = (await answer_of(await more(server, ann, shown, Act.PARAMETERS, number=2))).text
    assert "checkpoint:anime" in text
    assert "seed:7" in text


async def test_values_are_offered_by_what_is_compared(server, client, worker, ann):
    offered = await server.autocomplete(ann, "compare", focused="first", options={"by": "sampler"})
    assert {one["name"] for one in offered} == {"DPM++ 2M", "Euler a"}


async def test_one_that_fails_leaves_the_others_with_their_own_labels(server, client, worker, ann):
    asked = await compares(server, ann)
    await worker.settle(await worker.take(), calls.fail(ErrorKind.BLACK))
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: "Again" in shown.labels)
    assert "1 of 2 pictures could not be made" in shown.text
    assert shown.labels[0] == "Make picture 1"


async def test_a_drawn_set_keeps_each_pictures_words_and_counts_as_one(server, client, gpus, ann, queue):
    fleet = await gpus()
    asked = await asks(server, ann, prompt="a {red|blue|green|white} cat")
    parts = await fleet.parts()
    job = await queue.job(parts[0][1].id.partition("~")[0])
    words = [wanted(leased).prompt for _, leased in parts]
    assert words == list(job.request.prompts)
    assert len(set(words)) > 1

    for worker, leased in parts:
        await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: len(shown.attachments) == 4)
    assert [one.description for one in shown.attachments] == words
    stats = await server.slash(ann, "stats")
    await stats.response()
    assert "4 pictures" in stats.message.text


async def test_what_is_compared_is_drawn_once_for_all(server, client, worker, ann, queue):
    await compares(server, ann, prompt="a {red|blue|green|white|grey} cat", first="dream", second="anime")
    leased = await worker.take()
    job = await queue.job(leased.id.partition("~")[0])
    assert job.request.prompts == ()
    assert "{" not in job.request.prompt
