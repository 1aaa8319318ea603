"""`/privacy` over real sockets: what it says is true, what it hands out is whole, and what it erases is gone."""

from __future__ import annotations

import asyncio
import json
import time

from loopback.discord.permissions import P
from loopback.pictures import silent, with_parameters
from loopback.presses import more
from zosma_bot.discord.ui.custom_id import Act
from zosma_queue import calls
from zosma_queue.job import State


async def ask(server, member, prompt="sunflower", **options):
    where = {"dm": options.pop("dm", False)}
    small = {"prompt": prompt, "width": 64, "height": 64}
    return await server.slash(member, "imagine", small | options, **where)


async def made(server, worker, member, prompt="sunflower", **options):
    asked = await ask(server, member, prompt, **options)
    await asked.response()
    await worker.finish(await worker.take())
    await asked.wait_for(lambda shown: shown.attachments)
    return asked


async def erased(server, member, **where):
    asked = await server.slash(member, "privacy erase", **where)
    await asked.response()
    assert asked.message.ephemeral
    pressed = await server.click(member, asked.message, "Erase everything")
    return await pressed.wait_for(lambda shown: "Erased" in shown.text or "⚠️" in shown.text)


def days(seconds):
    return seconds / 86_400


async def test_what_is_said_of_times_is_what_redis_does(server, client, worker, ann, raw):
    asked = await server.slash(ann, "privacy show")
    await asked.response()
    text = asked.message.text
    assert asked.message.ephemeral

    await made(server, worker, ann)
    await server.slash(ann, "upscale", {"image": silent()})
    await worker.take()
    await (await server.slash(ann, "describe", {"image": with_parameters()})).wait_for(lambda one: not one.thinking)
    form = await server.message_command(ann, "Use this picture", server.say(ann, "", files=[silent()]))
    await form.response()

    def longest(pattern):
        found = [days(raw.ttl(key)) for key in raw.keys(pattern)]
        assert found
        return max(found)

    assert "at most 30 days after its end" in text
    ended = [key for key in raw.keys("{zosma}:job:*") if raw.hget(key, "state") == b"done"]
    assert all(0 < days(raw.ttl(key)) <= 30 for key in ended)
    assert longest("bot:{zosma}:reply:*") <= 30
    assert longest("bot:{zosma}:history:*") <= 30
    assert "usually 15 minutes after they were shown" in text
    assert longest("{zosma}:image:*") * 24 * 60 <= 15
    assert "start from: 24 hours" in text
    assert longest("{zosma}:input:*") <= 1
    assert "/describe has read from a picture: 7 days" in text
    assert longest("bot:{zosma}:record:recipe:*") <= 7
    assert "“Use this picture”, or a menu of “More…”: 24 hours" in text
    assert longest("bot:{zosma}:record:picture:*") <= 1
    assert "two days, for limits" in text
    assert longest("{zosma}:spent:*") <= 2


async def test_both_languages_fit_into_a_message(server, client, ann):
    for locale, words in (("en-US", "What is kept about you"), ("de", "Was von dir gespeichert wird")):
        ann.locale = locale
        asked = await server.slash(ann, "privacy show", dm=True)
        await asked.response()
        assert words in asked.message.text


async def test_everything_is_handed_out_as_a_file(server, client, worker, ann):
    await made(server, worker, ann, "sunflower")
    await made(server, worker, ann, "tulip", dm=True)
    await made(server, worker, server.add_member("bob"), "not mine")
    await (await server.slash(ann, "settings save", {"name": "oil", "prompt": "oil painting"})).response()
    await (await server.slash(ann, "settings share", {"name": "oil"})).response()

    asked = await server.slash(ann, "privacy export")
    shown = await asked.wait_for(lambda shown: shown.files)
    assert shown.ephemeral
    (file,) = shown.files
    assert file.filename == "zosma.json"
    found = json.loads(file.data)
    jobs = {owner: [job["request"]["prompt"] for job in some] for owner, some in found["jobs"].items()}
    assert jobs == {f"discord:{server.guild.id}/{ann.id}": ["sunflower"], f"discord:dm/{ann.id}": ["tulip"]}
    assert found["made"][f"discord:dm/{ann.id}"]["pictures"] == 1
    assert found["settings"]["presets"]["oil"]["prompt"] == "oil painting"
    assert "oil" in found["shared_presets"]
    assert b"not mine" not in file.data


