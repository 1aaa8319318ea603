"""`/jobs` over real sockets: what became of my jobs, and what can be done with them, after restarts too."""

from __future__ import annotations

import pytest
from redis import Redis

from loopback.discord.interaction import Callback
from zosma_bot.discord.state.reply_record import Outlet
from zosma_queue import calls
from zosma_queue.client import Sender
from zosma_queue.errors import ErrorKind
from zosma_queue.request import parse_request


async def ask(server, member, prompt="a cat", **options):
    small = {"prompt": prompt, "width": 64, "height": 64}
    return await server.slash(member, "imagine", small | options)


async def jobs(server, member, **where):
    asked = await server.slash(member, "jobs", **where)
    await asked.response()
    assert asked.message.ephemeral
    return asked.message


async def detail(server, member, shown, label):
    opened = await server.select(member, shown, shown.selects[0]["custom_id"], [label])
    await opened.response()
    assert opened.message.ephemeral
    return opened.message


async def test_who_has_asked_for_nothing_is_told_so(server, client, ann):
    shown = await jobs(server, ann)
    assert "You have asked for nothing here" in shown.text
    assert shown.selects == []


async def test_all_states_are_listed_newest_first_and_nobody_elses(server, client, worker, ann, queue):
    await (await ask(server, ann, "one")).wait_for(lambda shown: "in line" in shown.text)
    made = await ask(server, ann, "two")
    await made.wait_for(lambda shown: "in line" in shown.text)
    await ask(server, server.add_member("bob"), "not mine")
    await worker.finish(await worker.take())
    await worker.settle(await worker.take(), calls.fail(ErrorKind.OUT_OF_MEMORY))
    leased = await worker.take()
    await worker.progress(leased, 0.25)
    await made.wait_for(lambda shown: "🎨" in shown.text or "⚠️" in shown.text or shown.attachments)
    waiting = await ask(server, ann, "three **bold**")
    await waiting.wait_for(lambda shown: "in line" in shown.text)

    shown = await jobs(server, ann)
    labels = [option["label"] for option in shown.selects[0]["options"]]
    assert labels[0] == "three **bold**"
    assert sorted(labels[1:]) == ["one", "two"]
    assert "not mine" not in shown.text
    assert "in line" in shown.text
    assert "three \\*\\*bold\\*\\*" in shown.text


async def test_a_german_member_reads_german(server, client, worker, ann):
    ann.locale = "de"
    await (await ask(server, ann)).wait_for(lambda shown: "dran" in shown.text)
    shown = await jobs(server, ann)
    assert shown.labels == ["Neu laden"]
    opened = await detail(server, ann, shown, "a cat")
    assert opened.labels == ["Abbrechen", "Neu laden"]


async def test_a_waiting_job_is_cancelled_from_its_detail_after_a_restart(server, bot, worker, ann, queue):
    await bot.start()
    asked = await ask(server, ann)
    await asked.wait_for(lambda shown: "in line" in shown.text)
    shown = await jobs(server, ann)
    await bot.close()
    await bot.start()

    opened = await detail(server, ann, shown, "a cat")
    pressed = await server.click(ann, opened, "Cancel")
    await pressed.response()
    assert "Cancelled" in pressed.message.text
    looked = await server.click(ann, opened, "Refresh")
    await looked.response()
    assert "Cancelled" in looked.message.text
    assert looked.message.labels == ["Try again", "Edit"]


async def test_the_list_is_looked_at_anew(server, client, worker, ann):
    asked = await ask(server, ann)
    await asked.wait_for(lambda shown: "in line" in shown.text)
    shown = await jobs(server, ann)
    await worker.finish(await worker.take())
    await asked.wait_for(lambda shown: shown.attachments)

    pressed = await server.click(ann, shown, "Refresh")
    assert (await pressed.response()).type is Callback.UPDATE
    assert "✅ 1 picture" in pressed.message.text


async def test_pictures_are_shown_again_to_their_member_alone(server, bot, worker, ann):
    await bot.start()
    asked = await ask(server, ann, count=2)
    await asked.response()
    made = await worker.finish(await worker.take())
    first = await asked.wait_for(lambda shown: shown.attachments)
    await bot.close()
    await bot.start()

    opened = await detail(server, ann, await jobs(server, ann), "a cat")
    assert f"https://discord.com/channels/{server.guild.id}/{server.channel.id}/{first.id}" in opened.text
    assert opened.labels == ["Show the pictures", "Parameters", "Edit"]
    pressed = await server.click(ann, opened, "Show the pictures")
    again = await pressed.wait_for(lambda shown: shown.attachments)
    assert again.ephemeral
    assert [file.data for file in again.files] == made
    assert "Again" in again.labels


