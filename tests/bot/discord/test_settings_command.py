"""`/settings` over real sockets: defaults and presets, and what they do to later commands."""

from __future__ import annotations

import pytest

from loopback.discord.permissions import P
from loopback.played_worker import ABOUT
from zosma_bot.discord.state.member_settings import PRESETS_MAX


async def said(server, member, name, options=None, **where):
    asked = await server.slash(member, f"settings {name}", options or {}, **where)
    await asked.response()
    assert asked.message.ephemeral
    return asked.message.text


async def requested(server, worker, queue, member, **options):
    await server.slash(member, "imagine", {"prompt": "a cat"} | options)
    return (await queue.job((await worker.take()).id)).request


async def test_at_first_nothing_is_set(server, client, ann):
    text = await said(server, ann, "show")
    assert text.splitlines() == [
        "**Your defaults:** nothing",
        "**Your pictures:** everybody here sees them, unless you say otherwise",
        "**Your time zone:** not set; /settings timezone sets it",
        "**Your presets:** nothing",
        "**This server's presets:** nothing",
    ]


async def test_defaults_are_taken_by_imagine_and_what_is_said_wins(server, client, worker, ann, queue):
    options = {
        "negative": "dogs", "size": "portrait 512×768", "count": 2, "checkpoint": "anime", "sampler": "euler a",
        "scheduler": "karras", "steps": 9, "guidance": 4.5, "hires": 1.5, "style": "misty",
    }  # fmt: skip
    text = await said(server, ann, "defaults", options)
    for part in ("negative “dogs”", "size 512×768", "count 2", "checkpoint anime", "guidance 4.5", "hires ×1.5"):
        assert part in text
    assert "steps 9" in await said(server, ann, "show")

    request = await requested(server, worker, queue, ann, steps=7)
    assert (request.negative_prompt, request.width, request.height, request.count) == ("dogs", 512, 768, 2)
    assert (request.checkpoint, request.sampler, request.scheduler) == ("anime", "Euler a", "Karras")
    assert (request.steps, request.cfg_scale, request.hires.scale, request.styles) == (7, 4.5, 1.5, ("misty",))


async def test_defaults_hold_in_direct_messages_and_through_a_restart(server, bot, worker, ann, queue):
    await bot.start()
    await said(server, ann, "defaults", {"steps": 9})
    await bot.close()
    await bot.start()
    await server.slash(ann, "imagine", {"prompt": "a cat"}, dm=True)
    assert (await queue.job((await worker.take()).id)).request.steps == 9


async def test_one_default_or_all_are_forgotten(server, client, ann, worker):
    await said(server, ann, "defaults", {"steps": 9, "size": "portrait 512×768", "count": 3})
    assert await said(server, ann, "reset", {"what": "size"}) == "**Your defaults:** count 3 · steps 9"
    assert await said(server, ann, "reset") == "**Your defaults:** nothing"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "choose at least one option"),
        ({"checkpoint": "drem"}, "⚠️ Checkpoint “drem” is not known here"),
        ({"style": "foggy"}, "is not known here"),
        ({"width": 2048, "height": 2048, "hires": 4.0}, "at most 16 megapixels are possible"),
    ],
)
async def test_what_would_spoil_every_later_command_is_refused(server, client, worker, ann, options, words):
    assert words in await said(server, ann, "defaults", options)
    assert "**Your defaults:** nothing" in await said(server, ann, "show")


async def test_defaults_that_are_too_much_together_are_refused(server, client, worker, ann):
    await said(server, ann, "defaults", {"width": 2048, "height": 2048})
    assert "at most 16 megapixels are possible" in await said(server, ann, "defaults", {"hires": 4.0})


async def test_a_default_that_the_fleet_has_lost_spoils_nothing(server, client, worker, ann, queue):
    await said(server, ann, "defaults", {"checkpoint": "anime", "style": "misty", "steps": 9})
    await worker.beat(about=ABOUT.model_copy(update={"checkpoints": ABOUT.checkpoints[:1], "styles": ()}))
    client.services.fleet.forget()
    request = await requested(server, worker, queue, ann)
    assert (request.checkpoint, request.styles, request.steps) == (None, (), 9)


async def test_pictures_are_private_once_that_is_set(server, client, worker, ann):
    assert "only you see them" in await said(server, ann, "private", {"on": True})
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    shown = await asked.wait_for(lambda shown: not shown.thinking)
    assert shown.ephemeral
    loud = await server.slash(ann, "imagine", {"prompt": "a cat", "private": False})
    assert not (await loud.wait_for(lambda shown: not shown.thinking)).ephemeral
    assert "everybody here sees them" in await said(server, ann, "private", {"on": False})


async def test_a_preset_is_saved_offered_used_and_removed(server, client, worker, ann, queue):
    text = await said(server, ann, "save", {"name": "Oil  Paint", "prompt": "oil painting", "negative": "photo",
                                            "lora": "lighthouses:0.5", "steps": 11, "style": "misty"})  # fmt: skip
    assert text.startswith(
        "💾 **Oil Paint** is saved: prompt “oil painting \\<lora:lighthouses:0.5>” · negative “photo”"
    )
    offered = await server.autocomplete(ann, "imagine", focused="style", value="oil", options={"prompt": "a"})
    assert offered == [{"name": "Oil Paint", "value": "Oil Paint"}]

    request = await requested(server, worker, queue, ann, style="oil paint")
    assert request.prompt == "a cat, oil painting <lora:lighthouses:0.5>"
    assert (request.negative_prompt, request.steps, request.styles) == ("photo", 11, ("misty",))

    assert "is deleted" in await said(server, ann, "remove", {"name": "OIL PAINT"})
    assert await said(server, ann, "remove", {"name": "oil paint"}) == "⚠️ There is no preset “oil paint”."


