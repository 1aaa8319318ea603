"""`/describe` over real sockets, and its buttons after a restart."""

from __future__ import annotations

import time

import pytest

from loopback.discord.errors import RefusedByClient
from loopback.pictures import INFOTEXT, UNUSABLE, silent, with_parameters
from loopback.played_worker import ABOUT
from zosma_queue import calls
from zosma_queue.errors import ErrorKind


async def described(server, ann, image):
    asked = await server.slash(ann, "describe", {"image": image})
    shown = await asked.wait_for(lambda shown: not shown.thinking)
    assert shown.ephemeral
    return shown


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_what_a_picture_says_is_shown_as_a_command_and_as_text(server, client, ann, kind):
    shown = await described(server, ann, with_parameters(kind=kind))
    assert "/imagine prompt:a lighthouse at night, misty negative:people width:64 height:96" in shown.text
    assert "seed:42" in shown.text
    assert INFOTEXT in shown.text
    assert shown.labels == ["Make it again", "Edit"]


async def test_a_member_reads_it_in_his_language(server, client, ann):
    ann.locale = "de"
    shown = await described(server, ann, with_parameters())
    assert shown.labels == ["Genau so noch einmal", "Bearbeiten"]
    assert "Als Befehl:" in shown.text


NO_WORDS = "⚠️ This picture doesn't say how it was made, and no GPU here can put it into words."


async def test_a_picture_that_says_nothing_ends_in_one_sentence_where_nobody_finds_words(server, client, worker, ann):
    await worker.beat(about=ABOUT.model_copy(update={"interrogators": ()}))
    shown = await described(server, ann, silent())
    assert shown.text == NO_WORDS
    assert shown.buttons == []


async def test_a_picture_that_says_nothing_is_put_into_words_by_a_gpu(server, client, worker, ann, queue):
    asked = await server.slash(ann, "describe", {"image": silent()})
    leased = await worker.take()
    request = (await queue.job(leased.id)).request
    assert request.interrogate.model == "clip"
    await worker.finish(leased)

    shown = await asked.wait_for(lambda shown: "What a model on a GPU sees" in shown.text)
    assert shown.ephemeral
    assert "a picture by clip" in shown.text
    assert shown.labels == ["Make a picture from these words", "Delete"]
    assert server.messages() == [shown]


async def test_from_the_words_a_picture_is_made_with_the_members_own_settings(server, bot, worker, ann, queue):
    await bot.start()
    await (await server.slash(ann, "settings defaults", {"size": "landscape 768×512"})).response()
    asked = await server.slash(ann, "describe", {"image": silent()})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: "What a model on a GPU sees" in shown.text)
    await bot.close()
    await bot.start()

    await server.click(ann, shown, "Make a picture from these words")
    request = (await queue.job((await worker.take()).id)).request
    assert (request.prompt, request.width) == ("a picture by clip", 768)


async def test_words_that_nobody_found_end_in_a_sentence_and_can_be_asked_for_again(server, client, worker, ann, queue):
    asked = await server.slash(ann, "describe", {"image": silent()})
    await worker.settle(await worker.take(), calls.fail(ErrorKind.NO_WORDS))
    shown = await asked.wait_for(lambda shown: "No GPU found words" in shown.text)

    await server.click(ann, shown, "Try again")
    assert (await queue.job((await worker.take()).id)).request.interrogate is not None


async def test_the_bot_that_dies_meanwhile_tells_the_words_when_it_is_back(server, bot, worker, ann):
    await bot.start()
    asked = await server.slash(ann, "describe", {"image": silent()})
    leased = await worker.take()
    await bot.kill()
    await worker.finish(leased)
    await bot.start()

    shown = await asked.wait_for(lambda shown: "What a model on a GPU sees" in shown.text)
    assert "a picture by clip" in shown.text


async def test_described_pictures_are_listed_as_such(server, client, worker, ann):
    asked = await server.slash(ann, "describe", {"image": silent()})
    await worker.finish(await worker.take())
    await asked.wait_for(lambda shown: "What a model on a GPU sees" in shown.text)

    listed = await server.slash(ann, "jobs")
    await listed.response()
    assert "Done: put into words" in listed.message.text
    assert "What does this picture show?" in listed.message.text


async def test_who_may_not_ask_now_is_told_so_before_any_gpu_looks(server, client, worker, ann, queue):
    await queue.admin.set_policy("root", "default", {"cooldown_s": 3600})
    await server.slash(ann, "describe", {"image": silent()})
    await worker.finish(await worker.take())
    shown = await described(server, ann, silent())
    assert "again in" in shown.text
    assert await queue.open_jobs() == []


async def test_words_that_are_no_parameters_are_shown_without_a_command(server, client, ann):
    shown = await described(server, ann, with_parameters("painted by ``` hand"))
    assert "painted by ''' hand" in shown.text
    assert "/imagine" not in shown.text
    assert shown.buttons == []


