"""The first answer to an interaction, and the webhook that its token opens for fifteen minutes."""

from __future__ import annotations

from loopback.discord import errors
from loopback.discord.commands import check_choices
from loopback.discord.components import check_modal
from loopback.discord.interaction import Ack, Callback, Interaction, Kind
from loopback.discord.messages import Messages
from loopback.discord.payloads import message_json
from loopback.discord.permissions import P, permissions_in
from loopback.discord.rest.call import Call, Json
from loopback.discord.rest.route import Route
from loopback.discord.state import EPHEMERAL, Message, World

#: Types of a message that answers a slash command, or a message or user command.
COMMAND_ANSWER, MENU_ANSWER, REPLY = 20, 23, 19

_MESSAGES = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"


class Interactions:
    def __init__(self, world: World, messages: Messages) -> None:
        self._world = world
        self._messages = messages

    def routes(self) -> list[Route]:
        callback = "/interactions/{interaction_id}/{interaction_token}/callback"
        return [
            Route("POST", callback, self.callback, bot=False),
            Route("POST", "/webhooks/{webhook_id}/{webhook_token}", self.follow_up, bot=False),
            Route("GET", _MESSAGES, self.get, bot=False),
            Route("PATCH", _MESSAGES, self.edit, bot=False),
            Route("DELETE", _MESSAGES, self.delete, bot=False),
        ]

    def callback(self, call: Call) -> Json | None:
        interaction = self._world.interactions.get(call.id("interaction_id"))
        if interaction is None or interaction.token != call.params["interaction_token"]:
            raise errors.unknown_interaction()
        now = self._world.now()
        interaction.may_answer(now, self._world.settings.first_answer_s)
        kind = self._kind(interaction, call.body.get("type"))
        data = call.body.get("data") or {}
        self._answer(interaction, kind, data, call)
        interaction.ack = Ack(kind, data, now - interaction.created)
        self._world.changes.ring()
        wants_more = call.flag("with_response") and self._world.settings.tells_of_callbacks
        return self._told(interaction, kind) if wants_more else None

    def _kind(self, interaction: Interaction, number: object) -> Callback:
        try:
            kind = Callback(int(str(number)))
        except ValueError:
            kind = Callback.PONG
        if kind not in interaction.allowed_answers():
            allowed = ", ".join(str(int(k)) for k in sorted(interaction.allowed_answers()))
            raise errors.invalid_form(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {{{allowed}}}.")
        return kind

    def _answer(self, interaction: Interaction, kind: Callback, data: Json, call: Call) -> None:
        if kind in (Callback.MESSAGE, Callback.DEFERRED_MESSAGE):
            message = self._new(interaction)
            self._keep_to_oneself(message)
            if kind is Callback.MESSAGE:
                self._messages.create(message, data, call.files, at=("data",))
            else:
                message.flags |= int(data.get("flags") or 0) & EPHEMERAL
                self._messages.publish_thinking(message)
                interaction.pending = True
            interaction.original = message
        elif kind in (Callback.UPDATE, Callback.DEFERRED_UPDATE):
            source = self._alive(interaction.source)
            if kind is Callback.UPDATE and data:
                self._messages.edit(source, data, call.files, at=("data",))
            interaction.original = source
        elif kind is Callback.AUTOCOMPLETE:
            self._check_choices(interaction, data)
        else:
            form = errors.FormErrors()
            check_modal(form, data)
            form.check()

    def _check_choices(self, interaction: Interaction, data: Json) -> None:
        form = errors.FormErrors()
        choices = data.get("choices") or []
        form.at_most(("data", "choices"), choices, 25)
        check_choices(form, ("data", "choices"), choices, _focused_type(interaction.data.get("options", [])))
        form.check()

    def _new(self, interaction: Interaction) -> Message:
        message = self._messages.new(interaction.channel, self._world.bot)
        message.interaction = interaction
        if interaction.kind is Kind.COMMAND:
            message.type = COMMAND_ANSWER if interaction.data.get("type") == 1 else MENU_ANSWER
        return message

    def _keep_to_oneself(self, message: Message) -> None:
        """Where members may not use apps of their own, what those answer is seen by the member alone."""
        interaction = message.interaction
        if interaction is None or interaction.channel.guild is None or self._world.knows(interaction.channel):
            return
        if not permissions_in(interaction.member, interaction.channel) & P.USE_EXTERNAL_APPS:
            message.flags |= EPHEMERAL

    def _told(self, interaction: Interaction, kind: Callback) -> Json:
        """The body of `with_response`: what became of the interaction, and the message if there is one."""
        body: Json = {"id": str(interaction.id), "type": int(interaction.kind)}
        told: Json = {"interaction": body}
        message = interaction.original
        if message is not None:
            body["response_message_id"] = str(message.id)
            body["response_message_loading"] = interaction.pending
            body["response_message_ephemeral"] = message.ephemeral
            if kind in (Callback.MESSAGE, Callback.UPDATE):
                # After a deferred answer Discord tells the message's id only.
                told["resource"] = {"type": int(kind), "message": message_json(self._world, message)}
        return told

    def follow_up(self, call: Call) -> Json:
        """A new message; but the first one after a deferred answer fills that, and is as visible as it."""
        interaction = self._by_token(call)
        if interaction.pending and interaction.original is not None:
            interaction.pending = False
            edited = self._messages.edit(self._alive(interaction.original), call.body, call.files)
            return message_json(self._world, edited)
        message = self._messages.new(interaction.channel, self._world.bot)
        message.interaction = interaction
        self._keep_to_oneself(message)
        if interaction.original is not None and not interaction.original.deleted:
            message.type, message.reference = REPLY, interaction.original.id
        self._messages.create(message, call.body, call.files)
        interaction.followups.append(message)
        self._world.changes.ring()
        return message_json(self._world, message)

    def get(self, call: Call) -> Json:
        return message_json(self._world, self._message(self._by_token(call), call))

    def edit(self, call: Call) -> Json:
        interaction = self._by_token(call)
        message = self._message(interaction, call)
        if message.channel.archived:
            raise errors.thread_archived()
        self._messages.edit(message, call.body, call.files)
        if message is interaction.original:
            interaction.pending = False
        return message_json(self._world, message)

    def delete(self, call: Call) -> None:
        interaction = self._by_token(call)
        message = self._message(interaction, call)
        self._messages.delete(message)
        if message is interaction.original:
            interaction.pending = False

    def _by_token(self, call: Call) -> Interaction:
        if call.id("webhook_id") != self._world.application_id:
            raise errors.unknown_webhook()
        token = call.params["webhook_token"]
        for interaction in self._world.interactions.values():
            if interaction.token == token:
                interaction.may_use_token(self._world.now(), self._world.settings.token_life_s)
                return interaction
        raise errors.invalid_webhook_token()

    def _message(self, interaction: Interaction, call: Call) -> Message:
        """`@original` or a message that this very interaction made."""
        if call.params["message_id"] == "@original":
            return self._alive(interaction.original)
        wanted = call.id("message_id")
        for message in (interaction.original, *interaction.followups):
            if message is not None and message.id == wanted:
                return self._alive(message)
        raise errors.unknown_message()

    def _alive(self, message: Message | None) -> Message:
        if message is None or message.deleted:
            raise errors.unknown_message()
        return message


def _focused_type(options: list[Json]) -> int:
    """The type of the option being typed, which its choices must have too."""
    for option in options:
        if option.get("focused"):
            return int(option["type"])
        if option.get("options"):
            return _focused_type(option["options"])
    return 0
