"""The buttons under a job's message, pressed by its owner and by others, also long after everything is forgotten."""

from __future__ import annotations

import logging

import pytest

from loopback.discord.interaction import Callback
from loopback.discord.permissions import P
from loopback.presses import answer_of, button, forgotten, next_request, use
from zosma_bot.discord.features.result.remix import STRONG, SUBTLE
from zosma_bot.discord.ui.custom_id import Act, CustomId, OfJob
from zosma_queue import calls
from zosma_queue.errors import ErrorKind
from zosma_queue.job import State

ASKED = {"prompt": "a cat", "negative": "dogs", "seed": 42, "width": 64, "height": 64, "steps": 9, "guidance": 5.5}


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


def test_a_custom_id_is_read_as_it_was_written():
    of = OfJob("0123456789abcdef0123", 123456789012345678, 4)
    assert OfJob.parse(CustomId.parse(of.custom_id("up"))) == of
    assert len(OfJob("f" * 20, 2**63, 16).custom_id("up")) <= 100


@pytest.mark.parametrize("text", ["", "other:bot", "z1", "z1:", "z2:up:a:1:1", "z1:UP:a:1:1"])
def test_what_is_not_ours_is_no_custom_id(text):
    assert CustomId.parse(text) is None


@pytest.mark.parametrize("args", [(), ("job",), ("job", "x", "1"), ("jo/b", "1", "1"), ("job", "1", "1", "1")])
def test_arguments_that_are_no_jobs_are_refused(args):
    assert OfJob.parse(CustomId("up", args)) is None


def test_a_custom_id_that_discord_would_not_take_is_never_written():
    with pytest.raises(ValueError, match="custom_id"):
        str(CustomId("up", ("x" * 100,)))
    with pytest.raises(ValueError, match="custom_id"):
        str(CustomId("up", ("a:b",)))


async def test_a_picture_has_buttons_for_itself_and_a_set_for_each_of_its_pictures(made, four):
    assert made.labels == ["Upscale", "Vary", "Again", "Edit", "More…"]
    assert [[item["label"] for item in row["components"]] for row in four.components] == [
        ["U1", "U2", "U3", "U4"], ["V1", "V2", "V3", "V4"], ["Again", "Edit", "More…"],
    ]  # fmt: skip


async def test_again_makes_the_same_with_another_seed(server, worker, ann, queue, made):
    pressed = await use(server, ann, made, Act.AGAIN)
    assert (await pressed.response()).type is Callback.DEFERRED_MESSAGE
    request, leased = await next_request(worker, queue)
    assert (request.prompt, request.negative_prompt, request.steps, request.cfg_scale) == ("a cat", "dogs", 9, 5.5)
    assert (request.width, request.checkpoint, request.sampler) == (64, "dream", "DPM++ 2M")
    assert request.seed != 42

    made_anew = await worker.finish(leased)
    shown = await pressed.wait_for(lambda shown: shown.attachments)
    assert [file.data for file in shown.files] == made_anew
    assert len(server.messages()) == 2


@pytest.mark.parametrize(("act", "strength"), [(Act.VARY_SUBTLE, SUBTLE), (Act.VARY_STRONG, STRONG)])
async def test_a_variation_keeps_the_seed_of_its_picture(server, worker, ann, queue, four, act, strength):
    await use(server, ann, four, act, 3)
    request, _ = await next_request(worker, queue)
    assert (request.seed, request.subseed_strength, request.count) == (44, strength, 4)
    assert request.seeds == [44] * 4


async def test_upscaling_takes_the_very_picture(server, worker, ann, queue, four, raw):
    pressed = await use(server, ann, four, Act.UPSCALE, 2)
    request, leased = await next_request(worker, queue)
    assert request.upscale.size == (128, 128)
    assert request.upscale.upscaler_1 == "R-ESRGAN 4x+"
    assert raw.get(f"{{zosma}}:input:{request.upscale.image}") == four.files[1].data

    await worker.finish(leased)
    shown = await pressed.wait_for(lambda shown: shown.attachments)
    assert "2 times as large" in shown.text
    assert shown.labels == ["Upscale", "Vary", "Again", "Edit", "More…"]