async def test_very_long_words_come_as_a_file(server, client, ann):
    shown = await described(server, ann, with_parameters(INFOTEXT.replace("misty", "misty " * 600)))
    (file,) = shown.files
    assert file.filename == "parameters.txt"
    assert file.data.startswith(b"/imagine prompt:a lighthouse")
    assert shown.labels == ["Make it again", "Edit"]


@pytest.mark.parametrize("name", UNUSABLE)
async def test_what_is_no_usable_picture_ends_in_one_plain_answer(server, client, ann, name):
    file, words = UNUSABLE[name]
    shown = await described(server, ann, file)
    assert words in shown.text
    assert server.messages() == [shown]


async def test_the_very_picture_is_made_again_after_a_restart(server, bot, worker, ann, queue):
    await bot.start()
    shown = await described(server, ann, with_parameters())
    await bot.close()
    await bot.start()

    await server.click(ann, shown, "Make it again")
    request = (await queue.job((await worker.take()).id)).request
    assert (request.prompt, request.negative_prompt) == ("a lighthouse at night, misty", "people")
    assert (request.width, request.height, request.steps, request.seed) == (64, 96, 12, 42)
    assert (request.sampler, request.scheduler, request.checkpoint) == ("Euler a", "Karras", "anime")


async def test_it_is_edited_in_a_form_after_a_restart(server, bot, worker, ann, queue):
    await bot.start()
    shown = await described(server, ann, with_parameters())
    await bot.close()
    await bot.start()

    form = await server.click(ann, shown, "Edit")
    await form.response()
    await server.submit_modal(ann, form, {"prompt": "a lighthouse by day"})
    request = (await queue.job((await worker.take()).id)).request
    assert (request.prompt, request.negative_prompt) == ("a lighthouse by day", "people")
    assert (request.width, request.height, request.checkpoint) == (64, 96, "anime")


async def test_a_checkpoint_that_nobody_has_is_refused_with_the_nearest(server, client, worker, ann):
    shown = await described(server, ann, with_parameters(INFOTEXT.replace("anime", "drem")))
    asked = await server.click(ann, shown, "Make it again")
    await asked.response()
    assert "⚠️ Checkpoint “drem” is not known here" in asked.message.text


async def test_a_recipe_that_is_forgotten_says_so(server, client, worker, ann, raw):
    shown = await described(server, ann, with_parameters())
    raw.flushall()
    await worker.beat()
    asked = await server.click(ann, shown, "Make it again")
    await asked.response()
    assert "use /describe again" in asked.message.text


async def test_nobody_else_sees_it(server, client, ann):
    shown = await described(server, ann, with_parameters())
    with pytest.raises(RefusedByClient):
        await server.click(server.add_member("bob"), shown, "Edit")


async def test_it_is_shown_without_buttons_while_redis_is_away(server, client, ann, valkey_asleep):
    async with valkey_asleep():
        shown = await described(server, ann, with_parameters())
    assert "seed:42" in shown.text
    assert shown.buttons == []


async def test_it_works_in_direct_messages(server, client, ann):
    asked = await server.slash(ann, "describe", {"image": with_parameters()}, dm=True)
    assert "seed:42" in (await asked.wait_for(lambda shown: not shown.thinking)).text


async def test_lines_after_the_parameters_keep_command_and_buttons(server, client, ann):
    shown = await described(server, ann, with_parameters(f"{INFOTEXT}\nTemplate: a {{cat|dog}}\nRating: safe"))
    assert "seed:42" in shown.text
    assert shown.labels == ["Make it again", "Edit"]


async def test_what_it_was_made_with_and_can_not_be_asked_for_is_said(server, client, ann):
    shown = await described(server, ann, with_parameters(f"{INFOTEXT}, Refiner: xl, Refiner switch at: 0.8"))
    assert "As a command, for pictures like it" in shown.text


async def test_of_a_picture_that_came_from_another_nothing_is_offered_that_makes_another(server, client, ann):
    shown = await described(server, ann, with_parameters(f"{INFOTEXT}, Denoising strength: 0.5"))
    assert "ℹ️ It was made from another picture, so no command makes it again.\n" in shown.text
    assert "/imagine" not in shown.text
    assert shown.labels == ["Edit"]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (INFOTEXT.replace("anime", "drem"), "Checkpoint “drem” is not known here"),
        (INFOTEXT.replace("64x96", "32x96"), "Width is 32: it must be between 64 and 2,048"),
        (INFOTEXT.replace("Steps: 12", "Steps: 999"), "Steps is 999"),
    ],
)
async def test_a_command_that_would_be_refused_is_not_offered(server, client, worker, ann, told, why):
    shown = await described(server, ann, with_parameters(told))
    assert "/imagine" not in shown.text.replace(told, "")
    assert f"As a command it would be refused: {why}" in shown.text


@pytest.mark.parametrize("text", [" " * 16_000, "a" * 64_000, f"{INFOTEXT}, {'aa: ' * 4_000}"])
async def test_a_hostile_text_holds_nobody_up(server, client, ann, text):
    began = time.monotonic()
    await described(server, ann, with_parameters(text, kind="PNG"))
    assert time.monotonic() - began < 3