async def test_a_file_that_discord_would_not_take_is_said_to_be_too_large(server, client, worker, ann):
    server.settings.upload_limit = 65_000
    asked = await server.slash(ann, "privacy export")
    assert "too large" in (await asked.wait_for(lambda shown: not shown.thinking)).text


async def test_nothing_is_left_after_erasing_not_even_the_messages(server, bot, worker, ann, raw, queue):
    client = await bot.start()
    bob = server.add_member("bob")
    kept = await made(server, worker, bob, "not mine")
    await made(server, worker, ann)
    await made(server, worker, ann, dm=True)
    await (await server.slash(ann, "settings save", {"name": "oil", "prompt": "sunflower oil"})).response()
    await (await server.slash(ann, "settings share", {"name": "oil"})).response()
    waiting = await ask(server, ann)
    await waiting.wait_for(lambda shown: "in line" in shown.text)

    asked = await server.slash(ann, "privacy erase")
    await asked.response()
    assert "in this server and in direct messages" in asked.message.text
    await bot.close()
    client = await bot.start()
    pressed = await server.click(ann, asked.message, "Erase everything")
    text = (await pressed.wait_for(lambda shown: "Erased" in shown.text)).text
    for part in ("3 jobs (1 of them cancelled)", "2 stored pictures", "3 messages were deleted"):
        assert part in text
    assert pressed.message.buttons == []

    assert [shown.id for shown in server.messages() if not shown.ephemeral] == [kept.message.id]
    assert server.messages(server.dm(ann)) == []
    assert (await client.services.member_settings.of(ann.id)).presets == {}
    assert await client.services.member_settings.shared(server.guild.id) == {}
    shown = await server.slash(ann, "jobs")
    await shown.response()
    assert "asked for nothing" in shown.message.text
    owners = [raw.hget(key, "owner") for key in raw.keys("{zosma}:job:*")]
    assert owners == [f"discord:{server.guild.id}/{bob.id}".encode()]
    for kind in ("reply", "history"):
        assert len(raw.keys(f"bot:{{zosma}}:{kind}:*")) == 1
    assert raw.keys("bot:{zosma}:record:*") == []


async def test_what_runs_is_stopped_before_its_message_goes(server, client, worker, ann, queue, until):
    asked = await ask(server, ann)
    await asked.wait_for(lambda shown: "in line" in shown.text)
    leased = await worker.take()
    await worker.progress(leased, 0.5)
    await asked.wait_for(lambda shown: "50 %" in shown.text)

    erasing = asyncio.create_task(erased(server, ann))

    async def told_to_stop():
        return (await queue.job(leased.id)).cancelling

    await until(told_to_stop)
    assert await worker.settle(leased, calls.cancelled()) is State.CANCELLED
    assert "1 message was deleted" in (await erasing).text
    assert [shown for shown in server.messages() if not shown.ephemeral] == []


async def test_messages_that_cannot_be_deleted_are_counted(server, bot, worker, ann):
    late = {"s": 0.0}
    await bot.start(now=lambda: time.time() + late["s"])
    for _ in range(2):
        await made(server, worker, ann)
    private = await made(server, worker, ann, private=True)
    late["s"] = 3600.0  # their tokens are void by now
    server.channel.overwrite(server.bot_member, deny=P.VIEW_CHANNEL)

    text = (await erased(server, ann)).text
    assert "2 messages could not be deleted" in text
    assert "0 messages were deleted" in text
    assert len(server.requests_to("DELETE", "/channels/")) == 1
    assert private.message is not None


async def test_a_message_whose_deletion_has_to_wait_long_is_counted_and_erasing_goes_on(server, bot, worker, ann):
    late = {"s": 0.0}
    await bot.start(now=lambda: time.time() + late["s"])
    for _ in range(2):
        await made(server, worker, ann)
    late["s"] = 3600.0
    server.limit_next("DELETE", "/channels/", 600)

    text = (await erased(server, ann)).text
    assert "1 message could not be deleted" in text
    assert "1 message was deleted" in text


async def test_a_long_limit_of_one_answers_token_leaves_no_message_behind(server, client, worker, ann):
    for _ in range(2):
        await made(server, worker, ann)
    server.limit_next("DELETE", "/webhooks/", 600)
    assert "2 messages were deleted" in (await erased(server, ann)).text


