"""`zosma keys`, as an operator runs it: through the bot, and through Redis before there is a key."""

from __future__ import annotations

import asyncio
import json

import pytest

from loopback.played_worker import PlayedWorker
from zosma_cli.processes import free_port


@pytest.fixture(name="bot")
def _bot(redis_url):
    """The environment of a bot that other machines reach, and of the command line beside it."""
    port = str(free_port())
    return {
        "REDIS_URL": redis_url, "ZOSMA_PORT": port, "ZOSMA_HOST": "0.0.0.0",
        "ZOSMA_SERVER": f"http://127.0.0.1:{port}",
    }  # fmt: skip


async def test_keys_are_made_used_rotated_and_revoked_while_the_bot_runs(zosma, bot):
    async with zosma.running("bot", **bot) as running:
        await running.says("nobody has a key, so all it answers is 401")
        await running.says("listening on")
        refused = await zosma("queue", **bot)
        assert (refused.code, refused.err.count("\n")) == (2, 1)

    first = await zosma("keys", "create", "me", "--scope", "admin", "--redis", **bot)
    assert first.code == 0, first.err
    key, said = first.out.split("\n", 1)
    assert key.startswith("zosma_")
    assert "not shown again" in said

    async with zosma.running("bot", **bot) as running:
        await running.says("listening on")
        env = {**bot, "ZOSMA_API_KEY": key}

        async def keys(*arguments, **more):
            ran = await zosma("keys", *arguments, **{**env, **more})
            assert ran.code == 0, (arguments, ran.err)
            return ran.out

        website = await keys(
            "create", "website", "--scope", "read", "--expires", "90d", "--waiting", "5", "--lane", "relax"
        )
        assert "for read" in website
        assert "waiting 5, lane relax" in website
        other = {"ZOSMA_API_KEY": website.split("\n")[0]}
        assert (await zosma("queue", **{**bot, **other})).code == 0
        forbidden = await zosma("queue", "stats", **{**bot, **other})
        assert (forbidden.code, "no scope 'admin'" in forbidden.err) == (2, True)

        blind = {**bot, "ZOSMA_API_KEY": (await keys("create", "blind", "--scope", "submit")).split("\n")[0]}
        async with PlayedWorker(bot["REDIS_URL"]) as worker:
            imagining = asyncio.create_task(zosma("imagine", "a cat", **blind))
            while not imagining.done():
                await worker.beat()
                await asyncio.wait({imagining}, timeout=1)
            unseen = await imagining
        assert (unseen.code, "no scope 'read'" in unseen.err) == (2, True)
        assert json.loads(await keys("revoke", "blind", "--json"))["state"] == "revoked"
        waiting = await zosma("queue", "list", "--json", **env)
        assert json.loads(waiting.out) == [], "it is cancelled, for nobody can see it"

        rotated = json.loads(await keys("rotate", "website", "--overlap", "1h", "--json"))
        assert (await zosma("queue", **{**bot, "ZOSMA_API_KEY": rotated["key"]})).code == 0
        assert (await zosma("queue", **{**bot, **other})).code == 0
        listed = await keys("list")
        assert all(word in listed for word in ("me", "website", "admin", "cli:local", "key:me"))
        assert rotated["key"] not in listed

        assert "the key website is revoked" in await keys("revoke", "website")
        for stale in (rotated["key"], website.split("\n")[0]):
            assert (await zosma("queue", **{**bot, "ZOSMA_API_KEY": stale})).code == 2
        assert [one["state"] for one in json.loads(await keys("list", "--json"))] == ["works", "revoked", "revoked"]

        last = await zosma("keys", "revoke", "me", **env)
        assert (last.code, "last key with the scope admin" in last.err) == (2, True)
        open_again = await zosma("keys", "forget-all", **env)
        assert (open_again.code, "always asked for" in open_again.err) == (2, True)
        assert "is revoked" in await keys("revoke", "me", "--redis")
        assert (await zosma("queue", **bot)).code == 2
        again = json.loads(await keys("rotate", "me", "--redis", "--json"))["key"]
        async with asyncio.timeout(30):  # what was written past the bot it reads within a second
            while (ran := await zosma("audit", "--json", **{**bot, "ZOSMA_API_KEY": again})).code:
                pass
        audit = json.loads(ran.out)
        assert [act["act"] for act in audit] == [
            "key-rotate", "key-revoke", "key-revoke", "key-rotate",
            "key-revoke", "key-create", "key-create", "key-create",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("create", "website", "--expires", "soon"), "--expires 'soon' is wrong: it must look like 30m, 12h or 90d"),
        (("create", "web site", "--redis"), "name 'web site' can't be a key's"),
        (("create", "website", "--redis"), "give the first the scope admin"),
        (("create", "website", "--redis", "--scope", "admin", "--lane", "slow"), "limits.lane"),
        (("rotate", "ghost", "--redis"), "there is no key 'ghost'"),
        (("revoke", "ghost", "--redis"), "there is no key 'ghost'"),
    ],
)
async def test_what_is_wrong_is_one_line_with_the_fix(zosma, bot, arguments, says):
    ran = await zosma("keys", *arguments, **bot)

    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert says in ran.err


async def test_without_a_redis_to_write_to_it_says_so(zosma):
    ran = await zosma("keys", "list", "--redis")

    assert (ran.code, "REDIS_URL is not set" in ran.err) == (2, True)
