"""Login, outages and refusals of the connection as a whole."""

from __future__ import annotations

import asyncio
import itertools
from types import SimpleNamespace

import discord
import pytest
from discord.gateway import DiscordWebSocket

from loopback.discord.rest.app import Answer
from loopback.discord.state import Snowflakes
from zosma_bot.discord.api import endpoints
from zosma_bot.discord.client import ZosmaClient, run_discord
from zosma_queue.errors import SettingsError
from zosma_queue.tasks import end


async def refusal(bot, queue, hub, **changes):
    with pytest.raises(SettingsError) as caught:
        await run_discord(bot.settings(**changes), queue, hub)
    return str(caught.value)


async def test_a_refused_token_is_named_and_not_shown(bot, queue, hub):
    text = await refusal(bot, queue, hub, discord_token="wrong.secret.token")
    assert text.startswith("DISCORD_TOKEN")
    assert "refused by Discord" in text
    assert "wrong.secret" not in text


@pytest.mark.parametrize("path", ["", "/api", "/somewhere/else"])
async def test_an_address_that_is_no_discord_api_is_named_with_the_fix(server, bot, queue, hub, path):
    url = server.api_url.removesuffix("/api/v10") + path
    text = await refusal(bot, queue, hub, discord_api_url=url)
    assert text.startswith(f"DISCORD_API_URL='{url}' is no Discord API")
    assert "like http://host:port/api/v10" in text


async def test_a_missing_token_is_named(bot, queue, hub):
    assert "DISCORD_TOKEN is not set" in await refusal(bot, queue, hub, discord_token=None)


async def test_a_token_that_dies_while_the_bot_runs_ends_it_in_plain_words(server, bot):
    await bot.start()
    await server.drop_gateway(4004)
    with pytest.raises(SettingsError, match="refused by Discord"):
        await bot._task
    bot._task = None


async def test_a_disallowed_intent_is_told_in_plain_words(server, bot):
    await bot.start()
    await server.drop_gateway(4014)
    with pytest.raises(SettingsError, match="Developer Portal"):
        await bot._task
    bot._task = None


async def test_a_guild_that_the_bot_is_not_in_is_named(bot, queue, hub):
    assert "DISCORD_GUILD_ID=17" in await refusal(bot, queue, hub, discord_guild_id=17)


async def test_a_guild_that_is_not_there_is_named(server, bot, queue, hub):
    server.fail_next("PUT", "/commands$", 404, {"code": 10004, "message": "Unknown Guild"})
    assert "DISCORD_GUILD_ID=17" in await refusal(bot, queue, hub, discord_guild_id=17)


async def test_commands_go_to_one_guild_when_it_is_named_and_everywhere_otherwise(server, bot):
    await bot.start()
    await server.wait_for_commands("imagine", "queue")
    await bot.close()
    assert not server.requests_to("PUT", "/guilds/")

    await bot.start(bot.settings(discord_guild_id=server.guild.id))
    await server.wait_for_commands("imagine", "queue", guild=server.guild)
    await server.world.changes.until(
        lambda: not server.commands.all(None) or None, 10.0, lambda: "global commands are left"
    )


@pytest.mark.parametrize("in_guild", [False, True], ids=["everywhere", "one server"])
async def test_the_command_that_starts_an_activity_stays(server, bot, in_guild):
    server.add_activity()
    await bot.start(bot.settings(discord_guild_id=server.guild.id) if in_guild else None)
    await server.wait_for_commands("imagine", guild=server.guild if in_guild else None)
    (launch,) = [one for one in server.commands.all(None) if one["type"] == 4]
    assert (launch["name"], launch["handler"]) == ("launch", 2)


@pytest.fixture(name="refuses", params=["too many new ones", "too many requests"])
def _refuses(request, server):
    """Discord takes no commands, once."""

    def refuse():
        if request.param == "too many requests":
            server.limit_next("PUT", "/commands$", 3000.0)
        else:
            text = "Max number of daily application command creates has been reached (200)"
            server.fail_next("PUT", "/commands$", 400, {"code": 30034, "message": text})

    return refuse


async def test_while_discord_takes_no_commands_those_of_before_work_on_and_it_is_tried_again(
    server, bot, worker, ann, caplog, monkeypatch, refuses
):
    await bot.start()
    await bot.close()
    monkeypatch.setattr("zosma_bot.discord.client.REGISTER_AGAIN_S", 0.01)
    again = asyncio.Event()
    refuses()
    server.delay_next("PUT", "/commands$", again)
    await bot.start()
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await worker.finish(await worker.take())
    await asked.wait_for(lambda shown: shown.attachments)
    again.set()
    _, _, taken = await server.wait_for_request("PUT", "/commands$", 3)
    await server.world.changes.until(lambda: taken.status, 10.0, lambda: "no answer")
    assert caplog.text.count("Discord doesn't take the commands, which stay as they were") == 1


async def test_a_client_that_is_closed_hears_no_events_any_more(bot, hub):
    for _ in range(2):
        await bot.start()
        await bot.close()
    assert hub._listeners == hub._on_sync == []


async def test_no_privileged_intent_is_asked_for(server, client):
    assert server.gateway.identifies[0]["intents"] == discord.Intents(guilds=True).value


async def test_only_an_api_address_is_enough_to_find_the_gateway(server, bot):
    await bot.start(bot.settings(discord_gateway_url=None))
    assert server.requests_to("GET", "^/gateway/bot$")


async def test_a_named_gateway_is_kept_for_resuming(server, bot):
    client = await bot.start()
    await client.wait_until_ready()
    assert str(client.ws.gateway) == server.gateway_url


async def test_the_gateway_lost_for_a_moment_is_resumed(server, bot, worker, ann):
    await bot.start()
    await server.drop_gateway(4000)
    await server.wait_connected()
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await asked.response(timeout=10)


