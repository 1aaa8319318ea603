"""`zosma doctor` on set-ups that are broken in one place each: the place is named, and what mends it."""

from __future__ import annotations

import asyncio
import json
import os
import queue as queue_of_threads
import re
import threading
from contextlib import asynccontextmanager
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from loopback.discord.permissions import P
from loopback.discord.server import DiscordServer
from loopback.otlp import Receiver
from loopback.played_worker import ABOUT, PlayedWorker
from loopback.s3 import BUCKET, KEY, SECRET, SLOW_DOWN
from loopback.webui import ScriptedWebUI
from zosma_bot.discord.client import command_names
from zosma_bot.http.app import make_app, serve
from zosma_bot.hub import Hub
from zosma_bot.settings import BotSettings
from zosma_cli.doctor.findings import Verdict
from zosma_cli.doctor.run import examine
from zosma_cli.processes import free_port
from zosma_queue import keys, unreadable
from zosma_queue.client import Queue
from zosma_queue.fleet import OLDEST_PROTOCOL, Trust, WorkerState
from zosma_queue.tasks import end

OURS = ("REDIS_", "RESULTS_", "AWS_", "DISCORD_", "ZOSMA_", "SD_", "BOT_TOKEN", "VALKEY_", "OTEL_")


class SetUp:
    """A folder with an `.env`, and what it leads to."""

    def __init__(self, folder, **values):
        self.file = folder / ".env"
        self.values = values
        self.worker = None

    def write(self, text=None):
        lines = "".join(f"{name}={value}\n" for name, value in self.values.items())
        self.file.write_text(lines if text is None else text)
        self.file.chmod(0o600)

    async def found(self, **changes):
        """All findings, with these changes to the file; None takes a line out."""
        self.values |= changes
        self.values = {name: value for name, value in self.values.items() if value is not None}
        self.write()
        if self.worker:
            await self.worker.beat()  # on a slow machine its last is too long ago by now
        return [finding async for finding in examine(self.file)]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in os.environ:
        if name.startswith(OURS) and name != "DISCORD_OPENAPI":
            monkeypatch.delenv(name)
    monkeypatch.delenv("DISCORD_OPENAPI", raising=False)
    monkeypatch.setattr("zosma_cli.doctor.redis_check.SLOW_MS", 10_000.0)  # a loaded machine isn't what is looked at


@pytest.fixture(name="durable")
def _durable(raw):
    raw.config_set("appendonly", "yes")
    yield
    raw.config_set("appendonly", "no")


@pytest.fixture(name="discord_server")
async def _discord_server():
    async with DiscordServer() as server:
        yield server


@pytest.fixture(name="bare")
def _bare(tmp_path):
    """Nothing is set."""
    return SetUp(tmp_path)


@pytest.fixture(name="played")
async def _played(redis_url):
    """A worker that is ready."""
    async with PlayedWorker(redis_url) as worker:
        yield worker


@pytest.fixture(name="set_up")
async def _set_up(tmp_path, queue, redis_url, durable, played, discord_server, monkeypatch):
    """Everything is there, and well."""
    monkeypatch.setattr("zosma_bot.http.health.counts", dict)  # what other tests' junk was counted as in this process
    for name in command_names(BotSettings()):
        kind = {"type": 3, "description": ""} if " " in name else {"type": 1, "description": "…"}
        discord_server.commands.upsert(None, {"name": name, **kind})
    hub = Hub(queue)
    listening = asyncio.create_task(hub.run())
    await hub.live.wait()
    async with ScriptedWebUI() as webui, serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url:
        set_up = SetUp(
            tmp_path, REDIS_URL=redis_url, SD_API_HOST=webui.url, DISCORD_TOKEN=discord_server.token,
            DISCORD_API_URL=discord_server.api_url, ZOSMA_PORT=urlsplit(url).port, ZOSMA_DATA_DIR=tmp_path,
            ZOSMA_PUBLIC_URL=url,
        )  # fmt: skip
        set_up.webui, set_up.worker = webui, played
        yield set_up
    await end(listening)


BAD = (Verdict.WARNING, Verdict.WRONG)


def not_well(findings):
    return [one for one in findings if one.verdict in BAD]


