"""Yesterday's version beside today's: its records are read, and its processes work with ours.

`tests/records/<version>.json` is what that version left in Redis, written down by `tools/records.py`. Its processes are
run from the wheel of the commit that was released last, where this checkout has the history.
"""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import httpx2
import pytest
from PIL import Image

import zosma
from loopback.commands import Zosma
from loopback.fleet import Community, until
from loopback.webui import ScriptedWebUI
from zosma_bot.key_admin import KeyAdmin
from zosma_cli.processes import free_port
from zosma_queue import tracing
from zosma_queue.errors import NoWorkerError
from zosma_queue.fleet import OLDEST_PROTOCOL, WorkerState
from zosma_queue.job import State

ROOT = Path(__file__).parent.parent
RECORDS = sorted((ROOT / "tests/records").glob("*.json"))
#: The commit of the last release. Nothing has been tagged yet: this is what stood before these tests.
LAST = "c8e7c595299d317aa1341796a42f52d6fda64c51"
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "bot", "cli", "client", "queue", "webui", "worker")


def value_of(told):
    """What `tools/records.py` wrote for one value."""
    return base64.b64decode(told["base64"]) if isinstance(told, dict) else told


def put(raw, records):
    """Writes the keys into Redis, as they were."""
    for key, record in records.items():
        told = record["value"]
        match record["type"]:
            case "string":
                raw.set(key, value_of(told))
            case "hash":
                raw.hset(key, mapping={field: value_of(one) for field, one in told.items()})
            case "set":
                raw.sadd(key, *told)
            case "zset":
                raw.zadd(key, dict(told))
            case "list":
                raw.rpush(key, *told)
            case "stream":
                for number, fields in told:
                    raw.xadd(key, fields, id=number)


@pytest.fixture(name="told", params=RECORDS, ids=lambda path: path.stem)
def _told(request, raw):
    """A version's records, which Redis has now."""
    told = json.loads(request.param.read_text("utf-8"))
    put(raw, told["records"])
    return told


def test_there_are_records_of_a_version():
    assert RECORDS


async def test_jobs_of_another_version_are_read(told, queue):
    jobs = {name: await queue.job(job_id) for name, job_id in told["jobs"].items()}

    assert {name: job.state for name, job in jobs.items()} == {
        "done": State.DONE,
        "failed": State.FAILED,
        "cancelled": State.CANCELLED,
        "waiting": State.WAITING,
        "from-a-picture": State.WAITING,
        "delayed": State.DELAYED,
    }
    assert jobs["done"].request.sampler == "Euler a"
    assert jobs["done"].result.gpu_seconds > 0
    [picture] = await queue.pictures(jobs["done"])
    assert Image.open(io.BytesIO(picture)).size == (64, 64)
    assert jobs["failed"].error
    waiting = jobs["waiting"].request
    assert (waiting.count, waiting.seed, waiting.cfg_scale, waiting.hires.scale) == (2, 11, 6.5, 2)
    assert len(await queue.jobs_of("key:me")) == len(jobs)


async def test_what_an_operator_set_in_another_version_holds(told, queue):
    policies, rules = await queue.admin.policies(), await queue.admin.rules()

    assert (policies["default"].waiting, policies["default"].running, policies["default"].daily_gpu_s) == (50, 3, 3600)
    assert (policies["role:123"].weight, policies["role:123"].lane) == (3, "relax")
    assert (tuple(rules.blocked), rules.side) == (("gore*",), 1024)
    assert {pause.scope for pause in await queue.admin.pauses()} == {"queue", "checkpoint:anime"}
    assert {act.act for act in await queue.admin.audit()} >= {"limits", "rules", "pause"}
    chain = await queue.admin.audit_chain()
    assert len(chain.entries) >= 5
    [key] = [one for one in await KeyAdmin(queue, {}).list() if one["name"] == "website"]
    assert (key["scopes"], key["limits"]["weight"]) == (["submit"], 2)


async def test_what_waited_in_another_version_is_made_by_this_one(told, queue, worker_url, tmp_path):
    await queue.announce()  # as a bot does at its start
    async with ScriptedWebUI() as webui, _worker(tmp_path, webui, worker_url):
        await _said_by(queue, webui)
        await queue.sweep()  # as it does every second
        assert await queue.admin.retry("ann", told["jobs"]["failed"])
        await queue.admin.resume("ann", "queue")
        community = Community(queue)
        for name in ("waiting", "from-a-picture", "failed"):
            job = await community.gets(told["jobs"][name], timeout=30)
            assert (name, job.state, job.error) == (name, State.DONE, None)


