"""Real servers that can't serve everybody: one without a free connection, a cluster of which a part is missing."""

from __future__ import annotations

import pytest
import redis
from redis.crc import key_slot

from loopback.nodes import Cluster, eventually, running
from zosma_cli.valkey import PrivateValkey
from zosma_queue import keys
from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError


async def refusal(queue):
    """What asking for the depth raises."""
    with pytest.raises(QueueUnavailableError) as refused:
        await queue.depth()
    return refused.value


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