async def test_pictures_that_found_no_way_wait_here(server, client, worker, ann, queue):
    asked = await ask(server, ann)
    await asked.response()
    leased = await worker.take()
    made = await worker.finish(leased)
    await asked.wait_for(lambda shown: shown.attachments)
    outlet = await Outlet.open(queue, leased.id)
    await outlet.change(uncollected=True)

    shown = await jobs(server, ann)
    assert "1 picture waits for you here" in shown.text
    pressed = await server.click(ann, await detail(server, ann, shown, "a cat"), "Show the pictures")
    assert [file.data for file in (await pressed.wait_for(lambda shown: shown.attachments)).files] == made
    assert "waits for you" not in (await jobs(server, ann)).text


async def test_pictures_that_were_blocked_are_not_to_be_had_here(server, client, worker, ann, queue):
    asked = await ask(server, ann)
    await asked.response()
    leased = await worker.take()
    await worker.finish(leased)
    await asked.wait_for(lambda shown: shown.attachments)
    await (await Outlet.open(queue, leased.id)).change(blocked=(0,))

    opened = await detail(server, ann, await jobs(server, ann), "a cat")
    pressed = await server.click(ann, opened, "Show the pictures")
    told = await pressed.wait_for(lambda shown: not shown.thinking)
    assert "no longer stored" in told.text
    assert told.files == ()


async def test_pictures_whose_time_is_over_are_said_to_be_gone(server, client, worker, ann, raw: Redis):
    asked = await ask(server, ann)
    await asked.response()
    leased = await worker.take()
    await worker.finish(leased)
    await asked.wait_for(lambda shown: shown.attachments)
    raw.delete(*raw.keys("{zosma}:image:*"))

    opened = await detail(server, ann, await jobs(server, ann), "a cat")
    pressed = await server.click(ann, opened, "Show the pictures")
    assert "no longer stored" in (await pressed.wait_for(lambda shown: not shown.thinking)).text


@pytest.mark.parametrize("private", [True, False])
async def test_a_failed_job_is_tried_again_as_it_was_and_as_visible(server, client, worker, ann, queue, private):
    asked = await ask(server, ann, seed=5, private=private)
    await asked.response()
    await worker.settle(await worker.take(), calls.fail(ErrorKind.OUT_OF_MEMORY))
    await asked.wait_for(lambda shown: "⚠️" in shown.text)

    opened = await detail(server, ann, await jobs(server, ann), "a cat")
    assert "ran out of memory" in opened.text
    pressed = await server.click(ann, opened, "Try again")
    await pressed.response()
    leased = await worker.take()
    assert (await queue.job(leased.id)).request.seed == 5
    await worker.finish(leased)
    assert (await pressed.wait_for(lambda shown: shown.attachments)).ephemeral is private


async def test_a_job_that_is_forgotten_meanwhile_says_so(server, client, worker, ann, raw):
    asked = await ask(server, ann)
    await asked.wait_for(lambda shown: "in line" in shown.text)
    shown = await jobs(server, ann)
    raw.flushall()
    opened = await detail(server, ann, shown, "a cat")
    assert opened.text == "⚠️ This job is no longer stored."


async def test_direct_messages_have_their_own(server, client, worker, ann):
    await (await ask(server, ann)).wait_for(lambda shown: "in line" in shown.text)
    assert "asked for nothing" in (await jobs(server, ann, dm=True)).text


async def test_twenty_five_long_prompts_fit(server, client, worker, ann, until):
    for _ in range(26):
        await (await ask(server, ann, "*" * 300)).response()

    async def all_there():
        return len((await jobs(server, ann)).selects[0]["options"]) == 25

    await until(all_there)


async def test_redis_away_is_told(server, client, worker, ann, valkey_asleep):
    shown = await jobs(server, ann)
    async with valkey_asleep():
        assert "queue can't be reached" in (await jobs(server, ann)).text
        pressed = await server.click(ann, shown, "Refresh")
        await pressed.response()
        assert "queue can't be reached" in pressed.message.text


async def test_more_jobs_than_a_menu_takes_have_pages(server, client, worker, ann, queue):
    sender = Sender(owner=f"discord:{server.guild.id}/{ann.id}", group=f"discord:{server.guild.id}")
    for number in range(53):
        await queue.submit(parse_request({"prompt": f"cat {number}"}), sender, job_id=f"{number:020}")

    shown = await jobs(server, ann)
    seen = [option["label"] for option in shown.selects[0]["options"]]
    assert "Page 1" in shown.text
    assert [button.get("emoji", {}).get("name") for button in shown.buttons] == ["▶️", "🔄"]
    for page, buttons in ((2, ["◀️", "▶️", "🔄"]), (3, ["◀️", "🔄"])):
        turned = await server.click(ann, shown, "▶️")
        await turned.response()
        shown = await turned.wait_for(lambda shown, page=page: f"Page {page}" in shown.text)
        seen += [option["label"] for option in shown.selects[0]["options"]]
        assert [button.get("emoji", {}).get("name") for button in shown.buttons] == buttons
    assert seen == [f"cat {number}" for number in reversed(range(53))]

    for args in (f"{ann.id}:99999999999", f"{ann.id}:x", f"{ann.id}"):  # forged, or of before there were pages
        turned = await server.press(ann, shown, f"z1:jr:{args}")
        await turned.response()
