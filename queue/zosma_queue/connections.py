"""Redis clients with the time limits that each use needs."""

from __future__ import annotations

from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry

#: A member is told within 3 s that Redis is away: two tries at this each fit.
BOT_TIMEOUT_S = 1.2
#: Longer than the longest blocking command a worker sends (`BROKER_BLOCK_S` in broker.py).
WORKER_TIMEOUT_S = 5.0


def bot_client(url: str) -> redis.asyncio.Redis:
    """For the bot's event loop. Verbs are safe to repeat, so one lost connection is retried at once."""
    client: redis.asyncio.Redis = redis.asyncio.Redis.from_url(
        url,
        socket_timeout=BOT_TIMEOUT_S,
        socket_connect_timeout=BOT_TIMEOUT_S,
        health_check_interval=15,
        retry=AsyncRetry(NoBackoff(), 1),
        client_name="zosma-bot",
    )
    return client


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
