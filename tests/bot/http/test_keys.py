"""API keys that are made while the bot runs: scopes, limits, ends; how the server closes, and never opens by itself."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from unittest.mock import MagicMock

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from zosma_bot.http import auth
from zosma_bot.http.app import make_app, serve
from zosma_bot.http.description import ENDPOINTS
from zosma_bot.http.key_ring import KEYS_AGE_S, Caller, KeyRing
from zosma_bot.key_admin import KeyAdmin, scopes_of_environment
from zosma_cli.valkey import PrivateValkey
from zosma_queue import keys
from zosma_queue.api_keys import KeyScope
from zosma_queue.client import Queue
from zosma_queue.errors import KeyRefusedError, QueueUnavailableError, RequestRefusedError

KEYS = "/api/v1/admin/keys"
QUEUE = "/api/v1/queue"
JOBS = "/api/v1/jobs"


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


async def call(http, method, path, key=None, **options):
    async with http.request(method, path, headers=bearer(key) if key else {}, **options) as answer:
        return answer.status, await answer.json()


async def until(status, http, key=None):
    """Calls until the answer has this status, for a minute at most."""
    async with asyncio.timeout(60):
        while (await call(http, "GET", QUEUE, key))[0] != status:
            pass


async def made(http, name, admin=None, **fields):
    status, answer = await call(http, "POST", KEYS, admin, json={"name": name, **fields})
    assert status == 201, answer
    return answer["key"]


@pytest.fixture(name="admin")
async def _admin(http):
    return await made(http, "me", scopes=["admin"])


async def test_the_first_key_closes_the_server_at_once(http):
    assert (await call(http, "GET", QUEUE))[0] == 200
    key = await made(http, "me", scopes=["admin"])

    assert (await call(http, "GET", QUEUE))[0] == 401
    assert (await call(http, "GET", QUEUE, key))[0] == 200
    assert (await call(http, "GET", QUEUE, key + "x"))[0] == 401
    assert (await call(http, "GET", "/readyz"))[0] == 200


async def test_the_first_key_is_told_to_its_maker_though_all_keys_are_read_meanwhile(http, monkeypatch):
    create, refresh = KeyAdmin.create, KeyRing.refresh
    rings = []

    async def known_at_once(self, **options):
        rings.append(self)
        await refresh(self, **options)

    async def slow(self, who, fields):
        answer = await create(self, who, fields)
        # What the ring does by itself once a second.
        await asyncio.create_task(refresh(rings[0], at_once=True))
        await asyncio.sleep(0)
        return answer

    monkeypatch.setattr(KeyRing, "refresh", known_at_once)
    monkeypatch.setattr(KeyAdmin, "create", slow)
    key = await made(http, "me", scopes=["admin"])

    assert (await call(http, "GET", QUEUE, key))[0] == 200


async def test_the_first_key_must_be_an_admins_for_nobody_could_make_a_second(http):
    status, answer = await call(http, "POST", KEYS, json={"name": "website"})

    assert (status, answer["field"]) == (409, "scopes")
    assert (await call(http, "GET", QUEUE))[0] == 200


async def test_it_need_not_be_where_the_environment_has_an_admin(queue, hub):
    app = make_app(queue, hub, {"ann's long key": "ann"}, ["ann"])
    async with serve(app, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http:
        key = await made(http, "website", "ann's long key")
        assert (await call(http, "GET", QUEUE, key))[0] == 200
        status, answer = await call(http, "POST", f"{KEYS}/ann/rotate", "ann's long key", json={})
        assert status == 409
        assert "ZOSMA_API_KEYS" in answer["detail"]
        assert (await call(http, "POST", KEYS, "ann's long key", json={"name": "ann"}))[0] == 409
        listed = (await call(http, "GET", KEYS, "ann's long key"))[1]
    assert [(one["name"], one["source"], one["scopes"]) for one in listed] == [
        ("ann", "environment", ["admin", "read", "submit"]),
        ("website", "redis", ["read", "submit"]),
    ]
    assert all(one["last_used_ms"] for one in listed)


async def test_what_is_kept_gives_no_key_away(http, admin, raw):
    stored = b"".join(raw.hgetall(keys.API_KEYS).values()) + b"".join(map(str.encode, map(str, raw.xrange(keys.AUDIT))))
    listed = (await call(http, "GET", KEYS, admin))[1]

    assert len(admin) > 40
    assert admin.removeprefix("zosma_").encode() not in stored
    assert listed[0]["ends_with"] == admin[-4:]
    assert admin not in str(listed)


@pytest.mark.parametrize(
    ("scopes", "method", "path", "status"),
    [
        (["submit"], "POST", JOBS, 202),
        (["submit"], "GET", QUEUE, 403),
        (["submit"], "GET", f"{JOBS}/ghost", 403),
        (["submit"], "DELETE", f"{JOBS}/ghost", 404),
        (["submit"], "POST", "/sdapi/v1/interrupt", 200),
        (["read"], "POST", JOBS, 403),
        (["read"], "GET", QUEUE, 200),
        (["read"], "GET", f"{JOBS}/ghost", 404),
        (["read"], "DELETE", f"{JOBS}/ghost", 403),
        (["read"], "POST", "/sdapi/v1/txt2img", 403),
        (["read"], "POST", "/sdapi/v1/png-info", 422),
        (["read"], "GET", "/sdapi/v1/samplers", 200),
        (["read", "submit"], "GET", "/api/v1/admin/stats", 403),
        (["read", "submit"], "GET", KEYS, 403),
        (["read", "submit"], "PUT", "/api/v1/admin/rules", 403),
        (["admin"], "GET", "/api/v1/admin/stats", 200),
        (["admin"], "GET", QUEUE, 200),
        (["admin"], "POST", JOBS, 202),
    ],
)
@pytest.mark.usefixtures("worker")
async def test_a_key_is_for_its_scopes_alone(http, admin, scopes, method, path, status):
    key = await made(http, "website", admin, scopes=scopes)
    got, answer = await call(http, method, path, key, **({} if method == "GET" else {"json": {"prompt": "a cat"}}))

    assert got == status
    if status == 403:
        missing = "admin" if "admin" in path else "read" if method == "GET" else "submit"
        assert f"no scope '{missing}'" in answer["detail"]
        assert "zosma keys rotate website" in answer["detail"]


async def test_a_revoked_key_stops_at_once_and_in_every_bot_within_a_second(http, admin, redis_url, hub):
    key = await made(http, "website", admin)
    async with (
        Queue(redis_url) as queue,  # another bot process
        serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url,
        aiohttp.ClientSession(url) as other,
    ):
        assert (await call(other, "GET", QUEUE, key))[0] == 200
        assert (await call(http, "DELETE", f"{KEYS}/website", admin))[1]["state"] == "revoked"
        assert (await call(http, "GET", QUEUE, key))[0] == 401
        began = asyncio.get_running_loop().time()
        await until(401, other, key)
        assert asyncio.get_running_loop().time() - began < 2 * KEYS_AGE_S
    assert (await call(http, "DELETE", f"{KEYS}/website", admin))[0] == 409
    assert (await call(http, "DELETE", f"{KEYS}/ghost", admin))[0] == 404


@asynccontextmanager
async def streaming(queue, hub, *, prepare):
    """A server with a route whose answer never ends; gives a client, and what has come of such an answer."""
    began, ended = asyncio.Event(), asyncio.Event()

    async def forever(request):
        began.set()
        try:
            if prepare:
                stream = web.StreamResponse()
                await stream.prepare(request)
                await stream.write(b"data: 1\n\n")
            await asyncio.Event().wait()
        finally:
            ended.set()

    app = make_app(queue, hub, {})
    app.router.add_get("/forever", forever)
    async with serve(app, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http, asyncio.timeout(60):
        yield http, began, ended


async def test_an_event_stream_ends_with_its_key(queue, hub, caplog):
    async with streaming(queue, hub, prepare=True) as (http, _, ended):
        admin = await made(http, "me", scopes=["admin"])
        key = await made(http, "website", admin)
        async with http.get("/forever", headers=bearer(key)) as stream:
            assert await stream.content.readline() == b"data: 1\n"
            await call(http, "DELETE", f"{KEYS}/website", admin)
            with pytest.raises(aiohttp.ClientError):
                await stream.content.read()
        assert ended.is_set()
    assert [record.getMessage()[:22] for record in caplog.records] == ["there are API keys now"]


async def test_a_blocking_answer_ends_with_its_key_as_401(queue, hub):
    async with streaming(queue, hub, prepare=False) as (http, began, ended):
        admin = await made(http, "me", scopes=["admin"])
        key = await made(http, "website", admin)
        waiting = asyncio.create_task(call(http, "GET", "/forever", key))
        await began.wait()
        await call(http, "POST", f"{KEYS}/website/rotate", admin, json={})
        status, answer = await waiting
    assert (status, ended.is_set()) == (401, True)
    assert "taken away" in answer["detail"]


async def test_who_needed_no_key_is_cut_off_by_the_first_one(queue, hub):
    async with streaming(queue, hub, prepare=False) as (http, began, _):
        waiting = asyncio.create_task(call(http, "GET", "/forever"))
        await began.wait()
        await made(http, "me", scopes=["admin"])
        assert (await waiting)[0] == 401


async def test_a_rotated_key_goes_on_beside_the_new_one_for_as_long_as_is_said(http, admin, queue):
    old = await made(http, "website", admin, scopes=["read"])
    status, new = await call(http, "POST", f"{KEYS}/website/rotate", admin, json={"overlap_s": 60})

    assert (status, new["scopes"]) == (200, ["read"])
    assert [(await call(http, "GET", QUEUE, key))[0] for key in (old, new["key"])] == [200, 200]
    known = await queue.api_keys.known()
    digests = (known.keys["website"].old_digest, known.keys["website"].digest)
    later = [known.keys["website"].grants(digest, known.now_ms + 61_000) for digest in digests]
    assert later == [False, True]
    newest = (await call(http, "POST", f"{KEYS}/website/rotate", admin, json={}))[1]["key"]
    assert [(await call(http, "GET", QUEUE, key))[0] for key in (old, new["key"], newest)] == [401, 401, 200]


async def test_a_revoked_name_is_nobody_elses_but_may_have_a_new_key(http, admin):
    await made(http, "website", admin)
    await call(http, "DELETE", f"{KEYS}/website", admin)

    status, answer = await call(http, "POST", KEYS, admin, json={"name": "website"})
    assert (status, answer["field"]) == (409, "name")
    assert "was revoked" in answer["detail"]
    status, answer = await call(http, "POST", f"{KEYS}/website/rotate", admin, json={})
    assert (await call(http, "GET", QUEUE, answer["key"]))[0] == 200


async def test_a_key_ends_by_itself(http, admin, queue):
    key = await made(http, "website", admin, expires_s=3600)
    assert (await call(http, "GET", QUEUE, key))[0] == 200
    known = await queue.api_keys.known()

    about = known.keys["website"]
    assert about.expires_ms == about.created_ms + 3_600_000
    assert [about.works(about.created_ms + ms) for ms in (3_599_999, 3_600_000)] == [True, False]
    _, anew = await call(http, "POST", f"{KEYS}/website/rotate", admin, json={})
    assert anew["expires_ms"] - anew["created_ms"] == 3_600_000


async def test_the_last_admin_can_neither_be_revoked_nor_made_less(http, admin):
    for method, path, body in (("DELETE", "/me", None), ("POST", "/me/rotate", {"scopes": ["read"]})):
        status, answer = await call(http, method, KEYS + path, admin, json=body)
        assert status == 409
        assert "last key with the scope admin" in answer["detail"]
    second = await made(http, "you", admin, scopes=["admin"])
    assert (await call(http, "DELETE", f"{KEYS}/me", admin))[0] == 200  # also one's own
    assert (await call(http, "GET", KEYS, admin))[0] == 401
    assert (await call(http, "GET", KEYS, second))[0] == 200


async def test_without_any_key_left_nobody_comes_in(http, admin, queue):
    await KeyAdmin(queue, {}).revoke("cli:local", "me", also_last=True)
    await until(401, http, admin)

    assert (await call(http, "GET", QUEUE))[0] == 401
    again = await KeyAdmin(queue, {}).create("cli:local", {"name": "you", "scopes": ["admin"]})
    await until(200, http, again["key"])
    assert (await call(http, "GET", QUEUE))[0] == 401


async def test_a_redis_that_has_lost_everything_opens_nothing(http, admin, raw):
    raw.flushall()
    await until(401, http, admin)

    status, answer = await call(http, "GET", QUEUE)
    assert status == 401
    status, answer = await call(http, "GET", QUEUE, admin)
    assert (status, "keys create NAME --scope admin --redis" in answer["detail"]) == (401, True)


async def test_only_an_admin_opens_it_again_and_only_on_loopback(http, admin, queue, hub):
    app = make_app(queue, hub, {}, only_loopback=False)
    async with serve(app, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as outside:
        assert (await call(outside, "DELETE", KEYS, admin))[0] == 409
        website = await made(http, "website", admin)
        assert (await call(http, "DELETE", KEYS, website))[0] == 403
        assert (await call(http, "DELETE", KEYS, admin))[1] == {"forgotten": 2}
        assert (await call(http, "GET", QUEUE))[0] == 200
        assert (await call(outside, "GET", QUEUE))[0] == 401


async def test_a_server_for_other_machines_is_never_open(queue, hub):
    app = make_app(queue, hub, {}, only_loopback=False)
    async with serve(app, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http:
        assert (await call(http, "GET", QUEUE))[0] == 401
        status, answer = await call(http, "GET", QUEUE, "some key")
        assert (status, "there is no key yet" in answer["detail"]) == (401, True)


async def test_while_redis_has_told_nothing_nobody_is_let_in_and_nobody_is_told_wrong(tmp_path):
    server = PrivateValkey(tmp_path)
    async with Queue(server.url) as queue:
        ring = KeyRing(queue.api_keys, {})
        with pytest.raises(QueueUnavailableError):
            await ring.authenticate("some key")
        assert ring.required
        with_environment = KeyRing(queue.api_keys, {"ann's long key": "ann"})
        assert (await with_environment.authenticate("ann's long key")).name == "ann"
        with pytest.raises(QueueUnavailableError):  # it may be one of Redis's
            await with_environment.authenticate("some key")


async def test_keys_go_on_while_redis_is_away(tmp_path):
    server = PrivateValkey(tmp_path)
    server.start()
    async with Queue(server.url) as queue:
        key = (await KeyAdmin(queue, {}).create("cli:local", {"name": "me", "scopes": ["admin"]}))["key"]
        now = 1000.0
        ring = KeyRing(queue.api_keys, {}, clock=lambda: now)
        assert (await ring.authenticate(key)).name == "me"
        server.kill()
        now += 60
        caller = await ring.authenticate(key)
        assert await ring.caller(caller.key_id) == caller
        assert await ring.caller("") is None


async def test_what_signs_somebody_in_gets_the_caller_and_what_they_may(queue):
    admin = KeyAdmin(queue, {})
    await admin.create("cli:local", {"name": "me", "scopes": ["admin"]})
    key = (await admin.create("key:me", {"name": "website", "scopes": ["read"]}))["key"]
    now = 1000.0
    ring = KeyRing(queue.api_keys, {}, clock=lambda: now)

    caller = await ring.authenticate(key, remote="10.0.0.1")
    assert caller == Caller(
        owner="key:website", group="key:website", name="website", scopes=frozenset({KeyScope.READ}),
        key_id=caller.key_id,
    )  # fmt: skip
    assert (caller.may(KeyScope.READ), caller.may(KeyScope.SUBMIT), caller.is_admin) == (True, False, False)
    assert await ring.caller(caller.key_id) == caller
    assert caller.key_id not in key
    await admin.revoke("key:me", "website")
    now += KEYS_AGE_S
    assert await ring.caller(caller.key_id) is None


@pytest.mark.usefixtures("worker")
async def test_limits_lane_and_weight_come_with_the_key(http, admin):
    key = await made(http, "website", admin, limits={"waiting": 1, "lane": "relax"})
    assert (await call(http, "POST", JOBS, key, json={"prompt": "a cat"}))[0] == 202
    status, answer = await call(http, "POST", JOBS, key, json={"prompt": "a dog"})

    assert (status, "jobs waiting" in answer["detail"]) == (429, True)
    [job] = (await call(http, "GET", "/api/v1/admin/jobs", admin))[1]
    assert (job["owner"], job["lane"]) == ("key:website", "relax")
    assert (await call(http, "GET", "/api/v1/admin/limits", admin))[1]["key:website"]["waiting"] == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "a key"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a:b"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": 5}, "name"),
        ({}, "name"),
        ({"name": "x", "scopes": ["write"]}, "scopes.0"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": "read"}, "scopes"),
        ({"name": "x", "expires_s": 0}, "expires_s"),
        ({"name": "x", "expires_s": 1e12}, "expires_s"),
        ({"name": "x", "limits": {"waiting": -1}}, "limits.waiting"),
        ({"name": "x", "color": "red"}, "color"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_made(http, admin, queue, fields, field):
    status, answer = await call(http, "POST", KEYS, admin, json=fields)

    assert (status, answer["field"]) == (422, field)
    assert list((await queue.api_keys.known()).keys) == ["me"]


async def test_every_change_is_written_down_under_its_maker(http, admin):
    await made(http, "website", admin)
    await call(http, "POST", f"{KEYS}/website/rotate", admin, json={"scopes": ["read"]})
    await call(http, "DELETE", f"{KEYS}/website", admin)
    acts = (await call(http, "GET", "/api/v1/admin/audit", admin))[1]

    assert [(act["who"], act["act"], act["target"], act["value"]) for act in acts] == [
        ("key:me", "key-revoke", "key:website", "read"),
        ("key:me", "key-rotate", "key:website", "read"),
        ("key:me", "key-create", "key:website", "read,submit"),
        ("http:local", "key-create", "key:me", "admin"),
    ]


async def test_two_who_make_the_same_name_at_once_get_one_key(queue):
    admin = KeyAdmin(queue, scopes_of_environment(["ann"], ["ann"]))
    outcomes = await asyncio.gather(
        *(admin.create("cli:local", {"name": "website"}) for _ in range(5)), return_exceptions=True
    )

    assert [type(one) for one in outcomes].count(dict) == 1
    assert [type(one) for one in outcomes].count(KeyRefusedError) == 4


async def test_a_record_that_cannot_be_read_takes_no_other_key_away(http, admin, raw):
    raw.hset(keys.API_KEYS, "junk", "{")
    raw.hset(keys.API_KEYS, b"\xff", "[]")

    assert [one["name"] for one in (await call(http, "GET", KEYS, admin))[1]] == ["me"]


async def test_records_of_which_none_can_be_read_open_nothing(http, raw):
    raw.hset(keys.API_KEYS, "junk", "{")
    await until(401, http)

    assert (await call(http, "GET", QUEUE, "some key"))[0] == 401


async def test_the_names_of_revoked_keys_go_when_there_are_too_many(queue, monkeypatch):
    monkeypatch.setattr("zosma_queue.api_keys.NAMES_MAX", 3)
    admin = KeyAdmin(queue, {})
    for name in ("me", "first", "second"):
        await admin.create("cli:local", {"name": name, "scopes": ["admin"]})
    with pytest.raises(KeyRefusedError, match="as many as possible"):
        await admin.create("cli:local", {"name": "third"})
    await admin.revoke("cli:local", "first")
    await admin.create("cli:local", {"name": "third"})

    assert set((await queue.api_keys.known()).keys) == {"me", "second", "third"}


async def test_a_wrong_limit_is_refused_by_name(queue):
    with pytest.raises(RequestRefusedError, match=r"limits\.lane"):
        await KeyAdmin(queue, {}).create("cli:local", {"name": "x", "limits": {"lane": "slow"}})


def test_what_a_route_needs_is_what_its_description_says(queue, hub):
    app = make_app(queue, hub, {})
    for endpoint in app[ENDPOINTS]:
        request = make_mocked_request(endpoint.method, endpoint.path)
        request._match_info = MagicMock()
        request._match_info.route.resource.canonical = endpoint.path
        assert auth.needed_scope(request) == endpoint.scope, endpoint


def test_every_route_that_changes_something_needs_more_than_reading(queue, hub):
    app = make_app(queue, hub, {})
    unsafe = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.method not in ("GET", "HEAD", "OPTIONS") and route.resource
    }
    reading = {path for _, path in unsafe} & auth._READING_POSTS

    assert reading == auth._READING_POSTS
