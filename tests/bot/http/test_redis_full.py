"""The HTTP side over a Redis that says "not now"."""

from __future__ import annotations

import aiohttp
import pytest

from zosma_bot.http.app import make_app, serve


@pytest.fixture(name="full")
def _full(raw):
    """Until told otherwise Redis takes no more."""
    raw.config_set("maxmemory", "1")
    yield lambda: raw.config_set("maxmemory", "0")
    raw.config_set("maxmemory", "0")


async def test_a_submit_is_503_with_when_to_come_back_and_readyz_has_redis_words(http, worker, full):
    async with http.post("/sdapi/v1/txt2img", json={"prompt": "a cat"}) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
        assert "OOM" in (await answer.json())["detail"]
    async with http.get("/readyz") as answer:
        assert answer.status == 503
        assert "used memory > 'maxmemory'" in (await answer.json())["redis"]
    async with http.get("/healthz") as answer:
        assert answer.status == 200

    full()
    async with http.get("/readyz") as answer:
        assert answer.status == 200


async def test_a_user_without_rights_is_named_as_what_no_wait_mends(http, queue, raw, valkey, hub):
    raw.execute_command("ACL", "SETUSER", "poor", "reset", "on", ">pw", "~none:*", "&*", "+@all")
    try:
        async with type(queue)(valkey.url_for("poor", "pw")) as poor:
            app = make_app(poor, hub, {})
            async with serve(app, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as session:
                async with session.post("/sdapi/v1/txt2img", json={"prompt": "a cat"}) as answer:
                    assert answer.status == 503
                    assert (await answer.json())["error"] == "QueueRefuses"
                async with session.get("/readyz") as answer:
                    assert "NOPERM" in (await answer.json())["redis"]
    finally:
        raw.execute_command("ACL", "DELUSER", "poor")


async def test_what_went_wrong_in_the_background_is_in_healthz(queue, hub):
    async with (
        serve(make_app(queue, hub, {}, faults={"sweep": 3}), "127.0.0.1", 0) as url,
        aiohttp.ClientSession(url) as session,
        session.get("/healthz") as answer,
    ):
        assert (await answer.json())["faults"] == {"sweep": 3}
