"""Redis clients with the time limits that each use needs."""

from __future__ import annotations

from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry

from zosma_queue.errors import SettingsError
from zosma_queue.settings import Settings, address_of

#: A member is told within 3 s that Redis is away: two tries at this each fit.
BOT_TIMEOUT_S = 1.2
#: Longer than the longest blocking command a worker sends (`BROKER_BLOCK_S` in broker.py).
WORKER_TIMEOUT_S = 5.0
#: Who finds all of these busy waits for one. redis-py's own pool refuses the hundred-and-first question outright.
BOT_CONNECTIONS = 32
#: A Redis that is there answers at once.
LOGIN_TIMEOUT_S = 2.0


def check_login(settings: Settings, *, must_answer: bool = False) -> None:
    """Tries the settings' Redis once. One that isn't there is waited for later, but a wrong password mends by no wait.

    Raises:
      SettingsError: when the password is refused, or with `must_answer` when nobody answers.
    """
    if not settings.redis:
        return
    address = address_of(settings.redis)
    limits = {"socket_timeout": LOGIN_TIMEOUT_S, "socket_connect_timeout": LOGIN_TIMEOUT_S}
    try:
        with redis.Redis.from_url(settings.redis, retry=Retry(NoBackoff(), 0), **limits) as client:
            client.ping()
    except redis.AuthenticationError as error:
        has_password = "@" in settings.redis
        variable = settings.redis_password_variable
        told = f"refused the password ({error})" if has_password else "asks for a password, and none is set"
        how = "redis://:PASSWORD@host:6379/0" if variable == "REDIS_URL" else "its password"
        raise SettingsError(f"{variable}: {address} {told}: set {variable} to {how}") from None
    except redis.RedisError as error:
        if must_answer:
            raise SettingsError(
                f"{settings.redis_variable}: {address} can't be reached ({error}):"
                f" start it, or leave {settings.redis_variable} out for a built-in one"
            ) from None


def bot_client(url: str) -> redis.asyncio.Redis:
    """For the bot's event loop. Verbs are safe to repeat, so one lost connection is retried at once."""
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=BOT_CONNECTIONS,
        timeout=BOT_TIMEOUT_S,
        socket_timeout=BOT_TIMEOUT_S,
        socket_connect_timeout=BOT_TIMEOUT_S,
        health_check_interval=15,
        retry=AsyncRetry(NoBackoff(), 1),
        client_name="zosma-bot",
    )
    return redis.asyncio.Redis.from_pool(pool)


def listener_client(url: str) -> redis.asyncio.Redis:
    """For pub/sub, which is silent for as long as nothing happens."""
    client: redis.asyncio.Redis = redis.asyncio.Redis.from_url(
        url,
        socket_timeout=None,
        socket_connect_timeout=BOT_TIMEOUT_S,
        socket_keepalive=True,
        health_check_interval=5,
        client_name="zosma-bot-events",
    )
    return client


def worker_client(url: str, **extra: Any) -> redis.Redis:
    """For a worker's consumer thread. A fetch must never be repeated blindly: its lost reply may hold a job."""
    client: redis.Redis = redis.Redis.from_url(
        url,
        socket_timeout=WORKER_TIMEOUT_S,
        socket_connect_timeout=WORKER_TIMEOUT_S,
        socket_keepalive=True,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 0),
        client_name="zosma-worker",
        **extra,
    )
    return client


def worker_async_client(url: str) -> redis.asyncio.Redis:
    """For a worker's running job: renewals, progress, images. All safe to repeat."""
    client: redis.asyncio.Redis = redis.asyncio.Redis.from_url(
        url,
        socket_timeout=WORKER_TIMEOUT_S,
        socket_connect_timeout=WORKER_TIMEOUT_S,
        health_check_interval=15,
        retry=AsyncRetry(ExponentialBackoff(cap=0.5, base=0.05), 3),
        client_name="zosma-worker-job",
    )
    return client
