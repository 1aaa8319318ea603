"""`/admin` for a server's rules and limits: what an admin sets, and what members meet then."""

from __future__ import annotations

import pytest

from loopback.discord.interaction import Callback
from loopback.discord.permissions import P
from zosma_queue.policy import Policy


@pytest.fixture(name="does")
def _does(server, client, worker, admin, said):
    """What the admin reads after a command."""

    async def does(command, /, **options):
        asked = await said(admin, f"admin {command}", {name.replace("_", "-"): one for name, one in options.items()})
        return asked.message.text

    return does


@pytest.fixture(name="imagine")
def _imagine(server, client, worker):
    """What a member reads who asks for a picture."""

    async def imagine(member, **more):
        asked = await server.slash(member, "imagine", {"prompt": "a cat"}, **more)
        return (await asked.wait_for(lambda shown: not shown.thinking)).text

    return imagine


@pytest.fixture(autouse=True)
def _no_memory(monkeypatch):
    """A rule counts at once, not two seconds later."""
    monkeypatch.setattr("zosma_bot.discord.state.server_settings.MAX_AGE_S", 0.0)


# -- limits -----------------------------------------------------------------------------------------------------


async def test_limits_of_a_role_are_set_changed_shown_and_removed(server, does, queue):
    role = server.add_role("patron")
    assert "Nobody is limited" in await does("limits show")
    text = await does("limits set", role=role, waiting=3, cooldown=30)
    assert f"<@&{role.id}>: 3 waiting, one every 30 s, lane fast" in text

    text = await does("limits set", role=role, running=2, lane="relax", weight=2, daily=3600.0, depth=50)
    assert "3 waiting, 2 running, no new jobs while 50 wait in all, one every 30 s, 60 min of GPU time a day" in text
    assert "weight 2, lane relax" in text
    assert (await queue.admin.policies())[f"role:{role.id}"].waiting == 3
    assert "3 waiting" in await does("limits show")

    assert "are gone" in await does("limits remove", role=role)
    assert "no such limits" in await does("limits remove", role=role)
    assert await queue.admin.policies() == {}
    assert f"**set limits of** <@&{role.id}>" in await does("audit")


async def test_limits_without_a_role_are_everybodys_and_members_meet_them(server, does, imagine, ann):
    assert "name at least one limit" in (await does("limits set")).lower()
    assert "everybody without a limit of their own: 1 waiting" in await does("limits set", waiting=1)
    assert "in line" in (await imagine(ann)).lower()
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    assert (await asked.response()).type is Callback.MESSAGE
    assert asked.message.ephemeral
    assert "as many jobs waiting as you may" in asked.message.text


async def test_a_limit_is_one_over_all_servers_and_direct_messages(server, client, worker, queue, ann):
    await queue.admin.set_policy("owner", "default", {"waiting": 1})
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await asked.wait_for(lambda shown: "in line" in shown.text)

    elsewhere = [server.add_member("ann", guild=server.add_guild(name), user=ann.user) for name in ("B", "C")]
    for member, dm in (*((one, False) for one in elsewhere), (ann, True)):
        asked = await server.slash(member, "imagine", {"prompt": "a cat"}, dm=dm)
        assert (await asked.response()).type is Callback.MESSAGE
        assert "as many jobs waiting as you may" in asked.message.text
    assert len(await queue.open_jobs()) == 1


async def test_a_strange_server_cannot_lift_what_the_owner_has_set_for_all(server, does, admin, said, queue):
    await queue.admin.set_policy("owner", "default", {"waiting": 5, "cooldown_s": 10, "lane": "relax"})
    guild = server.add_guild("Elsewhere")
    stranger = server.add_member("stranger", P.MANAGE_GUILD, guild=guild)
    role = server.add_role("patron", guild=guild)
    await queue.admin.set_policy("owner", "key:web", {"waiting": 7})

    for options, words in (
        ({"waiting": 0, "cooldown": 10, "lane": "relax"}, "Waiting can be 5 at most here"),
        ({"waiting": 6, "cooldown": 10, "lane": "relax"}, "Waiting can be 5 at most here"),
        ({"waiting": 5, "cooldown": 9, "lane": "relax"}, "Cooldown can be 10 at least here"),
        ({"waiting": 5, "cooldown": 10}, "fast lane is not open"),
    ):
        text = (await said(stranger, "admin limits set", {"role": role} | options)).message.text
        assert words in text
    stranger.locale = "de"
    text = (await said(stranger, "admin limits set", {"role": role, "waiting": 6, "lane": "relax"})).message.text
    assert "Wartend kann hier höchstens 5 sein" in text
    stranger.locale = "en-US"
    text = await said(stranger, "admin limits set", {"role": role, "waiting": 2, "cooldown": 10, "lane": "relax"})
    assert "2 waiting" in text.message.text
    for command, options in (("set", {"waiting": 1}), ("remove", {})):
        text = (await said(stranger, f"admin limits {command}", options)).message.text
        assert "ZOSMA_HOME_GUILDS" in text
    text = (await said(stranger, "admin limits show")).message.text
    assert "5 waiting" in text
    assert "2 waiting" in text
    assert "web" not in text
    assert (await queue.admin.policies())["default"] == Policy(waiting=5, cooldown_s=10, lane="relax")


# -- where and who ----------------------------------------------------------------------------------------------


