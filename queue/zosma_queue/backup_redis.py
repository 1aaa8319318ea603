"""Reads what people have set up out of Redis, and writes it into another."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pydantic import BaseModel, ValidationError

from zosma_queue import keys
from zosma_queue.api_keys import STAMP
from zosma_queue.audit import Chain, note_within, read_chain
from zosma_queue.backup import Check, Contents, FailedJob, Kind
from zosma_queue.backup_parts import api_key_of, failed_job_of, policy_of, said
from zosma_queue.documents import decoded, encoded
from zosma_queue.errors import RequestRefusedError
from zosma_queue.moderation import parse_rules
from zosma_queue.rulebook import note_change
from zosma_queue.scripts import redis_errors
from zosma_queue.unreadable import READING, finite, object_in, row_or

#: Keys that one step looks at, documents and jobs that it writes.
STEP = 200
#: As long as failed jobs are kept (DEAD_TTL_MS of the scripts).
FAILED_KEPT_MS = 30 * 24 * 3600 * 1000
#: Where the audit trail is put together before it takes its place.
_AUDIT_AT_WORK = f"{keys.AUDIT}-import"

Note = Callable[[str], None]


async def read(redis: Any, kinds: Mapping[str, Kind], *, failed_jobs: bool, left_out: Note) -> Contents:
    """All that is set up. `left_out` is told of each thing that can't be read.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    with redis_errors():
        policies = await redis.hgetall(keys.POLICIES)
        rules = await redis.hgetall(keys.RULES)
        api_keys = await redis.hgetall(keys.API_KEYS)
        uses = await redis.hgetall(keys.API_KEY_USES)
    reading = _Reading(left_out)
    found_keys = reading.all(
        "api_keys", {name: one for name, one in api_keys.items() if name != STAMP.encode()},
        lambda name, data: api_key_of(name, object_in(data)),
    )  # fmt: skip
    chain = await read_chain(redis)
    return Contents(
        limits=reading.all("limits", policies, lambda name, data: policy_of(name, object_in(data))),
        rules=reading.all("rules", rules, lambda _, data: parse_rules(object_in(data))),
        api_keys=found_keys,
        api_key_uses={
            name: at
            for name, at in reading.all("api_key_uses", uses, lambda _, data: int(finite(data))).items()
            if name in found_keys
        },
        documents={kind: await _documents(redis, kind, its.check, reading) for kind, its in kinds.items()},
        failed_jobs=await _failed(redis, reading) if failed_jobs else None,
        audit=chain,
    )  # fmt: skip


class _Reading:
    """Reads records, and tells of those that can't be."""

    def __init__(self, left_out: Note) -> None:
        self._left_out = left_out

    def all(self, section: str, found: Mapping[bytes, bytes], parse: Callable[[str, bytes], Any]) -> dict[str, Any]:
        known = {}
        for name, data in found.items():
            shown = name.decode(errors="replace")
            try:
                known[name.decode()] = parse(name.decode(), data)
            except (RequestRefusedError, ValidationError, *READING) as error:
                self._left_out(f"{section} {shown!r}: {said(error)}")
        return known


async def _documents(redis: Any, kind: str, check: Check, reading: _Reading) -> dict[str, Any]:
    prefix, cursor = keys.document(kind, ""), None
    found: dict[bytes, bytes] = {}
    with redis_errors():
        while cursor != 0:
            cursor, names = await redis.scan(cursor or 0, match=f"{prefix}*", count=STEP)
            rows = await redis.mget(names) if names else []
            for name, row in zip(names, rows, strict=True):
                if row is not None:
                    found[name.removeprefix(prefix.encode())] = row

    def parse(document_id: str, data: bytes) -> dict[str, Any]:
        document = object_in(data)
        check(document_id, document)
        return document

    return reading.all(f"documents {kind}", found, parse)


async def _failed(redis: Any, reading: _Reading) -> dict[str, FailedJob]:
    with redis_errors():
        ids = [one.decode(errors="replace") for one in await redis.zrange(keys.DEAD, 0, -1)]
        known: dict[str, FailedJob] = {}
        for first in range(0, len(ids), STEP):
            batch = ids[first : first + STEP]
            pipe = redis.pipeline(transaction=False)
            for job_id in batch:
                pipe.hgetall(keys.job(job_id))
                pipe.get(keys.reply(job_id))
                pipe.zscore(keys.UNDELIVERED, job_id)
            rows = [row_or(keys.DEAD, row, None) for row in await pipe.execute(raise_on_error=False)]
            stored = zip(batch, rows[0::3], rows[1::3], rows[2::3], strict=True)
            there = {job_id: (fields, reply, owed) for job_id, fields, reply, owed in stored if fields}
            known |= reading.all(
                "failed_jobs", {job_id.encode(): b"" for job_id in there},
                partial(_stored_job, there),
            )  # fmt: skip
    return known


def _stored_job(there: Mapping[str, tuple[Any, Any, Any]], job_id: str, _: bytes) -> FailedJob:
    fields, reply, owed = there[job_id]
    kept = decoded(keys.reply(job_id), reply)
    return failed_job_of(
        job_id,
        {
            "fields": {name.decode(): value.decode() for name, value in fields.items()},
            "reply": kept and {**kept, "token": ""},
            "undelivered": owed is not None,
        },
    )


