"""Blocked words and allowed checkpoints: set by an admin, met by members on every way into the queue."""

from __future__ import annotations

import pytest

from loopback.discord.interaction import Callback
from zosma_bot.discord.state.member_settings import MemberSettings
from zosma_queue.client import Sender
from zosma_queue.errors import RequestRefusedError
from zosma_queue.moderation import ContentRules
from zosma_queue.request import parse_request


@pytest.fixture(name="does")
def _does(server, client, worker, admin, said):
    async def does(command, **options):
        return (await said(admin, f"admin {command}", options)).message.text

    return does


@pytest.fixture(autouse=True)
def _no_memory(monkeypatch):
    monkeypatch.setattr("zosma_bot.discord.state.server_settings.MAX_AGE_S", 0.0)


async def refusal_of(asked):
    """What is said as the first answer: nobody has seen "thinking"."""
    assert (await asked.response()).type is Callback.MESSAGE
    assert asked.message.ephemeral
    return asked.message.text


async def test_words_are_added_listed_offered_and_removed(server, does, admin, said):
    assert "No word is blocked" in await does("words list")
    assert "||Kitten||" in await does("words add", word="Kitten")
    assert "on the list already" in await does("words add", word=" KITTEN ")
    assert "no letter or digit" in await does("words add", word="!?")
    assert "||very old\\*||" in await does("words add", word="very old*")
    assert "can't be kept" in await does("words add", word="very *old")
    offered = await server.autocomplete(admin, "admin words remove", focused="word", value="kit")
    assert [one["value"] for one in offered] == ["Kitten"]
    assert "Kitten" not in await does("words remove", word="kitten")
    assert "not on the list" in await does("words remove", word="kitten")
    assert "**set rules of**" in await does("audit")


@pytest.mark.parametrize(
    "prompt", ["a kitten", "KÍTTEN, 4k", "ki\u200btten", "ｋｉｔｔｅｎ", "(kitten:1.2)", "a_kitten"]
)
async def test_a_blocked_word_is_refused_however_it_is_written(server, does, ann, prompt):
    await does("words add", word="kitten")
    asked = await server.slash(ann, "imagine", {"prompt": prompt})
    assert "“kitten”, which is blocked here" in await refusal_of(asked)


async def test_a_word_inside_another_is_none(server, does, ann):
    await does("words add", word="cat")
    asked = await server.slash(ann, "imagine", {"prompt": "a catalogue"})
    await asked.wait_for(lambda shown: "in line" in shown.text.lower())


async def test_a_blocked_word_is_refused_in_the_edit_form_and_again(server, does, worker, ann, queue):
    asked = await server.slash(ann, "imagine", {"prompt": "a kitten"})
    await worker.finish(await worker.take())
    await asked.wait_for(lambda shown: "Edit" in shown.labels)
    await does("words add", word="kitten")

    opened = await server.click(ann, asked, "Edit")
    await opened.response()
    sent = await server.submit_modal(ann, opened, {"prompt": "a kitten at sea"})
    assert "“kitten”, which is blocked" in await refusal_of(sent)
    again = await server.click(ann, asked, "Again")
    assert "“kitten”, which is blocked" in await refusal_of(again)
    assert await queue.admin.jobs("waiting") == []


async def test_a_blocked_word_in_a_preset_is_refused(server, does, client, ann):
    await client.services.member_settings.change(
        ann.id, lambda _: MemberSettings(presets={"pets": {"prompt": "a kitten"}})
    )
    await does("words add", word="kitten")
    asked = await server.slash(ann, "imagine", {"prompt": "at sea", "style": "pets"})
    assert "“kitten”, which is blocked" in await refusal_of(asked)


async def test_other_servers_and_other_ways_have_rules_of_their_own(server, does, queue):
    await does("words add", word="kitten")
    request = parse_request({"prompt": "a kitten"})
    await queue.submit(request, Sender(owner="key:web", group="key:web"))
    with pytest.raises(RequestRefusedError, match="not allowed"):
        await queue.submit(request, Sender(owner="x", group=f"discord:{server.guild.id}"))


