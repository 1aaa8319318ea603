"""`/imagine` over real sockets: from the command to the picture, and every refusal on the way."""

from __future__ import annotations

import asyncio
import time

import pytest

from loopback.discord.interaction import Callback
from loopback.discord.state import Upload
from loopback.pictures import turned
from loopback.played_worker import ABOUT, png
from zosma_bot.settings import BotSettings
from zosma_queue import calls
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_queue.scripts import call


async def test_a_picture_goes_its_way_in_one_message(server, client, worker, ann):
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "seed": 42, "width": 64, "height": 64})
    assert (await asked.response()).type is Callback.DEFERRED_MESSAGE

    await asked.wait_for(lambda shown: "in line" in shown.text)
    leased = await worker.take()
    await worker.progress(leased, 0.5, eta_s=3, preview=png(1))
    running = await asked.wait_for(lambda shown: "50 %" in shown.text)
    assert [file.data for file in running.files] == [png(1)]
    assert "3 s left" in running.text

    made = await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: shown.attachments)
    assert [file.data for file in shown.files] == made
    assert [file.filename for file in shown.files] == [f"zosma-{leased.id}-1.png"]
    for part in ("a cat", "seed 42", "64×64", "20 steps", "DPM++ 2M", "dream"):
        assert part in shown.text
    assert len(server.messages()) == 1


async def test_whoever_asks_is_known_by_name_to_admins_on_the_page(server, client, worker, ann):
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await asked.response()
    await worker.take()
    (job_id,) = await client.services.queue.open_jobs()
    owner = (await client.services.queue.job(job_id)).owner
    assert client.names.of(owner) == "Ann"


async def test_a_server_that_acknowledges_without_a_word_is_understood(server, client, worker, ann):
    server.settings.tells_of_callbacks = False
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    made = await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    assert [file.data for file in shown.files] == made

    refused = await server.slash(ann, "imagine", {"prompt": "a cat", "checkpoint": "nonsense"})
    await refused.response()
    assert "not known here" in refused.message.text


async def test_four_pictures_come_together(server, client, worker, ann):
    asked = await server.slash(ann, "imagine", {"prompt": "cats", "count": 4, "seed": 7, "width": 64, "height": 64})
    made = await worker.finish(await worker.take())

    shown = await asked.wait_for(lambda shown: shown.attachments)
    assert [file.data for file in shown.files] == made
    assert "seeds 7–10" in shown.text


async def test_all_options_reach_the_job(server, client, worker, ann, queue):
    options = {
        "prompt": "a cat", "negative": "dogs", "size": "portrait 512×768", "height": 512, "count": 2,
        "checkpoint": "anime", "sampler": "euler a", "scheduler": "Karras", "steps": 8, "guidance": 5.5, "seed": 3,
    }  # fmt: skip
    await server.slash(ann, "imagine", options)
    leased = await worker.take()

    request = (await queue.job(leased.id)).request
    assert (request.prompt, request.negative_prompt, request.width, request.height) == ("a cat", "dogs", 512, 512)
    assert (request.count, request.checkpoint, request.sampler, request.scheduler) == (2, "anime", "Euler a", "Karras")
    assert (request.steps, request.cfg_scale, request.seed) == (8, 5.5, 3)


async def test_a_member_pays_within_their_guild_also_in_direct_messages(server, client, worker, ann, queue):
    await server.slash(ann, "imagine", {"prompt": "here"})
    here = await queue.job((await worker.take()).id)
    assert (here.owner, here.group) == (f"discord:{server.guild.id}/{ann.id}", f"discord:{server.guild.id}")

    asked = await server.slash(ann, "imagine", {"prompt": "there"}, dm=True)
    leased = await worker.take()
    there = await queue.job(leased.id)
    assert (there.owner, there.group) == (f"discord:dm/{ann.id}", f"discord:{server.guild.id}")

    made = await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: shown.attachments)
    assert [file.data for file in shown.files] == made


