"""The documents that the bot keeps."""

from __future__ import annotations

import asyncio

import pytest
import redis

from zosma_queue import keys
from zosma_queue.errors import RequestRefusedError


@pytest.fixture(name="documents")
def _records(queue):
    return queue.documents


async def test_a_document_is_kept_until_it_is_dropped(documents):
    assert await documents.get("settings", "7") is None
    await documents.put("settings", "7", {"style": "Füllung", "count": 4})

    assert await documents.get("settings", "7") == {"style": "Füllung", "count": 4}
    assert await documents.get("settings", "8") is None
    assert await documents.drop("settings", "7")
    assert not await documents.drop("settings", "7")
    assert await documents.get("settings", "7") is None


async def test_a_document_with_a_time_goes_by_itself_and_a_change_leaves_it_its_time(documents, raw):
    await documents.put("confirm", "abc", {"act": "clear"}, ttl_s=60)
    await documents.change("confirm", "abc", lambda found: {**found, "asked": True})

    assert 0 < raw.ttl(keys.document("confirm", "abc")) <= 60


async def test_only_one_of_two_who_take_a_document_gets_it(documents):
    await documents.put("confirm", "abc", {"act": "clear"})

    taken = await asyncio.gather(*(documents.take("confirm", "abc") for _ in range(5)))

    assert [one for one in taken if one] == [{"act": "clear"}]


async def test_of_concurrent_changes_none_is_lost(documents):
    def one_more(found):
        return {"count": found.get("count", 0) + 1}

    made = await asyncio.gather(*(documents.change("settings", "7", one_more) for _ in range(20)))

    assert sorted(one["count"] for one in made) == list(range(1, 21))
    assert await documents.get("settings", "7") == {"count": 20}


async def test_a_change_to_nothing_drops_the_document(documents):
    await documents.put("settings", "7", {"style": "x"})

    assert await documents.change("settings", "7", lambda found: None) == {}
    assert await documents.get("settings", "7") is None
    assert await documents.change("settings", "7", lambda found: None) == {}


async def test_a_change_that_fails_changes_nothing(documents):
    await documents.put("settings", "7", {"style": "x"})

    with pytest.raises(KeyError):
        await documents.change("settings", "7", lambda found: found["missing"])

    assert await documents.get("settings", "7") == {"style": "x"}


async def test_a_document_that_is_too_large_is_refused_before_and_after(documents):
    with pytest.raises(RequestRefusedError, match="at most 65,536"):
        await documents.put("settings", "7", {"text": "ü" * 33_000})
    with pytest.raises(RequestRefusedError, match="at most 65,536"):
        await documents.change("settings", "7", lambda found: {"text": "x" * 66_000})

    assert await documents.get("settings", "7") is None


async def test_a_kind_is_lower_case_letters(documents):
    with pytest.raises(ValueError, match="no kind of document"):
        await documents.get("Settings:1", "7")


async def test_a_worker_can_not_read_documents(documents, raw, valkey):
    await documents.put("settings", "7", {"style": "x"})
    raw.execute_command("ACL", "SETUSER", "gpu", "reset", "on", ">pw", "~{zosma}:*", "&{zosma}:*", "+@all")
    try:
        with redis.Redis.from_url(valkey.url_for("gpu", "pw")) as worker:
            for key in (keys.document("settings", "7"), keys.history("ann")):
                with pytest.raises(redis.exceptions.NoPermissionError):
                    worker.type(key)
    finally:
        raw.execute_command("ACL", "DELUSER", "gpu")
