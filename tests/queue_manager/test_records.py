"""The documents that the bot keeps."""

from __future__ import annotations

import asyncio

import pytest
import redis

from zosma_queue import keys
from zosma_queue.errors import RequestRefusedError


@pytest.fixture(name="records")
def _records(queue):
    return queue.records


async def test_a_document_is_kept_until_it_is_dropped(records):
    assert await records.get("settings", "7") is None
    await records.put("settings", "7", {"style": "Füllung", "count": 4})

    assert await records.get("settings", "7") == {"style": "Füllung", "count": 4}
    assert await records.get("settings", "8") is None
    assert await records.drop("settings", "7")
    assert not await records.drop("settings", "7")
    assert await records.get("settings", "7") is None


async def test_a_document_with_a_time_goes_by_itself_and_a_change_leaves_it_its_time(records, raw):
    await records.put("confirm", "abc", {"act": "clear"}, ttl_s=60)
    await records.change("confirm", "abc", lambda found: {**found, "asked": True})

    assert 0 < raw.ttl(keys.record("confirm", "abc")) <= 60


async def test_only_one_of_two_who_take_a_document_gets_it(records):
    await records.put("confirm", "abc", {"act": "clear"})

    taken = await asyncio.gather(*(records.take("confirm", "abc") for _ in range(5)))

    assert [one for one in taken if one] == [{"act": "clear"}]


async def test_of_concurrent_changes_none_is_lost(records):
    def one_more(found):
        return {"count": found.get("count", 0) + 1}

    made = await asyncio.gather(*(records.change("settings", "7", one_more) for _ in range(20)))

    assert sorted(one["count"] for one in made) == list(range(1, 21))
    assert await records.get("settings", "7") == {"count": 20}


async def test_a_change_to_nothing_drops_the_document(records):
    await records.put("settings", "7", {"style": "x"})

    assert await records.change("settings", "7", lambda found: None) == {}
    assert await records.get("settings", "7") is None
    assert await records.change("settings", "7", lambda found: None) == {}


async def test_a_change_that_fails_changes_nothing(records):
    await records.put("settings", "7", {"style": "x"})

    with pytest.raises(KeyError):
        await records.change("settings", "7", lambda found: found["missing"])

    assert await records.get("settings", "7") == {"style": "x"}


async def test_a_document_that_is_too_large_is_refused_before_and_after(records):
    with pytest.raises(RequestRefusedError, match="at most 65,536"):
        await records.put("settings", "7", {"text": "ü" * 33_000})
    with pytest.raises(RequestRefusedError, match="at most 65,536"):
        await records.change("settings", "7", lambda found: {"text": "x" * 66_000})

    assert await records.get("settings", "7") is None


async def test_a_kind_is_lower_case_letters(records):
    with pytest.raises(ValueError, match="no kind of record"):
        await records.get("Settings:1", "7")


async def test_a_worker_can_not_read_documents(records, raw, valkey):
    await records.put("settings", "7", {"style": "x"})
    raw.execute_command("ACL", "SETUSER", "gpu", "reset", "on", ">pw", "~{zosma}:*", "&{zosma}:*", "+@all")
    try:
        with redis.Redis.from_url(valkey.url.replace("redis://", "redis://gpu:pw@")) as worker:
            for key in (keys.record("settings", "7"), keys.history("ann")):
                with pytest.raises(redis.exceptions.NoPermissionError):
                    worker.type(key)
    finally:
        raw.execute_command("ACL", "DELUSER", "gpu")
