"""Acting as a member: commands, buttons, menus and forms, with the payloads that Discord would send."""

from __future__ import annotations

import secrets
from typing import Any

from loopback.discord.commands import CHAT_INPUT, MESSAGE, USER, Commands
from loopback.discord.components import FILE_UPLOAD, LABEL, ROW, TEXT_INPUT
from loopback.discord.errors import RefusedByClient
from loopback.discord.handle import AnyMessage, InteractionHandle, message_of
from loopback.discord.interaction import Callback, Interaction, Kind
from loopback.discord.options import Options
from loopback.discord.payloads import interaction_json, message_json
from loopback.discord.permissions import ALL, P, permissions_in
from loopback.discord.shown import BUTTON, SELECTS, label_of, walk
from loopback.discord.state import Channel, Member, Message, World

Json = dict[str, Any]

LINK_STYLE, STRING_SELECT = 5, 3


class Driver:
    """The member's hands. All methods return as soon as Discord has sent the event off."""

    def __init__(self, world: World, commands: Commands) -> None:
        self._world = world
        self._commands = commands

    async def slash(self, member: Member, name: str, options: Json, channel: Channel, force: bool) -> InteractionHandle:
        command, path = self._command(member, name, CHAT_INPUT, channel, force)
        writer = Options(self._world)
        data = self._command_data(command)
        data["options"] = writer.build(command["options"], path, options)
        if writer.resolved:
            data["resolved"] = writer.resolved
        return self._send(Kind.COMMAND, member, channel, data, name)

    async def autocomplete(
        self, member: Member, name: str, focused: str, value: str, options: Json, channel: Channel
    ) -> list[Json]:
        command, path = self._command(member, name, CHAT_INPUT, channel, force=False)
        writer = Options(self._world)
        data = self._command_data(command)
        data["options"] = writer.typing(command["options"], path, options, focused, value)
        handle = self._send(Kind.AUTOCOMPLETE, member, channel, data, name)
        answer = await handle.response(self._world.settings.first_answer_s)
        return list(answer.data.get("choices") or [])

    async def menu(
        self, member: Member, name: str, target: AnyMessage | Member, channel: Channel, force: bool
    ) -> InteractionHandle:
        """A command of the context menu of a message or a person."""
        kind = USER if isinstance(target, Member) else MESSAGE
        command, _ = self._command(member, name, kind, channel, force)
        data = self._command_data(command)
        if isinstance(target, Member):
            writer = Options(self._world)
            data["target_id"] = writer.add_member(target)
            data["resolved"] = writer.resolved
        else:
            message = self._seen(member, target)
            data["target_id"] = str(message.id)
            data["resolved"] = {"messages": {str(message.id): message_json(self._world, message)}}
        return self._send(Kind.COMMAND, member, channel, data, name)

    async def click(self, member: Member, target: AnyMessage, which: str) -> InteractionHandle:
        """Press the button with that custom_id, label or emoji."""
        message = self._seen(member, target)
        buttons = [c for c in walk(message.components) if c["type"] == BUTTON]
        button = _pick(buttons, which, lambda b: (b.get("custom_id"), label_of(b)))
        if button["style"] == LINK_STYLE:
            raise RefusedByClient(which, "a link opens the browser and tells the bot nothing")
        return self._use(member, message, button, {})

    async def select(self, member: Member, target: AnyMessage, which: str, values: list[Any]) -> InteractionHandle:
        """Choose `values` (their values or labels) in the menu with that custom_id or placeholder."""
        message = self._seen(member, target)
        menus = [c for c in walk(message.components) if c["type"] in SELECTS]
        menu = _pick(menus, which, lambda m: (m.get("custom_id"), m.get("placeholder")))
        return self._use(member, message, menu, {"values": _chosen(menu, values)})

    async def press(
        self, member: Member, target: AnyMessage, custom_id: str, values: list[str] | None
    ) -> InteractionHandle:
        """Press what the message showed a moment ago, or years ago: a button, or with `values` a menu."""
        message = self._seen(member, target)
        component = {"custom_id": custom_id, "type": BUTTON if values is None else STRING_SELECT, "id": 1}
        return self._use(member, message, component, {} if values is None else {"values": values})

    async def submit_modal(self, member: Member, opened: InteractionHandle, values: Json) -> InteractionHandle:
        """Fill in the form that `opened` was answered with; fields go by custom_id or label."""
        ack = opened.interaction.ack
        if ack is None or ack.type is not Callback.MODAL:
            raise RefusedByClient("modal", "no form has been opened")
        if opened.interaction.member is not member:
            raise RefusedByClient("modal", "this form is open on somebody else's screen")
        files = Options(self._world)
        data: Json = {
            "custom_id": ack.data["custom_id"],
            "components": _filled_rows(ack.data["components"], dict(values), files),
        }
        if files.resolved:
            data["resolved"] = files.resolved
        source, channel = opened.interaction.source, opened.interaction.channel
        return self._send(Kind.MODAL, member, channel, data, ack.data["title"], source, opened.interaction)

    def _use(self, member: Member, message: Message, component: Json, extra: Json) -> InteractionHandle:
        if component.get("disabled"):
            raise RefusedByClient(str(component.get("custom_id")), "it is greyed out")
        data = {
            "custom_id": component["custom_id"],
            "component_type": component["type"],
            "id": component["id"],
            **extra,
        }
        return self._send(Kind.COMPONENT, member, message.channel, data, component["custom_id"], message)

    def _command(self, member: Member, name: str, kind: int, channel: Channel, force: bool) -> tuple[Json, list[str]]:
        """The registered command and the subcommands below it, if this member can see it here."""
        words = name.split() if kind == CHAT_INPUT else [name]
        guild_id = channel.guild.id if channel.guild else None
        command = self._commands.find(guild_id, words[0], kind)
        if command is None:
            raise RefusedByClient("command", f"the bot has registered no command {words[0]!r}")
        if not force:
            _visible(command, member, channel)
        return command, words[1:]

    def _command_data(self, command: Json) -> Json:
        data = {"id": command["id"], "name": command["name"], "type": command["type"]}
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        return data

    def _seen(self, member: Member, target: Any) -> Message:
        """The message, if it is there and this member can see it."""
        message = message_of(self._world, target)
        if message is None or message.deleted:
            raise RefusedByClient("message", "it is not there any more")
        if message.ephemeral and message.interaction and message.interaction.member.user is not member.user:
            raise RefusedByClient("message", "only the one who called for it sees it")
        recipient = message.channel.recipient
        foreign = recipient is not None and recipient is not member.user
        foreign = foreign or (bool(message.channel.group) and member.user not in message.channel.group)
        hidden = message.channel.guild and not permissions_in(member, message.channel) & P.VIEW_CHANNEL
        if foreign or hidden:
            raise RefusedByClient("message", f"{member.name} does not see this channel")
        return message

    def _send(
        self,
        kind: Kind,
        member: Member,
        channel: Channel,
        data: Json,
        name: str,
        source: Message | None = None,
        opened_by: Interaction | None = None,
    ) -> InteractionHandle:
        world = self._world
        token = "aW50ZXJhY3Rpb246" + secrets.token_urlsafe(48)
        interaction = Interaction(
            world.new_id(), token, kind, world.now(), member, channel, data, name, source, opened_by
        )
        world.interactions[interaction.id] = interaction
        if world.settings.interactions_endpoint_url is None:
            told = interaction_json(world, interaction)
            world.emit("INTERACTION_CREATE", told, channel.guild.id if channel.guild else None)
        return InteractionHandle(world, interaction)


