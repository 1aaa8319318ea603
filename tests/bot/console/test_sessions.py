"""Signing in and out, what ends a session, and forms that aren't the visitor's."""

from __future__ import annotations

import aiohttp
import pytest

from zosma_bot.console.gate import SESSION_S, own_path
from zosma_queue import keys
from zosma_queue.job import State

from .conftest import ANN, MAX

PAGES = ("/", "/console/queue", "/console/fleet", "/console/history", "/console/gallery", "/console/failed",
         "/console/connect")  # fmt: skip

AS_MAX = {"Authorization": f"Bearer {MAX}"}


async def made(address, *scopes):
    """A new key of eve's."""
    body = {"name": "eve", "scopes": list(scopes)}
    async with aiohttp.request("POST", f"{address}/api/v1/admin/keys", json=body, headers=AS_MAX) as answer:
        assert answer.status == 201
        return (await answer.json())["key"]


@pytest.mark.parametrize("path", [*PAGES, "/console/admin", "/console/jobs/some"])
async def test_without_a_session_every_page_asks_for_a_key(visit, path):
    page = await visit()
    async with page.session.get(path, allow_redirects=False) as answer:
        assert answer.status == 303
        assert answer.headers["Location"].startswith("/console/sign-in")
    assert 'type="password"' in await page.get("/console/sign-in")


async def test_a_key_opens_every_page_and_the_cookie_is_of_no_use_to_scripts_and_other_sites(visit):
    page = await visit()
    async with page.session.post(
        "/console/sign-in", data={"key": ANN, "next": "/console/queue"}, allow_redirects=False
    ) as answer:
        assert answer.headers["Location"] == "/console/queue"
        cookie = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={SESSION_S}"):
        assert part in cookie
    assert "Secure" not in cookie
    for path in PAGES:
        await page.get(path)
    assert "ann" in await page.get("/")


async def test_behind_tls_the_cookie_is_for_tls_alone(visit):
    page = await visit()
    headers = {"X-Forwarded-Proto": "https"}
    async with page.session.post(
        "/console/sign-in", data={"key": ANN}, headers=headers, allow_redirects=False
    ) as answer:
        assert "Secure" in answer.headers["Set-Cookie"]


async def test_a_wrong_key_is_told_and_opens_nothing(visit):
    page = await visit()
    await page.sign_in("nobody-has-this-key", status=401)
    await page.get("/", status=303)


async def test_neither_the_key_nor_the_token_stands_in_redis(visit, raw):
    page = await visit(ANN)
    token = next(cookie.value for cookie in page.session.cookie_jar)
    for key in raw.keys("*"):
        dumped = raw.dump(key) or b""
        assert token.encode() not in key + dumped
        assert ANN.encode() not in key + dumped


async def test_signing_out_ends_the_session_also_for_who_has_a_copy_of_the_cookie(visit):
    page, thief = await visit(ANN), await visit()
    thief.session.cookie_jar.update_cookies(
        {cookie.key: cookie.value for cookie in page.session.cookie_jar}, page.session._base_url
    )
    await thief.get("/")
    assert await page.post("/console/sign-out") == "/console/sign-in"

    await page.get("/", status=303)
    await thief.get("/", status=303)


async def test_a_key_that_is_taken_away_ends_its_sessions_and_streams(visit, keyed_address):
    page = await visit(await made(keyed_address, "submit", "read"))
    stream = await page.session.get("/console/events", timeout=aiohttp.ClientTimeout(10))
    assert (await stream.content.readline()).startswith(b"retry")

    async with aiohttp.request("DELETE", f"{keyed_address}/api/v1/admin/keys/eve", headers=AS_MAX) as answer:
        assert answer.status == 200
    with pytest.raises(aiohttp.ClientError):  # the line is cut
        await stream.content.read()
    await page.get("/", status=303)


async def test_a_key_that_may_only_look_sees_no_box_and_asks_for_nothing(visit, keyed_address, worker):
    page = await visit(await made(keyed_address, "read"))
    assert 'id="create"' not in await page.get("/")
    await page.post("/console/jobs", status=403, prompt="a cat")
    await page.post("/console/sign-out")
    await page.get("/", status=303)


async def test_a_key_that_may_see_nothing_is_not_signed_in(visit, keyed_address):
    page = await visit()
    await page.sign_in(await made(keyed_address, "submit"), status=401)


