"""Web pages in somebody's browser, which can reach this machine: they neither read nor steer the fleet."""

from __future__ import annotations

import aiohttp
import pytest

from loopback.raw_client import answered, request
from zosma_bot.http.app import make_app, serve
from zosma_bot.http.doors import Doors
from zosma_bot.settings import BotSettings
from zosma_queue.errors import SettingsError
from zosma_queue.settings import load

INTERRUPT = "/sdapi/v1/interrupt"
KOBOLD = "https://lite.koboldai.net"


async def status_of(port, method, path, *headers, host=b"localhost", body=b""):
    status, _ = await answered(port, request(method, path.encode(), *headers, host=host, body=body))
    return status


@pytest.fixture(name="port")
async def _port(queue, hub):
    async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url:
        yield int(url.rsplit(":", 1)[1])


@pytest.fixture(name="inviting")
async def _inviting(queue, hub):
    doors = Doors(hosts=("gpu-box.lan",), origins=(KOBOLD,))
    async with serve(make_app(queue, hub, {}, doors=doors), "127.0.0.1", 0) as url:
        yield int(url.rsplit(":", 1)[1])


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"127.0.0.1", 200),
        (b"127.0.0.1:1324", 200),
        (b"127.8.9.10", 200),
        (b"localhost", 200),
        (b"LocalHost.:1324", 200),
        (b"zosma.localhost", 200),
        (b"[::1]:1324", 200),
        (b"host.docker.internal:1324", 200),
        (b"evil.example", 403),
        (b"evil.example:1324", 403),
        (b"127.0.0.1.evil.example", 403),
        (b"localhost.evil.example", 403),
        (b"notlocalhost", 403),
        (b"192.168.1.5:1324", 403),
        (b"0.0.0.0:1324", 403),
        (b"[::ffff:c0a8:105]", 403),
        (b"[::1].evil.example", 403),
        (b"127.0.0.1@evil.example", 403),
        (b"gpu-box.lan", 403),
        (b"", 403),
    ],
)
async def test_without_keys_only_loopback_names_are_answered_to(port, host, status):
    # DNS rebinding: a page's own name is pointed at 127.0.0.1, and the browser takes this server for the page's.
    assert await status_of(port, "GET", "/api/v1/queue", host=host) == status
    assert await status_of(port, "GET", "/sdapi/v1/options", host=host) == status


async def test_a_second_host_beside_a_good_one_does_not_help(port):
    status = await status_of(port, "GET", "/api/v1/queue", b"Host: evil.example")

    assert status in (400, 403)


async def test_names_that_are_configured_are_answered_to(inviting):
    assert await status_of(inviting, "GET", "/api/v1/queue", host=b"gpu-box.lan:1324") == 200
    assert await status_of(inviting, "GET", "/api/v1/queue", host=b"evil.example") == 403


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"X-Forwarded-For: 203.0.113.5", 403),
        (b"X-Forwarded-For: 127.0.0.1, 192.168.1.7", 403),
        (b"X-Forwarded-For: unknown", 403),
        (b"X-Real-IP: 2001:db8::1", 403),
        (b"CF-Connecting-IP: 203.0.113.5", 403),
        (b'Forwarded: by=127.0.0.1;for="[2001:db8::1]:4711"', 403),
        (b"X-Forwarded-For: 127.0.0.1", 200),
        (b"X-Forwarded-For: ::1, 127.0.0.1:4711", 200),
        (b"X-Forwarded-For: ::ffff:127.0.0.1", 200),  # Node's proxies
        (b"X-Forwarded-For: ::ffff:192.168.1.7", 403),
        (b'Forwarded: proto=http;for="[::1]:4711"', 200),
        (b"Forwarded: proto=https", 200),
    ],
)
async def test_without_keys_a_proxy_on_this_machine_brings_nobody_else_in(port, header, status):
    # nginx's `proxy_pass http://127.0.0.1:1324` asks for 127.0.0.1: every visitor of a public site would be an admin.
    assert await status_of(port, "GET", "/api/v1/admin/jobs", header, host=b"127.0.0.1:1324") == status
    assert await status_of(port, "GET", "/", header, host=b"127.0.0.1:1324") == status