async def test_only_allowed_channels_take_requests(server, does, imagine, ann, admin):
    allowed = server.add_channel("art")
    assert "every channel" in await does("channels list")
    assert f"in these channels only: <#{allowed.id}>" in await does("channels allow", channel=allowed)
    assert f"pictures can only be asked for in <#{allowed.id}>." in await imagine(ann)
    assert "in line" in (await imagine(ann, channel=allowed)).lower()
    assert "in line" in (await imagine(admin)).lower()

    assert f"<#{allowed.id}>" in await does("channels list")
    assert "not on the list" in await does("channels remove", channel=server.channel)
    assert "every channel" in await does("channels remove", channel=allowed)
    assert "in line" in (await imagine(ann)).lower()


async def test_only_allowed_roles_are_served(server, does, imagine, ann):
    role = server.add_role("patron")
    assert "Everybody" in await does("roles list")
    assert f"<@&{role.id}>" in await does("roles allow", role=role)
    assert "Only members with one of these roles" in await imagine(ann)
    bob = server.add_member("bob", roles=[role])
    assert "in line" in (await imagine(bob)).lower()

    assert f"<@&{role.id}>" in await does("roles list")
    assert "not on the list" in await does("roles remove", role=server.guild.everyone)
    assert "Everybody" in await does("roles remove", role=role)


async def test_age_restricted_only(server, does, imagine, ann):
    assert "only:** on" in await does("rules age-restricted", switch="on")
    assert "only be asked for in age-restricted channels" in await imagine(ann)
    assert "only:** off" in await does("rules age-restricted", switch="off")
    assert "in line" in (await imagine(ann)).lower()


async def test_a_thread_has_the_rules_and_defaults_of_the_channel_it_hangs_on(server, does, imagine, ann, queue):
    adults, open_to_all = server.add_channel("adults", nsfw=True), server.add_channel("art")
    there, elsewhere = server.add_thread("foxes", adults), server.add_thread("foxes", open_to_all)
    await does("rules age-restricted", switch="on")
    assert "only be asked for in age-restricted channels" in await imagine(ann, channel=elsewhere)
    assert "in line" in (await imagine(ann, channel=there)).lower()
    await does("rules age-restricted", switch="off")

    await does("channels allow", channel=open_to_all)
    assert "can only be asked for in" in await imagine(ann, channel=there)
    assert "in line" in (await imagine(ann, channel=elsewhere)).lower()

    await does("defaults set", channel=open_to_all, negative="text")
    await imagine(ann, channel=elsewhere)
    newest = await queue.job(max(await queue.open_jobs()))
    assert newest.request.negative_prompt == "text"


# -- the rest ---------------------------------------------------------------------------------------------------


async def test_whose_buttons(server, does, client):
    role, other = server.add_role("patron"), server.add_role("friend")
    assert "anyone" in await does("rules buttons", who="anyone")
    assert "which role?" in (await does("rules buttons", who="roles")).lower()
    assert f"roles: <@&{role.id}>" in await does("rules buttons", who="roles", role=role)
    assert f"<@&{other.id}>" in await does("rules buttons", who="roles", role=other)
    assert "with “roles” only" in await does("rules buttons", who="owner", role=role)
    assert "nobody else" in await does("rules buttons", who="owner")
    assert (await client.services.server_settings.of(server.guild.id)).button_roles == ()


async def test_spoiler_grid_and_retention(server, does, client):
    assert "outside age-restricted channels" in await does("rules spoiler", when="outside-age-restricted")
    assert "as one picture:** on" in await does("rules grid", switch="on")
    assert "kept for:** 7 days" in await does("rules retention", days=7)
    assert "kept for:** 1 day" in await does("rules retention", days=1)
    found = await client.services.server_settings.of(server.guild.id)
    assert (found.spoiler, found.grid, found.retention_days) == ("outside-age-restricted", True, 1)
    assert "this server: spoiler outside-age-restricted" in (await does("audit")).replace("\\", "")


async def test_the_channel_for_reports_is_tried_out(server, does, client):
    modlog = server.add_channel("modlog")
    assert f"<#{modlog.id}>" in await does("rules reports", channel=modlog)
    assert "Reported pictures will be shown here" in server.messages(modlog)[0].text

    closed = server.add_channel("closed")
    closed.overwrite(server.guild, deny=P.SEND_MESSAGES)
    assert "I can't write in that channel" in await does("rules reports", channel=closed)
    assert (await client.services.server_settings.of(server.guild.id)).report_channel == modlog.id
    assert "nowhere" in await does("rules reports")
    assert (await client.services.server_settings.of(server.guild.id)).report_channel is None


async def test_defaults_of_server_and_channel_count_for_who_says_nothing_else(
    server, does, imagine, ann, worker, queue
):
    assert "name a checkpoint" in (await does("defaults set")).lower()
    assert "“nope” is not known; there are: dream, anime" in await does("defaults set", checkpoint="nope")
    assert "“nope” is not known; there are: misty" in await does("defaults set", style="nope")
    text = await does("defaults set", checkpoint="anime", negative="blurry")
    assert "checkpoint anime, without blurry" in text
    text = await does("defaults set", channel=server.channel, checkpoint="0123456789", style="Misty")
    assert f"Defaults in <#{server.channel.id}>:** checkpoint dream, style misty" in text

    await imagine(ann)
    [job] = await queue.admin.jobs("waiting")
    assert (job.request.checkpoint, job.request.negative_prompt) == ("dream", "blurry")
    assert "misty" in str(job.request)

    assert "none" in await does("defaults clear", channel=server.channel)
    assert "**Defaults:** none" in await does("defaults clear")
