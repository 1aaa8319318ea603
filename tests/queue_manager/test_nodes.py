"""Redis that fails over: Sentinel and Cluster addresses, with real nodes; and TLS under a CA of one's own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import urllib.parse

import pytest
import trustme
from redis.crc import key_slot

from loopback.commands import Zosma
from loopback.fleet import until
from loopback.nodes import PASSWORD, Cluster, Watched, running
from loopback.webui import Hold, ScriptedWebUI
from zosma_bot.hub import Hub
from zosma_queue import keys
from zosma_queue.backup import Kind, merged
from zosma_queue.backup_file import parse
from zosma_queue.client import Queue, Sender
from zosma_queue.connections import check_login, worker_client
from zosma_queue.errors import QueueRefusesError, QueueUnavailableError, SettingsError
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_queue.nodes import parse_nodes
from zosma_queue.request import parse_request
from zosma_queue.settings import Settings, address_of, load

KINDS = ("sentinel", "cluster")


@pytest.fixture(name="nodes", params=KINDS, scope="module")
def _nodes(request, tmp_path_factory):
    """Real nodes that may fail over once."""
    folder = tmp_path_factory.mktemp(request.param)
    system = Watched(folder) if request.param == "sentinel" else Cluster(folder, key_slot(keys.PREFIX.encode()))
    with running(system):
        yield system


@pytest.mark.parametrize(
    ("url", "kind", "seeds", "service"),
    [
        ("redis+sentinel://:p%40ss@a:1,b/main/3", "sentinel", (("a", 1), ("b", 26379)), "main"),
        ("rediss+sentinel://user:pw@[::1]:5/main", "sentinel", (("::1", 5),), "main"),
        ("redis+cluster://a,b:7", "cluster", (("a", 6379), ("b", 7)), ""),
    ],
)
def test_an_address_of_several_nodes_is_taken_apart(url, kind, seeds, service):
    nodes = parse_nodes(url)

    assert (nodes.kind, nodes.seeds, nodes.service) == (kind, seeds, service)
    assert nodes.options.get("password") in (None, "p@ss", "pw")
    assert "p@ss" not in address_of(url)
    assert nodes.options.get("db", 0) == (3 if url.endswith("/3") else 0)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis+sentinel://a:26379", "with the primary's NAME"),
        ("redis+sentinel://a:26379/main/x", "with the primary's NAME"),
        ("redis+sentinel://a:b/main", "'a:b', which is no host:port"),
        ("redis+sentinel://a:1,,b:2/main", "'', which is no host:port"),
        ("redis+cluster://a:1/3", "a cluster has database 0 alone"),
        ("redis+cluster://a:1/main", "must look like redis+cluster://"),
        ("redis+cluster://a:1?ssl_ca_certs=x", "has ?ssl_ca_certs, which can't be set here"),
        ("redis+proxy://a:1", "redis+sentinel://"),
    ],
)
def test_an_address_of_several_nodes_that_is_wrong_is_one_line(url, words):
    with pytest.raises(SettingsError) as refused:
        load(Settings, {"REDIS_URL": url}, env_file=None)

    assert str(refused.value).startswith("REDIS_URL=(hidden) is wrong: ")
    assert words in str(refused.value)


def test_a_service_that_the_sentinels_do_not_know_is_one_line_that_names_those_they_do(nodes):
    if not isinstance(nodes, Watched):
        return  # clusters have no such name
    wrong = nodes.url.replace(nodes.name, "mymaster")

    told = f"REDIS_URL: the Sentinels know no primary 'mymaster': they watch {nodes.name}"
    with pytest.raises(SettingsError, match=told):
        check_login(load(Settings, {"REDIS_URL": wrong}, env_file=None))


def test_the_right_address_logs_in_and_a_wrong_password_is_told(nodes):
    check_login(load(Settings, {"REDIS_URL": nodes.url}, env_file=None), must_answer=True)
    if isinstance(nodes, Watched):
        wrong = nodes.url.replace(urllib.parse.quote(PASSWORD), "other")
        with pytest.raises(SettingsError, match="refused the password"):
            check_login(load(Settings, {"REDIS_URL": wrong}, env_file=None))


async def test_an_address_that_names_one_node_of_several_is_told_what_to_write(nodes):
    if isinstance(nodes, Watched):
        with pytest.raises(SettingsError, match=r"a Sentinel is named by redis\+sentinel://"):
            check_login(load(Settings, {"REDIS_URL": f"redis://127.0.0.1:{nodes.sentinels[0].port}/0"}, env_file=None))
        return
    other = next(node for node in nodes.nodes[:3] if node is not nodes.primary)
    async with Queue(f"redis://127.0.0.1:{other.port}/0") as queue:
        with pytest.raises(QueueRefusesError, match=r"write redis\+cluster://"):
            await queue.depth()


async def test_a_backup_goes_out_of_several_nodes_and_in_again(nodes):
    kinds = {"guild": Kind(lambda *_: None)}
    async with Queue(nodes.url) as queue:
        await queue.admin.set_policy("admin", "default", {"waiting": 5})
        for number in range(300):
            await queue.documents.put("guild", str(number), {"channels": [number]})
        before = await queue.read_backup(kinds, failed_jobs=True, left_out=print)
        await queue.admin.drop_policy("admin", "default")
        for number in range(300):
            await queue.documents.drop("guild", str(number))
        now = await queue.read_backup(kinds, failed_jobs=True, left_out=print)

        wanted = parse(json.dumps(before.to_document()), kinds)
        await queue.write_backup(now, merged(now, wanted, replace=True), kinds, who="admin", mode="replace")

        after = await queue.read_backup(kinds, failed_jobs=True, left_out=print)
        assert len(after.documents["guild"]) == 300
        assert (after.limits, after.documents) == (before.limits, before.documents)
        await queue.admin.drop_policy("admin", "default")


async def test_a_primary_killed_in_mid_job_costs_no_job_and_no_event(nodes, tmp_path):
    """The last of this module that has the nodes: afterwards they have failed over."""
    heard = asyncio.Event()
    hold = Hold()
    zosma = Zosma(tmp_path, REDIS_URL=nodes.url)
    async with (
        Queue(nodes.url) as queue, ScriptedWebUI() as webui, hub_of(queue) as hub,
        zosma.running("worker", "--webui", webui.url) as worker,
    ):  # fmt: skip
        webui.script(hold)
        await worker.says(r"\d+ checkpoints? \(")
        await until(lambda: is_ready(queue))
        running_one = await submitted(queue, "running")
        async with asyncio.timeout(30):
            await hold.started.wait()
        waiting = await submitted(queue, "waiting")
        await until(lambda: asyncio.to_thread(nodes.in_step))

        await asyncio.to_thread(nodes.fail_over)
        hold.released.set()

        for job_id in (running_one, waiting):
            await until(lambda job_id=job_id: is_done(queue, job_id), timeout=60)
        async with asyncio.timeout(60):
            await hub.live.wait()
        hub.on_event(lambda _: heard.set())
        again = await submitted(queue, "afterwards")
        await until(lambda: is_done(queue, again))
        async with asyncio.timeout(60):
            await heard.wait()
        assert len(webui.jobs) in (3, 4)  # the running one may be made twice, and counts once


async def submitted(queue, prompt):
    """The id of a new job; a queue that has just failed over is asked again, as every caller does."""
    for _ in range(100):
        with contextlib.suppress(QueueUnavailableError):
            sender = Sender(owner="discord:1/2", group="discord:1")
            return await queue.submit(parse_request({"prompt": prompt, "width": 64, "height": 64}), sender)
        await asyncio.sleep(0.1)
    raise AssertionError("the queue did not come back")


async def is_ready(queue):
    return any(one.state is WorkerState.READY for one in await queue.workers())


async def is_done(queue, job_id):
    with contextlib.suppress(QueueUnavailableError):
        job = await queue.job(job_id)
        return job is not None and job.state is State.DONE
    return False


@contextlib.asynccontextmanager
async def hub_of(queue):
    """The bot's ear."""
    hub = Hub(queue)
    task = asyncio.create_task(hub.run())
    try:
        yield hub
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def tls_in_front_of(port, context):
    """A port of TLS that leads to one without: the Valkey of the tests speaks none itself."""

    async def pump(reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader, writer):
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_tls_under_a_ca_of_ones_own(valkey, redis_url, tmp_path):
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    inner = urllib.parse.urlsplit(redis_url)
    login = f"{inner.username or ''}:{inner.password or ''}"
    async with tls_in_front_of(inner.port, context) as port:
        url = f"rediss://{login}@127.0.0.1:{port}/0?ssl_ca_certs={tmp_path / 'ca.pem'}"
        async with Queue(url) as queue:
            await queue.ping()
        client = worker_client(url)
        assert await asyncio.to_thread(client.ping)
        client.close()
        stranger = f"rediss://{login}@127.0.0.1:{port}/0"
        async with Queue(stranger) as queue:
            with pytest.raises(QueueUnavailableError, match="certificate"):
                await queue.ping()
