"""The message command "Use this picture" over real sockets: on anybody's message, through restarts."""

from __future__ import annotations

import pytest

from loopback.discord.interaction import Callback
from loopback.discord.permissions import P
from loopback.pictures import INFOTEXT, UNUSABLE, silent, turned, with_parameters

NAME = "Use this picture"


def fields_of(opened):
    """The form's fields by custom_id."""
    return {row["component"]["custom_id"]: row["component"] for row in opened.interaction.ack.data["components"]}


async def opened(server, member, message):
    form = await server.message_command(member, NAME, message)
    assert (await form.response()).type is Callback.MODAL
    return form


async def test_new_pictures_start_from_anybodys_picture(server, client, worker, ann, queue):
    message = server.say(server.add_member("bob"), "look", files=[silent((640, 480))])
    form = await opened(server, ann, message)
    assert form.interaction.ack.data["title"] == "New pictures from this one"
    asked = await server.submit_modal(ann, form, {"prompt": "a boat", "strength": "0.4", "count": "2"})
    leased = await worker.take()
    request = (await queue.job(leased.id)).request
    assert (request.prompt, request.count, request.width, request.height) == ("a boat", 2, 640, 480)
    assert request.img2img.denoising_strength == 0.4
    assert request.img2img.image

    made = await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: shown.attachments)
    assert [file.data for file in shown.files] == made


async def test_a_portrait_that_lies_on_its_side_in_the_file_stays_a_portrait(server, client, worker, ann, queue):
    form = await opened(server, ann, server.say(ann, "", files=[turned((960, 640))]))
    await server.submit_modal(ann, form, {"prompt": "a boat"})
    request = (await queue.job((await worker.take()).id)).request
    assert (request.width, request.height) == (640, 960)


async def test_the_form_knows_what_the_picture_says_of_itself(server, client, ann):
    form = await opened(server, ann, server.say(ann, "", files=[with_parameters()]))
    fields = fields_of(form)
    assert fields["prompt"]["value"] == "a lighthouse at night, misty"
    assert fields["negative_prompt"]["value"] == "people"
    assert "which" not in fields


async def test_the_form_names_what_can_not_be_asked_for(server, client, ann):
    form = await opened(server, ann, server.say(ann, "", files=[with_parameters(f"{INFOTEXT}, Refiner: xl")]))
    labels = form.interaction.ack.data["components"]
    assert "Not available here: Refiner" in labels[0]["description"]
    assert not any(label.get("description") for label in labels[1:])


async def test_new_pictures_start_from_one_that_somebody_has_forwarded(server, client, worker, ann, queue):
    elsewhere = server.say(server.add_member("bob"), "look", files=[silent((640, 480))])
    form = await opened(server, ann, server.forward(ann, elsewhere))
    await server.submit_modal(ann, form, {"prompt": "a boat"})
    request = (await queue.job((await worker.take()).id)).request
    assert (request.width, request.height) == (640, 480)
    assert request.img2img.image


async def test_the_form_opens_in_time_when_the_picture_does_not_come(server, client, ann):
    message = server.say(ann, "", files=[with_parameters()])
    del server.world.attachments[message.attachments[0].id]
    assert "value" not in fields_of(await opened(server, ann, message))["prompt"]


async def test_braces_and_dashes_of_somebody_elses_prompt_come_back_as_they_were(server, client, worker, ann, queue):
    picture = with_parameters("a {red|blue} cat --v, __x__\nSteps: 9, Seed: 1, Size: 64x64")
    form = await opened(server, ann, server.say(ann, "", files=[picture]))
    await server.submit_modal(ann, form, {})
    assert (await queue.job((await worker.take()).id)).request.prompt == "a {red|blue} cat --v, __x__"


async def test_it_speaks_german_and_is_named_in_german(server, client, ann):
    ann.locale = "de"
    (command,) = [one for one in server.commands.all(None) if one["name"] == NAME]
    assert command["name_localizations"]["de"] == "Dieses Bild benutzen"
    form = await opened(server, ann, server.say(ann, "", files=[silent()]))
    assert form.interaction.ack.data["title"] == "Neue Bilder aus diesem"


