"""Which of several Redis nodes to speak to: the primary that a Sentinel names, or the cluster's node that has our slot.

All our keys lie in one slot (keys.py), so that of a cluster one node serves us, and a client for one node will do. Each
connection looks for its node when it connects; one that finds itself at a node which is no longer the right one closes,
and its successor looks again. So a failover is a lost connection to everybody above, and nothing more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.crc import key_slot
from redis.exceptions import MasterDownError, MovedError, ReadOnlyError
from redis.retry import Retry
from redis.sentinel import Sentinel

from zosma_queue import keys

SENTINEL, CLUSTER = "sentinel", "cluster"
_PORTS = {SENTINEL: 26379, CLUSTER: 6379}
#: One node that is asked where the right one is may take so long, in seconds.
ASK_S = 0.5
#: What a node says that is not the one to write to any more.
_MOVED_ON = (ReadOnlyError, MovedError, MasterDownError)

Address = tuple[str, int]


@dataclass(frozen=True)
class Nodes:
    """A `redis+sentinel://` or `redis+cluster://` URL, taken apart."""

    kind: str
    seeds: tuple[Address, ...]
    """The nodes that are named: Sentinels, or some of the cluster."""
    service: str
    """The name under which Sentinels watch the primary; '' for a cluster."""
    options: dict[str, Any]
    """How to log in and which TLS to speak, as redis-py's connections take it."""
    tls: bool
    sentinel_login: dict[str, str]

    @property
    def shown(self) -> str:
        """It without credentials, fit for a log."""
        scheme = f"{'rediss' if self.tls else 'redis'}+{self.kind}"
        return f"{scheme}://{','.join(f'{host}:{port}' for host, port in self.seeds)}/{self.service}"


def is_several(url: str) -> bool:
    """True for a URL that names Sentinels or a cluster."""
    return urlsplit(url).scheme in {f"{scheme}+{kind}" for scheme in ("redis", "rediss") for kind in _PORTS}


def parse_nodes(url: str) -> Nodes:
    """The nodes that a URL names, like `redis+sentinel://:password@a:26379,b:26379/mymaster/0`.

    Raises:
      ValueError: when it can't be read; says how it must look.
    """
    parts = urlsplit(url)
    scheme, _, kind = parts.scheme.partition("+")
    login, _, named = parts.netloc.rpartition("@")
    seeds = tuple(_address(one.strip(), _PORTS[kind]) for one in named.split(","))
    path = [part for part in parts.path.split("/") if part]
    service = path.pop(0) if kind == SENTINEL and path else ""
    database = path.pop(0) if path else "0"
    if path or not database.isdecimal() or parts.fragment or (kind == SENTINEL) != bool(service):
        raise ValueError(_shape(kind))
    if kind == CLUSTER and database != "0":
        raise ValueError("names database " + database + ", but a cluster has database 0 alone")
    host, port = seeds[0]
    single = urlunsplit((scheme, f"{login}@{_bracketed(host)}:{port}" if login else f"{_bracketed(host)}:{port}",
                         database, parts.query, ""))  # fmt: skip
    options: dict[str, Any] = dict(parse_url(single))  # type: ignore[no-untyped-call]
    for name in ("host", "port", "connection_class"):
        options.pop(name, None)
    sentinel_login = {
        name.removeprefix("sentinel_"): str(options.pop(name))
        for name in ("sentinel_username", "sentinel_password")
        if name in options
    }
    return Nodes(kind, seeds, service, options, scheme == "rediss", sentinel_login)