async def test_another_checkpoint_is_chosen_in_a_menu(server, worker, ann, queue, made):
    pressed = await use(server, ann, made, Act.CHECKPOINT)
    await pressed.response()
    menu = await answer_of(pressed)
    assert menu.ephemeral
    (row,) = menu.components
    assert [option["label"] for option in row["components"][0]["options"]] == ["anime"]
    await server.select(ann, menu, row["components"][0]["custom_id"], ["anime"])
    request, _ = await next_request(worker, queue)
    assert (request.checkpoint, request.prompt) == ("anime", "a cat")


async def test_editing_opens_a_form_with_the_pictures_own_words(server, worker, ann, queue, made):
    opened = await use(server, ann, made, Act.EDIT)
    form = await opened.response()
    assert form.type is Callback.MODAL
    fields = [label["component"] for label in form.data["components"]]
    assert [field["custom_id"] for field in fields] == ["prompt", "negative_prompt", "checkpoint", "style", "size"]
    assert [field["value"] for field in fields[:2]] == ["a cat", "dogs"]

    values = {"prompt": "two cats", "checkpoint": ["anime"], "style": ["misty"], "size": ["square 1024×1024"]}
    await server.submit_modal(ann, opened, values)
    request, _ = await next_request(worker, queue)
    assert (request.prompt, request.negative_prompt, request.checkpoint) == ("two cats", "dogs", "anime")
    assert (request.styles, request.width, request.steps) == (("misty",), 1024, 9)


async def test_a_form_left_as_it_was_changes_only_the_seed(server, worker, ann, queue, made):
    opened = await use(server, ann, made, Act.EDIT)
    await opened.response()
    await server.submit_modal(ann, opened, {})
    request, _ = await next_request(worker, queue)
    assert (request.prompt, request.checkpoint, request.width, request.styles) == ("a cat", "dream", 64, ())


async def test_parameters_come_as_a_command_and_as_text(server, ann, made):
    pressed = await use(server, ann, made, Act.PARAMETERS)
    told = await answer_of(pressed)
    assert told.ephemeral
    assert "/imagine prompt:a cat negative:dogs width:64 height:64 checkpoint:dream" in told.text
    assert "guidance:5.5 seed:42" in told.text
    assert "Negative prompt: dogs\nSteps: 9" in told.text


async def test_parameters_of_the_longest_prompt_come_as_a_file(server, client, worker, ann):
    asked = await server.slash(ann, "imagine", ASKED | {"prompt": "`" * 4000})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    pressed = await use(server, ann, shown, Act.PARAMETERS)
    told = await answer_of(pressed)
    assert told.files[0].data.startswith(b"/imagine prompt:" + b"`" * 4000)


async def test_pictures_are_sent_in_a_direct_message(server, ann, four):
    pressed = await use(server, ann, four, Act.SEND)
    told = await answer_of(pressed)
    assert "Sent to you" in told.text
    (sent,) = server.messages(server.dm(ann))
    assert [file.data for file in sent.files] == [file.data for file in four.files]


@pytest.fixture(name="grid")
async def _grid(server, client, worker, ann):
    """A finished set of four, shown as one picture."""
    await client.services.server_settings.change(server.guild.id, lambda rules: rules | {"grid": True})
    asked = await server.slash(ann, "imagine", ASKED | {"count": 4})
    made = await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    assert [file.filename.endswith("-grid.png") for file in shown.files] == [True]
    return shown, made


async def test_of_a_grid_the_single_pictures_are_sent(server, ann, grid):
    shown, made = grid
    pressed = await use(server, ann, shown, Act.SEND)
    assert "Sent to you" in (await answer_of(pressed)).text
    (sent,) = server.messages(server.dm(ann))
    assert [file.data for file in sent.files] == made


async def test_of_a_grid_any_picture_is_made_larger_and_varied(server, worker, ann, queue, grid, raw):
    shown, made = grid
    await use(server, ann, shown, Act.UPSCALE, 3)
    request, _ = await next_request(worker, queue)
    assert raw.get(f"{{zosma}}:input:{request.upscale.image}") == made[2]
    await forgotten(raw)
    await use(server, ann, shown, Act.VARY_SUBTLE, 3)
    request, _ = await next_request(worker, queue)
    assert (request.seed, request.count) == (44, 4)


