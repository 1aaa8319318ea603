"""Clients that open connections and send nothing, half of a request, or a body drop by drop."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import resource
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import aiohttp
import pytest

from loopback.commands import Zosma
from loopback.raw_client import answered, request
from zosma_bot.http import connections
from zosma_bot.http.app import make_app, serve
from zosma_bot.http.bodies import INTAKE, Intake
from zosma_bot.http.connections import Bounds, accept_errors_said_once, most_by_descriptors
from zosma_cli.processes import free_port
from zosma_cli.valkey import PrivateValkey

HALF = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
PATIENT = Bounds(most=20, head_s=60, idle_s=60)


def port_of(url):
    return int(url.rsplit(":", 1)[1])


async def half_sent(port, number, data=HALF):
    """So many connections that have sent `data` and go on with nothing."""
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(number)]
    for _, writer in opened:
        writer.write(data)
    return opened


async def readyz(port):
    status, _ = await answered(port, request("GET", b"/readyz"))
    return status


@pytest.mark.parametrize(
    "data", [HALF, b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"POST / HTTP/1.1\r\n"]
)
async def test_whoever_is_waited_for_longest_makes_room_for_others(queue, hub, data):
    app = make_app(queue, hub, {}, bounds=PATIENT)
    async with serve(app, "127.0.0.1", 0) as url:
        opened = await half_sent(port_of(url), 60, data)
        assert [await readyz(port_of(url)) for _ in range(5)] == [200] * 5
        assert len(app[connections.ALL]) <= 20
        for _, writer in opened:
            writer.close()


async def test_who_is_worked_for_keeps_the_connection_and_then_others_are_told(queue, hub, worker):
    app = make_app(queue, hub, {}, bounds=Bounds(most=3))
    async with serve(app, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http:
        asked = [asyncio.create_task(ask(http)) for _ in range(3)]
        taken = [await worker.take()]
        status, said = await answered(port_of(url), request("GET", b"/readyz"))
        assert (status, b"TooManyConnections" in said) == (503, True)
        await worker.finish(taken[0])
        for _ in range(2):
            await worker.finish(await worker.take())
        assert await asyncio.gather(*asked) == [200] * 3


async def ask(http):
    async with http.post("/sdapi/v1/txt2img", json={"prompt": "a cat"}) as answer:
        return answer.status


@pytest.mark.parametrize("data", [HALF, b"G", b"POST /api/v1/jobs HTTP/1.1\r\nContent-Length: 5\r\n"])
async def test_a_head_has_a_deadline(queue, hub, data):
    async with serve(make_app(queue, hub, {}, bounds=Bounds(head_s=0.05)), "127.0.0.1", 0) as url:
        [(reader, writer)] = await half_sent(port_of(url), 1, data)
        async with asyncio.timeout(5):
            assert await gone(reader)
        writer.close()


async def test_a_head_that_comes_in_drop_by_drop_has_the_same_deadline(queue, hub):
    async with serve(make_app(queue, hub, {}, bounds=Bounds(head_s=0.2)), "127.0.0.1", 0) as url:
        [(reader, writer)] = await half_sent(port_of(url), 1)
        dripping = asyncio.create_task(drip(writer))
        async with asyncio.timeout(5):
            assert await gone(reader)
        dripping.cancel()
        writer.close()


async def test_the_second_request_of_a_connection_has_the_same_deadline(queue, hub):
    async with serve(make_app(queue, hub, {}, bounds=Bounds(head_s=0.05)), "127.0.0.1", 0) as url:
        [(reader, writer)] = await half_sent(port_of(url), 1, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200" in await reader.readline()
        writer.write(HALF)
        async with asyncio.timeout(5):
            assert b'"ok"' in await reader.read()
        writer.close()


async def test_a_connection_that_sends_nothing_has_one_too(queue, hub):
    async with serve(make_app(queue, hub, {}, bounds=Bounds(idle_s=0.05)), "127.0.0.1", 0) as url:
        [(reader, writer)] = await half_sent(port_of(url), 1, b"")
        async with asyncio.timeout(5):
            assert await gone(reader)
        writer.close()


async def test_a_slow_answer_of_ours_is_not_the_clients_idleness(queue, hub, worker):
    async with (
        serve(make_app(queue, hub, {}, bounds=Bounds(idle_s=0.5, head_s=0.5)), "127.0.0.1", 0) as url,
        aiohttp.ClientSession(url) as http,
    ):
        asked = asyncio.create_task(ask(http))
        leased = await worker.take()
        await asyncio.sleep(1.2)  # longer than all bounds: nothing happens on that connection meanwhile
        await worker.finish(leased)
        assert await asked == 200


@pytest.mark.parametrize("path", [b"/api/v1/jobs", b"/sdapi/v1/options"])
async def test_a_body_has_a_deadline_and_is_told(queue, hub, path):
    app = make_app(queue, hub, {})
    app[INTAKE] = Intake(deadline_s=0.05, large_deadline_s=0.05)
    async with serve(app, "127.0.0.1", 0) as url:
        headers = (b"Content-Type: application/json", b"Content-Length: 3000000")
        status, said = await answered(port_of(url), request("POST", path, *headers, body=b'{"prompt', sized=False))

    assert status == 408
    assert b"took more than" in said


async def test_one_callers_slow_bodies_hold_up_nobody_else(queue, hub, worker):
    keys = {"ann-key": "ann", "bob-key": "bob"}
    async with serve(make_app(queue, hub, keys), "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as http:
        head = b"POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ann-key\r\n"
        body = b"Content-Type: application/json\r\nContent-Length: 30000000\r\n\r\n{"
        opened = await half_sent(port_of(url), 30, head + body)
        bob = {"Authorization": "Bearer bob-key"}
        large = io.BytesIO(json.dumps({"img2img": {"image": "A" * 2_000_000}, "prompt": "a cat"}).encode())
        bob |= {"Content-Type": "application/json"}
        async with asyncio.timeout(10), http.post("/api/v1/jobs", data=large, headers=bob) as answer:
            assert answer.status == 422  # read, and found to be no picture
        for _, writer in opened:
            writer.close()


async def test_a_body_that_says_that_it_is_too_long_is_not_read_at_all(queue, hub):
    async with serve(make_app(queue, hub, {}), "127.0.0.1", 0) as url:
        headers = (b"Content-Type: application/json", b"Content-Length: 99000000000")
        for path in (b"/api/v1/jobs", b"/sdapi/v1/txt2img"):
            status, _ = await answered(port_of(url), request("POST", path, *headers, sized=False))
            assert status == 413


async def test_accept_errors_are_said_once_an_hour(caplog):
    now = [0.0]
    context = {"message": "socket.accept() out of system resource", "exception": OSError(24, "Too many open files")}
    loop = asyncio.get_running_loop()
    with caplog.at_level(logging.ERROR), accept_errors_said_once(clock=lambda: now[0]):
        for now[0] in (0.0, 1.0, 3599.0, 3601.0, 3602.0):
            loop.call_exception_handler(context)
        loop.call_exception_handler({"message": "something else"})

    said = [record.getMessage() for record in caplog.records]
    assert [text[:40] for text in said] == ["no new connection can be accepted ([Errn"] * 2 + ["something else"]
    assert loop.get_exception_handler() is None


def test_descriptors_are_left_for_redis_and_discord(monkeypatch):
    limits = [1024, 1024]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(limits))
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: limits.__setitem__(slice(None), wanted))
    assert most_by_descriptors(2_000) == 724
    limits[1] = 4096
    assert (most_by_descriptors(2_000), limits[0]) == (2_000, 2_300)


async def test_a_process_with_few_descriptors_outlives_eleven_hundred_half_sent_requests(tmp_path):
    port = free_port()
    with PrivateValkey(tmp_path / "valkey") as valkey:
        zosma = Zosma(tmp_path, REDIS_URL=valkey.url, ZOSMA_PORT=str(port))
        async with zosma.running("bot") as bot:
            # Long before it looks at its limits: Python takes a second to start.
            resource.prlimit(bot.process.pid, resource.RLIMIT_NOFILE, (450, 450))
            await bot.says("listening on")
            with ExitStack() as held, ThreadPoolExecutor(8) as clients:
                # From several threads, and it stands still at first: more come in at once than it looks at one by one.
                os.kill(bot.process.pid, signal.SIGSTOP)
                opened = [clients.submit(half_sent_by_hand, port) for _ in range(1_100)]
                await asyncio.to_thread(opened[90].result)
                os.kill(bot.process.pid, signal.SIGCONT)
                for connection in opened:
                    held.enter_context(await asyncio.to_thread(connection.result))
                async with asyncio.timeout(20):
                    assert await readyz(port) == 200
            await bot.end(signal.SIGTERM)
        assert "Traceback" not in bot.text
        assert "no new connection can be accepted" not in bot.text


def half_sent_by_hand(port):
    made = socket.create_connection(("127.0.0.1", port), timeout=10)
    made.sendall(HALF)
    return made


async def gone(reader):
    """True once the server has cut the line."""
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True


async def drip(writer):
    while True:
        writer.write(b"a")
        await asyncio.sleep(0.01)