async def test_places_in_line_are_told_and_move_up(server, bot, worker, ann):
    await bot.start(look_every_s=0.05)
    handles = []
    for place in ("Next in line", "2nd in line", "3rd in line"):
        handles.append(await server.slash(ann, "imagine", {"prompt": "a cat", "width": 64, "height": 64}))
        await handles[-1].wait_for(lambda shown, place=place: place in shown.text)

    await worker.finish(await worker.take())
    await handles[1].wait_for(lambda shown: "Next in line" in shown.text)
    await handles[2].wait_for(lambda shown: "2nd in line" in shown.text)


async def test_a_prompt_pings_nobody_and_breaks_no_layout(server, client, worker, ann):
    prompt = "# @everyone\n<@1> **bold** ```code``` ||spoiler|| [link](https://evil.example) \\_"
    asked = await server.slash(ann, "imagine", {"prompt": prompt, "width": 64, "height": 64})
    await worker.finish(await worker.take())

    shown = await asked.wait_for(lambda shown: shown.attachments)
    quoted = shown.text.splitlines()[0]
    assert quoted == (
        "> \\# @everyone \\<@1> \\*\\*bold\\*\\* \\`\\`\\`code\\`\\`\\` \\|\\|spoiler\\|\\|"
        " \\[link](https\\://evil.example) \\\\\\_"
    )
    for request in server.requests:
        if request.method in ("PATCH", "POST") and isinstance(request.data, dict) and "embeds" in request.data:
            assert request.data["allowed_mentions"] == {"parse": []}


# -- refusals ---------------------------------------------------------------------------------------------------


async def refused(server, ann, **options):
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", **options})
    answer = await asked.response()
    assert answer.type is Callback.MESSAGE
    assert asked.message.ephemeral
    return asked.message.text


async def test_without_a_worker_the_member_is_told_at_once(server, client, ann, queue):
    assert "No GPU is online right now" in await refused(server, ann)
    assert (await queue.depth()).waiting == 0


async def test_an_unknown_checkpoint_is_refused_with_the_nearest(server, client, worker, ann):
    text = await refused(server, ann, checkpoint="drem")
    assert text.startswith("⚠️ Checkpoint “drem” is not known here")
    assert "dream" in text


async def test_an_empty_prompt_is_refused(server, client, worker, ann):
    text = await refused(server, ann, prompt="   ")
    assert text == "⚠️ Prompt is empty: say what the picture should show."


@pytest.mark.parametrize("prompt", ["\u200b", "\ufeff \u2060"])
async def test_a_prompt_in_which_nothing_can_be_seen_is_refused(server, client, worker, ann, prompt):
    assert await refused(server, ann, prompt=prompt) == "⚠️ Prompt is empty: say what the picture should show."


@pytest.mark.parametrize(
    ("typed", "tags"),
    [("lighthouses", "<lora:lighthouses:1>"), ("lighthouses:-0.5", "<lora:lighthouses:-0.5>"),
     ("lighthouses:.5", "<lora:lighthouses:.5>"), ("<lora:lighthouses:0.5>", "<lora:lighthouses:0.5>")],
)  # fmt: skip
async def test_loras_are_taken_as_people_write_them(server, client, worker, ann, queue, typed, tags):
    await server.slash(ann, "imagine", {"prompt": "a cat", "lora": typed})
    leased = await worker.take()
    assert (await queue.job(leased.id)).request.prompt == f"a cat {tags}"


async def test_a_lora_that_cannot_be_read_is_refused(server, client, worker, ann):
    assert "“lighthouses:abc” can't be read" in await refused(server, ann, lora="lighthouses:abc")


async def test_a_picture_of_unknown_type_is_known_by_its_bytes(server, client, worker, ann, queue):
    picture = Upload("start.png", png(1, (128, 64)), "application/octet-stream")
    await server.slash(ann, "imagine", {"prompt": "a cat", "image": picture})
    request = (await queue.job((await worker.take()).id)).request
    assert request.img2img is not None