def _visible(command: Json, member: Member, channel: Channel) -> None:
    """Discord lists a command only where its contexts and the member's permissions allow it."""
    contexts = command["contexts"]
    if channel.guild is None:
        where = 2 if channel.group else 1
        direct = command["dm_permission"] if contexts is None else where in contexts
        if "guild_id" in command or not direct:
            raise RefusedByClient("command", "this command is not offered in direct messages")
        return
    if contexts is not None and 0 not in contexts:
        raise RefusedByClient("command", "this command is not offered in guilds")
    held, needed = permissions_in(member, channel), command["default_member_permissions"]
    if not held & P.VIEW_CHANNEL or not held & P.USE_APPLICATION_COMMANDS:
        raise RefusedByClient("command", f"{member.name} may use no commands in this channel")
    if needed is None or held == ALL:
        return
    if int(needed) == 0 or int(held) & int(needed) != int(needed):
        raise RefusedByClient("command", f"{member.name} lacks the permissions for it ({needed})")


def _pick(components: list[Json], which: str, names: Any) -> Json:
    for component in components:
        if which in names(component):
            return component
    there = [names(component) for component in components]
    raise RefusedByClient(which, f"there is no such component; there are {there}")


def _chosen(menu: Json, values: list[Any]) -> list[str]:
    which = str(menu["custom_id"])
    low = 1 if menu.get("min_values") is None else menu["min_values"]
    high = menu.get("max_values") or 1
    if not low <= len(values) <= high:
        raise RefusedByClient(which, f"{len(values)} chosen, but {low} to {high} must be")
    if menu["type"] != STRING_SELECT:
        return [str(value if isinstance(value, (int, str)) else value.id) for value in values]
    chosen: list[str] = []
    for value in values:
        option = next((o for o in menu["options"] if value in (o["value"], o["label"])), None)
        if option is None:
            raise RefusedByClient(which, f"{value!r} is not on the menu")
        chosen.append(option["value"])
    return chosen


