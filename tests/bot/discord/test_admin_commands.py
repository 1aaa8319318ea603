"""`/admin` as a whole: who sees it, in which words, and within Discord's limits."""

from __future__ import annotations

import pytest

from loopback.discord.errors import RefusedByClient
from loopback.discord.permissions import P
from zosma_bot.discord.ui.language import LANGUAGES, translations_for

SUB_COMMAND, SUB_GROUP = 1, 2


def registered(server):
    [command] = [one for one in server.commands.all(None) if one["name"] == "admin"]
    return command


def commands_below(command, path=()):
    """(path, command) of everything that can be called."""
    path = (*path, command["name"])
    below = [one for one in command.get("options") or [] if one["type"] in (SUB_COMMAND, SUB_GROUP)]
    if not below:
        yield path, command
    for one in below:
        yield from commands_below(one, path)


def letters(body, locale=None):
    """What Discord counts: names, descriptions and choices, in the longest of their languages."""
    own = 0
    for key in ("name", "description"):
        other = (body.get(f"{key}_localizations") or {}).values()
        own += max(len(str(text)) for text in (body.get(key) or "", *other))
    own += sum(len(str(choice["name"])) + len(str(choice["value"])) for choice in body.get("choices") or [])
    return own + sum(letters(option) for option in body.get("options") or [])


async def test_it_stays_within_what_discord_takes_of_one_command(server, client):
    command = registered(server)
    assert len(command["options"]) <= 25
    assert letters(command) <= 8000


async def test_every_command_and_option_has_a_name_and_description_in_every_language(server, client):
    keys = ["command-admin"]
    for path, command in commands_below(registered(server)):
        key = "command-" + "-".join(path)
        keys += [key, *(f"{key}-{option['name']}" for option in command.get("options") or [])]
        keys += ["command-" + "-".join(path[:-1])]
    for language in LANGUAGES:
        words = translations_for(language)
        missing = [key for key in keys if key not in words or f"{key}.description" not in words]
        assert not missing, language


def example(server, option, ann):
    """Something that fits an option, so that the call is complete."""
    if option.get("choices"):
        return option["choices"][0]["value"]
    if option["type"] in (4, 10):
        return option.get("min_value") or 1
    return {3: "x", 5: True, 6: ann, 7: server.channel, 8: server.guild.everyone}.get(option["type"])


async def test_a_member_is_offered_none_of_it_and_refused_all_of_it(server, client, worker, ann, raw):
    called = 0
    for path, command in commands_below(registered(server)):
        name = " ".join(path)
        options = {
            one["name"]: example(server, one, ann) for one in command.get("options") or [] if one.get("required")
        }
        if None in options.values():
            continue  # a file: tested where it is read
        with pytest.raises(RefusedByClient):
            await server.slash(ann, name, options)
        asked = await server.slash(ann, name, options, force=True)
        await asked.response()
        assert asked.message.ephemeral
        assert "Manage Server" in asked.message.text, name
        called += 1
    assert called >= 13
    assert raw.keys("*paused*") == raw.keys("*audit*") == raw.keys("*record:guild*") == raw.keys("*policies*") == []


async def test_an_administrator_without_manage_server_may_use_it(server, client, worker, said):
    boss = server.add_member("boss", P.ADMINISTRATOR)
    asked = await said(boss, "admin overview")
    assert "**0** waiting" in asked.message.text


async def test_it_is_not_offered_in_direct_messages(server, client, admin):
    with pytest.raises(RefusedByClient):
        await server.slash(admin, "admin overview", dm=True)


async def test_a_german_admin_reads_german(server, client, worker, admin, said):
    admin.locale = "de"
    asked = await said(admin, "admin overview")
    assert "**0** warten" in asked.message.text


async def test_autocomplete_tells_a_member_nothing(server, client, worker, ann, admin, monkeypatch):
    assert await server.autocomplete(admin, "admin pause", focused="scope")
    monkeypatch.setattr("loopback.discord.driver._visible", lambda *_: None)
    assert await server.autocomplete(ann, "admin pause", focused="scope") == []


async def test_redis_away_is_told(server, client, worker, admin, valkey_asleep):
    async with valkey_asleep():
        asked = await server.slash(admin, "admin overview")
        await asked.wait_for(lambda shown: "queue can't be reached" in shown.text)