@pytest.mark.parametrize(("given", "size"), [({}, (640, 960)), ({"width": 512, "height": 256}, (512, 256))])
async def test_a_portrait_that_lies_on_its_side_in_the_file_stays_a_portrait(
    server, client, worker, ann, queue, given, size
):
    await server.slash(ann, "imagine", {"prompt": "a cat", "image": turned((960, 640)), **given})
    request = (await queue.job((await worker.take()).id)).request
    assert (request.width, request.height) == size


async def test_hires_with_a_picture_is_refused_and_not_left_out(server, client, worker, ann):
    picture = Upload("start.png", png(1))
    assert "made from words alone" in await refused(server, ann, hires=2.0, image=picture)


async def test_redis_away_is_told_within_three_seconds(server, client, worker, ann, valkey_asleep):
    began = time.monotonic()
    async with valkey_asleep():
        text = await refused(server, ann)
    assert "queue can't be reached" in text
    assert time.monotonic() - began < 3


def small(worker):
    """A beat of a worker that makes small pictures only."""
    return calls.beat(worker.name, WorkerState.READY, loaded="dream", pixels=512 * 512, about=ABOUT)


async def test_what_nobody_can_make_is_refused_by_the_first_answer(server, client, worker, ann, queue, raw):
    call(raw, small(worker))
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "size": "square 1024×1024"})

    assert (await asked.response()).type is Callback.MESSAGE
    assert asked.message.ephemeral
    assert "the most is 512x512, use a smaller size" in asked.message.text
    assert asked.followups == []
    assert (await queue.depth()).waiting == 0


async def test_a_picture_to_start_from_is_judged_by_its_size_before_it_is_fetched(
    server, client, worker, ann, queue, raw
):
    call(raw, small(worker))
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "image": Upload("start.png", png(1, (1536, 1024)))})

    assert (await asked.response()).type is Callback.MESSAGE
    assert "the most is 512x512, use a smaller size" in asked.message.text
    assert not await queue.open_jobs()


async def test_a_queue_that_is_slow_to_judge_refuses_nothing_and_judges_later(server, client, worker, ann, queue):
    check, held = queue.check, asyncio.Event()

    async def late(*args, **options):
        await held.wait()
        return await check(*args, **options)

    queue.check = late
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})

    assert (await asked.response()).type is Callback.DEFERRED_MESSAGE
    await asked.wait_for(lambda shown: "in line" in shown.text.lower())
    held.set()


async def test_what_only_the_queue_can_refuse_is_taken_back(server, client, worker, ann, queue, raw):
    check = queue.check

    async def then_smaller(*args, **options):
        await check(*args, **options)
        call(raw, small(worker))

    queue.check = then_smaller
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "size": "square 1024×1024"})

    told = await asked.wait_for_followup()
    assert told.ephemeral
    assert "the most is 512x512, use a smaller size" in told.text
    await asked.gone()
    assert server.messages() == [told]
    assert (await queue.depth()).waiting == 0


# -- other ends -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "words"),
    [("oom", "ran out of memory"), ("nan", "NaN"), ("internal", "Something went wrong"), ("refused", "No lora")],
)
async def test_a_failed_job_says_why_in_plain_words(server, client, worker, ann, kind, words):
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    leased = await worker.take()
    await worker.settle(leased, calls.fail(kind, "no lora of that name"))

    shown = await asked.wait_for(lambda shown: "⚠️" in shown.text)
    assert words in shown.text
    assert leased.id in shown.text


async def test_a_cancelled_job_says_so(server, client, worker, ann, queue):
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await asked.wait_for(lambda shown: "in line" in shown.text)
    await queue.cancel((await queue.open_jobs())[0])

    await asked.wait_for(lambda shown: "Cancelled. Nothing was charged" in shown.text)