@pytest.mark.parametrize("csrf", ["", "0" * 64, "é"])
async def test_a_form_without_its_pages_token_changes_nothing(visit, queue, worker, csrf):
    page = await visit(MAX)
    await page.post("/console/admin/pause", status=403, csrf=csrf, scope="queue", confirmed="1")
    assert await queue.pauses() == ()


async def test_anothers_token_is_none(visit, queue, worker):
    ann, boss = await visit(ANN), await visit(MAX)
    await boss.post("/console/admin/pause", status=403, csrf=await ann.token(), scope="queue", confirmed="1")


async def test_without_keys_forms_need_the_token_too(page, queue, worker):
    await page.post("/console/admin/pause", status=403, csrf="", scope="queue", confirmed="1")
    await page.post("/console/admin/pause", scope="queue", confirmed="1")
    assert await queue.pauses() == ("queue",)


async def test_a_form_of_another_site_changes_nothing_even_with_the_token(page, queue, worker):
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    data = {"csrf": await page.token(), "scope": "queue", "confirmed": "1"}
    async with page.session.post("/console/admin/pause", data=data, headers=headers) as answer:
        assert answer.status == 403
    assert await queue.pauses() == ()


async def test_a_page_that_rebinds_a_name_to_this_machine_reads_nothing(page):
    for path in ("/", "/console/queue", "/console/events"):
        async with page.session.get(path, headers={"Host": "evil.example"}) as answer:
            assert answer.status == 403
            assert "csrf" not in await answer.text()


async def test_what_an_admin_alone_may_do_nobody_else_does(visit, queue, worker):
    page = await visit(ANN)
    await page.get("/console/admin", status=403)
    for path in ("/console/admin/pause", "/console/admin/limits", "/console/failed/purge", "/console/queue/clear",
                 "/console/fleet/try", "/console/jobs/x/replay", "/console/jobs/x/bump"):  # fmt: skip
        await page.post(path, status=403, scope="queue", confirmed="1", owner="key:bob", name="default")
    assert await queue.pauses() == ()
    assert await queue.admin.audit() == []
    assert "/console/admin" not in await page.get("/")


async def test_what_can_not_be_undone_is_asked_first_where_no_script_runs(page, queue, worker):
    asked = await page.post("/console/admin/pause", status=200, scope="queue", why="to rest")
    assert "Pause this?" in asked
    assert 'value="to rest"' in asked
    assert await queue.pauses() == ()


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/console/queue?from=50", "/console/queue?from=50"), ("", "/"), ("//evil.example", "/"),
        ("/\\evil.example", "/"), ("https://evil.example", "/"), ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: a=b", "/"), ("/" + "a" * 999, "/"), ("/console/sign-in?next=/", "/"),
    ],
)  # fmt: skip
def test_nobody_is_sent_elsewhere(target, path):
    assert own_path(target) == path


@pytest.mark.parametrize("cookie", ["", "x", "x" * 101, "é" * 30])
async def test_a_cookie_of_junk_is_none(visit, cookie):
    page = await visit()
    await page.get("/", status=303, headers={"Cookie": f"zosma_session={cookie}"})


async def test_junk_where_a_session_lies_is_none(visit, raw):
    page = await visit(ANN)
    (found,) = raw.keys("bot:*console-session*")
    raw.set(found, '{"at": 1}')
    await page.get("/", status=303)
    raw.set(found, "[]")
    await page.get("/", status=303)


async def test_a_session_ends_by_itself(visit, raw):
    await visit(ANN)
    (found,) = raw.keys("bot:*console-session*")
    assert 0 < raw.ttl(found) <= SESSION_S
    assert found.decode().startswith(keys.document("console-session", ""))


async def test_a_program_s_key_in_a_header_opens_no_page(visit):
    """Pages go by sessions alone: a stray Authorization header is no reason to trust what a browser sends."""
    page = await visit()
    await page.get("/", status=303, headers={"Authorization": f"Bearer {ANN}"})


async def test_a_job_asked_for_on_the_page_is_the_key_holder_s(visit, queue, worker):
    page = await visit(ANN)
    where = await page.post("/console/jobs", prompt="a cat")
    job = await queue.job(where.rpartition("/")[2])
    assert (job.owner, job.state, job.request.prompt) == ("key:ann", State.WAITING, "a cat")
