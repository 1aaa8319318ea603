"""The menu behind "More…", and who is named under what comes of a press."""

from __future__ import annotations

import pytest

from loopback.discord.interaction import Callback
from loopback.discord.permissions import P
from loopback.presses import answer_of, button, forgotten, menu_of, more, next_request, use
from zosma_bot.discord.features.result.remix import STRONG
from zosma_bot.discord.ui.custom_id import Act, OfJob

ASKED = {"prompt": "a cat", "negative": "dogs", "seed": 42, "width": 64, "height": 96, "steps": 9, "guidance": 5.5}


@pytest.fixture(name="made")
async def _made(server, client, worker, ann):
    """A finished job's message as it is shown."""
    asked = await server.slash(ann, "imagine", ASKED)
    await worker.finish(await worker.take())
    return await asked.wait_for(lambda shown: shown.attachments)


@pytest.fixture(name="four")
async def _four(server, client, worker, ann):
    """A finished set of four."""
    asked = await server.slash(ann, "imagine", ASKED | {"count": 4})
    await worker.finish(await worker.take())
    return await asked.wait_for(lambda shown: shown.attachments)


@pytest.fixture(name="bob")
def _bob(server):
    return server.add_member("bob")


def acts(menu):
    """What a menu offers."""
    return [option["value"] for option in menu.selects[-1]["options"]]


async def test_the_menu_has_everything_for_the_owner_and_nobody_else_sees_it(server, ann, made):
    menu = await menu_of(server, ann, made)
    assert menu.ephemeral
    assert acts(menu) == ["vb", "rg", "zo", "zf", "pl", "pr", "pu", "pd", "sq", "ck", "pa", "dm", "rp", "de"]
    assert len(menu.selects) == 1
    assert not server.history(made)[-1].deleted


async def test_others_may_look_and_report(server, ann, bob, made):
    assert acts(await menu_of(server, bob, made)) == ["pa", "dm", "rp"]


async def test_a_moderator_may_delete_as_well(server, made):
    mod = server.add_member("mod", P.MANAGE_MESSAGES)
    assert acts(await menu_of(server, mod, made))[-1] == "de"


async def test_of_a_set_a_picture_is_chosen_first(server, worker, ann, queue, four):
    menu = await menu_of(server, ann, four, number=3)
    assert [option["label"] for option in menu.selects[0]["options"] if option.get("default")] == ["Picture 3"]
    await server.select(ann, menu, menu.selects[-1]["custom_id"], ["vb"])
    request, _ = await next_request(worker, queue)
    assert (request.seed, request.subseed_strength, request.count) == (44, STRONG, 4)


async def test_a_square_picture_is_not_made_square(server, client, worker, ann):
    asked = await server.slash(ann, "imagine", ASKED | {"height": 64})
    await worker.finish(await worker.take())
    assert "sq" not in acts(await menu_of(server, ann, await asked.wait_for(lambda shown: shown.attachments)))


async def test_parameters_of_one_picture_of_a_set_make_that_picture(server, ann, four):
    told = await answer_of(await more(server, ann, four, Act.PARAMETERS, 3))
    assert "count:1" in told.text
    assert "seed:44" in told.text


async def test_the_seed_0_is_a_seed(server, client, worker, ann):
    asked = await server.slash(ann, "imagine", ASKED | {"count": 2, "seed": 0})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    assert " seed:0" in (await answer_of(await more(server, ann, shown, Act.PARAMETERS))).text


async def test_another_checkpoint_is_chosen_in_a_menu_of_the_menu(server, worker, ann, queue, made):
    menu = await answer_of(await more(server, ann, made, Act.CHECKPOINT))
    await server.select(ann, menu, menu.selects[0]["custom_id"], ["anime"])
    request, _ = await next_request(worker, queue)
    assert (request.checkpoint, request.prompt) == ("anime", "a cat")


async def test_pictures_are_sent_with_a_link_to_their_message(server, ann, four):
    assert "Sent to you" in (await answer_of(await more(server, ann, four, Act.SEND))).text
    (sent,) = server.messages(server.dm(ann))
    assert sent.content.endswith(str(four.id))
    assert [file.data for file in sent.files] == [file.data for file in four.files]