async def test_a_job_that_an_admin_cancelled_says_by_whom(server, client, worker, ann, queue):
    for who, words in (
        (f"discord:{ann.id}", f"Cancelled by <@{ann.id}>. Nothing"),
        ("key:me", "Cancelled by an admin"),
    ):
        asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
        await asked.wait_for(lambda shown: "in line" in shown.text)
        await queue.admin.cancel(who, (await queue.open_jobs())[0])
        await asked.wait_for(lambda shown, words=words: words in shown.text)


async def test_a_job_that_is_tried_again_says_so(server, client, worker, ann):
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    leased = await worker.take()
    await worker.settle(leased, calls.retry("webui-broken", "", backoff_ms=60_000, max_failures=3))

    await asked.wait_for(lambda shown: "tried again" in shown.text)


async def test_a_waiting_job_says_when_no_gpu_can_do_it(server, client, worker, ann):
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await asked.wait_for(lambda shown: "in line" in shown.text)
    await worker.leave()
    await asked.wait_for(lambda shown: "No GPU is online for this" in shown.text)
    await worker.beat()
    await asked.wait_for(lambda shown: "Next in line" in shown.text)


async def test_a_hundred_pictures_that_finish_together_delay_no_answer(server, client, worker, ann):
    handles = []
    for number in range(100):
        handles.append(await server.slash(ann, "imagine", {"prompt": f"cat {number}", "width": 64, "height": 64}))
        await handles[-1].response()
        await worker.beat()  # on a slow machine this takes longer than a silent worker is believed in
    leased = [await worker.take() for _ in handles]
    finishing = [asyncio.create_task(worker.finish(one)) for one in leased]

    late = await server.slash(ann, "imagine", {"prompt": "one more"})
    await late.response()  # how long it takes is measured by bench/storm.py
    await asyncio.gather(*finishing)
    for handle in handles:
        await handle.wait_for(lambda shown: shown.attachments, timeout=30)


# -- choosing ---------------------------------------------------------------------------------------------------


async def test_autocomplete_offers_what_the_fleet_has(server, client, worker, ann):
    offered = await server.autocomplete(ann, "imagine", focused="checkpoint", options={"prompt": "a"})
    assert offered == [{"name": "dream (loaded now)", "value": "dream"}, {"name": "anime", "value": "anime"}]
    offered = await server.autocomplete(ann, "imagine", focused="sampler", value="eul", options={"prompt": "a"})
    assert offered == [{"name": "Euler a", "value": "Euler a"}]
    offered = await server.autocomplete(ann, "imagine", focused="scheduler", value="", options={"prompt": "a"})
    assert offered == [{"name": "Karras", "value": "Karras"}]


async def test_autocomplete_offers_nothing_while_redis_is_away(server, client, worker, ann, valkey_asleep):
    async with valkey_asleep():
        assert await server.autocomplete(ann, "imagine", focused="checkpoint", options={"prompt": "a"}) == []


async def test_the_secrets_of_an_interaction_are_in_no_log_and_no_repr(server, client, worker, ann, queue, caplog):
    caplog.set_level("INFO")
    asked = await server.slash(ann, "imagine", {"prompt": "sunflower"})
    leased = await worker.take()
    await worker.finish(leased)
    await asked.wait_for(lambda shown: shown.attachments)

    assert asked.token not in caplog.text
    assert "sunflower" not in caplog.text
    assert server.token not in repr(BotSettings.model_validate({"discord_token": server.token}))
    assert (await queue.job(leased.id)).state is State.DONE


async def test_a_submit_that_may_have_reached_the_queue_is_undone_after_its_refusal(server, bot, worker, ann, until):
    client = await bot.start()
    submit, queue = bot.queue.submit, bot.queue

    async def lose_the_answer(*args, **options):
        await submit(*args, **options)
        raise QueueUnavailableError("the connection broke")

    queue.submit = lose_the_answer
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    told = await asked.wait_for_followup()
    assert told.ephemeral
    assert "nothing was started" in told.text

    async def undone():
        return not await queue.open_jobs() and not await queue.undelivered()

    await until(undone)
    await client.deliveries.sync()
    assert server.messages() == [told]
