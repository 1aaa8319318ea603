"""Discord: the token, the servers, the commands there, and what the bot may do in each channel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator

from zosma_bot.discord.api.account import Account, DiscordAwayError, Lacking, logged_in
from zosma_bot.discord.client import command_names
from zosma_bot.settings import BotSettings
from zosma_cli.doctor.findings import Finding, off, ok, warning, what_and_mend, wrong
from zosma_queue.errors import SettingsError

PART = "Discord"
#: More servers than that are not looked into, channel by channel.
GUILDS = 5
CHANNELS = 5


async def check(settings: BotSettings) -> AsyncIterator[Finding]:
    """What there is to say about the bot of these settings."""
    if settings.discord_token is None:
        yield off(PART, "DISCORD_TOKEN is not set: the HTTP side only")
        return
    try:
        async with logged_in(settings) as account:
            async for finding in _of(account, settings):
                yield finding
    except SettingsError as error:
        yield wrong(PART, *what_and_mend(str(error)))
    except DiscordAwayError as error:
        yield wrong(PART, f"doesn't answer: {error}", "look at this machine's network, and at discordstatus.com")


async def _of(account: Account, settings: BotSettings) -> AsyncIterator[Finding]:
    for finding in _portal(account):
        yield finding
    guilds = await account.guilds()
    if not guilds:
        yield wrong(PART, f"{account.name} is in no server", f"invite it: {account.invite}")
        return
    yield ok(PART, f"logged in as {account.name}, in {_some(guilds.values())}")
    for finding in _ids(settings, guilds):
        yield finding
    yield await _commands(account, settings, guilds)
    asked = [settings.discord_guild_id, *settings.served_guilds, *settings.homes, *guilds]
    for guild_id in list(dict.fromkeys(one for one in asked if one in guilds))[:GUILDS]:
        if guild_id is not None:
            lacking = await account.lacking(guild_id)
            for finding in _channels(guilds[guild_id], lacking):
                yield finding


def _portal(account: Account) -> Iterator[Finding]:
    """Switches of the developer portal that keep the bot from working."""
    if account.endpoint:
        yield wrong(
            PART, f"Discord sends commands and buttons to {account.endpoint}, and none to the bot",
            "clear Interactions Endpoint URL in the Developer Portal (General Information)",
        )  # fmt: skip
    if not account.is_invitable:
        yield wrong(
            PART, "nobody can invite the bot",
            "switch Requires OAuth2 Code Grant off in the Developer Portal (Bot)",
        )  # fmt: skip


def _ids(settings: BotSettings, guilds: dict[int, str]) -> Iterator[Finding]:
    """Servers that the settings name and the bot isn't in."""
    named = {"DISCORD_GUILD_ID": [settings.discord_guild_id], "ZOSMA_GUILDS": settings.served_guilds}
    for variable, ids in {**named, "ZOSMA_HOME_GUILDS": settings.homes}.items():
        for one in ids:
            if one is not None and one not in guilds:
                text = f"{variable} names {one}, a server that the bot is not in"
                yield wrong(PART, text, "invite it there, or correct the id")


async def _commands(account: Account, settings: BotSettings, guilds: dict[int, str]) -> Finding:
    guild_id = settings.discord_guild_id if settings.discord_guild_id in guilds else None
    where = guilds[guild_id] if guild_id else "every server"
    missing = command_names(settings) - await account.commands(guild_id)
    if missing:
        return warning(
            PART, f"in {where} these commands are not registered: {', '.join(sorted(missing))}",
            "start the bot: it registers them",
        )  # fmt: skip
    return ok(PART, f"all commands are registered in {where}")


def _channels(guild: str, lacking: list[Lacking]) -> Iterator[Finding]:
    for one in lacking[:CHANNELS]:
        yield warning(
            PART, f"{guild}, #{one.channel}: the bot lacks {', '.join(one.permissions)}",
            "there a picture that takes longer than 15 minutes can't be shown: give its role these permissions",
        )  # fmt: skip
    if len(lacking) > CHANNELS:
        yield warning(PART, f"{guild}: {len(lacking) - CHANNELS} more channels like these")
    if not lacking:
        yield ok(PART, f"{guild}: the bot may post wherever it sees a channel")


def _some(names: Iterable[str]) -> str:
    known = list(names)
    shown = ", ".join(known[:GUILDS])
    return shown + (f" and {len(known) - GUILDS} more servers" if len(known) > GUILDS else "")
