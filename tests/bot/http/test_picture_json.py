"""Answers written around pictures: what a reader of JSON gets is the same as ever."""

from __future__ import annotations

import asyncio
import functools
import json
import os
from base64 import b64encode

import aiohttp
import pytest
from aiohttp import web

from zosma_bot.http.app import compressed
from zosma_bot.http.picture_json import PIECE_BYTES, WHOLE_MAX_BYTES, one_picture_answer, picture_answer

REST = {"parameters": {"prompt": 'a "cat" ü'}, "info": json.dumps({"seed": 1})}
SIZES = [
    (), (0,), (1,), (2,), (3,), (1000, 7), (PIECE_BYTES - 1,), (PIECE_BYTES,), (PIECE_BYTES + 1,),
    (3 * PIECE_BYTES + 2, 5, 2 * PIECE_BYTES),
]  # fmt: skip


@pytest.fixture(name="answers")
async def _answers():
    """Serves what a handler makes, as the bot does; gives (its handlers, a client's get)."""
    handlers = {}

    async def handle(request: web.Request) -> web.StreamResponse:
        return handlers[request.path]()

    app = web.Application(middlewares=[compressed])
    app.router.add_get("/{name}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession() as session:

        async def get(path, make):
            handlers[path] = make
            async with session.get(url + path) as answer:
                return answer, await answer.read()

        yield get
    await runner.cleanup()


@pytest.mark.parametrize("sizes", SIZES)
async def test_a_client_reads_the_pictures_and_the_rest(sizes, answers):
    pictures = [os.urandom(size) for size in sizes]

    answer, body = await answers("/a", lambda: picture_answer("images", pictures, REST))

    encoded = [b64encode(one).decode() for one in pictures]
    assert json.loads(body) == {"images": encoded, **REST}
    assert body == json.dumps({"images": encoded, **REST}).encode()
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert int(answer.headers["Content-Length"]) == len(body)


@pytest.mark.parametrize("size", [5, WHOLE_MAX_BYTES * 2])
async def test_a_client_does_not_wait_for_what_is_done_meanwhile(size, answers):
    go_on, done, picture = asyncio.Event(), asyncio.Event(), os.urandom(size)

    async def meanwhile():
        await go_on.wait()
        done.set()

    make = functools.partial(picture_answer, "images", [picture], REST)
    _, body = await answers("/f", lambda: make(meanwhile=meanwhile()))

    assert json.loads(body) == {"images": [b64encode(picture).decode()], **REST}
    assert not done.is_set()
    go_on.set()
    await done.wait()


async def test_what_is_done_meanwhile_is_done_though_the_client_goes():
    done = asyncio.Event()

    async def meanwhile():
        done.set()

    class Gone:
        async def write(self, _):
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await picture_answer("images", [b"x"], REST, meanwhile=meanwhile()).body.write(Gone())
    assert done.is_set()


@pytest.mark.parametrize("size", [5, WHOLE_MAX_BYTES * 2])
async def test_one_picture_may_stand_behind_other_fields(size, answers):
    picture = os.urandom(size)

    _, body = await answers("/b", lambda: one_picture_answer("image", picture, {"html_info": ""}))

    assert body == json.dumps({"html_info": "", "image": b64encode(picture).decode()}).encode()


async def test_no_rest_is_no_comma(answers):
    _, body = await answers("/c", lambda: picture_answer("images", [b"x"]))
    assert json.loads(body) == {"images": ["eA=="]}


async def test_pictures_are_never_compressed_anew_and_an_answer_without_them_is(answers):
    with_picture, _ = await answers("/d", lambda: picture_answer("images", [bytes(30_000)], REST))
    without, _ = await answers("/e", lambda: picture_answer("images", [], {"info": "a cat, " * 1000}))

    assert "Content-Encoding" not in with_picture.headers
    assert "Content-Encoding" in without.headers
