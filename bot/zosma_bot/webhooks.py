"""Tells jobs' ends by webhook: signed, at least once, again and again for a day, and to nobody inside our own network.

A caller of the API names an address, and this process, which stands inside somebody's network, posts to it. So an
address must be public or allowed by name, its name is looked up once for each try and the connection goes to what was
found and checked, redirects are not followed, and of an answer nothing but its status is looked at.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
import ipaddress
import json
import logging
import random
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import abc, web
from pydantic import SecretStr
from yarl import URL

from zosma_bot.http.views import job_view
from zosma_bot.hub import Hub
from zosma_queue import tracing
from zosma_queue.client import Queue
from zosma_queue.errors import QueueUnavailableError, RequestRefusedError
from zosma_queue.events import SETTLED, Event
from zosma_queue.hourly import Hourly
from zosma_queue.job import Job
from zosma_queue.tasks import Survivor, end, set_within
from zosma_queue.webhooks import LOOK_MS, Webhook

log = logging.getLogger(__name__)

EVENT = "job.ended"
SIGNATURE, EVENT_ID = "Zosma-Signature", "Zosma-Event-Id"
POLL_S = 2.0
#: So long after a job's end it is looked whether that is to be told: those who wait for its pictures go first.
LOOK_AFTER_S = 0.05
TIMEOUT_S = 10.0
#: After the first try that went wrong; twice as long after each further one.
AGAIN_S, AGAIN_MAX_S = 5.0, 3600.0
GIVE_UP_MS = 24 * 3600 * 1000
#: Posts under way at once: a host that is slow holds up its own alone.
AT_ONCE, AT_ONCE_EACH_HOST = 40, 4
#: Of what is posted. What of a job is longer comes without its request and its pictures' words.
BODY_MAX_BYTES = 64 * 1024
_GONE = 410
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Receivers:
    """Who may be told, and what with."""

    hosts: Collection[str] = ()
    """Names that need not be public."""
    secret: SecretStr | None = None
    """Signs all; None: each caller has one of their own."""

    def check(self, url: str) -> None:
        """Returns when a webhook may go there, as far as its name tells.

        Raises:
          RequestRefusedError: when it may not.
        """
        try:
            parts = urlsplit(url)
            host, good = parts.hostname or "", parts.scheme in ("http", "https") and (parts.port or True)
            URL(url)
        except ValueError:
            host, good = "", False
        if not good or not host or parts.username is not None or parts.fragment or not url.isprintable() or " " in url:
            raise _refused(url, "write it like https://example.org/hooks/zosma, with no user and no #")
        if not self.may(host, host):
            raise _refused(url, f"{host} is inside this network; the operator can allow it in ZOSMA_WEBHOOK_HOSTS")

    def may(self, host: str, address: str) -> bool:
        """Whether this address may be posted to under this name. A name that is no address yet may."""
        if host.rstrip(".").casefold() in self.hosts:
            return True
        return is_public(address)


def _refused(url: str, problem: str) -> RequestRefusedError:
    return RequestRefusedError(
        detail=f"is {url[:60]!r}: {problem}", code="malformed", field="webhook.url",
        values={"given": url[:60], "problem": problem},
    )  # fmt: skip


def is_public(host: str) -> bool:
    """False for an address that isn't reached over the internet; True for a name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host.casefold().rstrip(".") != "localhost"
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast


class NotAllowedError(OSError):
    """Raised for a name that leads into our own network."""


class Checked(abc.AbstractResolver):
    """Looks a name up, and gives none but the addresses that may be posted to: the connection goes to one of them."""

    def __init__(self, receivers: Receivers, resolver: abc.AbstractResolver | None = None) -> None:
        self._receivers = receivers
        self._resolver = resolver or aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[abc.ResolveResult]:
        """The addresses of a name.

        Raises:
          NotAllowedError: when one of them may not be posted to; the others are not for us to choose from then.
        """
        found = await self._resolver.resolve(host, port, family)
        if not all(self._receivers.may(host, one["host"]) for one in found):
            raise NotAllowedError(f"{host} leads into this network")
        return found

    async def close(self) -> None:
        """Closes what looks up."""
        await self._resolver.close()


def signature(secret: str, at_s: int, body: bytes) -> str:
    """What `Zosma-Signature` says of a body that is sent at this second."""
    signed = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={signed}"


def event_id(job: Job) -> str:
    """The same for every try to tell of one end of a job."""
    return f"evt_{hashlib.sha256(f'{job.id} {job.finished_ms}'.encode()).hexdigest()[:24]}"


def body_of(job: Job) -> bytes:
    """What is posted: a `WebhookEvent` of models.py."""

    def made(view: dict[str, Any]) -> bytes:
        event = {"id": event_id(job), "type": EVENT, "at_ms": job.finished_ms or 0, "job": view}
        return json.dumps(event, separators=(",", ":")).encode()

    view = job_view(job)
    body = made(view)
    if len(body) > BODY_MAX_BYTES:
        view["request"] = None
        view.get("result", {}).pop("pose", None)
        for image in view.get("result", {}).get("images", ()):
            image["parameters"] = ""
        body = made(view)
    return body