async def alone(set_up, **changes):
    """The only thing that is not well after these changes."""
    findings = not_well(await set_up.found(**changes))
    assert len(findings) == 1, findings
    return findings[0]


async def test_a_set_up_that_is_well_has_nothing_to_say_against_it(set_up):
    findings = await set_up.found()

    assert not_well(findings) == []
    parts = {"settings", "Redis", "workers", "WebUI", "Discord", "bot", "links", "disk"}
    assert {one.part for one in findings} == parts
    assert not [one for one in findings if one.verdict is Verdict.OFF]


async def test_an_empty_folder_is_no_error_and_says_what_could_be_set(bare):
    findings = [finding async for finding in examine(bare.file)]

    assert not_well(findings) == []
    assert sum(one.verdict is Verdict.OFF for one in findings) == 6


# -- settings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "verdict", "says", "mend"),
    [
        ("DISCORD_TOKE=x", Verdict.WRONG, "DISCORD_TOKE is no setting, so it does nothing", "write DISCORD_TOKEN"),
        ("zosma_port=80", Verdict.WRONG, "zosma_port is no setting", "write ZOSMA_PORT"),
        ("OTEL_EXPORTER_OTLP_ENDPONT=http://x", Verdict.WRONG, "ENDPONT is no setting", "_OTLP_ENDPOINT"),
        ("OTEL_TRACES_EXPORTER=zipkin", Verdict.WARNING, "not sent: OTEL_TRACES_EXPORTER='zipkin': must be otlp", ""),
        ("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9", Verdict.WARNING, "9/v1/traces takes none", "start an OTLP"),
        ("ZOSMA_COLOUR=x", Verdict.WARNING, "ZOSMA_COLOUR is no setting", "leave it out"),
        ('ZOSMA_HOST="127.0.0.1', Verdict.WRONG, "line 1 can't be read", "write NAME=value"),
        ("\n\nwhatever", Verdict.WRONG, "line 3 can't be read", "write NAME=value"),
        ("ZOSMA_GRID=on\nZOSMA_GRID=off", Verdict.WARNING, "sets ZOSMA_GRID 2 times", "keep one"),
        ("BOT_TOKEN=a\nDISCORD_TOKEN=", Verdict.WRONG, "refused", "Developer Portal"),
        ("ZOSMA_PORT=1324x", Verdict.WRONG, "ZOSMA_PORT='1324x' is wrong", ""),
        ("ZOSMA_HOST=http://gpu-box/", Verdict.WRONG, "ZOSMA_HOST='http://gpu-box/' is wrong", ""),
        ("DISCORD_TOKEN='a b'", Verdict.WRONG, "DISCORD_TOKEN=(hidden) is wrong: must be one word", ""),
        ("REDIS_URL=redis://h/0?decode_responses=True", Verdict.WRONG, "can't be set here", ""),
        ("SD_API_HOST=127.0.0.1:1, 127.0.0.1:1", Verdict.WRONG, "names a WebUI twice", ""),
    ],
)
async def test_a_mistake_in_the_file_is_named(bare, discord_server, written, verdict, says, mend):
    if "BOT_TOKEN" in written:
        written += f"\nDISCORD_API_URL={discord_server.api_url}"
    bare.write(written + "\n")

    found = not_well([finding async for finding in examine(bare.file)])

    assert [one.verdict for one in found] == [verdict], found
    assert says in found[0].text
    assert mend in found[0].mend


async def test_a_receiver_of_traces_is_tried_without_sending_it_any(bare):
    async with Receiver() as receiver:
        bare.values = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "a=b"}
        [told] = [one for one in await bare.found() if one.part == "traces"]
        receiver.answer = 404
        [lacking] = [one for one in await bare.found() if one.part == "traces"]

    assert (told.verdict, told.text) == (Verdict.OK, f"{receiver.url}/v1/traces takes them")
    assert (lacking.verdict, lacking.text) == (Verdict.WARNING, f"{receiver.url}/v1/traces takes none: answered 404")
    assert receiver.parts == []


async def test_a_header_that_can_not_be_sent_is_told_without_the_key_in_it(bare):
    bare.values = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_HEADERS": "key=hidden%0Ax"}
    [told] = [one for one in await bare.found() if one.part == "traces"]

    assert "OTEL_EXPORTER_OTLP_HEADERS: must look like name=value" in told.text
    assert "hidden" not in told.text