async def test_a_bot_that_starts_on_another_versions_records_can_read_all_of_them(told, redis_url, tmp_path):
    port, key = free_port(), "a-key-of-an-operator"
    settings = {"REDIS_URL": redis_url, "ZOSMA_PORT": str(port), "ZOSMA_API_KEYS": f"me:{key}", "ZOSMA_ADMINS": "me"}
    paths = ("jobs", "queue", "workers", "catalogue", "admin/audit/chain", "admin/limits", "admin/rules", "admin/keys")
    async with Zosma(tmp_path).running("bot", **settings) as bot:
        await bot.says("listening on")
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as http:
            answers = {path: await http.get(f"/api/v1/{path}") for path in paths}
            metrics, health = await http.get("/metrics"), await http.get("/healthz")

    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(paths, 200)
    assert {job["id"] for job in answers["jobs"].json()["jobs"]} == set(told["jobs"].values())
    assert "zosma_redis_up 1.0" in metrics.text
    # Neither a record that can't be read nor a loop that broke down.
    assert health.json() == {"status": "ok", "version": zosma.__version__}


# -- its processes --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", name="last")
def _last(tmp_path_factory):
    """The folder with the packages of the last release's wheel."""
    git = shutil.which("git")
    known = git and subprocess.run([git, "cat-file", "-e", f"{LAST}^{{commit}}"], cwd=ROOT, capture_output=True)
    if not known or known.returncode:
        pytest.skip(
            f"the last release's worker and bot are not tried beside today's: this checkout lacks its commit {LAST[:7]}"
            " (git fetch --unshallow); its records are read all the same"
        )
    folder = tmp_path_factory.mktemp("last")
    packed = subprocess.run([git, "archive", LAST, *SOURCES], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder / "source", filter="data")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=folder / "source", capture_output=True, check=True)
    [wheel] = folder.glob("*.whl")
    shutil.unpack_archive(wheel, folder / "code", "zip")
    return folder / "code"


def _worker(folder, webui, redis_url, code=None):
    """A worker process, of another version's code if `code` is given."""
    env = {"PYTHONPATH": str(code)} if code else {}
    return Zosma(folder).running("worker", "--webui", webui.url, REDIS_URL=redis_url, **env)


async def _said_by(queue, webui):
    """That WebUI's worker, once it takes jobs or says that its version is why it doesn't."""

    async def settled():
        for one in await queue.workers():
            is_it = one.id.split("/")[1] == webui.url.partition("://")[2]
            if is_it and (one.state is WorkerState.READY or re.search("too (old|new):", one.reason or "")):
                return one
        return None

    return await until(settled, timeout=60)


@pytest.fixture(name="protocols")
def _protocols(last):
    """What the last release's worker speaks, and the oldest that its bot understands."""
    code = "from zosma_queue import fleet; print(fleet.PROTOCOL, fleet.OLDEST_PROTOCOL)"
    told = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(last)}, capture_output=True, text=True, check=True
    )
    speaks, oldest = told.stdout.split()
    return int(speaks), int(oldest)


def test_the_code_that_is_run_is_the_last_releases(last):
    found = subprocess.run(
        [sys.executable, "-c", "import zosma_worker; print(zosma_worker.__file__)"],
        env={"PYTHONPATH": str(last)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.startswith(str(last))


async def test_the_last_releases_worker_works_for_todays_bot_or_says_why_not(
    last, protocols, queue, worker_url, tmp_path, monkeypatch
):
    # Of traces, which travel in the message, it knows nothing.
    monkeypatch.setattr(tracing, "traceparent", lambda: f"00-{'a' * 32}-{'b' * 16}-01")
    await queue.announce()
    async with ScriptedWebUI() as webui, _worker(tmp_path, webui, worker_url, last):
        worker, community = await _said_by(queue, webui), Community(queue)
        if protocols[0] < OLDEST_PROTOCOL:
            assert re.fullmatch("too old: .*; update this worker", worker.reason)
            with pytest.raises(NoWorkerError):
                await community.asks()
            return
        first = await community.gets(await community.asks(count=2), timeout=30)
        [picture, _] = await queue.pictures(first)
        start = await queue.keep_input(picture)
        img2img = {"image": start, "denoising_strength": 0.5}
        second = await community.gets(await community.asks(img2img=img2img), timeout=30)

    assert (first.state, second.state) == (State.DONE, State.DONE)


async def test_todays_worker_works_for_the_last_releases_bot_or_says_why_not(
    last, protocols, queue, redis_url, tmp_path
):
    port = free_port()
    command = Zosma(tmp_path)
    bot = command.running("bot", REDIS_URL=redis_url, ZOSMA_PORT=str(port), PYTHONPATH=str(last))
    async with ScriptedWebUI() as webui, bot as process:
        await process.says("listening on")
        async with _worker(tmp_path, webui, redis_url):
            worker = await _said_by(queue, webui)
            made = await command("imagine", "a cat", "--size", "64x64", "--server", f"http://127.0.0.1:{port}")

    if protocols[1] < OLDEST_PROTOCOL:
        assert re.fullmatch("too new: .*; update the bot", worker.reason)
        assert (made.code, made.err.count("\n")) == (2, 1)
        assert "no GPU is online" in made.err
    else:
        assert (made.code, made.err) == (0, "")
        assert len(list((tmp_path / "zosma-pictures").glob("*.png"))) == 1