class WebhookSender:
    """Tells what is due, for as long as `run` is not cancelled."""

    def __init__(
        self, queue: Queue, hub: Hub, receivers: Receivers, *, resolver: abc.AbstractResolver | None = None
    ) -> None:
        self._queue = queue
        self._hooks = queue.webhooks
        self.receivers = receivers
        self._resolver = resolver
        self._ended: list[str] = []
        self._work = asyncio.Event()
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._hosts: Counter[str] = Counter()
        self._said = Hourly()
        hub.on_event(self._hear)

    def _hear(self, event: Event) -> None:
        if event.kind == SETTLED and event.job:
            self._ended.append(event.job)
            self._work.set()

    async def secret_of(self, owner: str) -> str:
        """What signs a caller's webhooks, where the operator has set none for all.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        if self.receivers.secret:
            return self.receivers.secret.get_secret_value()
        made = hmac.new(await self._queue.secret(), f"webhook\n{owner}".encode(), hashlib.sha256).hexdigest()
        return f"whsec_{made}"

    async def beside(self, _: web.Application) -> AsyncIterator[None]:
        """For `cleanup_ctx`: tells for as long as the application runs."""
        task = asyncio.create_task(Survivor().run("webhooks", self.run))
        yield
        await end(task)

    async def run(self) -> None:
        """Tells until cancelled."""
        # No proxy, no cookies, no connection that is used again: each try looks its name up anew.
        connector = aiohttp.TCPConnector(
            resolver=Checked(self.receivers, self._resolver), use_dns_cache=False, force_close=True, limit=AT_ONCE
        )
        try:
            async with aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            ) as http:  # fmt: skip
                while True:
                    if await set_within(self._work, POLL_S):
                        await asyncio.sleep(LOOK_AFTER_S)
                    self._work.clear()
                    try:
                        await self.run_once(http)
                    except QueueUnavailableError:  # said by everybody else
                        await asyncio.sleep(POLL_S)
        finally:
            await end(*self._sending.values())

    async def run_once(self, http: aiohttp.ClientSession) -> None:
        """Begins to tell what is due, as far as there is room.

        Raises:
          QueueUnavailableError: when Redis doesn't answer.
        """
        ended, self._ended = self._ended, []
        try:
            await self._hooks.wake(ended)
        except QueueUnavailableError:
            self._ended += ended
            raise
        for job_id in await self._hooks.due():
            if len(self._sending) >= AT_ONCE:
                return
            if job_id in self._sending or not (hook := await self._hooks.get(job_id)):
                continue
            host = urlsplit(hook.url).hostname or ""
            if self._hosts[host] < AT_ONCE_EACH_HOST and await self._hooks.claim(job_id):
                self._hosts[host] += 1
                self._sending[job_id] = task = asyncio.create_task(self._tell(http, job_id))
                task.add_done_callback(functools.partial(self._told, job_id, host))

    def _told(self, job_id: str, host: str, task: asyncio.Task[None]) -> None:
        del self._sending[job_id]
        self._hosts[host] -= 1
        if not self._hosts[host]:
            del self._hosts[host]
        if not task.cancelled() and (error := task.exception()) and not isinstance(error, QueueUnavailableError):
            log.error("a webhook broke down", exc_info=error)
        self._work.set()

    async def _tell(self, http: aiohttp.ClientSession, job_id: str) -> None:
        # Only now: another process may just have told it.
        hook, job = await self._hooks.get(job_id), await self._queue.job(job_id)
        if job is None or hook is None:
            await self._hooks.drop(job_id)
        elif not job.state.ended:
            await self._hooks.again(job_id, LOOK_MS / 1000, tries=0, first_ms=0)
        elif hook.told == event_id(job):
            await self._done(job)
        else:
            await self._try(http, job, hook)

    async def _done(self, job: Job) -> None:
        await self._hooks.done(job.id, event_id(job))
        now = await self._queue.job(job.id)
        if now and now.finished_ms != job.finished_ms:
            # It got a new life meanwhile, and may have ended before `done` forgot that it is due.
            await self._hooks.wake([job.id])

    async def _try(self, http: aiohttp.ClientSession, job: Job, hook: Webhook) -> None:
        now_ms = int(time.time() * 1000)
        with tracing.span("webhook", "client", {"zosma.job": job.id}, parent=job.traceparent) as span:
            said = await self._post(http, hook.url, job)
            if said:
                span.fail("refused")
        if not said:
            self._queue.on_delivered("webhook")
            await self._done(job)
        elif hook.tries and now_ms - hook.first_ms >= GIVE_UP_MS:
            log.warning(
                "webhook of %s to %s: given up after a day (%s)", job.id, shown(hook.url), said, extra={"job": job.id}
            )
            await self._done(job)
        else:
            # A receiver that is down keeps all of its jobs' webhooks back.
            if not hook.tries and self._said.due(f"{shown(hook.url)}: {said}"):
                log.info(
                    "webhook of %s to %s: %s; it is tried for a day", job.id, shown(hook.url), said,
                    extra={"job": job.id},
                )  # fmt: skip
            after_s = min(AGAIN_S * 2**hook.tries, AGAIN_MAX_S) * random.uniform(0.9, 1.1)
            await self._hooks.again(job.id, after_s, tries=hook.tries + 1, first_ms=hook.first_ms or now_ms)

    async def _post(self, http: aiohttp.ClientSession, url: str, job: Job) -> str:
        """Tells of a job; why it went wrong, '' when it didn't."""
        try:
            self.receivers.check(url)  # what the operator allows may have changed
        except RequestRefusedError as error:
            return error.detail
        body, at_s = body_of(job), int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "zosma-webhook",
            SIGNATURE: signature(await self.secret_of(job.owner), at_s, body),
            EVENT_ID: event_id(job),
        }
        try:
            async with http.post(URL(url), data=body, headers=headers, allow_redirects=False) as answer:
                is_taken = 200 <= answer.status < 300 or answer.status == _GONE
                return "" if is_taken else f"answered {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return str(error)[:200] or type(error).__name__


def shown(url: str) -> str:
    """An address for a log: what stands behind the host may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}"
