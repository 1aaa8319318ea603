"""A Discord on loopback: the real protocol on real sockets, for a real discord.py."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from loopback.discord import errors
from loopback.discord.commands import Commands
from loopback.discord.driver import Driver
from loopback.discord.faults import Faults
from loopback.discord.gateway import Gateway, Session
from loopback.discord.handle import AnyMessage, InteractionHandle, message_of
from loopback.discord.messages import Messages
from loopback.discord.openapi import Violation, checker_for
from loopback.discord.payloads import channel_json, guild_create_json, member_json, role_json
from loopback.discord.permissions import NONE, P
from loopback.discord.ratelimits import RateLimits, too_many
from loopback.discord.rest.app import MOST_BYTES, Rest
from loopback.discord.rest.application import Application
from loopback.discord.rest.call import PREFIX, Recorded
from loopback.discord.rest.channels import Channels
from loopback.discord.rest.interactions import Interactions
from loopback.discord.shown import Shown
from loopback.discord.state import (
    Channel,
    Guild,
    Member,
    Role,
    Settings,
    Upload,
    User,
    World,
)

Json = dict[str, Any]


class DiscordServer:
    """Use as `async with DiscordServer() as server`. One guild with one channel is there from the start."""

    def __init__(
        self,
        *,
        token: str = "loopback.token",  # noqa: S107 a token of nothing
        port: int = 0,
        now: Callable[[], float] = time.time,
        rate_limits: str = "off",
        openapi: str | None = None,
    ) -> None:
        """`openapi` is the path of Discord's description; by default that in `DISCORD_OPENAPI`, if any."""
        self.world = World(now, token)
        self.commands = Commands(self.world)
        self.gateway = Gateway(self.world)
        self.rate_limiter = RateLimits(rate_limits)
        self.faults = Faults()
        self.checker = checker_for(openapi or os.environ.get("DISCORD_OPENAPI") or None)
        self._messages = Messages(self.world)
        self._rest = Rest(self.world, self.rate_limiter, self.faults, self.checker)
        self._driver = Driver(self.world, self.commands)
        self._port = port
        self.guild = self.world.add_guild("Loopback")
        self.channel = self.world.add_channel(self.guild, "pictures")

    # --- life ---------------------------------------------------------------------------------------

    async def __aenter__(self) -> DiscordServer:
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_get("/attachments/{id}/{name}", self._attachment)
        routes = Application(self.world, self.commands).routes()
        routes += Channels(self.world, self._messages, self.rate_limiter).routes()
        routes += Interactions(self.world, self._messages).routes()
        self._rest.add_to(app, routes)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self.accept_connections()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.faults.clear()
        await self.gateway.drop(1001)
        await self._runner.cleanup()

    async def refuse_connections(self) -> None:
        """Discord is gone: nobody listens any more, and what was open is cut."""
        await self._site.stop()
        await self.gateway.drop(None)
        self.drop_http()

    def drop_http(self) -> None:
        """Cut all open HTTP connections, idle ones too."""
        server = self._runner.server
        for connection in list(server.connections) if server is not None else []:
            if connection.transport is not None:
                connection.transport.abort()

    async def accept_connections(self) -> None:
        """Listen (again), on the same port."""
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await self._site.start()
        self._port = self._runner.addresses[0][1]
        self.world.base_url = f"http://127.0.0.1:{self._port}"

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Discord is away inside this block."""
        await self.refuse_connections()
        try:
            yield
        finally:
            await self.accept_connections()

    async def _attachment(self, request: web.Request) -> web.Response:
        key = request.match_info["id"]
        found = self.world.attachments.get(int(key)) if key.isdecimal() else None
        if found is None or found.filename != request.match_info["name"]:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=found.data, headers={"Content-Type": found.content_type})

    # --- addresses and settings ---------------------------------------------------------------------

    @property
    def api_url(self) -> str:
        return self.world.base_url + PREFIX

    @property
    def gateway_url(self) -> str:
        return self.world.base_url.replace("http://", "ws://") + "/gateway"

    @property
    def token(self) -> str:
        return self.world.token

    @property
    def application_id(self) -> int:
        return self.world.application_id

    @property
    def settings(self) -> Settings:
        return self.world.settings

    @property
    def rate_limits(self) -> str:
        return self.rate_limiter.mode

    @rate_limits.setter
    def rate_limits(self, mode: str) -> None:
        if mode not in ("off", "real"):
            raise ValueError(f'rate_limits is "off" or "real", not {mode!r}')
        self.rate_limiter.mode = mode

    # --- people and places --------------------------------------------------------------------------

    @property
    def bot_member(self) -> Member:
        return self.guild.members[self.world.bot.id]

    def add_guild(self, name: str, channels: Iterable[str] = ("general",)) -> Guild:
        """The bot is invited to a guild."""
        guild = self.world.add_guild(name)
        for channel in channels:
            self.world.add_channel(guild, channel)
        told = guild_create_json(self.world, guild, all_members=False)
        # Only of a guild that was there before does Discord say whether it is available.
        del told["unavailable"]
        self.world.emit("GUILD_CREATE", told, guild.id)
        return guild

    def add_foreign_guild(self, name: str, channels: Iterable[str] = ("general",)) -> Guild:
        """A guild where the bot is no member: commands reach it only of who has installed it for themselves."""
        guild = self.world.add_foreign_guild(name)
        for channel in channels:
            self.world.add_channel(guild, channel)
        return guild

    def add_group(self, name: str, members: Iterable[Member]) -> Channel:
        """Direct messages of several people, without the bot."""
        return self.world.add_group(name, [member.user for member in members])

    def add_channel(self, name: str, guild: Guild | None = None, *, nsfw: bool = False) -> Channel:
        guild = guild or self.guild
        channel = self.world.add_channel(guild, name)
        channel.nsfw = nsfw
        self.world.emit("CHANNEL_CREATE", channel_json(channel), guild.id)
        return channel

    def add_thread(self, name: str, parent: Channel | None = None) -> Channel:
        """A public thread of a channel; a forum's post is one too."""
        return self.world.add_thread(parent or self.channel, name)

    def remove_channel(self, channel: Channel) -> None:
        """From now on the bot meets 10003 Unknown Channel there."""
        assert channel.guild is not None
        gone = channel_json(channel)
        channel.guild.channels.remove(channel)
        del self.world.channels[channel.id]
        self.world.emit("CHANNEL_DELETE", gone, channel.guild.id)

    def add_role(self, name: str, permissions: P = NONE, guild: Guild | None = None) -> Role:
        guild = guild or self.guild
        role = self.world.add_role(guild, name, permissions)
        self.world.emit("GUILD_ROLE_CREATE", {"guild_id": str(guild.id), "role": role_json(role)}, guild.id)
        return role

    def add_member(
        self,
        name: str,
        permissions: P = NONE,
        roles: Iterable[Role] = (),
        *,
        guild: Guild | None = None,
        user: User | None = None,
        closed: bool = False,
    ) -> Member:
        """Somebody joins; `permissions` beyond @everyone's come by a role of their own.

        `user` lets an existing one join a further guild; `closed` ones take no direct messages.
        """
        guild = guild or self.guild
        held = list(roles)
        if permissions:
            held.append(self.add_role(f"{name}'s", permissions, guild))
        user = user or User(self.world.new_id(), name, closed=closed)
        member = self.world.add_member(guild, user, held)
        joined = member_json(self.world, member) | {"guild_id": str(guild.id)}
        if guild.id in self.world.guilds:
            self.world.emit("GUILD_MEMBER_ADD", joined, guild.id)
        return member

    def dm(self, member: Member) -> Channel:
        """The direct channel between `member` and the bot."""
        return self.world.direct_channel(member.user)

    # --- acting as a member -------------------------------------------------------------------------

    async def slash(
        self,
        member: Member,
        name: str,
        options: Json | None = None,
        *,
        channel: Channel | None = None,
        dm: bool = False,
        force: bool = False,
    ) -> InteractionHandle:
        """Use `/name` (with subcommands behind a blank) in a channel, or in the bot's direct messages.

        `force` sends even what the member should not see: a modified client could.
        """
        where = self._where(member, channel, dm)
        return await self._driver.slash(member, name, options or {}, where, force)

    async def autocomplete(
        self,
        member: Member,
        name: str,
        *,
        focused: str,
        value: str = "",
        options: Json | None = None,
        channel: Channel | None = None,
        dm: bool = False,
    ) -> list[Json]:
        """The choices offered when `value` has been typed into the option `focused`."""
        where = self._where(member, channel, dm)
        return await self._driver.autocomplete(member, name, focused, value, options or {}, where)

    async def message_command(
        self, member: Member, name: str, message: AnyMessage, *, force: bool = False
    ) -> InteractionHandle:
        found = message_of(self.world, message)
        where = self.channel if found is None else found.channel
        return await self._driver.menu(member, name, message, where, force)

    async def user_command(
        self,
        member: Member,
        name: str,
        target: Member,
        *,
        channel: Channel | None = None,
        force: bool = False,
    ) -> InteractionHandle:
        return await self._driver.menu(member, name, target, self._where(member, channel, False), force)

    async def click(self, member: Member, message: AnyMessage, which: str) -> InteractionHandle:
        return await self._driver.click(member, message, which)

    async def select(self, member: Member, message: AnyMessage, which: str, values: list[Any]) -> InteractionHandle:
        return await self._driver.select(member, message, which, values)

    async def press(
        self, member: Member, message: AnyMessage, custom_id: str, *, values: list[str] | None = None
    ) -> InteractionHandle:
        """Press a button, or with `values` use a menu, that the message doesn't show any more."""
        return await self._driver.press(member, message, custom_id, values)

    async def submit_modal(self, member: Member, opened: InteractionHandle, values: Json) -> InteractionHandle:
        return await self._driver.submit_modal(member, opened, values)

    def say(
        self, member: Member, content: str, *, channel: Channel | None = None, files: Iterable[Upload] = ()
    ) -> Shown:
        """Write a message as this member."""
        message = self._messages.new(channel or self._where(member, None, False), member.user)
        uploads = {n: (f.filename, f.data) for n, f in enumerate(files)}
        return self._messages.create(message, {"content": content}, uploads).history[-1]

    def delete_message(self, message: AnyMessage) -> None:
        """A moderator deletes it."""
        if (found := message_of(self.world, message)) is not None:
            self._messages.delete(found)

    def kill_token(self, handle: InteractionHandle, *, unknown: bool = False) -> None:
        """End an interaction's token before its time: 401/50027, or `unknown` 404/10015 as at times seen."""
        error = errors.unknown_webhook() if unknown else errors.invalid_webhook_token()
        handle.interaction.killed = error

    def _where(self, member: Member, channel: Channel | None, dm: bool) -> Channel:
        if dm:
            return self.dm(member)
        return channel or (self.channel if member.guild is self.guild else member.guild.channels[0])

    # --- looking on ---------------------------------------------------------------------------------

    def messages(self, channel: Channel | None = None) -> list[Shown]:
        """What stands in a channel now, oldest first, ephemeral ones included."""
        return [m.history[-1] for m in (channel or self.channel).messages.values()]

    async def wait_for_message(
        self,
        channel: Channel | None = None,
        predicate: Callable[[Shown], bool] = lambda _: True,
        timeout: float = 60.0,
    ) -> Shown:
        return await self.world.changes.until(
            lambda: next((m for m in self.messages(channel) if predicate(m)), None),
            timeout,
            lambda: f"messages are {self.messages(channel)}",
        )

    async def wait_connected(self, sessions: int = 1, timeout: float = 60.0) -> list[Session]:
        """Wait until that many gateway sessions are connected (identified or resumed)."""

        def look() -> list[Session] | None:
            live = self.gateway.live_sessions
            return live if len(live) >= sessions else None

        return await self.world.changes.until(look, timeout, lambda: f"{len(self.gateway.sessions)} sessions")

    async def wait_for_commands(self, *names: str, guild: Guild | None = None, timeout: float = 60.0) -> None:
        """Wait until the bot has registered these commands."""
        scope = guild.id if guild else None

        def look() -> bool | None:
            return set(names) <= {c["name"] for c in self.commands.all(scope)} or None

        await self.world.changes.until(look, timeout, lambda: f"registered: {self.commands.all(scope)}")

    def history(self, message: AnyMessage) -> list[Shown]:
        """All states of a message, deleted ones too, oldest first."""
        if isinstance(message, InteractionHandle):
            return message.history
        key = message if isinstance(message, int) else message.id
        return [shown for m in self.world.all_messages if m.id == key for shown in m.history]

    # --- what was asked of Discord ------------------------------------------------------------------

    @property
    def requests(self) -> list[Recorded]:
        return self._rest.requests

    @property
    def violations(self) -> list[Violation]:
        """Requests that Discord's own OpenAPI description does not allow."""
        return self._rest.violations

    @property
    def own_violations(self) -> list[Violation]:
        """Answers of this loopback that Discord's description does not allow: its own mistakes."""
        return self._rest.own_violations

    @property
    def invalid_requests(self) -> int:
        """Answers with 401, 403 and 429: ten thousand in ten minutes, and Cloudflare bans the address."""
        return sum(1 for r in self.requests if r.status in (401, 403, 429))

    def requests_to(self, method: str, path_regex: str) -> list[Recorded]:
        pattern = re.compile(path_regex)
        return [r for r in self.requests if r.method == method and pattern.search(r.path)]

    async def wait_for_request(
        self, method: str, path_regex: str, count: int = 1, timeout: float = 60.0
    ) -> list[Recorded]:
        """Wait until `count` such requests have arrived (their answers may still be held back)."""

        def look() -> list[Recorded] | None:
            found = self.requests_to(method, path_regex)
            return found if len(found) >= count else None

        seen = lambda: f"{method} {path_regex}: {self.requests_to(method, path_regex)}"  # noqa: E731
        return await self.world.changes.until(look, timeout, seen)

    # --- trouble ------------------------------------------------------------------------------------

    async def drop_gateway(self, code: int | None = None) -> None:
        """Close every gateway connection with `code`; None cuts the wire."""
        await self.gateway.drop(code)

    def fail_next(self, method: str, path_regex: str, status: int, body: Any = None, times: int = 1) -> None:
        """Answer the next matching requests with this and do nothing else. `"*"` stands for any method."""
        default = {"message": "Internal Server Error", "code": 0}
        self.faults.add(method, path_regex, times, status=status, body=default if body is None else body)

    def limit_next(
        self, method: str, path_regex: str, retry_after: float, *, scope: str = "user", times: int = 1
    ) -> None:
        """Answer 429; `scope` is "user", "shared" or "global"."""
        verdict = too_many(retry_after, scope, {})
        self.faults.add(method, path_regex, times, status=429, body=verdict.refused, headers=verdict.headers)

    def delay_next(
        self, method: str, path_regex: str, until: asyncio.Event, times: int = 1, *, after: bool = False
    ) -> None:
        """Hold the next matching requests until the event; `after`: they take effect, their answer waits."""
        self.faults.add(method, path_regex, times, until=until, after=after)

    def cut_next(self, method: str, path_regex: str, times: int = 1, *, after: bool = False) -> None:
        """Cut the connection of the next matching requests, before or `after` they took effect."""
        self.faults.add(method, path_regex, times, cut=True, after=after)
