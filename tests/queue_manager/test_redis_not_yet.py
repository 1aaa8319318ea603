"""Real servers that can't serve now: one without a free connection, one that loads its data, a cluster of which a part
is missing or on its way to another node."""

from __future__ import annotations

import contextlib
import time
from functools import partial

import pytest
import redis
from redis.crc import key_slot

from loopback.nodes import START_S, Cluster, Node, eventually, running
from loopback.played_worker import ABOUT
from zosma_cli.valkey import PrivateValkey
from zosma_queue import calls, keys
from zosma_queue.client import Queue, Sender
from zosma_queue.connections import worker_client
from zosma_queue.errors import QueueUnavailableError
from zosma_queue.fleet import WorkerState
from zosma_queue.request import PIXELS_MAX, parse_request
from zosma_queue.scripts import call

CAT = parse_request({"prompt": "a cat"})
ANN = Sender(owner="key:ann", group="key")


async def refusal(queue):
    """What asking for the depth raises."""
    with pytest.raises(QueueUnavailableError) as refused:
        await queue.depth()
    return refused.value


async def eventually_refused(queue):
    """What asking raises once the server listens: before that it only can't be reached."""
    deadline = time.monotonic() + START_S
    while not (error := await refusal(queue)).code:
        assert time.monotonic() < deadline
    return error


async def test_one_that_takes_no_more_connections_is_told_by_its_words(tmp_path):
    with PrivateValkey(tmp_path, durable=False) as server, redis.Redis.from_url(server.url) as admin:
        admin.config_set("maxclients", 1)
        async with Queue(server.url) as queue:
            error = await refusal(queue)
            assert "max number of clients reached" in str(error)

            admin.config_set("maxclients", 100)
            assert (await queue.depth()).waiting == 0


async def test_a_cluster_with_a_part_missing_is_waited_for(tmp_path):
    with running(Cluster(tmp_path, key_slot(keys.PREFIX.encode()))) as cluster:
        async with Queue(cluster.url) as queue:
            assert (await queue.depth()).waiting == 0
            other = next(node for node in cluster.nodes[:3] if node is not cluster.primary)
            other.kill()
            eventually(lambda: cluster.primary.client.cluster("info")["cluster_state"] == "fail", 30)

            error = await refusal(queue)

            assert error.code == "CLUSTERDOWN"
            assert "is a cluster with a part missing" in str(error)


async def test_one_that_loads_its_data_is_waited_for(tmp_path):
    filled = Node(tmp_path, save='""')
    folder = str(tmp_path / str(filled.port))
    try:
        filled.client.mset({f"key:{number}": "x" * 100 for number in range(2000)})
        filled.client.save()
    finally:
        filled.kill()
    # As slowly as one with a thousand times as much.
    slow = {"key_load_delay": "1000", "loading_process_events_interval_bytes": "1024"}
    loading = Node(tmp_path, False, dir=folder, save='""', **slow)
    try:
        async with Queue(f"redis://127.0.0.1:{loading.port}") as queue:
            error = await eventually_refused(queue)
            assert error.code == "LOADING"
            assert "is still loading its data" in str(error)

            eventually(loading.client.ping)
            assert (await queue.depth()).waiting == 0
    finally:
        loading.kill()


async def test_a_cluster_that_moves_our_slot_is_waited_for_and_nothing_is_written_twice(tmp_path):
    with running(Cluster(tmp_path, key_slot(keys.PREFIX.encode()))) as cluster:
        async with contextlib.AsyncExitStack() as parts:
            worker = parts.enter_context(contextlib.closing(worker_client(cluster.url)))
            queue = await parts.enter_async_context(Queue(cluster.url))
            beat = calls.beat("gpu/a/1", WorkerState.READY, loaded="dream", pixels=PIXELS_MAX, about=ABOUT)
            call(worker, beat)
            first = await queue.submit(CAT, ANN)
            with cluster.moving():
                codes = set()
                for ask in (queue.depth, queue.sweep, queue.workers, queue.open_jobs, partial(queue.submit, CAT, ANN)):
                    with pytest.raises(QueueUnavailableError) as refused:
                        await ask()
                    codes.add(refused.value.code)
                    assert "is moving our slot" in str(refused.value)
                with pytest.raises(QueueUnavailableError):
                    call(worker, beat)
                assert codes <= {"ASK", "TRYAGAIN"}

            assert await queue.open_jobs() == [first]
            second = await queue.submit(CAT, ANN)
            assert await queue.open_jobs() == [first, second]
