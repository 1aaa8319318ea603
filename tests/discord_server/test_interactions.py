"""Slash commands, buttons, menus and forms with the real discord.py."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import discord
import pytest
from discord import app_commands

from discord_server.clients import Client, Clock, Start, soon
from loopback.discord.__main__ import Shell
from loopback.discord.errors import RefusedByClient
from loopback.discord.handle import InteractionHandle
from loopback.discord.interaction import Callback
from loopback.discord.permissions import P
from loopback.discord.server import DiscordServer
from loopback.discord.state import Member, Upload

Interaction = discord.Interaction[Client]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (64).to_bytes(4, "big") + (48).to_bytes(4, "big")


def client_with(name: str, callback: object, **options: object) -> Client:
    client = Client()
    client.tree.command(name=name, description="A test", **options)(callback)  # type: ignore[arg-type]
    return client


async def test_a_slash_command_is_answered_in_the_channel(server: DiscordServer, start: Start) -> None:
    async def imagine(interaction: Interaction, prompt: str, steps: app_commands.Range[int, 1, 50] = 20) -> None:
        assert isinstance(interaction.user, discord.Member)
        where = f"{interaction.guild}, {interaction.channel}, {interaction.user.name}"
        await interaction.response.send_message(f"{prompt} in {steps} steps; {where}")

    await start(client_with("imagine", imagine))
    handle = await server.slash(server.add_member("alice"), "imagine", {"prompt": "a cat", "steps": 30})
    ack = await handle.response()
    assert ack.type is Callback.MESSAGE
    assert handle.message is not None
    assert handle.message.content == "a cat in 30 steps; Loopback, pictures, alice"
    assert [m.id for m in server.messages()] == [handle.message.id]


async def test_permissions_reach_the_bot_as_discord_computes_them(server: DiscordServer, start: Start) -> None:
    seen: list[tuple[discord.Permissions, discord.Permissions, int]] = []

    async def look(interaction: Interaction) -> None:
        seen.append((interaction.permissions, interaction.app_permissions, interaction.filesize_limit))
        await interaction.response.send_message("seen")

    await start(client_with("look", look))
    server.settings.upload_limit = 12_345
    server.channel.overwrite(server.guild, deny=P.ATTACH_FILES)
    member = server.add_member("mod", permissions=P.MANAGE_GUILD)
    await (await server.slash(member, "look")).response()
    [(held, held_by_bot, limit)] = seen
    assert held.manage_guild
    assert not held.attach_files
    assert not held_by_bot.manage_guild
    assert not held_by_bot.attach_files
    assert limit == 12_345


async def test_the_clients_of_members_refuse_what_the_option_forbids(server: DiscordServer, start: Start) -> None:
    async def imagine(
        interaction: Interaction,
        prompt: app_commands.Range[str, 3, 10],
        steps: app_commands.Range[int, 1, 50] = 20,
    ) -> None:
        raise AssertionError("must never arrive")

    await start(client_with("imagine", imagine))
    member = server.add_member("alice")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "prompt"),
        ({"prompt": "ab"}, "prompt"),
        ({"prompt": "a cat", "steps": 51}, "steps"),
        ({"prompt": "a cat", "steps": "12"}, "steps"),
        ({"prompt": "a cat", "size": 1}, "size"),
    ]
    for options, culprit in wrong:
        with pytest.raises(RefusedByClient) as refused:
            await server.slash(member, "imagine", options)
        assert refused.value.name == culprit
    with pytest.raises(RefusedByClient):
        await server.slash(member, "draw")


async def test_a_command_for_moderators_is_hidden_from_the_others(server: DiscordServer, start: Start) -> None:
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def pause(interaction: Interaction) -> None:
        await interaction.response.send_message("paused")

    await start(client_with("pause", pause))
    alice, mod = server.add_member("alice"), server.add_member("mod", permissions=P.MANAGE_GUILD)
    with pytest.raises(RefusedByClient, match="alice lacks"):
        await server.slash(alice, "pause")
    with pytest.raises(RefusedByClient, match="direct messages"):
        await server.slash(mod, "pause", dm=True)
    await (await server.slash(mod, "pause")).response()
    await (await server.slash(alice, "pause", force=True)).response()


async def test_a_file_handed_to_a_command_can_be_read(server: DiscordServer, start: Start) -> None:
    async def vary(interaction: Interaction, image: discord.Attachment) -> None:
        data = await image.read()
        await interaction.response.send_message(
            f"{image.filename} {image.width}x{image.height} {len(data) == image.size}"
        )

    await start(client_with("vary", vary))
    handle = await server.slash(server.add_member("alice"), "vary", {"image": Upload("cat.png", PNG)})
    shown = await handle.wait_for(lambda m: bool(m.content))
    assert shown.content == "cat.png 64x48 True"


async def test_autocomplete_offers_what_fits_the_typed_text(server: DiscordServer, start: Start) -> None:
    async def imagine(interaction: Interaction, prompt: str, checkpoint: str) -> None: ...

    client = Client()
    command = client.tree.command(name="imagine", description="A test")(imagine)

    @command.autocomplete("checkpoint")
    async def offer(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        names = ["dreamshaper", "anything"]
        known = interaction.namespace.prompt
        return [app_commands.Choice(name=f"{n} for {known}", value=n) for n in names if current in n]

    await start(client)
    choices = await server.autocomplete(
        server.add_member("alice"), "imagine", focused="checkpoint", value="dre", options={"prompt": "a cat"}
    )
    assert choices == [{"name": "dreamshaper for a cat", "value": "dreamshaper"}]


async def test_a_deferred_answer_is_filled_and_its_files_are_kept_or_replaced(
    server: DiscordServer, start: Start
) -> None:
    go_on = asyncio.Event()

    async def draw(interaction: Interaction) -> None:
        await interaction.response.defer(thinking=True)
        await soon(go_on.wait())
        first = discord.File(io.BytesIO(PNG), "one.png", description="a cat")
        message = await interaction.edit_original_response(content="one", attachments=[first])
        await interaction.edit_original_response(content="still one")
        second = discord.File(io.BytesIO(b"two"), "two.png")
        await interaction.edit_original_response(content="two", attachments=[message.attachments[0], second])
        await interaction.edit_original_response(content="none", attachments=[])

    await start(client_with("draw", draw))
    handle = await server.slash(server.add_member("alice"), "draw")
    assert (await handle.response()).type is Callback.DEFERRED_MESSAGE
    assert handle.message is not None
    assert handle.message.thinking
    go_on.set()
    await handle.wait_for(lambda m: m.content == "none")
    states = [(s.content, s.thinking, [a.filename for a in s.attachments]) for s in handle.history]
    assert states == [
        ("", True, []),
        ("one", False, ["one.png"]),
        ("still one", False, ["one.png"]),
        ("two", False, ["one.png", "two.png"]),
        ("none", False, []),
    ]
    assert handle.history[1].attachments[0].data == PNG
    assert handle.history[1].attachments[0].description == "a cat"


async def test_a_picture_inside_an_embed_is_served_but_not_listed(server: DiscordServer, start: Start) -> None:
    async def draw(interaction: Interaction) -> None:
        embed = discord.Embed(title="a cat").set_image(url="attachment://cat.png")
        await interaction.response.send_message(embed=embed, file=discord.File(io.BytesIO(PNG), "cat.png"))

    await start(client_with("draw", draw))
    handle = await server.slash(server.add_member("alice"), "draw")
    shown = await handle.wait_for(lambda m: bool(m.embeds))
    assert shown.attachments == ()
    assert shown.embeds[0]["image"]["url"] == shown.files[0].url
    assert shown.text == "a cat"


async def test_the_first_followup_fills_a_deferred_answer_and_inherits_its_privacy(
    server: DiscordServer, start: Start
) -> None:
    async def draw(interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.followup.send("for you")
        await interaction.followup.send("for all")

    await start(client_with("draw", draw))
    handle = await server.slash(server.add_member("alice"), "draw")
    public = await handle.wait_for_followup(lambda m: m.content == "for all")
    assert handle.message is not None
    assert (handle.message.content, handle.message.ephemeral) == ("for you", True)
    assert not public.ephemeral


async def test_after_deleting_the_answer_a_followup_is_a_new_message(server: DiscordServer, start: Start) -> None:
    async def draw(interaction: Interaction) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.delete_original_response()
        await interaction.followup.send("for you", ephemeral=True)

    await start(client_with("draw", draw))
    handle = await server.slash(server.add_member("alice"), "draw")
    shown = await handle.wait_for_followup()
    assert shown.ephemeral
    assert handle.message is None
    assert handle.history[-1].deleted


class Buttons(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Again", custom_id="again")
    async def again(self, interaction: Interaction, _: discord.ui.Button[Buttons]) -> None:
        await interaction.response.edit_message(content="again")

    @discord.ui.button(label="Off", custom_id="off", disabled=True)
    async def off(self, interaction: Interaction, _: discord.ui.Button[Buttons]) -> None: ...

    @discord.ui.select(custom_id="size", options=[discord.SelectOption(label="Big", value="1024")], placeholder="Size")
    async def size(self, interaction: Interaction, menu: discord.ui.Select[Buttons]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"size {menu.values[0]}")

    @discord.ui.button(label="Change", custom_id="change")
    async def change(self, interaction: Interaction, _: discord.ui.Button[Buttons]) -> None:
        await interaction.response.send_modal(Form())


class Form(discord.ui.Modal, title="Change"):
    prompt: discord.ui.TextInput[Form] = discord.ui.TextInput(label="Prompt", custom_id="prompt", max_length=10)
    seed: discord.ui.Label[Form] = discord.ui.Label(
        text="Seed", component=discord.ui.TextInput(custom_id="seed", required=False)
    )

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        field = self.seed.component
        assert isinstance(field, discord.ui.TextInput)
        await interaction.response.edit_message(content=f"{self.prompt.value} {field.value}")


async def with_buttons(
    server: DiscordServer, start: Start, ephemeral: bool = False
) -> tuple[Member, InteractionHandle]:
    async def draw(interaction: Interaction) -> None:
        await interaction.response.send_message("drawn", view=Buttons(), ephemeral=ephemeral)

    await start(client_with("draw", draw))
    alice = server.add_member("alice")
    handle = await server.slash(alice, "draw")
    await handle.response()
    return alice, handle


async def test_a_button_changes_the_message_that_it_sits_on(server: DiscordServer, start: Start) -> None:
    alice, handle = await with_buttons(server, start)
    assert handle.message is not None
    assert handle.message.labels == ["Again", "Off", "Change"]
    click = await server.click(alice, handle, "Again")
    assert (await click.response()).type is Callback.UPDATE
    assert handle.message is not None
    assert handle.message.content == "again"
    assert click.message == handle.message


async def test_dead_buttons_and_private_messages_cannot_be_clicked(server: DiscordServer, start: Start) -> None:
    alice, handle = await with_buttons(server, start, ephemeral=True)
    with pytest.raises(RefusedByClient, match="greyed out"):
        await server.click(alice, handle, "off")
    with pytest.raises(RefusedByClient, match="no such component"):
        await server.click(alice, handle, "Upscale")
    with pytest.raises(RefusedByClient, match="only the one who called"):
        await server.click(server.add_member("bob"), handle, "Again")


async def test_a_menu_hands_over_the_chosen_value(server: DiscordServer, start: Start) -> None:
    alice, handle = await with_buttons(server, start)
    await server.select(alice, handle, "Size", ["Big"])
    await handle.wait_for(lambda m: m.content == "size 1024")
    with pytest.raises(RefusedByClient):
        await server.select(alice, handle, "size", ["Huge"])


async def test_a_form_is_opened_filled_in_and_answered(server: DiscordServer, start: Start) -> None:
    alice, handle = await with_buttons(server, start)
    opened = await server.click(alice, handle, "change")
    assert (await opened.response()).type is Callback.MODAL
    with pytest.raises(RefusedByClient) as refused:
        await server.submit_modal(alice, opened, {"prompt": "far too long a prompt"})
    assert refused.value.name == "prompt"
    await server.submit_modal(alice, opened, {"Prompt": "a dog", "seed": "7"})
    await handle.wait_for(lambda m: m.content == "a dog 7")


async def test_a_message_command_gets_the_message(server: DiscordServer, start: Start) -> None:
    client = Client()

    @client.tree.context_menu(name="Upscale this")
    async def upscale(interaction: Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"{message.author.name}: {message.attachments[0].filename}")

    await start(client)
    alice = server.add_member("alice")
    posted = server.say(alice, "look", files=[Upload("cat.png", PNG)])
    handle = await server.message_command(server.add_member("bob"), "Upscale this", posted)
    shown = await handle.wait_for(lambda m: bool(m.content))
    assert shown.content == "alice: cat.png"


async def test_a_command_works_in_direct_messages(server: DiscordServer, start: Start) -> None:
    async def draw(interaction: Interaction) -> None:
        assert interaction.guild is None
        assert isinstance(interaction.channel, discord.DMChannel)
        await interaction.response.send_message(f"hello {interaction.user.name}")

    await start(client_with("draw", draw))
    alice = server.add_member("alice")
    await (await server.slash(alice, "draw", dm=True)).response()
    assert [m.content for m in server.messages(server.dm(alice))] == ["hello alice"]
    assert server.messages() == []


async def test_subcommands_are_found_by_their_words(server: DiscordServer, start: Start) -> None:
    client = Client()
    group = app_commands.Group(name="fleet", description="The GPUs")

    @group.command(name="pause", description="Pause one")
    async def pause(interaction: Interaction, gpu: int) -> None:
        await interaction.response.send_message(f"paused {gpu}")

    client.tree.add_command(group)
    await start(client)
    handle = await server.slash(server.add_member("alice"), "fleet pause", {"gpu": 3})
    assert (await handle.response()).data["content"] == "paused 3"
    with pytest.raises(RefusedByClient):
        await server.slash(server.add_member("bob"), "fleet")


async def test_an_answer_after_three_seconds_meets_an_unknown_interaction(
    server: DiscordServer, start: Start, clock: Clock
) -> None:
    async def slow(interaction: Interaction) -> None:
        clock.advance(3.1)
        await interaction.response.send_message("too late")

    client = await start(client_with("slow", slow))
    handle = await server.slash(server.add_member("alice"), "slow")
    error = await soon(client.errors.get())
    assert isinstance(error, discord.NotFound)
    assert error.code == 10062
    assert handle.interaction.ack is None


async def test_a_second_first_answer_is_refused(server: DiscordServer, start: Start) -> None:
    async def twice(interaction: Interaction) -> None:
        await interaction.response.send_message("one")
        interaction.response._response_type = None
        await interaction.response.send_message("two")

    client = await start(client_with("twice", twice))
    await server.slash(server.add_member("alice"), "twice")
    error = await soon(client.errors.get())
    assert isinstance(error, discord.HTTPException)
    assert (error.status, error.code) == (400, 40060)


async def test_the_token_dies_after_fifteen_minutes_but_the_bot_may_still_edit(
    server: DiscordServer, start: Start, clock: Clock
) -> None:
    async def draw(interaction: Interaction) -> None:
        await interaction.response.send_message("waiting")
        message = await interaction.original_response()
        clock.advance(15 * 60)
        try:
            await interaction.edit_original_response(content="by token")
        except discord.HTTPException as error:
            channel = interaction.client.get_partial_messageable(message.channel.id)
            await channel.get_partial_message(message.id).edit(content=f"by bot after {error.code}")

    await start(client_with("draw", draw))
    handle = await server.slash(server.add_member("alice"), "draw")
    await handle.wait_for(lambda m: m.content == "by bot after 50027")
    assert server.invalid_requests == 1


async def test_a_token_can_die_early_and_private_messages_are_out_of_reach_for_the_bot(
    server: DiscordServer, start: Start
) -> None:
    acked, killed = asyncio.Event(), asyncio.Event()

    async def draw(interaction: Interaction) -> None:
        await interaction.response.send_message("private", ephemeral=True)
        message = await interaction.original_response()
        acked.set()
        await soon(killed.wait())
        channel = interaction.client.get_partial_messageable(message.channel.id)
        with pytest.raises(discord.NotFound) as unknown:
            await channel.get_partial_message(message.id).edit(content="by bot")
        assert unknown.value.code == 10008
        await interaction.edit_original_response(content="by token")

    client = await start(client_with("draw", draw))
    handle = await server.slash(server.add_member("alice"), "draw")
    await soon(acked.wait())
    server.kill_token(handle, unknown=True)
    killed.set()
    error = await soon(client.errors.get())
    assert isinstance(error, discord.NotFound)
    assert error.code == 10015
    assert handle.message is not None
    assert handle.message.content == "private"


async def test_an_answer_tells_the_message_that_it_made_but_a_deferred_one_only_its_id(
    server: DiscordServer, start: Start
) -> None:
    told: asyncio.Queue[Any] = asyncio.Queue()

    async def draw(interaction: Interaction, wait: bool) -> None:
        if wait:
            await told.put(await interaction.response.defer(thinking=True))
        else:
            await told.put(await interaction.response.send_message("drawn", ephemeral=True))

    await start(client_with("draw", draw))
    alice = server.add_member("alice")
    first = await server.slash(alice, "draw", {"wait": False})
    made = await soon(told.get())
    assert first.message is not None
    assert (made.message_id, made.resource.id) == (first.message.id, first.message.id)
    assert made.is_ephemeral()
    second = await server.slash(alice, "draw", {"wait": True})
    deferred = await soon(told.get())
    assert second.message is not None
    assert (deferred.message_id, deferred.resource) == (second.message.id, None)
    assert deferred.is_thinking()


async def test_a_message_of_the_new_layout_shows_its_text_and_its_buttons(server: DiscordServer, start: Start) -> None:
    class Panel(discord.ui.LayoutView):
        text: discord.ui.TextDisplay[Panel] = discord.ui.TextDisplay("two GPUs are free")
        row: discord.ui.ActionRow[Panel] = discord.ui.ActionRow()

        @row.button(label="Refresh", custom_id="refresh")
        async def refresh(self, interaction: Interaction, _: discord.ui.Button[Panel]) -> None:
            self.text.content = "one GPU is free"
            await interaction.response.edit_message(view=self)

    async def panel(interaction: Interaction) -> None:
        await interaction.response.send_message(view=Panel())

    await start(client_with("panel", panel))
    alice = server.add_member("alice")
    handle = await server.slash(alice, "panel")
    await handle.wait_for(lambda m: m.text == "two GPUs are free" and m.labels == ["Refresh"])
    await server.click(alice, handle, "Refresh")
    await handle.wait_for(lambda m: m.text == "one GPU is free")


async def test_the_shell_acts_and_prints_what_a_member_sees(
    server: DiscordServer, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    async def imagine(interaction: Interaction, prompt: str, steps: int) -> None:
        await interaction.response.send_message(f"{prompt} {steps}")

    await start(client_with("imagine", imagine))
    shell = Shell(server)
    printing = asyncio.create_task(shell.print_changes())
    for line in ('slash alice imagine prompt="a := b" steps:=3', "slash alice imagine", "dance"):
        await shell.line(line)
    printed = ""
    async with asyncio.timeout(60):
        while "Zosma : " not in printed:  # printed by a task of its own
            await asyncio.sleep(0)
            printed += capsys.readouterr().out
    printing.cancel()
    assert "answered with MESSAGE" in printed
    assert "Zosma : a := b 3" in printed
    assert "refuses: prompt: this option is required" in printed
    assert "not understood" in printed