@pytest.mark.parametrize("token_works", [True, False])
async def test_deleting_takes_the_pictures_message_and_says_so_in_the_menu(server, client, ann, made, token_works):
    menu = await menu_of(server, ann, made)
    if not token_works:
        key = menu.selects[-1]["custom_id"].split(":")[-1]
        kept = await client.services.queue.documents.get("menu", key)
        await client.services.queue.documents.put("menu", key, kept | {"token": "void"})
    pressed = await server.select(ann, menu, menu.selects[-1]["custom_id"], ["de"])
    await pressed.wait_for(lambda shown: shown.text == "🗑️ Deleted." and not shown.selects)
    assert server.history(made)[-1].deleted


async def test_where_discord_lets_nobody_delete_the_menu_says_so(server, client, ann, made):
    menu = await menu_of(server, ann, made)
    key = menu.selects[-1]["custom_id"].split(":")[-1]
    kept = await client.services.queue.documents.get("menu", key)
    await client.services.queue.documents.put("menu", key, kept | {"token": "void"})
    server.channel.overwrite(server.bot_member, deny=P.VIEW_CHANNEL)
    pressed = await server.select(ann, menu, menu.selects[-1]["custom_id"], ["de"])
    await pressed.wait_for(lambda shown: "doesn't let me delete" in shown.text)
    assert not server.history(made)[-1].deleted


@pytest.mark.parametrize("act", [Act.VARY_STRONG, Act.CHECKPOINT, Act.PARAMETERS, Act.SEND])
async def test_the_menu_works_after_a_restart_when_the_queue_has_forgotten_the_job(
    server, bot, worker, ann, queue, made, raw, act
):
    await forgotten(raw)
    menu = await menu_of(server, ann, made)
    await bot.close()
    await bot.start()
    pressed = await server.select(ann, menu, menu.selects[-1]["custom_id"], [act])
    if act is Act.PARAMETERS:
        assert "prompt:a cat" in (await answer_of(pressed)).text
        return
    if act is Act.SEND:
        assert "Sent to you" in (await answer_of(pressed)).text
        return
    if act is Act.CHECKPOINT:
        chosen = await answer_of(pressed)
        await server.select(ann, chosen, chosen.selects[0]["custom_id"], ["anime"])
    request, _ = await next_request(worker, queue)
    assert (request.prompt, request.steps) == ("a cat", 9)


async def test_a_menu_that_is_too_old_says_what_to_do(server, client, ann, made, raw):
    menu = await menu_of(server, ann, made)
    for key in raw.keys("*record:menu:*"):
        raw.delete(key)
    told = await answer_of(await server.select(ann, menu, menu.selects[-1]["custom_id"], ["vb"]))
    assert told.text == "⚠️ This menu is more than a day old. Please press “More…” under the picture again."


async def test_erasing_forgets_open_menus(server, client, ann, bob, queue, made):
    mine, bobs = await menu_of(server, ann, made), await menu_of(server, bob, made)
    assert await queue.drop_documents(ann.id) == 1
    told = await answer_of(await server.select(ann, mine, mine.selects[-1]["custom_id"], ["pa"]))
    assert "more than a day old" in told.text
    told = await answer_of(await server.select(bob, bobs, bobs.selects[-1]["custom_id"], ["pa"]))
    assert "/imagine prompt:a cat" in told.text


async def test_somebody_elses_menu_is_no_way_to_a_picture(server, client, ann, bob, made):
    menu = await menu_of(server, ann, made)
    pressed = await server.press(bob, made, menu.selects[-1]["custom_id"], values=["de"])
    assert "more than a day old" in (await answer_of(pressed)).text
    assert not server.history(made)[-1].deleted


@pytest.mark.parametrize("value", ["ca", "ay", "nonsense", ""])
async def test_a_menu_leads_to_nothing_that_it_does_not_offer(server, client, ann, made, value):
    menu = await menu_of(server, ann, made)
    pressed = await server.press(ann, made, menu.selects[-1]["custom_id"], values=[value])
    assert "another version of the bot" in (await answer_of(pressed)).text


async def test_redis_away_is_told(server, ann, made, valkey_asleep):
    async with valkey_asleep():
        pressed = await server.click(ann, made, button(made, Act.MORE, 1))
        assert "queue can't be reached" in (await answer_of(pressed)).text


# -- who is named --------------------------------------------------------------------------------------------------