async def test_only_allowed_checkpoints_are_used_even_when_nobody_names_one(server, does, ann, admin, queue):
    assert "Every checkpoint" in await does("checkpoints list")
    assert "“nope” is not known; there are: dream, anime" in await does("checkpoints allow", checkpoint="nope")
    assert "Only these checkpoints can be used here: `anime`" in await does(
        "checkpoints allow", checkpoint="9876543210"
    )
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "checkpoint": "dream"})
    assert "is not allowed here: use anime" in (await refusal_of(asked)).lower()

    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await asked.wait_for(lambda shown: "in line" in shown.text.lower())
    [job] = await queue.admin.jobs("waiting")
    assert job.request.checkpoint == "anime"

    assert "`anime`" in await does("checkpoints list")
    assert "not on the list" in await does("checkpoints remove", checkpoint="dream")
    offered = await server.autocomplete(admin, "admin checkpoints remove", focused="checkpoint")
    assert [one["value"] for one in offered] == ["anime"]
    assert "Every checkpoint" in await does("checkpoints remove", checkpoint="anime")


async def test_forbidden_checkpoints_are_not_offered_and_no_default_names_one(server, client, worker, ann, queue):
    await client.services.member_settings.change(
        ann.id, lambda one: one.model_copy(update={"defaults": {"checkpoint": "anime"}})
    )
    await queue.admin.set_rules("boss", f"discord:{server.guild.id}", {"checkpoints": ["dream"]})
    offered = await server.autocomplete(ann, "imagine", focused="checkpoint", options={"prompt": "a"})
    assert [one["value"] for one in offered] == ["dream"]
    await server.slash(ann, "imagine", {"prompt": "a cat"})
    assert (await queue.job((await worker.take()).id)).request.checkpoint == "dream"


async def test_rules_for_everybody_hold_in_direct_messages_too(server, client, worker, queue, ann):
    await queue.admin.set_rules("root", "", {"blocked": ["kitten"], "steps": 20})
    asked = await server.slash(ann, "imagine", {"prompt": "a kitten"}, dm=True)
    assert "“kitten”, which is blocked here" in await refusal_of(asked)
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "steps": 21}, dm=True)
    assert "at most 20" in await refusal_of(asked)


async def test_an_age_rule_for_everybody_leaves_adults_channels_only(server, client, worker, queue, ann):
    await queue.admin.set_rules("root", "", {"age_restricted": True})
    for options in ({"dm": True}, {}):
        asked = await server.slash(ann, "imagine", {"prompt": "a cat"}, **options)
        assert "age-restricted channels only" in await refusal_of(asked)
    adults = server.add_channel("adults", nsfw=True)
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"}, channel=adults)
    await asked.wait_for(lambda shown: "in line" in shown.text.lower())


async def test_at_home_an_admin_rules_over_everybody(server, does, queue, ann, admin, said):
    assert "||kitten||" in await does("words add", word="kitten", everybody=True)
    assert "For everybody" in await does("words list", everybody=True)
    assert "No word is blocked" in await does("words list")
    offered = await server.autocomplete(admin, "admin words remove", focused="word", options={"everybody": True})
    assert [one["value"] for one in offered] == ["kitten"]
    assert "1,024" in await does("rules sizes", side=1024, everybody=True)
    assert "no limit" in await does("rules sizes")
    assert "only:** on" in await does("rules age-restricted", switch="on", everybody=True)
    assert "`dream`" in await does("checkpoints allow", checkpoint="dream", everybody=True)
    made = await queue.admin.rules()
    assert (made.blocked, made.side, made.age_restricted, made.checkpoints) == (("kitten",), 1024, True, ("dream",))
    await does("rules age-restricted", switch="off", everybody=True)
    asked = await server.slash(ann, "imagine", {"prompt": "a kitten"}, dm=True)
    assert "“kitten”, which is blocked here" in await refusal_of(asked)
    assert "No word is blocked" in await does("words remove", word="kitten", everybody=True)
    assert "everybody" in await does("audit")


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("words add", {"word": "kitten"}),
        ("words list", {}),
        ("checkpoints allow", {"checkpoint": "dream"}),
        ("rules sizes", {"side": 64}),
        ("rules age-restricted", {"switch": "on"}),
    ],
)
async def test_elsewhere_no_admin_rules_over_everybody(server, does, queue, command, options):
    server.add_guild("Elsewhere")
    assert "ZOSMA_HOME_GUILDS" in await does(command, everybody=True, **options)
    assert await queue.admin.rules() == ContentRules()


async def test_sizes_hold_in_their_server(server, does, ann):
    assert "20" in await does("rules sizes", steps=20)
    asked = await server.slash(ann, "imagine", {"prompt": "a cat", "steps": 21})
    assert "at most 20" in await refusal_of(asked)
