"""`/upscale` over real sockets."""

from __future__ import annotations

import pytest

from loopback.discord.interaction import Callback
from loopback.pictures import UNUSABLE, silent, with_parameters
from loopback.presses import answer_of, menu_of, more, next_request
from zosma_bot.discord.ui.custom_id import Act
from zosma_queue import keys


async def test_a_picture_comes_back_larger(server, client, worker, ann, queue):
    asked = await server.slash(ann, "upscale", {"image": silent()})
    assert (await asked.response()).type is Callback.DEFERRED_MESSAGE
    leased = await worker.take()
    request = (await queue.job(leased.id)).request
    assert (request.upscale.upscaling_resize, request.upscale.upscaler_1) == (2.0, "R-ESRGAN 4x+")
    assert request.output_size == (128, 192)

    made = await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: shown.attachments)
    assert [file.data for file in shown.files] == made
    assert not shown.ephemeral


async def test_a_picture_that_says_how_it_was_made_has_all_buttons_when_it_is_larger(
    server, client, worker, ann, queue
):
    asked = await server.slash(ann, "upscale", {"image": with_parameters()})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    assert shown.labels == ["Upscale", "Vary", "Again", "Edit", "More…"]
    assert "lighthouse" not in shown.text  # what a member's own picture says of itself is not told to everybody

    await server.click(ann, shown, "Vary")
    request, _ = await next_request(worker, queue)
    assert (request.prompt, request.seed, request.checkpoint) == ("a lighthouse at night, misty", 42, "anime")
    told = await answer_of(await more(server, ann, shown, Act.PARAMETERS))
    assert "/imagine prompt:a lighthouse at night" in told.text
    assert "as it was before it was made larger" in told.text


async def test_of_a_picture_that_says_nothing_there_is_nothing_to_vary(server, client, worker, ann, queue):
    asked = await server.slash(ann, "upscale", {"image": silent()})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    assert shown.labels == ["Upscale", "More…"]
    menu = await menu_of(server, ann, shown)
    assert [option["value"] for option in menu.selects[-1]["options"]] == ["rg", "pa", "dm", "rp", "de"]
    told = await answer_of(await server.select(ann, menu, menu.selects[-1]["custom_id"], ["pa"]))
    assert "/imagine" not in told.text
    form = await server.select(ann, menu, menu.selects[-1]["custom_id"], ["rg"])
    await form.response()
    await server.submit_modal(ann, form, {"region": "sky", "prompt": "clouds"})
    request, _ = await next_request(worker, queue)
    assert (request.prompt, request.width, request.height) == ("clouds", 128, 192)


async def test_stored_pictures_count_per_person_over_all_places(server, client, worker, ann, raw):
    for dm in (False, True):
        asked = await server.slash(ann, "upscale", {"image": silent()}, dm=dm)
        await asked.wait_for(lambda shown: "in line" in shown.text)
    counted = {name.decode() for name in raw.hkeys(keys.INPUT_BYTES)} - {""}
    assert counted == {f"discord:user/{ann.user.id}"}


async def test_scale_upscaler_and_private_are_taken_as_said(server, client, worker, ann, queue):
    options = {"image": silent(), "scale": 3.5, "upscaler": "lanczos", "private": True}
    asked = await server.slash(ann, "upscale", options)
    leased = await worker.take()
    request = (await queue.job(leased.id)).request
    assert (request.upscale.upscaling_resize, request.upscale.upscaler_1) == (3.5, "Lanczos")
    await worker.finish(leased)
    assert (await asked.wait_for(lambda shown: shown.attachments)).ephemeral


async def test_upscalers_are_offered_while_they_are_typed(server, client, worker, ann):
    offered = await server.autocomplete(ann, "upscale", focused="upscaler", value="lan")
    assert offered == [{"name": "Lanczos", "value": "Lanczos"}]


@pytest.mark.parametrize("name", UNUSABLE)
async def test_what_is_no_usable_picture_ends_in_one_plain_answer(server, client, worker, ann, queue, name):
    file, words = UNUSABLE[name]
    asked = await server.slash(ann, "upscale", {"image": file})
    await asked.response()
    refusal = asked.message if asked.message and not asked.message.thinking else await asked.wait_for_followup()
    assert refusal.ephemeral
    assert words in refusal.text
    # "thinking" goes last, so that the reason is read whatever Discord makes of it.
    await asked.gone()
    assert server.messages() == [refusal]
    assert (await queue.depth()).waiting == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"upscaler": "magic"}, "⚠️ Upscaler “magic” is not known here"),
        ({"scale": 8.0}, "at most 16 megapixels are possible"),
    ],
)
async def test_what_nobody_can_do_is_refused_at_once(server, client, worker, ann, options, words):
    asked = await server.slash(ann, "upscale", {"image": silent((1024, 1024))} | options)
    assert (await asked.response()).type is Callback.MESSAGE
    assert asked.message.ephemeral
    assert words in asked.message.text


async def test_redis_away_is_told(server, client, worker, ann, valkey_asleep):
    async with valkey_asleep():
        asked = await server.slash(ann, "upscale", {"image": silent()})
        await asked.response()
    assert "queue can't be reached" in asked.message.text