async def test_a_preset_is_judged_as_a_command_would_be(server, client, worker, ann):
    assert "choose at least one option" in await said(server, ann, "save", {"name": "empty"})
    assert "is not known here" in await said(server, ann, "save", {"name": "bad", "sampler": "magic"})
    assert "is not known here" in await said(server, ann, "save", {"name": "bad", "lora": "unheard"})
    assert "nothing" in await said(server, ann, "show")


async def test_too_many_presets_are_refused(server, client, ann):
    for number in range(PRESETS_MAX):
        await said(server, ann, "save", {"name": f"p{number}", "steps": 5})
    assert await said(server, ann, "save", {"name": "one more", "steps": 5}) == (
        "⚠️ There are 50 presets already: delete one first."
    )


async def test_presets_that_are_too_large_together_are_refused(server, client, ann):
    for number in range(8):
        await said(server, ann, "save", {"name": f"p{number}", "prompt": "x" * 4000, "negative": "y" * 4000})
    text = await said(server, ann, "save", {"name": "more", "prompt": "x" * 4000})
    assert "remove something first" in text


async def test_a_shared_preset_is_everybodys_in_this_server_only(server, client, worker, ann, queue):
    bob = server.add_member("bob")
    await said(server, ann, "save", {"name": "oil", "prompt": "oil painting"})
    assert "Everybody in this server" in await said(server, ann, "share", {"name": "Oil"})
    assert "**This server's presets:** oil" in await said(server, bob, "show")
    assert (await requested(server, worker, queue, bob, style="oil")).prompt == "a cat, oil painting"

    there = server.add_guild("elsewhere")
    cid = server.add_member("cid", guild=there)
    assert "**This server's presets:** nothing" in await said(server, cid, "show")


@pytest.mark.parametrize("preset", [{"name": "kitten", "steps": 8}, {"name": "soft", "prompt": "a kitten"}])
async def test_what_a_server_blocks_is_not_shared_there(server, client, worker, ann, queue, preset):
    await said(server, ann, "save", preset)
    await queue.admin.set_rules("boss", f"discord:{server.guild.id}", {"blocked": ["kitten"]})
    assert "“kitten”, which is blocked here" in await said(server, ann, "share", {"name": preset["name"]})
    assert await client.services.member_settings.shared(server.guild.id) == {}


async def test_only_who_shared_it_and_moderators_take_it_away(server, client, ann):
    bob, mod = server.add_member("bob"), server.add_member("mod", P.MANAGE_MESSAGES)
    await said(server, ann, "save", {"name": "oil", "prompt": "oil painting"})
    await said(server, ann, "share", {"name": "oil"})
    refusal = "⚠️ Somebody else has shared a preset “oil” here; only its owner and moderators can change it."
    assert await said(server, bob, "unshare", {"name": "oil"}) == refusal
    await said(server, bob, "save", {"name": "OIL", "prompt": "mine"})
    assert await said(server, bob, "share", {"name": "oil"}) == refusal

    offered = await server.autocomplete(mod, "settings unshare", focused="name", value="o")
    assert offered == [{"name": "oil", "value": "oil"}]
    assert "no longer shared" in await said(server, mod, "unshare", {"name": "oil"})
    assert "There is no preset" in await said(server, mod, "unshare", {"name": "oil"})
    await said(server, ann, "share", {"name": "oil"})
    assert "no longer shared" in await said(server, ann, "unshare", {"name": "oil"})


@pytest.mark.parametrize("name", ["share", "unshare"])
async def test_in_direct_messages_nothing_can_be_shared(server, client, ann, name):
    await said(server, ann, "save", {"name": "oil", "prompt": "oil painting"})
    assert "in a server only" in await said(server, ann, name, {"name": "oil"}, dm=True)


async def test_it_speaks_german(server, client, ann):
    ann.locale = "de"
    assert "**Deine Vorgaben:** Schritte 9" in await said(server, ann, "defaults", {"steps": 9})
    assert await said(server, ann, "remove", {"name": "x"}) == "⚠️ Eine Vorlage „x“ gibt es nicht."
    (command,) = [one for one in server.commands.all(None) if one["name"] == "settings"]
    assert command["name_localizations"]["de"] == "einstellungen"
    reset = next(one for one in command["options"] if one["name"] == "reset")
    assert reset["options"][0]["choices"][0]["name_localizations"]["de"] == "negativ"


async def test_redis_away_is_told(server, client, ann, valkey_asleep):
    async with valkey_asleep():
        assert "queue can't be reached" in await said(server, ann, "show")
        assert "queue can't be reached" in await said(server, ann, "defaults", {"steps": 9})
        assert "queue can't be reached" in await said(server, ann, "save", {"name": "a", "steps": 9})