async def write(redis: Any, now: Contents, then: Contents, kinds: Mapping[str, Kind], *, who: str, mode: str) -> None:
    """Makes `then` of `now`. Safe to repeat after it broke off: the limits, rules and keys come last and at once.

    The audit trail tells of it, unless there was none: then it is what the document says, to the last entry.

    Raises:
      QueueUnavailableError: when Redis doesn't answer.
    """
    with redis_errors():
        await _write_documents(redis, now, then, kinds)
        await _write_failed(redis, now, then)
        restored = await _restore_audit(redis, then.audit) if now.audit != then.audit and then.audit else False
        pipe = redis.pipeline(transaction=True)
        _write_hash(pipe, keys.POLICIES, now.limits, then.limits)
        _write_hash(pipe, keys.RULES, now.rules, then.rules)
        note_change(pipe)
        _write_hash(pipe, keys.API_KEYS, now.api_keys, then.api_keys)
        _write_hash(pipe, keys.API_KEY_USES, now.api_key_uses, then.api_key_uses)
        if now.api_keys != then.api_keys:
            pipe.hset(keys.API_KEYS, STAMP, secrets.token_hex(8))
        if not restored:
            note_within(pipe, who, "import", "everything", part="mode", value=mode)
        await pipe.execute()


def _write_hash(pipe: Any, key: str, now: Mapping[str, Any], then: Mapping[str, Any]) -> None:
    """Writes what differs: what could not be read, or has come meanwhile, stays."""
    changed = {
        name: one.model_dump_json() if isinstance(one, BaseModel) else one
        for name, one in then.items()
        if now.get(name) != one
    }
    if changed:
        pipe.hset(key, mapping=changed)
    if gone := now.keys() - then.keys():
        pipe.hdel(key, *gone)


async def _write_documents(redis: Any, now: Contents, then: Contents, kinds: Mapping[str, Kind]) -> None:
    writes: list[tuple[str, bytes | None, int | None]] = []
    for kind, its in kinds.items():
        old, new = now.documents.get(kind, {}), then.documents.get(kind, {})
        writes += [(keys.document(kind, one), None, None) for one in old.keys() - new.keys()]
        writes += [
            (keys.document(kind, one), encoded(content), its.ttl_s)
            for one, content in new.items()
            if old.get(one) != content
        ]
    for first in range(0, len(writes), STEP):
        pipe = redis.pipeline(transaction=False)
        for key, data, ttl_s in writes[first : first + STEP]:
            if data is None:
                pipe.unlink(key)
            else:
                pipe.set(key, data, ex=ttl_s)
        await pipe.execute()


async def _write_failed(redis: Any, now: Contents, then: Contents) -> None:
    seconds, micros = await redis.time()
    now_ms = seconds * 1000 + micros // 1000
    new = [(job_id, job) for job_id, job in (then.failed_jobs or {}).items() if job_id not in (now.failed_jobs or {})]
    for first in range(0, len(new), STEP):
        pipe = redis.pipeline(transaction=False)
        for job_id, _ in new[first : first + STEP]:
            pipe.exists(keys.job(job_id))
        known = await pipe.execute()
        pipe = redis.pipeline(transaction=True)
        for (job_id, job), is_there in zip(new[first : first + STEP], known, strict=True):
            finished_ms = int(finite(job.fields["finished"]))
            left_ms = finished_ms + FAILED_KEPT_MS - now_ms
            if is_there or left_ms <= 0:  # it has a new life, or would be forgotten at once
                continue
            pipe.hset(keys.job(job_id), mapping=dict(job.fields))
            pipe.pexpire(keys.job(job_id), left_ms)
            pipe.zadd(keys.DEAD, {job_id: finished_ms})
            pipe.zadd(keys.history(job.fields["owner"]), {job_id: int(finite(job.fields["created"]))})
            pipe.pexpire(keys.history(job.fields["owner"]), FAILED_KEPT_MS)
            if job.reply:
                pipe.set(keys.reply(job_id), json.dumps(job.reply), px=left_ms)
            if job.undelivered:
                pipe.zadd(keys.UNDELIVERED, {job_id: finished_ms})
        await pipe.execute()


async def _restore_audit(redis: Any, chain: Chain) -> bool:
    """Puts a trail where there is none, whole or not at all; False when one has begun meanwhile."""

    def raw(entry: Mapping[str, str]) -> dict[bytes, bytes]:
        return {
            name.encode(errors="surrogateescape"): value.encode(errors="surrogateescape")
            for name, value in entry.items()
        }

    await redis.unlink(_AUDIT_AT_WORK)
    for first in range(0, len(chain.entries), STEP):
        pipe = redis.pipeline(transaction=False)
        for entry in chain.entries[first : first + STEP]:
            pipe.xadd(_AUDIT_AT_WORK, raw(entry))
        await pipe.execute()
    async with redis.pipeline(transaction=True) as pipe:
        await pipe.watch(keys.AUDIT, keys.AUDIT_HEAD)
        if await pipe.exists(keys.AUDIT, keys.AUDIT_HEAD):
            await pipe.unwatch()
            await redis.unlink(_AUDIT_AT_WORK)
            return False
        pipe.multi()
        if chain.entries:
            pipe.rename(_AUDIT_AT_WORK, keys.AUDIT)
        if chain.head:
            pipe.hset(keys.AUDIT_HEAD, mapping=raw(chain.head))
        await pipe.execute()
    return bool(chain.entries)
