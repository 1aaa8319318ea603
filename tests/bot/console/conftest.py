"""The page over a real Valkey, with workers that the tests play: asked by a client, and walked in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from loopback.chromium import CHROMIUM, MISSING
from zosma_bot.console import board, live
from zosma_bot.http import key_ring
from zosma_bot.http.app import make_app, serve
from zosma_bot.hub import Hub
from zosma_queue.client import Queue

ANN, BOB, MAX = "ann-has-a-key-0001", "bob-has-a-key-0002", "max-is-admin-00003"
KEYS = {ANN: "ann", BOB: "bob", MAX: "max"}
#: As a machine without a GPU and without the internet wants it.
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


def told(html: str) -> str:
    """The words of a page's content."""
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("<main")[2] or html).split())[:500]


class Page:
    """A visitor without scripts: looks at pages and sends their forms."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def get(self, path: str, status: int = 200, **more: Any) -> str:
        """A page's HTML."""
        async with self.session.get(path, allow_redirects=False, **more) as answer:
            assert answer.status == status, told(await answer.text())
            return await answer.text()

    async def token(self) -> str:
        """What goes with forms."""
        found = re.search(r'name="csrf" (?:content|value)="([0-9a-f]{64})"', await self.get("/"))
        assert found
        return found[1]

    async def post(self, path: str, status: int = 303, *, csrf: str | None = None, **fields: str) -> str:
        """Sends a form as a script does not; 303 leads back to a page."""
        fields["csrf"] = await self.token() if csrf is None else csrf
        async with self.session.post(path, data=fields, allow_redirects=False) as answer:
            assert answer.status == status, told(await answer.text())
            return answer.headers.get("Location", "") or await answer.text()

    async def sign_in(self, key: str, status: int = 303) -> None:
        """Signs in by a key."""
        async with self.session.post("/console/sign-in", data={"key": key}, allow_redirects=False) as answer:
            assert answer.status == status, told(await answer.text())


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests look right after they have changed something."""
    monkeypatch.setattr(board, "AGE_S", -1.0)
    monkeypatch.setattr(live, "GATHER_S", 0.0)
    monkeypatch.setattr(key_ring, "KEYS_AGE_S", 0.02)


@pytest.fixture(name="names")
def _names() -> dict[str, str]:
    """What Discord's members are called."""
    return {"discord:1/11": "Ann of Discord"}


@pytest.fixture(name="address")
async def _address(queue: Queue, hub: Hub, names: dict[str, str]) -> AsyncIterator[str]:
    """A server without keys."""
    async with serve(make_app(queue, hub, {}, names=names.get), "127.0.0.1", 0) as url:
        yield url


@pytest.fixture(name="keyed_address")
async def _keyed_address(queue: Queue, hub: Hub, names: dict[str, str]) -> AsyncIterator[str]:
    """A server with the keys of ann and bob, and max who is an admin."""
    async with serve(make_app(queue, hub, KEYS, ("max",), names=names.get), "127.0.0.1", 0) as url:
        yield url


Visit = Callable[[str], Awaitable[Page]]


@pytest.fixture(name="visit")
async def _visit(keyed_address: str) -> AsyncIterator[Visit]:
    """Makes visitors of the server with keys; with a key they are signed in."""
    sessions: list[aiohttp.ClientSession] = []

    async def visit(key: str = "") -> Page:
        jar = aiohttp.CookieJar(unsafe=True)
        sessions.append(aiohttp.ClientSession(keyed_address, cookie_jar=jar))
        page = Page(sessions[-1])
        if key:
            await page.sign_in(key)
        return page

    yield visit
    for session in sessions:
        await session.close()


@pytest.fixture(name="page")
async def _page(address: str) -> AsyncIterator[Page]:
    """A visitor of the server without keys."""
    async with aiohttp.ClientSession(address) as session:
        yield Page(session)


@pytest.fixture(name="browser")
async def _browser() -> AsyncIterator[Any]:
    """A real Chromium."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        await browser.close()