async def test_a_proxy_is_let_in_under_a_name_that_is_configured_and_with_keys(inviting, queue, hub):
    header = b"X-Forwarded-For: 192.168.1.7"
    assert await status_of(inviting, "GET", "/api/v1/queue", header, host=b"gpu-box.lan") == 200
    async with serve(make_app(queue, hub, {"ann-key": "ann"}), "127.0.0.1", 0) as url:
        port = int(url.rsplit(":", 1)[1])
        assert await status_of(port, "GET", "/api/v1/queue", header, b"Authorization: Bearer ann-key") == 200


async def test_signed_links_are_opened_under_whatever_name_the_proxy_has(port):
    assert await status_of(port, "GET", "/pictures/x/0?expires=1&signature=a", host=b"pictures.example.org") == 403
    _, said = await answered(port, request("GET", b"/pictures/x/0?expires=1&signature=a", host=b"pictures.example.org"))
    assert b"this link" in said


FOREIGN = {
    "a form of another site": [b"Origin: https://evil.example", b"Content-Type: text/plain"],
    "a form of a site on another port of this machine": [b"Origin: http://localhost:8000"],
    "a sandboxed frame or a file": [b"Origin: null"],
    "a newer browser": [b"Origin: https://evil.example", b"Sec-Fetch-Site: cross-site"],
    "a newer browser that leaves the origin out": [b"Sec-Fetch-Site: cross-site", b"Sec-Fetch-Mode: no-cors"],
    "another port of this machine, a newer browser": [b"Origin: http://localhost:8000", b"Sec-Fetch-Site: same-site"],
    "an origin that begins like ours": [b"Origin: http://localhost.evil.example"],
}

OURS = {
    "curl, and every program on a server": [],
    "Node's fetch, which is no page's": [b"Sec-Fetch-Mode: cors"],
    "a page of this server": [b"Origin: http://localhost", b"Sec-Fetch-Site: same-origin"],
    "a page of this server, an older browser": [b"Origin: http://localhost"],
    "what somebody typed": [b"Sec-Fetch-Site: none"],
    "an extension of Chrome": [b"Origin: chrome-extension://bpoadfkcbjbfhfodiogcnhade", b"Sec-Fetch-Site: none"],
    "an extension of Firefox": [b"Origin: moz-extension://3f0e", b"Sec-Fetch-Site: cross-site"],
    "Obsidian, an Electron program": [b"Origin: app://obsidian.md", b"Sec-Fetch-Site: cross-site"],
    "a program in Tauri": [b"Origin: tauri://localhost"],
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", INTERRUPT),
        ("POST", "/sdapi/v1/txt2img"),
        ("POST", "/sdapi/v1/options"),
        ("POST", "/api/v1/jobs"),
        ("DELETE", "/api/v1/jobs/x"),
        ("POST", "/api/v1/admin/jobs/x/cancel"),
        ("PUT", "/api/v1/admin/limits/default"),
        ("POST", "/sdapi/v1/refresh-loras"),
    ],
)
async def test_pages_of_other_sites_change_nothing(port, name, method, path):
    assert await status_of(port, method, path, *FOREIGN[name]) == 403


@pytest.mark.parametrize("name", FOREIGN)
async def test_also_where_keys_are_asked_for_because_browsers_remember_them(queue, hub, name):
    async with serve(make_app(queue, hub, {"ann-key": "ann"}), "127.0.0.1", 0) as url:
        port = int(url.rsplit(":", 1)[1])
        assert await status_of(port, "POST", INTERRUPT, b"Authorization: Bearer ann-key", *FOREIGN[name]) == 403
        assert await status_of(port, "POST", INTERRUPT, b"Authorization: Bearer ann-key", host=b"gpu.example") == 200