async def test_what_a_server_keeps_for_no_day_is_made_again_from_the_picture(server, client, worker, ann, queue, until):
    await client.services.server_settings.change(server.guild.id, lambda rules: rules | {"retention_days": 0})
    asked = await server.slash(ann, "imagine", ASKED)
    leased = await worker.take()
    await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: shown.attachments)

    async def is_forgotten():
        return await queue.job(leased.id) is None

    await until(is_forgotten)
    await use(server, ann, shown, Act.AGAIN)
    request, _ = await next_request(worker, queue)
    assert (request.prompt, request.steps) == ("a cat", 9)


async def test_closed_direct_messages_are_told(server, ann, made):
    ann.user.closed = True
    pressed = await use(server, ann, made, Act.SEND)
    assert "can't send you direct messages" in (await answer_of(pressed)).text


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, 50278, "can't send you direct messages"),  # no server in common any more
        (400, 20009, "explicit content"),
    ],
)
async def test_why_a_direct_message_is_refused_is_told(server, ann, made, status, code, words):
    server.fail_next("POST", r"^/channels/\d+/messages$", status, {"code": code, "message": "no"})
    pressed = await use(server, ann, made, Act.SEND)
    assert words in (await answer_of(pressed)).text


async def test_deleting_takes_the_message_away(server, ann, made):
    await (await use(server, ann, made, Act.DELETE)).response()
    await server.world.changes.until(lambda: not server.messages(), 5, lambda: str(server.messages()))


async def test_cancel_takes_a_waiting_job_out_of_the_line(server, client, worker, ann, queue):
    asked = await server.slash(ann, "imagine", ASKED)
    shown = await asked.wait_for(lambda shown: "in line" in shown.text)
    pressed = await use(server, ann, shown, Act.CANCEL)
    await pressed.response()
    ended = await asked.wait_for(lambda shown: "Cancelled" in shown.text)
    assert (await queue.depth()).waiting == 0
    labels = [item["label"] for item in ended.components[0]["components"]]
    assert labels == ["Try again", "Edit", "Delete"]


async def test_cancel_stops_a_running_job(server, client, worker, ann, queue):
    asked = await server.slash(ann, "imagine", ASKED)
    leased = await worker.take()
    await worker.progress(leased, 0.5)
    shown = await asked.wait_for(lambda shown: "50 %" in shown.text)
    pressed = await use(server, ann, shown, Act.CANCEL)
    assert "being stopped" in (await answer_of(pressed)).text
    await worker.settle(leased, calls.cancelled(3.8))
    await asked.wait_for(lambda shown: "Cancelled. The GPU time used until then is charged: 3.8" in shown.text)


async def test_cancel_after_the_end_says_so(server, client, worker, ann, queue):
    asked = await server.slash(ann, "imagine", ASKED)
    shown = await asked.wait_for(lambda shown: "in line" in shown.text)
    cancel = button(shown, Act.CANCEL)
    await worker.finish(await worker.take())
    message = await asked.wait_for(lambda shown: shown.attachments)
    job_id = CustomId.parse(cancel).args[0]
    assert (await queue.job(job_id)).state is State.DONE
    # The button is gone from the message, but it was on the screen a moment ago.
    pressed = await server.press(ann, message, cancel)
    assert "ended already" in (await answer_of(pressed)).text


async def test_a_failed_job_can_be_tried_again(server, client, worker, ann, queue):
    asked = await server.slash(ann, "imagine", ASKED)
    await worker.settle(await worker.take(), calls.fail(ErrorKind.OUT_OF_MEMORY))
    shown = await asked.wait_for(lambda shown: "⚠️" in shown.text)
    await use(server, ann, shown, Act.AGAIN)
    request, _ = await next_request(worker, queue)
    assert (request.prompt, request.steps) == ("a cat", 9)


# -- after a restart, and after a year -----------------------------------------------------------------------------


@pytest.mark.parametrize("act", [Act.AGAIN, Act.VARY_SUBTLE, Act.UPSCALE, Act.CHECKPOINT, Act.EDIT, Act.PARAMETERS])
async def test_a_button_works_after_a_restart_when_the_queue_has_forgotten_all(
    server, bot, worker, ann, queue, made, raw, act
):
    await bot.close()
    await forgotten(raw)
    await bot.start()
    pressed = await use(server, ann, made, act, 1 if act in (Act.VARY_SUBTLE, Act.UPSCALE) else 0)
    if act is Act.PARAMETERS:
        assert "prompt:a cat" in (await answer_of(pressed)).text
        return
    if act is Act.CHECKPOINT:
        menu = await answer_of(pressed)
        await bot.close()
        await bot.start()
        await server.select(ann, menu, menu.components[0]["components"][0]["custom_id"], ["anime"])
    if act is Act.EDIT:
        await pressed.response()
        await bot.close()
        await bot.start()
        await server.submit_modal(ann, pressed, {"prompt": "a cat"})
    request, _ = await next_request(worker, queue)
    if act is Act.UPSCALE:
        assert raw.get(f"{{zosma}}:input:{request.upscale.image}") == made.files[0].data
    else:
        assert (request.prompt, request.negative_prompt, request.steps) == ("a cat", "dogs", 9)