async def test_discord_away_at_the_start_is_waited_for_and_logged_once(server, bot, queue, hub, caplog):
    caplog.set_level("INFO", "zosma_bot")
    tries = []

    async def sleep(seconds):
        tries.append(seconds)
        if len(tries) == 3:
            await server.accept_connections()

    settings = bot.settings()
    await server.refuse_connections()
    running = asyncio.create_task(run_discord(settings, queue, hub, sleep=sleep))
    await server.wait_connected()
    await end(running)

    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert warnings[0].startswith("Discord can't be reached")
    assert len(tries) == 3


async def test_without_addresses_it_is_discord_itself(bot, queue, hub):
    endpoints.use(bot.settings(discord_api_url=None, discord_gateway_url=None))
    assert discord.http.Route.BASE == "https://discord.com/api/v10"
    assert DiscordWebSocket.DEFAULT_GATEWAY.host == "gateway.discord.gg"


async def test_a_bug_is_answered_in_plain_words_and_logged_without_the_prompt(server, bot, worker, ann, caplog):
    client = await bot.start()

    async def broken():
        raise RuntimeError("a bug")

    bot.queue.workers, kept = broken, bot.queue.workers
    asked = await server.slash(ann, "imagine", {"prompt": "sunflower"})
    await asked.response()
    assert asked.message.ephemeral
    assert "Something went wrong on our side" in asked.message.text
    (record,) = [record for record in caplog.records if record.name == "zosma_bot.discord.core.error_handler"]
    assert record.exc_info
    assert "sunflower" not in caplog.text
    bot.queue.workers = kept
    assert isinstance(client, ZosmaClient)


async def test_discords_own_trouble_is_one_line_and_told_in_its_name(server, bot, worker, ann, caplog):
    await bot.start()
    server.cut_next("POST", "/interactions/.*/callback", times=3)
    asked = await server.slash(ann, "imagine", {"prompt": "sunflower"})
    await asked.response()

    assert "Discord is having problems right now" in asked.message.text
    (record,) = [record for record in caplog.records if record.name == "zosma_bot.discord.core.error_handler"]
    assert (record.levelname, record.exc_info) == ("WARNING", None)
    assert "\n" not in record.getMessage()


async def test_a_page_of_html_from_discords_proxies_does_not_reach_the_log(server, bot, worker, ann, caplog):
    """discord.py has tried for half a minute when it raises this."""
    await bot.start()

    async def failed(*_):
        page = SimpleNamespace(status=503, reason="Service Unavailable")
        raise discord.DiscordServerError(page, "<html>\n" * 50)

    bot.queue.documents.get, kept = failed, bot.queue.documents.get
    asked = await server.slash(ann, "imagine", {"prompt": "sunflower"})
    await asked.response()
    bot.queue.documents.get = kept

    assert "Discord is having problems right now" in asked.message.text
    (record,) = [record for record in caplog.records if record.name == "zosma_bot.discord.core.error_handler"]
    assert record.exc_info is None
    assert record.getMessage() == "/imagine failed: Discord: DiscordServerError 503 (code 0)"


async def test_a_closing_bot_finishes_the_command_in_hand(server, bot, worker, ann, queue):
    client = await bot.start()
    reading, go_on = asyncio.Event(), asyncio.Event()
    workers = queue.workers

    async def slowly():
        reading.set()
        await go_on.wait()
        return await workers()

    queue.workers = slowly
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await reading.wait()
    closing = asyncio.create_task(bot.close())
    go_on.set()
    await closing
    queue.workers = workers

    assert asked.message.thinking
    assert len(await queue.open_jobs()) == 1
    assert client.is_closed()

    await bot.start()
    await asked.wait_for(lambda shown: "Next in line" in shown.text)


async def test_a_server_that_names_its_charset_is_read_all_the_same(server, bot, worker, ann, monkeypatch):
    monkeypatch.setattr(Answer, "json_type", "application/json; charset=utf-8")
    await bot.start()
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    made = await worker.finish(await worker.take())

    shown = await asked.wait_for(lambda shown: shown.attachments)
    assert [file.data for file in shown.files] == made


@pytest.mark.parametrize("path", ["/callback$", "/messages/@original$", r"^/webhooks/\d+/[^/]+/messages/\d+$"])
async def test_a_limit_that_names_no_proxy_is_waited_for_all_the_same(server, client, worker, ann, path):
    server.settings.says_via = server.settings.tells_of_callbacks = False
    server.limit_next("*", path, 0.01)
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await worker.finish(await worker.take())
    await asked.wait_for(lambda shown: shown.attachments)
    assert 429 in {one.status for one in server.requests}


async def test_ids_that_hold_no_date_make_no_token_look_old(server, bot, worker, ann, monkeypatch):
    numbers = itertools.count(1000)
    monkeypatch.setattr(Snowflakes, "__call__", lambda _: next(numbers))
    await bot.start()
    asked = await server.slash(ann, "imagine", {"prompt": "a cat"})
    await worker.finish(await worker.take())
    await asked.wait_for(lambda shown: shown.attachments)

    assert server.requests_to("PATCH", "/webhooks/")
    assert not server.requests_to("PATCH", "/channels/")


async def test_rubbish_from_discord_ends_nothing_but_that_try(server, bot, caplog, until):
    monkey = pytest.MonkeyPatch()
    monkey.setattr(Answer, "json_type", "text/plain")
    running = asyncio.create_task(run_discord(bot.settings(), bot.queue, bot._hub))

    async def failed() -> bool:
        return "the Discord side failed, trying on" in caplog.text

    await until(failed)
    monkey.undo()

    await server.wait_connected(timeout=20)
    await end(running)
