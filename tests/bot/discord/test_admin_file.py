"""`/admin rules show`, `export` and `import`: the file as an admin gets it, edits it, breaks it and sends it back."""

from __future__ import annotations

import json

import pytest

from loopback.discord.permissions import P
from loopback.discord.state import Upload
from zosma_queue.moderation import ContentRules
from zosma_queue.policy import Policy


@pytest.fixture(autouse=True)
def _no_memory(monkeypatch):
    monkeypatch.setattr("zosma_bot.discord.state.server_settings.MAX_AGE_S", 0.0)


@pytest.fixture(name="role")
def _role(server, client):
    return server.add_role("patron")


@pytest.fixture(name="settled")
async def _settled(server, client, worker, admin, said, role):
    """A server with something of everything."""
    for command, options in (
        ("channels allow", {"channel": server.channel}),
        ("roles allow", {"role": role}),
        ("rules buttons", {"who": "roles", "role": role}),
        ("rules grid", {"switch": "on"}),
        ("rules reports", {"channel": server.channel}),
        ("rules retention", {"days": 7.5}),
        ("defaults set", {"checkpoint": "dream"}),
        ("defaults set", {"channel": server.channel, "negative": "blurry"}),
        ("words add", {"word": "kitten"}),
        ("checkpoints allow", {"checkpoint": "dream"}),
        ("limits set", {"role": role, "waiting": 3}),
    ):
        await said(admin, f"admin {command}", options)


@pytest.fixture(name="export")
def _export(admin, said):
    async def export():
        asked = await said(admin, "admin rules export")
        [file] = asked.message.files
        return json.loads(file.data)

    return export


@pytest.fixture(name="send")
def _send(admin, said):
    """What an admin reads who sends a file back; `yes` says so."""

    async def send(document, member=admin):
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        return await said(member, "admin rules import", {"file": Upload("rules.json", data, "application/json")})

    return send


@pytest.fixture(name="yes")
def _yes(server, admin):
    async def yes(asked):
        pressed = await server.click(admin, asked, "Yes, do it")
        await pressed.response()
        return (await pressed.wait_for(lambda shown: not shown.buttons)).text

    return yes


async def test_all_rules_are_shown_in_words(server, settled, admin, said, role):
    text = (await said(admin, "admin rules show")).message.text
    for part in (
        f"**Channels:** <#{server.channel.id}>", f"**Roles:** <@&{role.id}>", f"roles: <@&{role.id}>",
        "**Age-restricted channels only:** off", "**Spoilers:** never", "**A set as one picture:** on",
        f"**Reports go to:** <#{server.channel.id}>", "7.5 days", "**Blocked words:** 1", "**Checkpoints:** `dream`",
        "**Defaults:** checkpoint dream", f"**Defaults in <#{server.channel.id}>:** without blurry",
    ):  # fmt: skip
        assert part in text


async def test_an_exported_file_brings_everything_back_after_a_restart(
    server, bot, settled, export, send, yes, admin, said, client, queue, role
):
    await said(admin, "admin rules sizes", {"count": 2, "side": 1024})
    file = await export()
    assert file["sizes"] == {"count": 2, "steps": 0, "side": 1024}
    await said(admin, "admin rules sizes", {"count": 4, "steps": 9})
    assert file["rules"]["channels"] == [str(server.channel.id)]  # as text: no editor rounds it
    before = await client.services.server_settings.of(server.guild.id)
    await said(admin, "admin rules grid", {"switch": "off"})
    await said(admin, "admin channels remove", {"channel": server.channel})
    await said(admin, "admin words remove", {"word": "kitten"})
    await said(admin, "admin limits remove", {"role": role})
    other = server.add_role("other")
    await said(admin, "admin limits set", {"role": other, "waiting": 1})

    asked = await send(file)
    words = (
        "It has: all rules, 1 blocked word, 1 allowed checkpoint, how much may be asked for at once, limits of 1 role"
    )
    assert words in asked.message.text
    assert (await client.services.server_settings.of(server.guild.id)).grid is False
    await bot.close()
    client = await bot.start()
    assert "the file's rules are this server's now" in await yes(asked)

    assert await client.services.server_settings.of(server.guild.id) == before
    assert await queue.admin.rules(f"discord:{server.guild.id}") == ContentRules(
        blocked=("kitten",), checkpoints=("dream",), count=2, side=1024
    )
    assert await queue.admin.policies() == {f"role:{role.id}": Policy(waiting=3)}
    assert "**imported the rules of**" in (await said(admin, "admin audit")).message.text


