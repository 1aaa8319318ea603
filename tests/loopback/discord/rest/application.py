"""The bot itself: who it is, where the gateway is, and the commands it registers."""

from __future__ import annotations

from loopback.discord import errors
from loopback.discord.commands import Commands
from loopback.discord.payloads import channel_json, guild_json, member_json, user_json
from loopback.discord.rest.call import Call, Json
from loopback.discord.rest.route import Route
from loopback.discord.state import Guild, World

_APP = "/applications/{application_id}"


class Application:
    def __init__(self, world: World, commands: Commands) -> None:
        self._world = world
        self._commands = commands

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/gateway", self.gateway, bot=False),
            Route("GET", "/gateway/bot", self.gateway_bot),
            Route("GET", "/users/@me", self.me),
            Route("GET", "/users/{user_id}", self.user),
            Route("GET", "/oauth2/applications/@me", self.application),
            Route("GET", "/applications/@me", self.application),
            Route("GET", "/users/@me/guilds", self.guilds),
            Route("GET", "/guilds/{guild_id}", self.guild),
            Route("GET", "/guilds/{guild_id}/channels", self.guild_channels),
            Route("GET", "/guilds/{guild_id}/members/{user_id}", self.member),
            Route("DELETE", "/users/@me/guilds/{guild_id}", self.leave),
            *self._command_routes(f"{_APP}/commands"),
            *self._command_routes(f"{_APP}/guilds/{{guild_id}}/commands"),
        ]

    def _command_routes(self, base: str) -> list[Route]:
        return [
            Route("GET", base, self.list_commands),
            Route("PUT", base, self.replace_commands),
            Route("POST", base, self.upsert_command),
            Route("GET", base + "/{command_id}", self.get_command),
            Route("PATCH", base + "/{command_id}", self.edit_command),
            Route("DELETE", base + "/{command_id}", self.delete_command),
        ]

    def gateway(self, call: Call) -> Json:
        return {"url": self._world.base_url.replace("http://", "ws://") + "/gateway"}

    def gateway_bot(self, call: Call) -> Json:
        limit = {"total": 1000, "remaining": 1000, "reset_after": 14_400_000, "max_concurrency": 1}
        return self.gateway(call) | {"shards": self._world.settings.shards, "session_start_limit": limit}

    def me(self, call: Call) -> Json:
        return user_json(self._world.bot) | {"verified": True, "mfa_enabled": False, "locale": "en-US"}

    def user(self, call: Call) -> Json:
        user = self._world.users.get(call.id("user_id"))
        if user is None:
            raise errors.unknown_user()
        return user_json(user)

    def application(self, call: Call) -> Json:
        return {
            "id": str(self._world.application_id),
            "name": self._world.bot.name,
            "icon": None,
            "description": "",
            "summary": "",
            "bot_public": True,
            "bot_require_code_grant": self._world.settings.requires_code_grant,
            "verify_key": "0" * 64,
            "owner": user_json(self._world.owner),
            "team": None,
            "type": None,
            "flags": 0,
            "flags_new": "0",
            "redirect_uris": [],
            "interactions_endpoint_url": self._world.settings.interactions_endpoint_url,
            "role_connections_verification_url": None,
            "explicit_content_filter": 0,
            "eligible_oauth2_scopes": [],
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "bot": user_json(self._world.bot),
            "approximate_guild_count": len(self._world.guilds),
            "integration_types_config": {"0": {}},
        }

    def guilds(self, call: Call) -> list[Json]:
        return [
            {"id": str(guild.id), "name": guild.name, "icon": None, "banner": None, "owner": False,
             "permissions": "0", "features": []}
            for guild in self._world.guilds.values()
        ]  # fmt: skip

    def guild(self, call: Call) -> Json:
        return guild_json(self._guild(call))

    def guild_channels(self, call: Call) -> list[Json]:
        return [channel_json(channel) for channel in self._guild(call).channels]

    def member(self, call: Call) -> Json:
        member = self._guild(call).members.get(call.id("user_id"))
        if member is None:
            raise errors.unknown_member()
        return member_json(self._world, member)

    def leave(self, call: Call) -> None:
        """From now on the bot is in this guild no more."""
        guild = self._guild(call)
        del self._world.guilds[guild.id]
        del guild.members[self._world.bot.id]
        self._world.emit("GUILD_DELETE", {"id": str(guild.id)}, guild.id)

    def list_commands(self, call: Call) -> list[Json]:
        return self._commands.all(self._scope(call))

    def replace_commands(self, call: Call) -> list[Json]:
        return self._commands.replace(self._scope(call), call.body_list)

    def upsert_command(self, call: Call) -> Json:
        return self._commands.upsert(self._scope(call), call.body)

    def get_command(self, call: Call) -> Json:
        return self._commands.get(self._scope(call), call.id("command_id"))

    def edit_command(self, call: Call) -> Json:
        return self._commands.edit(self._scope(call), call.id("command_id"), call.body)

    def delete_command(self, call: Call) -> None:
        self._commands.delete(self._scope(call), call.id("command_id"))

    def _scope(self, call: Call) -> int | None:
        """None for the global commands, else the guild's id; only the bot's own, and where it is."""
        if call.id("application_id") != self._world.application_id:
            raise errors.ApiError(403, 20012, "You are not authorized to perform this action on this application")
        if "guild_id" not in call.params:
            return None
        if call.id("guild_id") not in self._world.guilds:
            raise errors.missing_access()
        return call.id("guild_id")

    def _guild(self, call: Call) -> Guild:
        guild = self._world.guilds.get(call.id("guild_id"))
        if guild is None:
            raise errors.unknown_guild()
        return guild
