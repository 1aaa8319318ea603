"""Signed links and how they are served."""

from __future__ import annotations

import aiohttp
import pytest
from yarl import URL

from zosma_bot import links
from zosma_bot.http.app import make_app, serve
from zosma_bot.links import LIFE_S, Links, sign, verify
from zosma_queue import keys
from zosma_queue.client import Queue, Sender
from zosma_queue.request import parse_request

SECRET = b"s" * 32
SMALL = {"prompt": "a cat", "width": 64, "height": 64, "count": 2}


@pytest.fixture(name="clock")
def _clock():
    class Clock:
        now = 1_000_000.0

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture(name="signed")
async def _signed(queue, hub, clock):
    """(links, client): links into a server that asks everybody else for a key."""
    made = Links(queue, "https://pictures.example/zosma", now=clock)
    app = make_app(queue, hub, {"ann-key": "ann"}, links=made)
    async with serve(app, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as session:
        yield made, session


@pytest.fixture(name="done")
async def _done(queue, worker):
    """(job id, pictures)."""
    job_id = await queue.submit(parse_request(SMALL), Sender(owner="a", group="a"))
    return job_id, await worker.finish(await worker.take())


def local(url):
    """The link as the server behind the public address gets it."""
    return URL(url.removeprefix("https://pictures.example/zosma"), encoded=True)


# -- signatures -------------------------------------------------------------------------------------------------


def test_what_was_signed_is_verified():
    assert verify(SECRET, "job", 1, "123", sign(SECRET, "job", 1, 123)) == 123


@pytest.mark.parametrize(
    ("secret", "job", "index", "expires"),
    [
        (b"other", "job", 1, "123"),
        (SECRET, "job2", 1, "123"),
        (SECRET, "job", 2, "123"),
        (SECRET, "job", 1, "124"),
        (SECRET, "job", 1, "0123"),
        (SECRET, "job", 1, "+123"),
        (SECRET, "job", 1, "١٢٣"),
        (SECRET, "job", 1, "1" * 5000),
        (SECRET, "job", 1, ""),
    ],
)
def test_nothing_else_is(secret, job, index, expires):
    assert verify(secret, job, index, expires, sign(SECRET, "job", 1, 123)) is None


@pytest.mark.parametrize("signature", ["", "0" * 64, "ä", "\udcff"])
def test_rubbish_is_no_signature(signature):
    assert verify(SECRET, "job", 1, "123", signature) is None


async def test_the_secret_is_made_once_and_is_the_bots_alone(queue, redis_url, raw):
    secret = await queue.secret()
    assert len(secret) == 32
    async with Queue(redis_url) as other:
        assert await other.secret() == secret
    assert raw.ttl(keys.SECRET) == -1
    assert keys.SECRET.startswith("bot:")


async def test_without_a_public_address_there_are_no_links(queue):
    assert await Links(queue).url("job", 0) is None


# -- served -----------------------------------------------------------------------------------------------------


async def test_a_link_gives_the_original_without_a_key(signed, done):
    (made, http), (job_id, pictures) = signed, done
    url = await made.url(job_id, 1)
    assert url.startswith(f"https://pictures.example/zosma/pictures/{job_id}/1?expires=")
    async with http.get(local(url)) as answer:
        assert answer.status == 200
        assert await answer.read() == pictures[1]
        headers = answer.headers
    assert headers["Content-Type"] == "image/png"
    assert headers["Content-Disposition"] == f'inline; filename="zosma-{job_id}-2.png"'
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == f"private, max-age={LIFE_S}, immutable"


async def test_an_altered_link_is_refused(signed, done):
    (made, http), (job_id, _) = signed, done
    url = await made.url(job_id, 0)
    for altered in (
        url.replace("/0?", "/1?"),
        url.replace(job_id, "0" * 20),
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace("expires=1", "expires=2"),
        url.partition("?")[0],
    ):
        async with http.get(local(altered)) as answer:
            assert answer.status == 403
            assert (await answer.json())["detail"]


async def test_a_link_is_good_for_a_day(signed, done, clock):
    (made, http), (job_id, _) = signed, done
    url = local(await made.url(job_id, 0))
    clock.now += LIFE_S - 1
    async with http.get(url) as answer:
        assert answer.status == 200
    clock.now += 1
    async with http.get(url) as answer:
        assert answer.status == 410


async def test_a_picture_no_longer_stored_is_gone(signed, done, raw):
    (made, http), (job_id, _) = signed, done
    raw.delete(keys.image(job_id, 1, 0))
    for index in (0, 5):
        async with http.get(local(await made.url(job_id, index))) as answer:
            assert answer.status == 410
    async with http.get(local(await made.url("0" * 20, 0))) as answer:
        assert answer.status == 410


@pytest.mark.parametrize(
    "path", ["/pictures/../api/v1/queue", "/pictures/%2e%2e/api/v1/queue", "/pictures//api/v1/queue"]
)
async def test_signed_paths_open_no_others(signed, path):
    _, http = signed
    async with http.get(URL(path, encoded=True)) as answer:
        assert answer.status in (401, 404)


def test_pictures_outlive_their_links():
    assert links.KEEP_S > links.LIFE_S