async def test_whoever_pressed_is_named_under_what_comes_of_it(server, client, worker, ann, bob, queue, made):
    await client.services.server_settings.change(server.guild.id, lambda rules: rules | {"buttons": "anyone"})
    pressed = await use(server, bob, made, Act.VARY_SUBTLE, 1)
    waits = await pressed.wait_for(lambda shown: "in line" in shown.text)
    assert f"-# <@{bob.id}>'s variation of <@{ann.id}>'s picture" in waits.text
    _, leased = await next_request(worker, queue)
    await worker.finish(leased)
    shown = await pressed.wait_for(lambda shown: shown.attachments)
    assert f"-# <@{bob.id}>'s variation of <@{ann.id}>'s picture" in shown.text


async def test_of_ones_own_picture_only_what_was_done_is_said(server, worker, ann, queue, made):
    pressed = await use(server, ann, made, Act.AGAIN)
    shown = await pressed.wait_for(lambda shown: "in line" in shown.text)
    assert f"-# <@{ann.id}>'s new try\n" in shown.text


# -- pictures made larger ------------------------------------------------------------------------------------------


@pytest.fixture(name="larger")
async def _larger(server, worker, ann, queue, four):
    """Picture 2 of a set, made larger."""
    pressed = await use(server, ann, four, Act.UPSCALE, 2)
    _, leased = await next_request(worker, queue)
    await worker.finish(leased)
    return await pressed.wait_for(lambda shown: shown.attachments)


async def test_a_larger_picture_keeps_words_and_buttons(larger):
    assert "> a cat\n> **without** dogs\n> made 2 times as large" in larger.text
    assert larger.labels == ["Upscale", "Vary", "Again", "Edit", "More…"]
    assert larger.attachments[0].description == "a cat"


async def test_a_larger_picture_is_varied_by_the_seed_of_the_one_it_came_from(server, worker, ann, queue, larger):
    await use(server, ann, larger, Act.VARY_SUBTLE, 1)
    request, _ = await next_request(worker, queue)
    assert (request.prompt, request.seed, request.width, request.upscale) == ("a cat", 43, 64, None)


async def test_a_larger_picture_is_made_larger_still(server, worker, ann, queue, larger):
    pressed = await use(server, ann, larger, Act.UPSCALE, 1)
    request, _ = await next_request(worker, queue)
    assert request.upscale.size == (256, 384)
    await pressed.wait_for(lambda shown: "> a cat\n> **without** dogs\n> made 2 times as large" in shown.text)


async def test_again_and_edit_under_a_larger_picture_make_pictures_from_its_words(server, worker, ann, queue, larger):
    await use(server, ann, larger, Act.AGAIN)
    request, _ = await next_request(worker, queue)
    assert (request.prompt, request.negative_prompt, request.upscale) == ("a cat", "dogs", None)
    form = await use(server, ann, larger, Act.EDIT)
    await form.response()
    await server.submit_modal(ann, form, {"prompt": "two cats"})
    request, _ = await next_request(worker, queue)
    assert (request.prompt, request.steps) == ("two cats", 9)


async def test_the_command_of_a_larger_picture_is_that_of_the_one_it_came_from(server, ann, larger):
    told = await answer_of(await more(server, ann, larger, Act.PARAMETERS))
    assert "/imagine prompt:a cat negative:dogs width:64 height:96" in told.text
    assert "seed:43" in told.text
    assert "as it was before it was made larger" in told.text


async def test_a_larger_picture_that_failed_is_tried_again_with_the_same_words(
    server, client, worker, ann, queue, made
):
    pressed = await use(server, ann, made, Act.UPSCALE, 1)
    shown = await pressed.wait_for(lambda shown: "in line" in shown.text)
    await server.click(ann, shown, button(shown, Act.CANCEL))
    shown = await pressed.wait_for(lambda shown: "Cancelled" in shown.text)
    again = await server.click(ann, shown, "Try again")
    request, _ = await next_request(worker, queue)
    assert request.upscale.size == (128, 192)
    words = f"> a cat\n> **without** dogs\n> made 2 times as large\n-# <@{ann.id}>'s enlargement"
    await again.wait_for(lambda shown: words in shown.text)


async def test_a_picture_that_is_nowhere_is_refused_before_anything_is_shown(server, client, worker, ann, made, raw):
    for key in raw.keys("*image:*"):
        raw.delete(key)
    server.world.message(made.id).attachments.clear()
    pressed = await use(server, ann, made, Act.UPSCALE, 1)
    assert (await pressed.response()).type is Callback.MESSAGE
    assert pressed.message.ephemeral
    assert "no longer stored" in pressed.message.text