async def test_a_picture_that_says_nothing_is_refused_in_plain_words(server, client, worker, ann, raw):
    asked = await server.slash(ann, "imagine", ASKED)
    shown = await asked.wait_for(lambda shown: "in line" in shown.text)
    await worker.settle(await worker.take(), calls.fail(ErrorKind.OUT_OF_MEMORY))
    shown = await asked.wait_for(lambda shown: "⚠️" in shown.text)
    await forgotten(raw)
    pressed = await use(server, ann, shown, Act.AGAIN)
    assert "no longer stored" in (await answer_of(pressed)).text


async def test_a_button_of_a_later_version_is_answered(server, client, ann, made):
    pressed = await server.press(ann, made, "z1:future:a:1:1")
    assert "another version of the bot" in (await answer_of(pressed)).text


UNDER_PICTURES = [Act.UPSCALE, Act.VARY_SUBTLE, Act.VARY_STRONG, Act.AGAIN, Act.EDIT, Act.CHECKPOINT, Act.PARAMETERS,
                  Act.SEND, Act.DELETE, Act.CANCEL, Act.REPORT]  # fmt: skip


async def test_a_button_with_broken_arguments_is_answered(server, client, ann, made):
    for act in UNDER_PICTURES:
        pressed = await server.press(ann, made, f"z1:{act}:nonsense")
        assert "another version of the bot" in (await answer_of(pressed)).text


def test_every_act_is_handled(client):
    assert set(client.router._handlers) == set(Act)


@pytest.mark.parametrize("who", ["ann", "boss"])
@pytest.mark.parametrize("arguments", ["", ":nonsense", "::", ":1:2:x", ":a:b:c:d:e", f":{'9' * 60}", ":-1:-1:-1"])
async def test_malformed_arguments_of_whatever_act_are_answered_and_raise_nothing(
    server, client, made, caplog, arguments, who
):
    member = server.add_member(who, P.ADMINISTRATOR if who == "boss" else P(0))
    for act in Act:
        pressed = await server.press(member, made, f"z1:{act}{arguments}")
        await pressed.response()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


# -- others --------------------------------------------------------------------------------------------------------


@pytest.fixture(name="bob")
def _bob(server):
    return server.add_member("bob")


@pytest.mark.parametrize("act", [Act.AGAIN, Act.EDIT, Act.CHECKPOINT, Act.DELETE])
async def test_a_stranger_is_refused(server, client, worker, bob, ann, queue, made, act):
    pressed = await use(server, bob, made, act)
    told = await answer_of(pressed)
    assert told.ephemeral
    assert f"Only <@{ann.id}>" in told.text
    assert (await queue.depth()).waiting == 0
    assert server.messages()


async def test_a_server_may_let_anyone_press(server, client, worker, bob, queue, made):
    await client.services.server_settings.change(server.guild.id, lambda rules: rules | {"buttons": "anyone"})
    await use(server, bob, made, Act.AGAIN)
    _, leased = await next_request(worker, queue)
    assert (await queue.job(leased.id)).owner == f"discord:{server.guild.id}/{bob.id}"
    pressed = await use(server, bob, made, Act.DELETE)
    assert "Only" in (await answer_of(pressed)).text


async def test_a_server_may_let_a_role_press(server, client, worker, ann, bob, queue, made):
    role = server.add_role("artists")
    carl = server.add_member("carl", roles=[role])
    edit = {"buttons": "roles", "button_roles": [role.id]}
    await client.services.server_settings.change(server.guild.id, lambda rules: rules | edit)
    assert "Only" in (await answer_of(await use(server, bob, made, Act.AGAIN))).text
    await use(server, carl, made, Act.AGAIN)
    _, leased = await next_request(worker, queue)
    assert (await queue.job(leased.id)).owner.endswith(str(carl.id))