def _filled_rows(rows: list[Json], values: Json, files: Options) -> list[Json]:
    """The submitted form, in the same shape of rows or labels as it was opened with."""
    filled: list[Json] = []
    for number, row in enumerate(rows, start=1):
        if row["type"] == LABEL:
            field = _filled_field(row["component"], str(row["label"]), values, files)
            filled.append({"type": LABEL, "id": number, "component": field})
        elif row["type"] == ROW:
            item = row["components"][0]
            field = _filled_field(item, str(item.get("label")), values, files)
            filled.append({"type": ROW, "id": number, "components": [field]})
        else:
            filled.append({"type": row["type"], "id": number})
    if values:
        raise RefusedByClient(next(iter(values)), "there is no such field in the form")
    return filled


def _uploaded(item: Json, given: Any, files: Options) -> list[str]:
    """The ids of the files in a field."""
    sent = [] if given is None else given if isinstance(given, list) else [given]
    low = 1 if item.get("min_values") is None else item["min_values"]
    if not item.get("required", True) and not sent:
        return []
    if not low <= len(sent) <= (item.get("max_values") or 1):
        raise RefusedByClient(item["custom_id"], f"{len(sent)} files, which the field doesn't take")
    return [files.add_file(one) for one in sent]


def _filled_field(item: Json, label: str, values: Json, files: Options) -> Json:
    custom_id = item["custom_id"]
    given = values.pop(custom_id, None)
    given = values.pop(label, None) if given is None else given
    base: Json = {"type": item["type"], "id": item.get("id") or 0, "custom_id": custom_id}
    if item["type"] in SELECTS:
        chosen = [] if given is None else given if isinstance(given, list) else [given]
        if not chosen and not item.get("required", True):
            return base | {"values": []}
        return base | {"values": _chosen(item, chosen)}
    if item["type"] == FILE_UPLOAD:
        return base | {"values": _uploaded(item, given, files)}
    if item["type"] != TEXT_INPUT:
        return base | {"value": given}
    text = item.get("value") or "" if given is None else str(given)
    low, high = item.get("min_length") or 0, item.get("max_length") or 4000
    required = item.get("required", True)
    if (required and not text) or (text and not low <= len(text) <= high):
        raise RefusedByClient(custom_id, f"{len(text)} letters, but {low} to {high} must be")
    return base | {"value": text}