async def test_a_picture_that_would_become_too_large_is_refused_before_anything_is_shown(
    server, client, worker, ann, queue
):
    asked = await server.slash(ann, "imagine", ASKED | {"width": 2048, "height": 2048, "hires": 2})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    pressed = await use(server, ann, shown, Act.UPSCALE, 1)
    assert (await pressed.response()).type is Callback.MESSAGE
    assert "at most 16 megapixels" in pressed.message.text


# -- commands that work --------------------------------------------------------------------------------------------


async def test_the_command_names_what_the_members_defaults_would_add(server, client, worker, ann):
    usual = {"negative": "people", "count": 3, "scheduler": "karras", "hires": 2.0, "style": "misty"}
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "seed": 1, "width": 64, "height": 64})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    answered = await server.slash(ann, "settings defaults", usual)
    await answered.wait_for(lambda shown: not shown.thinking)
    told = await answer_of(await more(server, ann, shown, Act.PARAMETERS))
    for part in ("negative:-", "count:1", "scheduler:Automatic", "hires:1", "style:-"):
        assert f" {part}" in told.text


async def test_the_copied_command_makes_the_very_request_whatever_the_defaults(server, client, worker, ann, queue):
    usual = {"negative": "people", "count": 3, "scheduler": "karras", "hires": 2.0, "style": "misty"}
    answered = await server.slash(ann, "settings defaults", usual)
    await answered.wait_for(lambda shown: not shown.thinking)
    options = {"negative": "-", "count": 1, "scheduler": "Automatic", "hires": 1.0, "style": "-"}
    await server.slash(ann, "imagine", {"prompt": "a cat", "seed": 1, "width": 64, "height": 64} | options)
    request, _ = await next_request(worker, queue)
    assert (request.negative_prompt, request.count, request.scheduler, request.hires, request.styles) == (
        "", 1, None, None, (),
    )  # fmt: skip


async def test_of_a_variation_only_pictures_like_it_are_promised(server, worker, ann, queue, made):
    pressed = await use(server, ann, made, Act.VARY_SUBTLE, 1)
    _, leased = await next_request(worker, queue)
    await worker.finish(leased)
    shown = await pressed.wait_for(lambda shown: shown.attachments)
    told = await answer_of(await more(server, ann, shown, Act.PARAMETERS))
    assert "As a command, for pictures like it:" in told.text
    assert "It was also made with Variation seed, which no command here can ask for" in told.text


async def test_of_a_picture_that_came_from_another_no_command_is_offered(server, client, worker, ann, queue, made):
    form = await server.message_command(ann, "Use this picture", made)
    await form.response()
    sent = await server.submit_modal(ann, form, {"prompt": "two cats"})
    _, leased = await next_request(worker, queue)
    await worker.finish(leased)
    shown = await sent.wait_for(lambda shown: shown.attachments)
    told = await answer_of(await more(server, ann, shown, Act.PARAMETERS))
    assert "/imagine" not in told.text
    assert "no command makes it again. “Again” under it does, for a day." in told.text


async def test_a_command_that_discord_would_take_apart_is_not_offered(server, client, worker, ann):
    asked = await server.slash(ann, "imagine", ASKED | {"prompt": "a cat, style: gothic"})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    told = await answer_of(await more(server, ann, shown, Act.PARAMETERS))
    assert "```\n/imagine" not in told.text
    assert "The prompt has “style:”" in told.text


async def test_a_command_that_would_be_refused_is_not_offered(server, client, worker, ann, made):
    about = worker.about.model_copy(update={"checkpoints": worker.about.checkpoints[1:]})
    worker.loaded = "anime"
    await worker.beat(about=about)
    client.services.fleet.forget()
    told = await answer_of(await more(server, ann, made, Act.PARAMETERS))
    assert "```\n/imagine" not in told.text
    assert "As a command it would be refused: Checkpoint “dream” is not known here" in told.text


def test_a_custom_id_with_the_key_of_a_menu_is_short_enough():
    of = OfJob("f" * 20, 2**63, 16, "0" * 20)
    assert len(of.custom_id(Act.REGION_FORM)) <= 100