async def test_what_a_file_leaves_out_stays(server, settled, send, yes, client, queue):
    asked = await send({"zosma": 1, "words": ["dog", "bird"]})
    assert "It has: 2 blocked words." in asked.message.text
    await yes(asked)
    assert await queue.admin.rules(f"discord:{server.guild.id}") == ContentRules(
        blocked=("dog", "bird"), checkpoints=("dream",)
    )
    assert (await client.services.server_settings.of(server.guild.id)).grid
    assert len(await queue.admin.policies()) == 1


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"\xff\xfe\x00", "a text file (UTF-8)"),
        (b'{"zosma": 1,\n "rules": }', "line 2, column 11"),
        (b'{"zosma": NaN}', "isn't JSON"),
        (b"[" * 50_000, "isn't JSON"),
        (b"[1]", "must be a JSON object"),
        ({"rules": {}}, "`zosma`: must be 1"),
        ({"zosma": 1, "rulez": {}}, "`rulez`: no such part; there are zosma, rules, words, checkpoints, sizes"),
        ({"zosma": 1, "rules": {"grid": "perhaps"}}, "`rules.grid`: input should be a valid boolean"),
        ({"zosma": 1, "rules": {"spoiler": "often", "retention_days": 99}}, "`rules.retention\\_days`"),
        ({"zosma": 1, "rules": {"colour": 1}}, "`rules.colour`: extra inputs are not permitted"),
        ({"zosma": 1, "rules": {"channels": [5]}}, "`rules.channels`: this server has no channel 5"),
        ({"zosma": 1, "rules": {"channel_defaults": {"5": {}}}}, "this server has no channel 5"),
        ({"zosma": 1, "rules": {"report_channel": 5}}, "`rules.report_channel`: this server has no channel 5"),
        ({"zosma": 1, "rules": {"roles": [5]}}, "`rules.roles`: this server has no role 5"),
        ({"zosma": 1, "words": ["", "x"]}, "`words.0`: string should have at least 1 character"),
        ({"zosma": 1, "sizes": None, "words": ["x"]}, "`sizes`: "),
        ({"zosma": 1, "sizes": {"count": 99}}, "`sizes.count`: "),
        ({"zosma": 1, "sizes": {"blocked": ["x"]}}, "`sizes.blocked`: no such part; there are count, steps, side"),
        ({"zosma": 1, "words": "x"}, "`words`: input should be a valid tuple"),
        ({"zosma": 1, "limits": {"5": {}}}, "`limits.5`: this server has no role 5"),
        ({"zosma": 1, "limits": {"default": {}}}, "`limits.default`: this server has no role default"),
        ({"zosma": 1, "limits": []}, "`limits`: must be a JSON object"),
        ({"zosma": 1}, "is empty"),
        (b"{" + b" " * 70_000 + b"}", "too large: at most 60 KB"),
    ],
)
async def test_a_wrong_file_changes_nothing_and_is_told_what_is_wrong_where(
    server, settled, send, export, document, words
):
    before = await export()
    asked = await send(document)
    assert words.replace("\\_", "_") in asked.message.text
    assert asked.message.labels == []
    assert await export() == before


async def test_wrong_limits_of_a_role_are_told_with_their_field(server, client, worker, send, role):
    asked = await send({"zosma": 1, "limits": {str(role.id): {"waiting": -1, "lane": "slow"}}})
    assert f"`limits.{role.id}.waiting`: input should be greater than or equal to 0" in asked.message.text
    assert f"`limits.{role.id}.lane`" in asked.message.text


async def test_a_role_that_goes_between_question_and_yes_leaves_all_as_it_was(
    server, bot, settled, send, yes, export, role
):
    before = await export()
    asked = await send(before | {"words": []})
    server.guild.roles.remove(role)
    await bot.close()
    await bot.start()
    text = await yes(asked)
    assert "Nothing was changed" in text
    assert f"this server has no role {role.id}" in text
    assert (await export())["words"] == ["kitten"]


async def test_a_strange_servers_file_keeps_to_the_owners_limits(server, client, worker, said, send, queue):
    await queue.admin.set_policy("owner", "default", {"waiting": 5})
    guild = server.add_guild("Elsewhere")
    stranger = server.add_member("stranger", P.MANAGE_GUILD, guild=guild)
    role = server.add_role("patron", guild=guild)
    asked = await send({"zosma": 1, "limits": {str(role.id): {"waiting": 50}}}, stranger)
    assert f"`limits.{role.id}`: waiting can be at most 5 here" in asked.message.text


async def test_a_member_is_refused(server, client, worker, ann):
    file = Upload("rules.json", b"{}", "application/json")
    asked = await server.slash(ann, "admin rules import", {"file": file}, force=True)
    await asked.response()
    assert "Manage Server" in asked.message.text
