"""Redis clients with the time limits that each use needs."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry

from zosma_queue.errors import SettingsError
from zosma_queue.nodes import SENTINEL, is_several, parse_nodes, pool_of, services_known
from zosma_queue.redis_says import TOO_OLD, is_too_old
from zosma_queue.settings import Settings, address_of

#: A member is told within 3 s that Redis is away: two tries at this each fit.
BOT_TIMEOUT_S = 1.2
#: Longer than the longest blocking command a worker sends (`BROKER_BLOCK_S` in broker.py).
WORKER_TIMEOUT_S = 5.0
#: Who finds all of these busy waits for one. redis-py's own pool refuses the hundred-and-first question outright.
BOT_CONNECTIONS = 32
#: So long a question waits for a free connection. Whoever must be told sooner has a limit of their own.
POOL_WAIT_S = 10.0
#: A listener that has heard nothing for so long asks whether anybody is there, and waits for the answer as long again.
PULSE_S = 5.0
#: A peer that a firewall forgot is noticed by the kernel after 5 + 3 · 3 s, though nobody writes.
_KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3}
#: A Redis that is there answers at once.
LOGIN_TIMEOUT_S = 2.0
#: Has the head that ours have, which servers before Redis 7 can't read.
_SCRIPT = "#!lua flags=no-writes\nreturn 1"


def check_login(settings: Settings, *, must_answer: bool = False) -> None:
    """Tries the settings' Redis once. One that isn't there is waited for later, but no wait mends a wrong password.

    Raises:
      SettingsError: when the password is refused, the server is too old, or with `must_answer` when nobody answers.
    """
    if not settings.redis:
        return
    address = address_of(settings.redis)
    limits = {"socket_timeout": LOGIN_TIMEOUT_S, "socket_connect_timeout": LOGIN_TIMEOUT_S}
    try:
        with _client(settings.redis, retry=Retry(NoBackoff(), 0), **limits) as client:
            client.ping()
            _check_age(client)
    except redis.AuthenticationError as error:
        has_password = "@" in settings.redis
        variable = settings.redis_password_variable
        told = f"refused the password ({error})" if has_password else "asks for a password, and none is set"
        how = "redis://:PASSWORD@host:6379/0" if variable == "REDIS_URL" else "its password"
        raise SettingsError(f"{variable}: {address} {told}: set {variable} to {how}") from None
    except redis.RedisError as error:
        if is_too_old(error):
            raise SettingsError(f"{settings.redis_variable}: {address} {TOO_OLD}") from None
        _check_service(settings)
        if must_answer:
            raise SettingsError(
                f"{settings.redis_variable}: {address} can't be reached ({error}):"
                f" start it, or leave {settings.redis_variable} out for a built-in one"
            ) from None


def _check_age(client: redis.Redis) -> None:
    """Raises redis.ResponseError when the server can't read the head of our scripts. What else it says is not asked."""
    try:
        client.eval(_SCRIPT, 0)
    except redis.RedisError as error:
        if is_too_old(error):
            raise


def _check_service(settings: Settings) -> None:
    """Raises SettingsError when Sentinels answer, but watch no primary of the name that is set."""
    nodes = parse_nodes(settings.redis) if settings.redis and is_several(settings.redis) else None
    if nodes is None or nodes.kind != SENTINEL:
        return
    known = services_known(nodes)
    if known is not None and nodes.service not in known:
        there = f"they watch {', '.join(known)}" if known else "they watch none"
        raise SettingsError(f"{settings.redis_variable}: the Sentinels know no primary {nodes.service!r}: {there}")


def _pool(kind: Any, url: str, *, blocking: bool, **limits: Any) -> Any:
    """A pool of redis-py's class `kind` for one node or several."""
    # By itself redis-py tells its own name by CLIENT SETINFO, which Redis 7.0 doesn't know, nor in a user's rights.
    limits["driver_info"] = None
    return pool_of(kind, url, blocking=blocking, **limits) if is_several(url) else kind.from_url(url, **limits)


def _client(url: str, **limits: Any) -> redis.Redis:
    return redis.Redis.from_pool(_pool(redis.ConnectionPool, url, blocking=True, **limits))


def _async_client(url: str, kind: Any = redis.asyncio.ConnectionPool, **limits: Any) -> redis.asyncio.Redis:
    return redis.asyncio.Redis.from_pool(_pool(kind, url, blocking=False, **limits))


def _keepalive(url: str) -> dict[str, Any]:
    """Keepalive for a TCP connection; a Unix socket has none."""
    if urlsplit(url).scheme == "unix":
        return {}
    options = {getattr(socket, name): value for name, value in _KEEPALIVE.items() if hasattr(socket, name)}
    return {"socket_keepalive": True, "socket_keepalive_options": options}


def bot_client(url: str) -> redis.asyncio.Redis:
    """For the bot's event loop. Verbs are safe to repeat, so one lost connection is retried at once."""
    return _async_client(
        url,
        redis.asyncio.BlockingConnectionPool,
        max_connections=BOT_CONNECTIONS,
        timeout=POOL_WAIT_S,
        socket_timeout=BOT_TIMEOUT_S,
        socket_connect_timeout=BOT_TIMEOUT_S,
        health_check_interval=15,
        retry=AsyncRetry(NoBackoff(), 1),
        client_name="zosma-bot",
        **_keepalive(url),
    )


def listener_client(url: str) -> redis.asyncio.Redis:
    """For pub/sub, which is silent for as long as nothing happens; its reader asks for signs of life (`PULSE_S`)."""
    return _async_client(
        url,
        socket_timeout=None,
        socket_connect_timeout=BOT_TIMEOUT_S,
        client_name="zosma-bot-events",
        # A reconnect behind our back would look as if nothing had been missed.
        retry=AsyncRetry(NoBackoff(), 0),
        **_keepalive(url),
    )


def worker_client(url: str, **extra: Any) -> redis.Redis:
    """For a worker's consumer thread. A fetch must never be repeated blindly: its lost reply may hold a job."""
    return _client(
        url,
        socket_timeout=WORKER_TIMEOUT_S,
        socket_connect_timeout=WORKER_TIMEOUT_S,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 0),
        client_name="zosma-worker",
        **_keepalive(url),
        **extra,
    )


def worker_async_client(url: str) -> redis.asyncio.Redis:
    """For a worker's running job: renewals, progress, images. All safe to repeat."""
    return _async_client(
        url,
        socket_timeout=WORKER_TIMEOUT_S,
        socket_connect_timeout=WORKER_TIMEOUT_S,
        health_check_interval=15,
        retry=AsyncRetry(ExponentialBackoff(cap=0.5, base=0.05), 3),
        client_name="zosma-worker-job",
        **_keepalive(url),
    )
