"""Webhooks: signed, at least once, for a day, across restarts, and never into our own network."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
from contextlib import asynccontextmanager, contextmanager

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from zosma_bot import webhooks
from zosma_bot.http.app import make_app, serve
from zosma_bot.http.auth import LOCAL
from zosma_bot.settings import BotSettings
from zosma_bot.webhooks import Receivers, WebhookSender, is_public
from zosma_queue import calls, keys
from zosma_queue import webhooks as noted
from zosma_queue.errors import RequestRefusedError, SettingsError
from zosma_queue.request import parse_request
from zosma_queue.settings import load

JOBS = "/api/v1/jobs"
ANN, BOB = ({"Authorization": f"Bearer {name}-key"} for name in ("ann", "bob"))
LOOPBACK = Receivers(hosts=("127.0.0.1", "hooks.test"))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """What went wrong is tried again at once."""
    monkeypatch.setattr(webhooks, "AGAIN_S", 0.0)
    monkeypatch.setattr(webhooks, "POLL_S", 0.05)


class Receiver:
    """Takes what is posted, and answers as it is told: 200 once that has run out."""

    def __init__(self) -> None:
        self.answers: list[web.Response] = []
        self.got: asyncio.Queue[tuple[web.Request, bytes]] = asyncio.Queue()
        self.url = ""

    async def post(self, request: web.Request) -> web.Response:
        self.got.put_nowait((request, await request.read()))
        return self.answers.pop(0) if self.answers else web.Response()

    async def next(self) -> tuple[web.Request, bytes]:
        async with asyncio.timeout(20):
            return await self.got.get()


@pytest.fixture(name="receiver")
async def _receiver():
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.post)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook?token=secret"
    yield receiver
    await runner.cleanup()


@asynccontextmanager
async def serving(queue, hub, receivers=LOOPBACK, api_keys=None):
    app = make_app(queue, hub, api_keys or {}, webhooks=receivers)
    async with serve(app, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http:
        yield http


async def submit(http, url, headers=None, **fields):
    body = {"prompt": "a cat", "webhook": {"url": url}, **fields}
    async with http.post(JOBS, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def gone(raw, job_id):
    """Returns once nothing is due for the job any more."""
    await until(lambda: raw.zscore(keys.WEBHOOKS, job_id) is None)


async def until(is_so):
    """Returns once it is so."""
    async with asyncio.timeout(20):
        for _ in iter(is_so, True):
            await asyncio.sleep(0.01)


async def test_a_jobs_end_is_told_signed_with_the_callers_own_secret(queue, hub, worker, receiver, raw):
    async with serving(queue, hub, api_keys={"ann-key": "ann", "bob-key": "bob"}) as http:
        _, job = await submit(http, receiver.url, ANN)
        await worker.finish(await worker.take())
        request, body = await receiver.next()
        async with http.get("/api/v1/webhook-secret", headers=ANN) as answer:
            secret = (await answer.json())["secret"]
        async with http.get("/api/v1/webhook-secret", headers=BOB) as answer:
            assert (await answer.json())["secret"] != secret
        async with http.get(f"{JOBS}/{job['id']}", headers=ANN) as answer:
            view = await answer.json()
        await gone(raw, job["id"])

    told = json.loads(body)
    at, signed = (part.partition("=")[2] for part in request.headers["Zosma-Signature"].split(","))
    assert signed == hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert (told["type"], told["job"], told["id"]) == ("job.ended", view, request.headers["Zosma-Event-Id"])
    assert (request.method, request.content_type, request.query["token"]) == ("POST", "application/json", "secret")


async def test_the_operators_secret_signs_all_and_is_told_to_nobody(queue, hub, worker, receiver):
    receivers = Receivers(hosts=("127.0.0.1",), secret=SecretStr("of-the-operator!"))
    async with serving(queue, hub, receivers) as http:
        await submit(http, receiver.url)
        await worker.finish(await worker.take())
        request, body = await receiver.next()
        async with http.get("/api/v1/webhook-secret") as answer:
            assert await answer.json() == {"secret": None}
    at = int(request.headers["Zosma-Signature"].split(",")[0].removeprefix("t="))
    assert request.headers["Zosma-Signature"] == webhooks.signature("of-the-operator!", at, body)


@pytest.mark.parametrize("end_", ["failed", "cancelled"])
async def test_every_kind_of_end_is_told(queue, hub, worker, receiver, end_):
    async with serving(queue, hub) as http:
        _, job = await submit(http, receiver.url)
        if end_ == "failed":
            await worker.settle(await worker.take(), calls.fail("oom", "out of memory"))
        else:
            await http.delete(f"{JOBS}/{job['id']}")
        _, body = await receiver.next()
    assert json.loads(body)["job"]["state"] == end_


async def test_what_went_wrong_is_tried_again_under_the_same_event_id(queue, hub, worker, receiver, raw):
    receiver.answers = [web.Response(status=500), web.Response(status=404), web.Response(status=204)]
    async with serving(queue, hub) as http:
        _, job = await submit(http, receiver.url)
        await worker.finish(await worker.take())
        ids = {(await receiver.next())[0].headers["Zosma-Event-Id"] for _ in range(3)}
        await gone(raw, job["id"])
    assert len(ids) == 1
    assert receiver.got.empty()


async def test_a_redirect_is_not_followed(queue, hub, worker, receiver, raw):
    receiver.answers = [web.Response(status=307, headers={"Location": "/elsewhere"})]
    async with serving(queue, hub) as http:
        _, job = await submit(http, receiver.url)
        await worker.finish(await worker.take())
        paths = [(await receiver.next())[0].path for _ in range(2)]
        await gone(raw, job["id"])
    assert paths == ["/hook", "/hook"]


async def test_who_says_gone_is_not_told_again(queue, hub, worker, receiver, raw):
    receiver.answers = [web.Response(status=410)]
    async with serving(queue, hub) as http:
        _, job = await submit(http, receiver.url)
        await worker.finish(await worker.take())
        await receiver.next()
        await gone(raw, job["id"])
    assert receiver.got.empty()


async def test_an_end_while_no_bot_was_there_is_told_by_the_next_one(queue, hub, worker, receiver, raw, monkeypatch):
    monkeypatch.setattr(noted, "LOOK_MS", 0)
    async with serving(queue, hub) as http:
        _, job = await submit(http, receiver.url)
    await worker.finish(await worker.take())
    assert receiver.got.empty()
    async with serving(queue, hub):
        _, body = await receiver.next()
        await gone(raw, job["id"])
    assert json.loads(body)["job"]["id"] == job["id"]


async def test_the_tries_are_ever_more_seldom_and_end_after_a_day(queue, hub, worker, receiver, raw, monkeypatch):
    monkeypatch.setattr(webhooks, "AGAIN_S", 5.0)
    now_s = [1_000.0]
    waits = []
    for module in (webhooks, noted):
        monkeypatch.setattr(module.time, "time", lambda: now_s[0])
    job_id = await queue.submit(parse_request({"prompt": "a cat"}), LOCAL, job_id="job")
    await queue.webhooks.note(job_id, receiver.url)
    await worker.finish(await worker.take())
    sender = WebhookSender(queue, hub, LOOPBACK)
    receiver.answers = [web.Response(status=503) for _ in range(100)]
    async with aiohttp.ClientSession() as http:
        while (due_ms := raw.zscore(keys.WEBHOOKS, "job")) is not None:
            assert len(waits) < 100
            waits.append(due_ms / 1000 - now_s[0])
            now_s[0] = (due_ms + 1) / 1000  # a float may lie just before its own millisecond
            await sender.run_once(http)
            await asyncio.gather(*sender._sending.values())
            await asyncio.sleep(0)
    assert waits[1] == pytest.approx(5, rel=0.11)
    assert waits[1:10] == sorted(waits[1:10])
    assert max(waits[1:]) <= 3600 * 1.1
    assert 24 * 3600 <= sum(waits[1:]) <= 26 * 3600
    assert len(waits) == 100 - len(receiver.answers) < 50


@contextmanager
def resolving(monkeypatch, **hosts):
    """Has names lead to these addresses, as a DNS server would say; each is looked up as often as is noted."""
    looked: list[str] = []

    async def resolve(_, host, port=0, family=socket.AF_INET):
        looked.append(host)
        addresses = hosts[host.replace(".", "_")]
        address = addresses.pop(0) if isinstance(addresses, list) else addresses
        return [{"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": 0}]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
    yield looked


async def test_a_name_that_leads_into_our_network_is_not_posted_to(queue, hub, worker, receiver, raw, monkeypatch):
    monkeypatch.setattr(webhooks, "AGAIN_S", 3600.0)
    port = receiver.url.rpartition(":")[2]
    with resolving(monkeypatch, evil_test="127.0.0.1"):
        async with serving(queue, hub) as http:
            status, job = await submit(http, f"http://evil.test:{port}")
            assert status == 202
            await worker.finish(await worker.take())
            await until(lambda: bool(raw.hexists(keys.webhook(job["id"]), "tries")))
    assert receiver.got.empty()


async def test_a_name_is_looked_up_once_for_a_try_and_the_connection_goes_there(
    queue, hub, worker, receiver, raw, monkeypatch
):
    port = receiver.url.rpartition(":")[2]
    with resolving(monkeypatch, hooks_test=["127.0.0.1"]) as looked:  # a second look-up would fail
        async with serving(queue, hub) as http:
            _, job = await submit(http, f"http://hooks.test:{port}")
            await worker.finish(await worker.take())
            request, _ = await receiver.next()
            await gone(raw, job["id"])
    assert looked == ["hooks.test"]
    assert request.host == f"hooks.test:{port.partition('/')[0]}"


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/", "example.org", "http://", "http://user:pw@example.org/", "http://example.org:99999/",
     "http://example.org/#part", "http://127.0.0.1:6379/", "http://localhost/", "http://LOCALHOST./", "http://[::1]/",
     "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://[fe80::1%25eth0]/", "http://0.0.0.0/",
     "http://[::ffff:192.168.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://224.0.0.1/",
     "http://100.64.0.1/", "http://exa mple.org/", "http://example.org/\n", "http://[::1", "http:///x"],
)  # fmt: skip
async def test_an_address_that_may_not_be_posted_to_is_refused_at_the_submit(http, worker, raw, url):
    status, problem = await submit(http, url)
    assert (status, problem["field"]) == (422, "webhook.url")
    assert raw.zcard(keys.WEBHOOKS) == raw.zcard(keys.WAITING) == 0


@pytest.mark.parametrize("url", [7, None, "", "x" * 3000, {"a": 1}])
async def test_an_address_that_is_none_is_refused(http, worker, url):
    status, problem = await submit(http, url)
    assert (status, problem["field"].split(".")[0]) == (422, "webhook")


async def test_numbers_that_system_libraries_take_for_loopback_are_caught_when_they_are_looked_up():
    checked = webhooks.Checked(Receivers())
    for host in ("2130706433", "0x7f.1", "127.1"):
        with pytest.raises(OSError, match=r"leads into|not known"):
            await checked.resolve(host, 80, socket.AF_INET)


def test_public_and_private_addresses_are_told_apart():
    for host in ("93.184.216.34", "2606:2800:220:1::1", "example.org", "::ffff:93.184.216.34"):
        assert is_public(host), host
    for host in ("192.168.1.1", "fd00::1", "::", "240.0.0.1", "192.0.2.1", "2001:0:7f00:1::1"):
        assert not is_public(host), host


async def test_what_is_refused_leaves_no_webhook_behind(http, worker, raw):
    status, _ = await submit(http, "https://example.org/", steps=999)
    assert status == 422
    status, _ = await submit(http, "https://example.org/", sampler="Eulre")
    assert status == 422
    assert raw.keys("*webhook*") == []


async def test_a_body_stays_within_its_bound(queue, hub, worker, receiver):
    async with serving(queue, hub) as http:
        await submit(http, receiver.url, prompt="ü" * 3900, count=16, width=64, height=64)
        await worker.finish(await worker.take())
        _, body = await receiver.next()
    told = json.loads(body)["job"]
    assert len(body) <= webhooks.BODY_MAX_BYTES
    assert told["request"] is None
    assert len(told["result"]["images"]) == 16


async def test_a_job_that_is_given_a_new_life_tells_its_next_end_too(queue, hub, worker, receiver):
    async with serving(queue, hub) as http:
        _, job = await submit(http, receiver.url)
        await worker.settle(await worker.take(), calls.fail("oom", "out of memory"))
        first, _ = await receiver.next()
        await queue.admin.retry("root", job["id"])
        await worker.finish(await worker.take())
        second, body = await receiver.next()
        assert json.loads(body)["job"]["state"] == "done"
        assert first.headers["Zosma-Event-Id"] != second.headers["Zosma-Event-Id"]


async def test_made_anew_by_its_owner_a_job_keeps_its_webhook(queue, hub, worker, receiver):
    async with serving(queue, hub) as http:
        _, job = await submit(http, receiver.url)
        await http.delete(f"{JOBS}/{job['id']}")
        await receiver.next()
        async with http.post(f"{JOBS}/{job['id']}/retry") as answer:
            anew = await answer.json()
        await worker.finish(await worker.take())
        assert json.loads((await receiver.next())[1])["job"]["id"] == anew["id"]


async def test_of_two_bots_one_tells(queue, hub, redis_url, worker, receiver, raw):
    async with serving(queue, hub) as http, serving(queue, hub):
        for _ in range(20):
            await submit(http, receiver.url, steps=1)
        for _ in range(20):
            await worker.finish(await worker.take())
        told = [json.loads((await receiver.next())[1])["job"]["id"] for _ in range(20)]
        for job_id in told:
            await gone(raw, job_id)
    assert len(set(told)) == 20
    assert receiver.got.empty()


async def test_an_erased_jobs_webhook_is_forgotten(queue, hub, worker, receiver, raw):
    async with serving(queue, hub) as http:
        await submit(http, "https://example.org/")
        await queue.erase("http:local")
    assert raw.keys(keys.webhook("*").replace("{", "[{]")) == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [("ZOSMA_WEBHOOK_SECRET", "short", "fewer than 16"), ("ZOSMA_WEBHOOK_HOSTS", "http://x/", "no host's name")],
)
def test_a_wrong_setting_is_named(name, value, says):
    with pytest.raises(SettingsError, match=says) as raised:
        load(BotSettings, {name: value}, env_file=None)
    assert name in str(raised.value)


def test_a_host_is_allowed_by_name_alone():
    Receivers(hosts=("home.lan",)).check("http://Home.lan:8123/api/webhook/x")
    with pytest.raises(RequestRefusedError):
        Receivers(hosts=("home.lan",)).check("http://192.168.1.5:8123/")
