"""`zosma init` at a real terminal: it asks, tries each answer, and writes a file that bot and worker take."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import stat
import sys

import pytest

from loopback.discord.server import DiscordServer
from loopback.webui import ScriptedWebUI
from zosma_cli.processes import free_port
from zosma_queue.env import in_file

WAIT_S = 60


class Terminal:
    """A command at a terminal, and somebody who reads and types."""

    def __init__(self, process, master):
        self.process = process
        self.text = ""
        self._master = master

    async def says(self, words):
        """Reads until these words stand there; what was read before doesn't count any more.

        Of a hidden prompt name the space at its end too: typed sooner, an answer is thrown away (TCSAFLUSH).
        """
        async with asyncio.timeout(WAIT_S):
            while words not in self.text:
                self.text += (await asyncio.to_thread(os.read, self._master, 4096)).decode()
        before, self.text = self.text.split(words, 1)
        return before

    def types(self, line):
        os.write(self._master, f"{line}\n".encode())

    async def ends(self):
        async with asyncio.timeout(WAIT_S):
            return await self.process.wait()


@pytest.fixture(name="init")
async def _init(tmp_path, zosma):
    """Starts `zosma init` in an empty folder."""
    master, slave = pty.openpty()
    started = []

    async def start(**env):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "zosma_cli", "init", cwd=tmp_path, env={**zosma.env, **env},
            stdin=slave, stdout=slave, stderr=slave,
        )  # fmt: skip
        started.append(process)
        return Terminal(process, master)

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()
    os.close(slave)
    os.close(master)


async def test_every_answer_is_tried_and_the_file_holds_what_worked(init, tmp_path, redis_url):
    async with DiscordServer() as discord, ScriptedWebUI() as webui:
        terminal = await init(DISCORD_API_URL=discord.api_url)
        await terminal.says("Address, several")
        terminal.types(f"http://127.0.0.1:{free_port()}")
        await terminal.says("Connection refused")
        await terminal.says("all the same?")
        terminal.types("n")
        await terminal.says("Address, several")
        terminal.types(webui.url)
        assert "2 checkpoints" in await terminal.says("no Discord for now): ")
        terminal.types("of.another.bot")
        await terminal.says("was refused by Discord")
        await terminal.says("no Discord for now): ")
        terminal.types(discord.token)
        assert discord.token not in await terminal.says("in Loopback")
        assert "into another server: https://discord.com/oauth2/authorize?client_id=" in await terminal.says("at once?")
        terminal.types("")
        await terminal.says("(Enter: built in)")
        terminal.types(f"redis://127.0.0.1:{free_port()}/0")
        await terminal.says("can't be reached")
        terminal.types(redis_url)
        await terminal.says("on other machines?")
        terminal.types("y")
        await terminal.says("Wrote .env")
        assert await terminal.ends() == 0

    file = tmp_path / ".env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert in_file(file) == {
        "SD_API_HOST": webui.url, "DISCORD_TOKEN": discord.token, "DISCORD_GUILD_ID": str(discord.guild.id),
        "REDIS_URL": redis_url, "ZOSMA_HOST": "0.0.0.0",
    }  # fmt: skip
    # As `docker run --env-file` reads it: no quotes, and no comment behind a value.
    assert not re.search(r"^[^#\n].*(\"|'| #)", file.read_text(), re.MULTILINE)


async def test_who_only_presses_enter_gets_a_file_with_which_everything_is_built_in(init, tmp_path):
    terminal = await init()
    for words in ("Address, several", "no Discord for now): ", "(Enter: built in)", "on other machines?"):
        await terminal.says(words)
        terminal.types("")
    await terminal.says("Wrote .env")

    assert await terminal.ends() == 0
    assert set(in_file(tmp_path / ".env")) <= {"SD_API_HOST"}  # where a WebUI runs on this machine


async def test_a_bot_in_no_server_is_shown_its_invitation_and_looked_for_again(init):
    async with DiscordServer() as discord:
        guilds = dict(discord.world.guilds)
        discord.world.guilds.clear()
        terminal = await init(DISCORD_API_URL=discord.api_url)
        await terminal.says("Address, several")
        terminal.types("")
        await terminal.says("no Discord for now): ")
        terminal.types(discord.token)
        assert "https://discord.com/oauth2/authorize?client_id=" in await terminal.says("Look again?")
        discord.world.guilds.update(guilds)
        terminal.types("")
        await terminal.says("in Loopback")


async def test_a_file_that_is_there_is_left_alone(init, tmp_path):
    (tmp_path / ".env").write_text("DISCORD_TOKEN=mine\n")
    terminal = await init()

    await terminal.says(".env is there already")

    assert await terminal.ends() == 2
    assert (tmp_path / ".env").read_text() == "DISCORD_TOKEN=mine\n"


async def test_without_a_terminal_it_says_what_to_do_instead(zosma):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "zosma_cli", "init", cwd=zosma.folder, env=zosma.env,
        stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await process.communicate()

    assert process.returncode == 2
    assert b"copy .env.example to .env" in said