async def test_a_restart_while_the_form_is_open_loses_nothing(server, bot, worker, ann, queue):
    await bot.start()
    form = await opened(server, ann, server.say(ann, "", files=[silent()]))
    await bot.close()
    await bot.start()
    await server.submit_modal(ann, form, {"prompt": "a boat"})
    assert (await queue.job((await worker.take()).id)).request.img2img.denoising_strength == 0.6


async def test_of_several_pictures_one_is_chosen(server, client, worker, ann, queue):
    message = server.say(ann, "", files=[silent((64, 64)), silent((128, 64)), UNUSABLE["no picture"][0]])
    form = await opened(server, ann, message)
    assert [option["value"] for option in fields_of(form)["which"]["options"]] == ["0", "1"]
    await server.submit_modal(ann, form, {"prompt": "a boat", "which": "1"})
    request = (await queue.job((await worker.take()).id)).request
    assert (request.width, request.height) == (128, 64)


async def test_an_address_that_has_run_out_is_asked_for_anew(server, client, worker, ann, queue):
    # In a server, Discord shows a bot without MESSAGE_CONTENT none of others' pictures by its own token.
    message = server.say(ann, "", channel=server.dm(ann), files=[silent()])
    form = await opened(server, ann, message)
    server.world.attachments[message.attachments[0].id].filename = "moved.png"
    (found,) = server.world.message(message.id).attachments
    found.url = found.url.replace("silent.png", "moved.png")
    await server.submit_modal(ann, form, {"prompt": "a boat"})
    assert (await queue.job((await worker.take()).id)).request.img2img


async def test_a_channel_that_the_bot_cannot_read_is_no_hindrance(server, client, worker, ann, queue):
    server.channel.overwrite(server.bot_member, deny=P.VIEW_CHANNEL)
    form = await opened(server, ann, server.say(ann, "", files=[silent()]))
    await server.submit_modal(ann, form, {"prompt": "a boat"})
    assert (await queue.job((await worker.take()).id)).request.img2img


async def test_a_message_that_is_deleted_meanwhile_ends_in_one_plain_answer(server, client, worker, ann, queue):
    message = server.say(ann, "", files=[silent()])
    form = await opened(server, ann, message)
    server.delete_message(message)
    del server.world.attachments[message.attachments[0].id]
    asked = await server.submit_modal(ann, form, {"prompt": "a boat"})
    told = await asked.wait_for_followup()
    assert told.ephemeral
    assert "could not be fetched" in told.text
    assert (await queue.depth()).waiting == 0


async def told(server, member, message):
    asked = await server.message_command(member, NAME, message)
    assert (await asked.response()).type is Callback.MESSAGE
    assert asked.message.ephemeral
    return asked.message.text


async def test_a_message_without_a_picture_is_refused(server, client, ann):
    assert await told(server, ann, server.say(ann, "hello")) == "⚠️ This message has no picture."


async def test_a_picture_that_lies_elsewhere_is_not_fetched(server, client, ann):
    message = server.say(ann, "hello")
    server.world.message(message.id).embeds.append({"type": "image", "image": {"url": "https://example.com/a.png"}})
    assert "isn't stored by Discord" in await told(server, ann, message)


@pytest.mark.parametrize("name", ["12 MB", "a decompression bomb"])
async def test_a_picture_that_is_too_much_is_refused(server, client, ann, name):
    file, words = UNUSABLE[name]
    server.settings.upload_limit = 20 * 1024**2
    assert words in await told(server, ann, server.say(ann, "", files=[file]))


async def test_a_file_that_is_no_picture_counts_as_none(server, client, ann):
    assert "no picture" in await told(server, ann, server.say(ann, "", files=[UNUSABLE["no picture"][0]]))


async def test_a_form_that_comes_back_too_late_says_so(server, client, worker, ann, raw):
    form = await opened(server, ann, server.say(ann, "", files=[silent()]))
    raw.flushall()
    await worker.beat()
    asked = await server.submit_modal(ann, form, {"prompt": "a boat"})
    await asked.response()
    assert "open for more than a day" in asked.message.text


async def test_redis_away_is_told(server, client, ann, valkey_asleep):
    async with valkey_asleep():
        assert "queue can't be reached" in await told(server, ann, server.say(ann, "", files=[silent()]))