@pytest.mark.parametrize("name", OURS)
async def test_programs_and_own_pages_are_served(port, name):
    assert await status_of(port, "POST", INTERRUPT, *OURS[name]) == 200


async def test_a_site_that_is_named_may_use_it_from_a_browser(inviting):
    kobold = b"Origin: " + KOBOLD.encode()
    asks = [
        kobold,
        b"Access-Control-Request-Method: POST",
        b"Access-Control-Request-Headers: content-type,authorization",
    ]
    status, preflight = await answered(inviting, request("OPTIONS", b"/sdapi/v1/txt2img", *asks))
    assert status == 204
    assert b"Access-Control-Allow-Origin: https://lite.koboldai.net" in preflight
    assert b"Access-Control-Allow-Headers: content-type,authorization" in preflight

    status, answer = await answered(
        inviting, request("POST", INTERRUPT.encode(), kobold, b"Sec-Fetch-Site: cross-site")
    )
    assert status == 200
    assert b"Access-Control-Allow-Origin: https://lite.koboldai.net" in answer
    assert b"Access-Control-Expose-Headers: ETag, Location, Retry-After" in answer
    _, refusal = await answered(inviting, request("POST", b"/sdapi/v1/txt2img", kobold))
    assert b"Access-Control-Allow-Origin" in refusal  # a page reads what was wrong, too


async def test_a_page_that_may_reads_streams_too(queue, hub):
    doors = Doors(origins=(KOBOLD,))
    async with (
        serve(make_app(queue, hub, {}, doors=doors), "127.0.0.1", 0) as url,
        aiohttp.ClientSession(url, headers={"Origin": KOBOLD}) as http,
        http.get("/api/v1/events") as stream,
    ):
        assert stream.headers["Access-Control-Allow-Origin"] == KOBOLD
        assert stream.headers["Vary"] == "Origin"


async def test_other_sites_are_not_invited(inviting, port):
    evil = [b"Origin: https://evil.example", b"Access-Control-Request-Method: POST"]
    for where in (inviting, port):
        status, answer = await answered(where, request("OPTIONS", b"/sdapi/v1/txt2img", *evil))
        assert status == 405
        assert b"Access-Control-Allow" not in answer
        _, answer = await answered(where, request("GET", b"/sdapi/v1/samplers", evil[0]))
        assert b"Access-Control-Allow" not in answer


def test_names_and_sites_are_settings():
    settings = load(
        BotSettings,
        {"ZOSMA_ALLOWED_HOSTS": "GPU-Box.lan:1324, 10.0.0.5", "ZOSMA_CORS_ORIGINS": f"{KOBOLD},capacitor://localhost"},
        env_file=None,
    )

    assert settings.allowed_hosts == ("gpu-box.lan", "10.0.0.5")
    assert settings.cors_origins == (KOBOLD, "capacitor://localhost")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ZOSMA_ALLOWED_HOSTS", "*", "no host's name"),
        ("ZOSMA_ALLOWED_HOSTS", "http://gpu", "no host's name"),
        ("ZOSMA_CORS_ORIGINS", "*", "name the sites"),
        ("ZOSMA_CORS_ORIGINS", "lite.koboldai.net", "no origin"),
        ("ZOSMA_CORS_ORIGINS", "://lite.koboldai.net", "no origin"),
        ("ZOSMA_CORS_ORIGINS", "null", "serve the page by http"),
        ("ZOSMA_CORS_ORIGINS", "https://lite.koboldai.net/", "no origin"),
    ],
)
def test_a_wrong_name_or_site_is_said_at_the_start(name, value, says):
    with pytest.raises(SettingsError, match=f"{name}.*{says}"):
        load(BotSettings, {name: value}, env_file=None)