async def test_a_moderator_may_delete(server, client, made):
    role = server.add_role("mods", P.VIEW_CHANNEL | P.MANAGE_MESSAGES)
    mod = server.add_member("mod", roles=[role])
    await (await use(server, mod, made, Act.DELETE)).response()
    await server.world.changes.until(lambda: not server.messages(), 5, lambda: str(server.messages()))


async def test_a_double_click_makes_one_job(server, client, worker, ann, queue, made):
    first = await use(server, ann, made, Act.AGAIN)
    second = await use(server, ann, made, Act.AGAIN)
    answers = {(await first.response()).type, (await second.response()).type}
    assert answers == {Callback.DEFERRED_MESSAGE, Callback.DEFERRED_UPDATE}
    await worker.take()
    assert (await queue.depth()).waiting == 0


async def test_a_checkpoint_menu_of_somebody_elses_job_is_checked_again(server, client, worker, ann, bob, made):
    of = OfJob(CustomId.parse(button(made, Act.AGAIN)).args[0], ann.id)
    pressed = await server.press(bob, made, of.custom_id(Act.CHOOSE_CHECKPOINT), values=["anime"])
    assert "Only" in (await answer_of(pressed)).text


async def test_a_server_that_acknowledges_without_a_word_is_understood(server, client, worker, ann, queue, made):
    server.settings.tells_of_callbacks = False
    opened = await use(server, ann, made, Act.EDIT)
    assert (await opened.response()).type is Callback.MODAL
    await server.submit_modal(ann, opened, {"prompt": "two cats"})
    request, _ = await next_request(worker, queue)
    assert request.prompt == "two cats"
    pressed = await use(server, ann, made, Act.PARAMETERS)
    assert "prompt:a cat" in (await answer_of(pressed)).text
    await (await use(server, ann, made, Act.DELETE)).response()
    await server.world.changes.until(lambda: made.id not in [one.id for one in server.messages()], 5, lambda: "")


# -- what only its member has seen -----------------------------------------------------------------------------------


async def test_what_follows_from_a_private_picture_stays_private_when_all_is_forgotten(
    server, client, worker, ann, queue, raw
):
    asked = await server.slash(ann, "imagine", ASKED | {"private": True})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    assert shown.ephemeral
    for key in [*raw.keys("*job:*"), *raw.keys("*reply:*")]:
        raw.delete(key)

    menu = await answer_of(await use(server, ann, shown, Act.CHECKPOINT))
    chosen = await server.select(ann, menu, menu.components[0]["components"][0]["custom_id"], ["anime"])
    _, leased = await next_request(worker, queue)
    await worker.finish(leased)
    assert (await chosen.wait_for(lambda shown: shown.attachments)).ephemeral
    assert all(message.ephemeral for message in server.messages())


async def test_with_private_set_new_pictures_of_a_public_one_are_private(server, client, worker, ann, queue, made):
    await client.services.member_settings.change(ann.id, lambda member: member.model_copy(update={"private": True}))
    pressed = await use(server, ann, made, Act.AGAIN)
    _, leased = await next_request(worker, queue)
    await worker.finish(leased)
    assert (await pressed.wait_for(lambda shown: shown.attachments)).ephemeral


async def test_use_this_picture_of_a_private_one_is_private(server, client, worker, ann, queue):
    asked = await server.slash(ann, "imagine", ASKED | {"private": True})
    await worker.finish(await worker.take())
    shown = await asked.wait_for(lambda shown: shown.attachments)
    opened = await server.message_command(ann, "Use this picture", shown)
    await opened.response()
    sent = await server.submit_modal(ann, opened, {"prompt": "two cats"})
    _, leased = await next_request(worker, queue)
    await worker.finish(leased)
    assert (await sent.wait_for(lambda shown: shown.attachments)).ephemeral


async def test_a_cancelled_enlargement_has_no_words_to_edit(server, client, worker, ann, queue, made):
    pressed = await use(server, ann, made, Act.UPSCALE, 1)
    shown = await pressed.wait_for(lambda shown: "in line" in shown.text)
    await use(server, ann, shown, Act.CANCEL)
    ended = await pressed.wait_for(lambda shown: "Cancelled" in shown.text)
    assert ended.labels == ["Try again", "Delete"]