async def test_two_names_for_one_thing_are_said(set_up):
    found = await alone(set_up, BOT_TOKEN="another")

    assert found.text == "DISCORD_TOKEN and BOT_TOKEN are both set; DISCORD_TOKEN is used"


async def test_a_file_that_others_may_read_is_said(bare):
    bare.write("ZOSMA_PORT=1")
    bare.file.chmod(0o644)

    [found] = not_well([finding async for finding in examine(bare.file)])

    assert found.mend == f"chmod 600 {bare.file}"


async def test_a_file_that_is_no_text_is_all_there_is_to_say(bare):
    bare.file.write_bytes("ZOSMA_PORT=1".encode("utf-16"))

    [found] = [finding async for finding in examine(bare.file)]

    assert (found.verdict, found.text) == (Verdict.WRONG, f"{bare.file} is not UTF-8: save it with that encoding")


# -- Redis ------------------------------------------------------------------------------------------------------


async def test_a_redis_that_is_not_there(bare):
    found = await alone(bare, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")

    assert "can't be reached" in found.text
    assert "start it" in found.mend


async def test_a_refused_redis_password(bare, redis_url):
    parts = urlsplit(redis_url)
    found = await alone(bare, REDIS_URL=f"redis://:wrong@127.0.0.1:{parts.port}/0")

    assert "refused the password" in found.text
    assert "set REDIS_URL to" in found.mend


async def test_a_redis_that_forgets(set_up, raw):
    raw.config_set("appendonly", "no")

    found = await alone(set_up)

    assert (found.verdict, found.mend) == (Verdict.WARNING, "set `appendonly yes`")


async def test_a_redis_that_throws_jobs_away_and_is_nearly_full(set_up, raw):
    raw.config_set("maxmemory-policy", "allkeys-lru")
    raw.config_set("maxmemory", int(raw.info("memory")["used_memory"] * 1.1))
    try:
        full, policy = not_well(await set_up.found())
    finally:
        raw.config_set("maxmemory", 0)
        raw.config_set("maxmemory-policy", "noeviction")

    assert "of its maxmemory is used" in full.text
    assert policy.mend == "set `noeviction`"


async def test_a_login_that_may_not_write(bare, raw, redis_url):
    raw.acl_setuser("reader", enabled=True, passwords=["+secret"], keys=["*"], commands=["+@read", "+ping", "+time"])
    place = urlsplit(redis_url).netloc.rpartition("@")[2]
    try:
        findings = await bare.found(REDIS_URL=f"redis://reader:secret@{place}/0")
    finally:
        raw.acl_deluser("reader")

    assert ["permissions" in one.text for one in findings if one.verdict is Verdict.WRONG] == [True]


async def test_a_fleet_without_workers_and_one_that_is_away(set_up, played, raw):
    set_up.worker = None
    await played.beat(WorkerState.AWAY, reason="http://gpu:7860 doesn't answer: Connection refused")
    away = await alone(set_up)
    raw.flushall()
    nobody = await alone(set_up)

    assert away.text == "gpu/played: http://gpu:7860 doesn't answer: Connection refused"
    assert (nobody.text, nobody.mend) == ("none is there", "on a machine with a WebUI: zosma worker")


async def test_a_fleet_that_was_here_is_told_with_when(set_up, played, queue):
    await queue.note_fleet()
    await played.leave()
    set_up.worker = None

    found = await alone(set_up)

    assert re.fullmatch(r"none is there; the last one was ready \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", found.text)


async def test_a_worker_that_is_too_old_for_this_bot(set_up, played):
    await played.beat(about=ABOUT.model_copy(update={"protocol": OLDEST_PROTOCOL - 1}))

    found = await alone(set_up)

    assert (found.verdict, found.text) == (Verdict.WRONG, "gpu/played is too old for this bot")
    assert found.mend == "update it as the bot was"


async def test_a_worker_that_its_queue_does_not_trust_and_one_that_an_admin_paused(set_up, played, queue):
    set_up.worker = None
    await played.beat(trust=Trust.QUARANTINED, reason="the picture came out all black")
    sick = await alone(set_up)
    await played.beat()
    await queue.admin.pause("admin", "worker:gpu/played")
    paused = await alone(set_up)

    assert sick.text == "gpu/played: the picture came out all black"
    assert paused.text == "gpu/played: paused by an admin"


async def slow_line(to, found, stop):
    """Passes on what comes, 30 ms later; `found` is told the port."""

    async def slowly(reader, writer):
        while data := await reader.read(65536):
            await asyncio.sleep(0.03)
            writer.write(data)
            await writer.drain()
        writer.close()

    async def joined(reader, writer):
        there = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(slowly(reader, there[1]), slowly(there[0], writer), return_exceptions=True)

    async with await asyncio.start_server(joined, "127.0.0.1", 0) as proxy:
        found.put(proxy.sockets[0].getsockname()[1])
        await asyncio.to_thread(stop.wait)


async def test_a_redis_on_a_line_that_is_slow(set_up, redis_url, monkeypatch):
    monkeypatch.setattr("zosma_cli.doctor.redis_check.SLOW_MS", 20.0)
    port, (told, stop) = urlsplit(redis_url).port, (queue_of_threads.Queue(), threading.Event())
    # Apart from this loop, for the first question blocks it.
    line = threading.Thread(target=lambda: asyncio.run(slow_line(port, told, stop)))
    line.start()
    try:
        found = await alone(set_up, REDIS_URL=redis_url.replace(f":{port}", f":{told.get(timeout=30)}"))
    finally:
        stop.set()
        await asyncio.to_thread(line.join)

    assert re.fullmatch(r"\d+ ms for one question slow every job down", found.text)
    assert found.mend == "move it nearer to the bot"


# -- WebUIs -----------------------------------------------------------------------------------------------------


async def test_a_webui_that_is_not_there(bare):
    found = await alone(bare, SD_API_HOST=f"http://127.0.0.1:{free_port()}")

    assert found.verdict is Verdict.WRONG
    assert found.text.endswith("Connection refused")
    assert found.mend == "start it with --api, or correct SD_API_HOST"


async def test_a_webui_without_api_and_one_that_wants_a_login(bare):
    async def page(_):
        return web.json_response({"detail": "Not Found"}, status=404)

    async with ScriptedWebUI() as without, ScriptedWebUI(auth="me:secret") as locked:
        for path in ("/sdapi/v1/options", "/sdapi/v1/sd-models", "/sdapi/v1/samplers", "/sdapi/v1/progress"):
            without.special[path] = page
        first = await alone(bare, SD_API_HOST=without.url)
        second = await alone(bare, SD_API_HOST=locked.url)

    assert "--api" in f"{first.text} {first.mend}"
    assert "SD_API_AUTH" in f"{second.text} {second.mend}"


async def test_a_webui_that_has_no_checkpoint(set_up):
    async def none(_):
        return web.json_response([])

    set_up.webui.special["/sdapi/v1/sd-models"] = none

    found = await alone(set_up)

    assert found.verdict is Verdict.WRONG
    assert "has no checkpoint" in found.text
    assert "put one into its folder models/Stable-diffusion" in found.mend


async def test_a_webui_that_never_answers(bare, monkeypatch):
    monkeypatch.setattr("zosma_cli.doctor.webui_check.PROBE_S", 0.2)

    async def keep(reader, writer):
        await reader.read()
        writer.close()

    async with await asyncio.start_server(keep, "127.0.0.1", 0) as server:
        found = await alone(bare, SD_API_HOST=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")

    assert "didn't answer within" in found.text
    assert found.mend == "look whether it still loads"


# -- Discord ----------------------------------------------------------------------------------------------------


async def test_a_token_that_discord_refuses(set_up):
    found = await alone(set_up, DISCORD_TOKEN="of.another.bot")

    assert "was refused by Discord" in found.text
    assert "of.another.bot" not in f"{found.text}{found.mend}"


async def test_an_address_that_is_no_discord(set_up):
    found = await alone(set_up, DISCORD_API_URL=set_up.webui.url)

    assert "is no Discord API" in f"{found.text} {found.mend}"


async def test_a_discord_that_is_away(set_up):
    found = await alone(set_up, DISCORD_API_URL=f"http://127.0.0.1:{free_port()}/api/v10")

    assert found.text.startswith("doesn't answer: ")


async def test_a_bot_in_no_server_is_shown_how_to_invite_it(set_up, discord_server):
    discord_server.world.guilds.clear()

    found = await alone(set_up)

    assert found.mend.startswith("invite it: https://discord.com/oauth2/authorize?client_id=")
    assert "scope=bot+applications.commands" in found.mend


async def test_servers_that_the_settings_name_and_the_bot_is_not_in(set_up):
    first, second = not_well(await set_up.found(DISCORD_GUILD_ID=42, ZOSMA_HOME_GUILDS=43))

    assert "DISCORD_GUILD_ID names 42" in first.text
    assert "ZOSMA_HOME_GUILDS names 43" in second.text


async def test_a_portal_that_sends_what_members_do_elsewhere(set_up, discord_server):
    discord_server.settings.interactions_endpoint_url = "https://old.example/interactions"
    (found,) = not_well(await set_up.found())
    assert "to https://old.example/interactions, and none to the bot" in found.text
    assert "Interactions Endpoint URL" in found.mend


async def test_a_portal_that_lets_nobody_invite_the_bot(set_up, discord_server):
    discord_server.settings.requires_code_grant = True
    (found,) = not_well(await set_up.found())
    assert "Requires OAuth2 Code Grant" in found.mend


async def test_commands_that_are_not_registered(set_up, discord_server):
    discord_server.commands.replace(None, [])

    found = await alone(set_up)

    assert "imagine" in found.text
    assert found.mend == "start the bot: it registers them"


async def test_a_channel_where_the_bot_may_not_attach_files(set_up, discord_server):
    discord_server.channel.overwrite(discord_server.bot_member, deny=P.ATTACH_FILES | P.EMBED_LINKS)

    found = await alone(set_up)

    assert found.text == "Loopback, #pictures: the bot lacks Embed Links, Attach Files"


# -- the bot process --------------------------------------------------------------------------------------------


async def test_a_port_that_another_program_has(set_up):
    found = await alone(set_up, ZOSMA_PORT=urlsplit(set_up.webui.url).port)

    assert "is answered by another program" in found.text


async def test_a_port_that_something_silent_has(set_up):
    async def hang_up(_, writer):
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        found = await alone(set_up, ZOSMA_PORT=server.sockets[0].getsockname()[1])

    assert found.verdict is Verdict.WRONG


@asynccontextmanager
async def answering(**paths):
    """The port of a server that answers these paths with JSON."""

    async def answer(request):
        status, body = paths[request.path.strip("/")]
        return web.json_response(body, status=status)

    app = web.Application()
    app.router.add_get("/{path}", answer)
    async with serve_app(app) as port:
        yield port


@asynccontextmanager
async def serve_app(app):
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_a_bot_whose_own_redis_is_gone(set_up):
    async with (
        Queue(f"redis://127.0.0.1:{free_port()}/0") as lost,
        serve(make_app(lost, Hub(lost), {}), "127.0.0.1", 0) as url,
    ):
        found = await alone(set_up, ZOSMA_PORT=urlsplit(url).port)

    assert found.verdict is Verdict.WRONG
    assert "is up and not ready" in found.text
    assert "can't be reached" in found.text


async def test_a_bot_of_another_version(set_up):
    old = {"status": "ok", "version": "0.0.1"}
    async with answering(healthz=(200, old), readyz=(200, {"status": "ok"})) as port:
        found = await alone(set_up, ZOSMA_PORT=port)

    assert (found.verdict, found.mend) == (Verdict.WARNING, "restart the bot")
    assert "runs version 0.0.1, this command is" in found.text


async def test_a_bot_that_had_to_skip_what_it_could_not_read(set_up, raw, queue, monkeypatch):
    monkeypatch.setattr("zosma_bot.http.health.counts", unreadable.counts)
    unreadable.forget()
    raw.hset(keys.POLICIES, "default", "{")
    await queue.admin.policies()

    found = await alone(set_up)

    assert "has skipped what it could not read in Redis" in found.text
    unreadable.forget()


async def test_a_program_to_wake_machines_that_is_not_there(set_up):
    found = await alone(set_up, ZOSMA_WAKE_COMMAND="wake-the-gpu 01:23")

    assert found.text == "ZOSMA_WAKE_COMMAND names wake-the-gpu, which is no program on this machine"


async def test_a_public_address_that_leads_elsewhere(set_up):
    set_up.webui.special["/pictures/doctor/0"] = lambda _: asyncio.sleep(0, web.Response(text="Hello"))

    found = await alone(set_up, ZOSMA_PUBLIC_URL=set_up.webui.url)

    assert found.text.endswith("answers 200")
    assert found.mend == "have the proxy lead /pictures/ to the bot's port"


async def test_a_public_address_where_nobody_answers(set_up):
    found = await alone(set_up, ZOSMA_PUBLIC_URL=f"http://127.0.0.1:{free_port()}")

    assert "can't be reached" in found.text


async def test_a_disk_that_is_nearly_full(set_up, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=5_000_000))

    found = await alone(set_up)

    assert found.text.endswith("only 5 MB are free")


async def test_a_folder_that_is_a_file(set_up, tmp_path):
    (tmp_path / "file").write_text("")

    found = await alone(set_up, ZOSMA_DATA_DIR=tmp_path / "file" / "data")

    assert "can't write there" in found.text


async def test_where_only_a_worker_is_installed_the_rest_is_said_to_be_left_out(zosma, tmp_path):
    # Python runs this file at its start. A module that is None can't be imported, as if it weren't there.
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['zosma_bot'] = sys.modules['discord'] = None\n")

    ran = await zosma("doctor", "--json", PYTHONPATH=str(tmp_path), DISCORD_TOKEN="x", ZOSMA_PORT="80")

    assert (ran.code, ran.err) == (0, "")
    left_out = [one["part"] for one in json.loads(ran.out) if one["text"].startswith("not looked at")]
    assert left_out == ["Discord", "bot"]


# -- what is printed --------------------------------------------------------------------------------------------


async def test_the_command_prints_a_line_each_and_ends_with_1_when_something_is_wrong(zosma, tmp_path):
    (tmp_path / ".env").write_text("DISCORD_TOKE=x\x1b[2J\nZOSMA_PORT=0\n")

    ran = await zosma("doctor")
    as_json = await zosma("doctor", "--json")

    assert (ran.code, ran.err) == (1, "")
    assert "DISCORD_TOKE is no setting, so it does nothing → write DISCORD_TOKEN" in ran.out
    assert ran.out.splitlines()[-1].startswith("1 thing is wrong")
    assert "\x1b" not in ran.out
    assert {"settings", "Redis"} <= {one["part"] for one in json.loads(as_json.out)}
    assert as_json.code == 1


# -- pictures -----------------------------------------------------------------------------------------------------


async def test_a_bucket_that_may_be_used_is_well(bare, s3):
    login = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    [found] = [one for one in await bare.found(RESULTS_URL=s3.url, **login) if one.part == "pictures"]

    assert found.verdict is Verdict.OK
    assert "can be read and written" in found.text
    assert await s3.objects() == []


async def test_a_bot_that_can_read_no_pictures_is_told_with_the_buckets_words(bare, redis_url, s3):
    async with Queue(redis_url, results=s3.bucket()) as queue:
        hub = Hub(queue)
        listening = asyncio.create_task(hub.run())
        await hub.live.wait()
        async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url:
            s3.fault = SLOW_DOWN
            found = await alone(bare, ZOSMA_PORT=urlsplit(url).port)
        await end(listening)

    assert (found.part, found.verdict) == ("bot", Verdict.WRONG)
    assert "is up and not ready: s3://pictures/zosma at" in found.text
    assert "SlowDown" in found.text


@pytest.mark.parametrize(
    ("bucket", "key", "text", "mend"),
    [
        ("nobodys", KEY, "NoSuchBucket: there is no such bucket", "create it, or correct RESULTS_URL"),
        (BUCKET, "AKIDOTHER", "InvalidAccessKeyId: AWS_ACCESS_KEY_ID is not known there", "correct it"),
    ],
)
async def test_a_bucket_that_may_not_be_used_is_named_with_what_mends_it(bare, s3, bucket, key, text, mend):
    login = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": SECRET}
    found = await alone(bare, RESULTS_URL=s3.url.replace(BUCKET, bucket), **login)

    assert (found.part, found.verdict, found.mend) == ("pictures", Verdict.WRONG, mend)
    assert text in found.text
    assert SECRET not in found.text
