"""Fixtures that every test may use: a real Valkey, and the queue over it."""

from __future__ import annotations

import itertools
import signal
from collections.abc import AsyncIterator, Iterator

import pytest
import redis

from loopback.redis_user import worker_user
from loopback.s3 import S3, moto, s3_on_loopback
from zosma_cli.valkey import PrivateValkey
from zosma_queue import logs
from zosma_queue.client import Queue

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a script: what we start would take no Ctrl-C either.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_field_of_an_earlier_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker has every event of its process say is said in its test only."""
    monkeypatch.setattr(logs, "_always", {})


@pytest.fixture(scope="session", name="valkey")
def _valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateValkey]:
    """One Valkey for the whole run; each test gets an empty database of it."""
    with PrivateValkey(tmp_path_factory.mktemp("valkey"), durable=False) as server:
        yield server


@pytest.fixture(name="redis_url")
def _redis_url(valkey: PrivateValkey) -> str:
    """The URL of an empty database."""
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    return valkey.url


@pytest.fixture(name="raw")
def _raw(redis_url: str) -> Iterator[redis.Redis]:
    """A plain client, to look at keys."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture(name="worker_url")
def _worker_url(redis_url: str, raw: redis.Redis) -> Iterator[str]:
    """The same with the login of the user that the README gives to workers."""
    with worker_user(raw, redis_url, "worker-of-the-readme") as url:
        yield url


@pytest.fixture(name="queue")
async def _queue(redis_url: str) -> AsyncIterator[Queue]:
    """The bot's view of the queue."""
    async with Queue(redis_url) as queue:
        yield queue


@pytest.fixture(scope="session", name="moto_url")
def _moto_url() -> Iterator[str]:
    """One moto for the whole run."""
    with moto() as url:
        yield url


@pytest.fixture(name="s3")
async def _s3(moto_url: str) -> AsyncIterator[S3]:
    """A server that speaks S3, with an empty bucket."""
    async with s3_on_loopback(moto_url) as server:
        yield server


@pytest.fixture(name="ids")
def _ids() -> Iterator[str]:
    """Job ids that are easy to read in a failure."""
    return (f"job-{number}" for number in itertools.count(1))