def _address(text: str, usual: int) -> Address:
    try:
        parts = urlsplit(f"redis://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port == 0 or "/" in text or "@" in text:
        raise ValueError(f"names {text[:60]!r}, which is no host:port")
    return host, port or usual


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _shape(kind: str) -> str:
    if kind == SENTINEL:
        return "must look like redis+sentinel://:password@host1:26379,host2:26379/NAME/0, with the primary's NAME"
    return "must look like redis+cluster://:password@host1:6379,host2:6379"


def _sentinel_options(nodes: Nodes) -> dict[str, Any]:
    """How a Sentinel is asked: in TLS too when the primary is, with a login of its own."""
    tls = {name: value for name, value in nodes.options.items() if name.startswith("ssl_")}
    limits = {"socket_timeout": ASK_S, "socket_connect_timeout": ASK_S, "retry": Retry(NoBackoff(), 0)}
    return {"ssl": nodes.tls, **tls, **limits, **nodes.sentinel_login}


class Finder:
    """Finds the node to speak to, among those that are named and those that they have told of."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._known: tuple[Address, ...] = nodes.seeds

    def find(self) -> Address:
        """The node that takes our writes. Blocks; `afind` is for an event loop.

        Raises:
          redis.ConnectionError: when no node that is known can say.
        """
        return self._by_sentinel() if self._nodes.kind == SENTINEL else self._by_cluster()

    async def afind(self) -> Address:
        """The node that takes our writes, looked for in a thread.

        Raises:
          redis.ConnectionError: when no node that is known can say.
        """
        return await asyncio.to_thread(self.find)

    def _by_sentinel(self) -> Address:
        watchers = Sentinel(self._nodes.seeds, sentinel_kwargs=_sentinel_options(self._nodes))  # type: ignore[no-untyped-call]
        try:
            host, port = watchers.discover_master(self._nodes.service)  # type: ignore[no-untyped-call]
        finally:
            for watcher in watchers.sentinels:
                watcher.close()
        return str(host), int(port)

    def _by_cluster(self) -> Address:
        problems = []
        for host, port in self._known:
            try:
                return self._ask_node(host, port)
            except (redis.RedisError, OSError) as error:
                problems.append(f"{host}:{port}: {error}")
        self._known = tuple(dict.fromkeys((*self._nodes.seeds, *self._known)))
        raise redis.ConnectionError("no node of the cluster says where our keys are: " + "; ".join(problems))

    def _ask_node(self, host: str, port: int) -> Address:
        options: dict[str, Any] = {
            **self._nodes.options, "ssl": self._nodes.tls, "retry": Retry(NoBackoff(), 0),
            "socket_timeout": ASK_S, "socket_connect_timeout": ASK_S,
        }  # fmt: skip
        with redis.Redis(host, port, **options) as node:
            slots = node.execute_command("CLUSTER SLOTS")
        return self._primary(slots, host)

    def _primary(self, slots: Sequence[Sequence[Any]], told_by: str) -> Address:
        """The primary of our slot in an answer to CLUSTER SLOTS; the other nodes in it are asked the next time."""
        wanted = key_slot(keys.PREFIX.encode())
        found: list[Address] = []
        others: list[Address] = []
        for first, last, *told in slots:
            nodes = [(host or told_by, port) for host, port in map(_address_in, told)]
            others += nodes
            if first <= wanted <= last:
                found = nodes  # the primary comes first
        self._known = tuple(dict.fromkeys((*found, *others, *self._nodes.seeds)))
        if found:
            return found[0]
        raise redis.exceptions.ClusterDownError("CLUSTERDOWN nobody serves our slot")


def _address_in(told: Sequence[Any]) -> Address:
    """A node's address in the answer to CLUSTER SLOTS; the host is empty when a node doesn't know its own."""
    return (told[0] or b"").decode(), int(told[1])


class _Found:
    """Looks for its node each time it connects (blocking connections)."""

    def __init__(self, *, finder: Finder, **options: Any) -> None:
        self._finder = finder
        super().__init__(**options)

    def _connect(self) -> Any:
        self.host, self.port = self._finder.find()
        return super()._connect()  # type: ignore[misc]

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        """What the node answers; one that is no longer the right one counts as lost."""
        try:
            return super().read_response(*arguments, **options)  # type: ignore[misc]
        except _MOVED_ON as error:
            self.disconnect()  # type: ignore[attr-defined]
            raise redis.ConnectionError(f"another node has taken over: {error}") from error


class _AsyncFound:
    """Looks for its node each time it connects (asyncio connections)."""

    def __init__(self, *, finder: Finder, **options: Any) -> None:
        self._finder = finder
        super().__init__(**options)

    async def _connect(self) -> Any:
        self.host, self.port = await self._finder.afind()
        return await super()._connect()  # type: ignore[misc]

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        """What the node answers; one that is no longer the right one counts as lost."""
        try:
            return await super().read_response(*arguments, **options)  # type: ignore[misc]
        except _MOVED_ON as error:
            await self.disconnect()  # type: ignore[attr-defined]
            raise redis.ConnectionError(f"another node has taken over: {error}") from error


class FoundConnection(_Found, redis.Connection):
    """A blocking connection to whichever node is the right one."""


class FoundSSLConnection(_Found, redis.SSLConnection):
    """A blocking TLS connection to whichever node is the right one."""


class AsyncFoundConnection(_AsyncFound, redis.asyncio.Connection):
    """An asyncio connection to whichever node is the right one."""


class AsyncFoundSSLConnection(_AsyncFound, redis.asyncio.SSLConnection):
    """An asyncio TLS connection to whichever node is the right one."""


def pool_of(kind: Callable[..., Any], url: str, *, blocking: bool, **limits: Any) -> Any:
    """A pool of redis-py's class `kind` for a URL of several nodes, with connections of the blocking sort or not."""
    nodes = parse_nodes(url)
    if blocking:
        connection: Any = FoundSSLConnection if nodes.tls else FoundConnection
    else:
        connection = AsyncFoundSSLConnection if nodes.tls else AsyncFoundConnection
    return kind(connection_class=connection, finder=Finder(nodes), **{**nodes.options, **limits})


def services_known(nodes: Nodes) -> list[str] | None:
    """The names that the Sentinels watch; None when none of them answers."""
    for host, port in nodes.seeds:
        with contextlib.suppress(redis.RedisError, OSError):
            watcher = redis.Redis(host, port, **_sentinel_options(nodes))
            with contextlib.closing(watcher):
                return sorted(str(name) for name in watcher.sentinel_masters())
    return None
