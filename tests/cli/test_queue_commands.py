"""`zosma queue …`, each command as an admin runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import redis

from zosma_cli.processes import free_port
from zosma_queue import keys


async def test_an_admin_steers_a_queue_from_the_command_line(zosma):
    port = str(free_port())
    env = {"ZOSMA_SERVER": f"http://127.0.0.1:{port}"}

    async def queue(*arguments):
        ran = await zosma("queue", *arguments, **env)
        assert ran.code == 0, (arguments, ran.err)
        return ran.out

    async def queue_json(*arguments):
        return json.loads(await queue(*arguments, "--json"))

    async with zosma.running("up", ZOSMA_PORT=port) as up:
        await up.says("Stop: Ctrl-C")
        [worker] = await queue_json("workers")
        place = worker["id"].rpartition("/")[0]
        short = place.partition("/")[2]
        assert f"worker:{place} is drained" in await queue("drain", f"worker:{short}", "--why", "new \x1b[2Jfan")
        listed = await queue()
        assert f"Paused: worker:{place} (new \\x1b[2Jfan)" in listed
        assert "\x1b" not in listed + await queue("audit")
        for scope in ("worker:nosuch", "checkpoint:nosuch"):
            unknown = await zosma("queue", "drain", scope, **env)
            assert (unknown.code, unknown.out, unknown.err.count("\n")) == (2, "", 1)
        assert "there are anime, dream, photo" in unknown.err

        async with (
            zosma.running("imagine", "a lighthouse at dusk", **env) as first,
            zosma.running("imagine", "a cat in \u202ethe \x9b forest", **env) as second,
        ):
            jobs = []
            while len(jobs) < 2:
                jobs = await queue_json("list")
            listed = await queue("list")
            assert all(job["id"] in listed for job in jobs)
            assert "a lighthouse at dusk" in listed
            assert r"a cat in \u202ethe \x9b forest" in listed
            cat = next(job["id"] for job in jobs if "cat" in job["request"]["prompt"])
            other = next(job["id"] for job in jobs if job["id"] != cat)
            assert f"{cat} goes next" in await queue("bump", cat)
            listed = await queue("list")
            assert listed.index(cat) < listed.index(other)
            assert "http:local" in await queue("show", cat)
            assert f"{other} cancelled" in await queue("cancel", other)
            assert "goes on" in await queue("resume", f"worker:{short}")
            assert "was not paused" in await queue("resume", f"worker:{place}")
            await second.says(r"a-cat-in-the-forest-\d+\.png")
            await first.says("no picture: the job was cancelled")
        saved = await queue("pictures", cat, "--out", "originals")
        assert re.fullmatch(r"originals/a-cat-in-the-forest-\d+\.png\n", saved)

        assert "There are none" in await queue("dead")
        assert "0 jobs forgotten" in await queue("dead", "--purge")
        assert "0 jobs of http:local cancelled" in await queue("clear", "http:local")
        assert "5" in await queue("limits", "default", "--waiting", "5")
        assert (await queue_json("limits"))["default"]["waiting"] == 5
        assert "has no policy of its own" in await queue("limits", "default", "--drop")
        assert "had no policy of its own" in await queue("limits", "default", "--drop")
        assert "discord:1/2" in await queue("limits", "discord:1/2", "--daily", "5000000")
        assert "5,000,000" in await queue("limits")

        async def rules(*arguments):
            ran = await zosma("rules", *arguments, **env)
            assert ran.code == 0, (arguments, ran.err)
            return ran.out

        assert "gory" in await rules("--block", "gory", "--block", "bad*", "--side", "1024", "--age-restricted")
        kept = json.loads(await rules("--unblock", "GORY", "--json"))
        assert (kept["blocked"], kept["side"], kept["age_restricted"]) == (["bad*"], 1024, True)
        assert "bad*" not in await rules("--clear")
        wrong = await zosma("rules", "--block", "b*d", **env)
        assert (wrong.code, wrong.err.count("\n")) == (2, 1)
        acts = [act["act"] for act in await queue_json("audit")]
        assert acts == [
            "rules", "rules", "rules", "limits", "limits", "limits", "pictures", "resume", "cancel", "bump", "pause",
        ]  # fmt: skip
        assert re.search(r"done\W+1", await queue("stats"))

        whole = await zosma("audit", "--verify", **env)
        head = re.search(r"11:[0-9a-f]{40}", whole.out)
        assert (whole.code, "11 entries, 1 to 11" in whole.out) == (0, True)
        await queue("limits", "default", "--waiting", "6")
        told = json.loads(await queue("audit", "--verify", "--head", head[0], "--json"))
        assert (told["verified"]["compared"], len(told["entries"])) == (True, 12)
        with redis.Redis.from_url((Path(zosma.env["ZOSMA_DATA_DIR"]) / "valkey" / "url").read_text().strip()) as raw:
            raw.xdel(keys.AUDIT, raw.xrange(keys.AUDIT)[2][0])
        broken = await zosma("audit", "--verify", **env)
        assert (broken.code, "number 4 follows number 2" in broken.out) == (1, True)

        refused = await zosma("queue", "pause", "moon", **env)
        assert (refused.code, refused.err.count("\n")) == (2, 1)
        assert "use queue, lane:fast" in refused.err
        for command in ("show", "retry", "bump", "cancel"):
            unknown = await zosma("queue", command, "ghost", **env)
            assert (unknown.code, unknown.err) == (2, "zosma: no such job\n")
