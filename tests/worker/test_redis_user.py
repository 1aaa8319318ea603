"""A worker with the Redis user that the README gives: enough for all it does, and for nothing else."""

from __future__ import annotations

import asyncio
import re

import pytest
import redis

from loopback.fleet import HASTY
from loopback.redis_user import README
from zosma_queue import keys
from zosma_queue.fleet import WorkerState
from zosma_queue.job import State
from zosma_queue.scripts import source
from zosma_worker.slot import WorkerOptions, run_slot


async def test_it_joins_makes_a_picture_and_leaves(worker_url, webui, ann):
    stop = asyncio.Event()
    worker = asyncio.create_task(
        run_slot(worker_url, webui.address, stop, WorkerOptions(timeouts=HASTY, benchmark=True))
    )
    await ann.worker(WorkerState.READY)
    start = await ann.queue.keep_input(b"not a picture, but stored")

    job = await ann.gets(await ann.asks(count=2))
    inspired = await ann.gets(await ann.asks(img2img={"image": start}))

    assert (job.state, len(await ann.queue.pictures(job))) == (State.DONE, 2)
    assert inspired.state is State.DONE
    stop.set()
    await worker
    assert await ann.queue.workers() == []


#: What a hostile worker would like to do.
FORBIDDEN = [
    ("SET", "other", "1"),
    ("GET", "other"),
    ("FLUSHALL",),
    ("FLUSHDB",),
    ("KEYS", "*"),
    ("SCAN", "0"),
    ("RANDOMKEY",),
    ("DBSIZE",),
    ("CONFIG", "GET", "*"),
    ("CONFIG", "SET", "dir", "x"),
    ("ACL", "LIST"),
    ("ACL", "SETUSER", "x"),
    ("SHUTDOWN",),
    ("MONITOR",),
    ("INFO",),
    ("SLOWLOG", "GET"),
    ("CLIENT", "LIST"),
    ("CLIENT", "KILL", "TYPE", "normal"),
    ("CLIENT", "PAUSE", "1000"),
    ("REPLICAOF", "evil", "6379"),
    ("MIGRATE", "evil", "1", "k", "0", "1"),
    ("MODULE", "LIST"),
    ("SCRIPT", "FLUSH"),
    ("SCRIPT", "KILL"),
    ("SCRIPT", "LOAD", "return 1"),
    ("FUNCTION", "LOAD", "#!lua name=x\nredis.register_function('x', function() end)"),
    ("FUNCTION", "FLUSH"),
    ("PUBLISH", "other", "1"),
    ("SUBSCRIBE", keys.EVENTS),
    ("PSUBSCRIBE", "*"),
    ("EVAL", "return redis.call('GET', 'other')", "0"),
    ("EVAL", "return redis.call('KEYS', '*')", "0"),
    *(("HGETALL", key) for key in (keys.POLICIES, keys.RULES, keys.API_KEYS, keys.API_KEY_USES)),
    *(("HSET", key, "x", "{}") for key in (keys.POLICIES, keys.RULES, keys.PAUSED, keys.API_KEYS, keys.API_KEY_USES)),
    ("DEL", keys.API_KEYS),
    ("EVAL", f"return redis.call('HSET', '{keys.API_KEYS}', 'x', '{{}}')", "0"),
    ("HDEL", keys.PAUSED, "queue"),
    ("XADD", keys.AUDIT, "*", "who", "me"),
    ("DEL", keys.AUDIT),
    ("SET", keys.PROTOCOL, "99"),
    ("EVAL", f"return redis.call('HGETALL', '{keys.POLICIES}')", "0"),
    ("EVAL", f"return redis.call('DEL', '{keys.AUDIT}')", "0"),
    ("EVAL", f"return redis.call('HSET', '{keys.RULES}', '', '{{}}')", "0"),
    ("GET", keys.image("1", 1, 0)),
    ("GET", keys.preview("1")),
    ("EVAL", f"return redis.call('GET', '{keys.image('1', 1, 0)}')", "0"),
    ("SET", keys.picture_input("1"), "evil"),
    ("DEL", keys.picture_input("1")),
    ("HGETALL", keys.INPUT_NOTES),
    ("ZRANGE", keys.WAITING, "0", "-1"),
    ("HGETALL", keys.PICTURE_BYTES),
    ("DEL", keys.SEQ),
    ("GET", keys.SECRET),
    ("GET", keys.reply("1")),
    ("GET", keys.asked("1")),
    ("ZRANGE", keys.ASKED, "0", "-1"),
    ("GET", keys.document("member", "1")),
    ("ZRANGE", keys.history("ann"), "0", "-1"),
    ("GET", keys.cooldown("ann")),
    ("COPY", keys.SECRET, keys.job("1")),
    ("RENAME", keys.SECRET, keys.job("1")),
    ("SORT", keys.job("1"), "BY", "x", "GET", "*"),
]


@pytest.mark.parametrize("command", FORBIDDEN, ids=lambda command: " ".join(command)[:60])
def test_it_may_do_nothing_else(command, worker_url):
    with redis.Redis.from_url(worker_url) as client, pytest.raises(redis.ResponseError, match=r"(?i)permission|NOPERM"):
        client.execute_command(*command)


def test_it_has_no_command_that_no_part_of_a_worker_sends(worker_url):
    texts = [source(verb) for verb in ("beat", "fetch", "leave", "renew", "settle", "settle_and_fetch", "sweep")]
    sent = {name.casefold() for text in texts for name in re.findall(r"redis\.p?call\('(\w+)'", text)}
    # What Python sends, and redis-py by itself; CLUSTER SLOTS is asked of a cluster alone.
    sent |= {
        "blpop",
        "cluster|slots",
        "client|setname",
        "eval",
        "evalsha",
        "getdel",
        "ping",
        "select",
    }
    given = {word[1:] for word in re.findall(r"(?<= )\+[a-z|]+", README.read_text("utf-8")) if "@" not in word}

    assert given == sent


async def test_rules_and_limits_of_an_older_version_move_out_of_its_reach(worker_url, queue, raw):
    raw.hset("{zosma}:policies", "default", '{"waiting": 3}')
    raw.hset("{zosma}:rules", "", '{"blocked": ["gore"]}')
    raw.xadd("{zosma}:audit", {"who": "ann", "act": "pause", "target": "queue", "at": "1"})
    await queue.announce()

    with redis.Redis.from_url(worker_url) as worker, pytest.raises(redis.exceptions.NoPermissionError):
        worker.hset("{zosma}:policies", "default", "{}")
    assert (await queue.admin.policies())["default"].waiting == 3
    assert [act.who for act in await queue.admin.audit()] == ["ann"]
    assert not raw.exists("{zosma}:policies", "{zosma}:rules", "{zosma}:audit")


async def test_what_was_set_since_is_not_overwritten_by_what_lies_under_an_old_name(queue, raw):
    await queue.admin.set_policy("ann", "default", {"waiting": 5})
    raw.hset("{zosma}:policies", "default", '{"waiting": 9999}')
    await queue.announce()

    assert (await queue.admin.policies())["default"].waiting == 5