async def test_who_thinks_better_of_it_keeps_everything(server, client, worker, ann, queue):
    await made(server, worker, ann)
    asked = await server.slash(ann, "privacy erase")
    await asked.response()
    pressed = await server.click(ann, asked.message, "Keep it")
    await pressed.response()
    assert pressed.message.text == "Nothing was erased."
    assert len(await queue.jobs_of(f"discord:{server.guild.id}/{ann.id}")) == 1


async def test_other_servers_are_left_alone_and_told_of(server, client, worker, ann, queue):
    there = server.add_guild("elsewhere")
    twin = server.add_member("ann", guild=there, user=ann.user)
    await made(server, worker, twin)
    text = (await erased(server, ann)).text
    assert "0 jobs" in text
    assert "1 job of yours from 1 other server not erased: use the command there as well" in text
    assert len(await queue.jobs_of(f"discord:{there.id}/{ann.id}")) == 1


async def test_redis_away_is_told(server, client, worker, ann, valkey_asleep):
    asked = await server.slash(ann, "privacy erase")
    await asked.response()
    async with valkey_asleep():
        pressed = await server.click(ann, asked.message, "Erase everything")
        told = await pressed.wait_for(lambda shown: "⚠️" in shown.text)
    assert "not everything was erased" in told.text


#: More jobs than an owner's history lists.
MANY = 260


def everything(raw):
    """Every key of Redis with all that is in it."""
    read = {
        b"string": raw.get,
        b"hash": raw.hgetall,
        b"set": raw.smembers,
        b"zset": lambda key: raw.zrange(key, 0, -1, withscores=True),
        b"list": lambda key: raw.lrange(key, 0, -1),
        b"stream": raw.xrange,
    }
    return {key.decode(): f"{key!r} {read[raw.type(key)](key)!r}" for key in raw.scan_iter("*")}


async def test_no_key_and_no_message_names_who_has_erased_but_what_is_said_to_stay(
    server, client, worker, queue, ann, raw, admin, said, until
):
    await said(admin, "admin rules reports", {"channel": server.add_channel("reports")})
    shown = await made(server, worker, ann)
    form = await more(server, ann, shown.message, Act.REPORT)
    await form.response()
    reported = await server.submit_modal(ann, form, {"why": ""})
    await reported.wait_for(lambda one: not one.thinking)
    await (await server.slash(ann, "describe", {"image": with_parameters()})).wait_for(lambda one: not one.thinking)
    use = await server.message_command(ann, "Use this picture", server.say(ann, "", files=[silent()]))
    await use.response()
    for number in range(MANY):
        if number % 20 == 0:
            await worker.beat()
        await (await ask(server, ann, f"sunflower {number}")).response()

    async def all_wait():
        return len(await queue.open_jobs()) == MANY

    await until(all_wait)
    held = everything(raw)
    assert len([key for key in held if str(ann.id) in held[key]]) > MANY

    pressed = await server.slash(ann, "privacy erase")
    await pressed.response()
    pressed = await server.click(ann, pressed.message, "Erase everything")
    told = await pressed.wait_for(lambda shown: "Erased" in shown.text, timeout=120)

    assert f"{MANY + 1} jobs" in told.text
    assert f"{MANY + 1} messages were deleted" in told.text
    assert "could not be deleted" not in told.text
    naming = {key for key, held in everything(raw).items() if str(ann.id) in held or "sunflower" in held}
    spent = {key for key in naming if key.startswith("{zosma}:spent:")}
    assert naming - spent == {"bot:{zosma}:audit"}
    assert "your Discord id in 1 entry" in told.text
    assert "count for your limits until <t:" in told.text
    bots = [one for one in server.messages() if one.author == "Zosma" and not one.ephemeral]
    assert [one for one in bots if str(ann.id) in one.text or "sunflower" in one.text] == []


async def test_a_neighbours_id_that_begins_alike_is_nobody_elses(server, client, ann, queue, raw):
    await queue.admin.note(f"discord:{ann.id}7", "report", "x")
    await queue.admin.note("discord:1", "clear", f"discord:5/{ann.id}")
    await queue.admin.note("discord:1", "clear", f"discord:5/1{ann.id}")
    assert "in 1 entry" in (await erased(server, ann)).text


async def test_junk_among_what_is_kept_for_members_stops_no_erasing(server, client, ann, raw):
    raw.set("bot:{zosma}:record:recipe:junk", b"\xff{")
    raw.set("bot:{zosma}:record:recipe:list", b"[1]")
    raw.xadd("bot:{zosma}:audit", {b"\xff": b"\xff", b"target": str(ann.id)})
    assert "Erased" in (await erased(server, ann)).text
