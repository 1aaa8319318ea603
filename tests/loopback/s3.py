"""A server that speaks S3 on loopback: moto's, and before it a proxy that can do what real ones do on bad days.

moto takes every login. Real servers don't, so the proxy refuses whoever signs with another key than `KEY`.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from aiohttp import ClientSession, ClientTimeout, web
from pydantic import SecretStr
from yarl import URL

from loopback.port import Port
from zosma_queue.results import Bucket, Credentials, parse_results

KEY, SECRET = "AKIDEXAMPLE", "secret-of-the-bucket"
BUCKET = "pictures"
Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]
_SIGNED_BY = re.compile(r"Credential=([^/]+)/")


def said(status: int, code: str) -> Fault:
    """An error as S3 writes it."""

    async def answer(_: web.Request) -> web.StreamResponse:
        text = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>no</Message></Error>'
        return web.Response(status=status, text=text, content_type="application/xml")

    return answer


SLOW_DOWN = said(503, "SlowDown")
ACCESS_DENIED = said(403, "AccessDenied")


async def reset(request: web.Request) -> web.StreamResponse:
    """The connection breaks before anything is answered."""
    if request.transport:
        request.transport.abort()
    raise ConnectionResetError


def lost_after(server: S3) -> Fault:
    """Each request is done, and its answer lost on the way back."""

    async def answer(request: web.Request) -> web.StreamResponse:
        await server.passed_on(request)
        return await reset(request)

    return answer


async def silence(_: web.Request) -> web.StreamResponse:
    """No answer, for longer than anybody waits."""
    await asyncio.sleep(3600)
    raise AssertionError


async def half(request: web.Request) -> web.StreamResponse:
    """An answer that breaks off in the middle of its body."""
    answer = web.StreamResponse(headers={"Content-Length": "1000", "ETag": '"x"', "Last-Modified": _SOME_DAY})
    await answer.prepare(request)
    await answer.write(b"\x89PNG")
    if request.transport:
        request.transport.abort()
    return answer


_SOME_DAY = "Mon, 30 Nov 2026 10:00:00 GMT"


@contextmanager
def moto() -> Iterator[str]:
    """moto's server; yields its URL."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


class S3:
    """The proxy. `fault` answers what `on` names (a method, or all) instead of the server, until it is None again."""

    def __init__(self, behind: str, client: ClientSession, tls: ssl.SSLContext | None = None) -> None:
        self._behind = behind
        self._client = client
        self._tls = tls
        self._port = Port()
        self.fault: Fault | None = None
        self.on = ""
        self.seen: Counter[str] = Counter()
        """How often each method was called."""

    @property
    def endpoint(self) -> str:
        """Its address, the same after each start."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port.number}"

    @property
    def url(self) -> str:
        """As RESULTS_URL."""
        return f"s3://{BUCKET}/zosma?endpoint={self.endpoint}"

    def bucket(self, *, name: str = BUCKET, key: str = KEY) -> Bucket:
        """As settings give it."""
        login = Credentials(access_key_id=SecretStr(key), secret_access_key=SecretStr(SECRET))
        found = parse_results(self.url.replace(BUCKET, name), login)
        assert found
        return found

    async def start(self) -> None:
        """Listens; what was stored is still there."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{rest:.*}", self.serve)
        await self._port.start(app, self._tls)

    async def stop(self) -> None:
        """Ends it."""
        await self._port.stop()

    async def crash(self) -> None:
        """As after a kill -9: the port closes and all connections drop."""
        await self._port.crash()

    async def stand_still(self, seconds: float) -> None:
        """As between SIGSTOP and SIGCONT: requests are taken in, and handled once it goes on."""
        goes_on = asyncio.Event()

        async def later(request: web.Request) -> web.StreamResponse:
            await goes_on.wait()
            return await self.passed_on(request)

        self.fault, self.on = later, ""
        await asyncio.sleep(seconds)
        self.fault = None
        goes_on.set()

    async def create(self, name: str) -> None:
        """Makes a bucket."""
        async with self._client.put(f"{self._behind}/{name}") as answer:
            answer.raise_for_status()

    async def empty(self) -> None:
        """Forgets all buckets."""
        async with self._client.post(f"{self._behind}/moto-api/reset") as answer:
            answer.raise_for_status()

    async def objects(self, name: str = BUCKET) -> list[str]:
        """What lies in a bucket, but for what tells it from others."""
        found: list[str] = []
        while True:
            after = {"list-type": "2", "start-after": found[-1] if found else ""}
            async with self._client.get(f"{self._behind}/{name}", params=after) as answer:
                text = await answer.text()
            found += re.findall(r"<Key>([^<]*)</Key>", text)
            if "<IsTruncated>true" not in text:
                return [one for one in found if "/." not in one]

    async def lose(self, key: str, name: str = BUCKET) -> None:
        """Deletes an object behind everybody's back."""
        signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/20261130/us-east-1/s3/aws4_request"}
        async with self._client.delete(URL(f"{self._behind}/{name}/{key}", encoded=True), headers=signed) as answer:
            answer.raise_for_status()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        self.seen[request.method] += 1
        signed = _SIGNED_BY.search(request.headers.get("Authorization", ""))
        if not signed or signed[1] != KEY:
            return await said(403, "InvalidAccessKeyId")(request)
        try:
            if self.fault and self.on in ("", request.method):
                return await self.fault(request)
            return await self.passed_on(request)
        except ConnectionResetError:  # nobody hears it any more
            return web.Response()

    async def passed_on(self, request: web.Request) -> web.StreamResponse:
        """The server's own answer."""
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        url = URL(f"{self._behind}{request.raw_path}", encoded=True)
        async with self._client.request(request.method, url, headers=headers, data=await request.read()) as answer:
            kept = {
                name: value for name, value in answer.headers.items()
                if name.lower() not in ("transfer-encoding", "connection", "server", "date")
            }  # fmt: skip
            return web.Response(status=answer.status, headers=kept, body=await answer.read())


@asynccontextmanager
async def s3_on_loopback(behind: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[S3]:
    """The proxy before a moto that runs, with one empty bucket; with TLS, if there is a certificate for it."""
    async with ClientSession(timeout=ClientTimeout(10), auto_decompress=False) as client:
        server = S3(behind, client, tls)
        await server.empty()
        await server.create(BUCKET)
        await server.start()
        try:
            yield server
        finally:
            with suppress(asyncio.CancelledError):
                await server.stop()
