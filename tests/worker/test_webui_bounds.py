"""A WebUI may answer anything of any size: no more of it is read than what was asked for can need."""

from __future__ import annotations

import gzip
import json
import time

import pytest
from aiohttp import web

from loopback.webui import ScriptedWebUI
from zosma_queue.request import parse_request
from zosma_worker.bounds import ENTRIES_MAX, bounded_json
from zosma_worker.errors import WebUIBroken, WebUIError, WebUIRubbish
from zosma_worker.webui.answers import error_of
from zosma_worker.webui.bounds import bytes_for
from zosma_worker.webui.client import Client

MB = 1024 * 1024


def answering(path, answer):
    webui = ScriptedWebUI()
    webui.special[path] = answer
    return webui


async def endless(request):
    """Never stops, and counts what it got rid of."""
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    await answer.prepare(request)
    request.app["sent"] = 0
    try:
        while True:
            await answer.write(bytes(MB))
            request.app["sent"] += MB
    except ConnectionError:
        pass
    return answer


async def boastful(request):
    """Says that it has 4 GB, and sends nothing of them."""
    answer = web.StreamResponse(headers={"Content-Length": str(4 << 30)})
    await answer.prepare(request)
    return answer


async def folded(_):
    """4 MB that unfold to 4 GB."""
    return web.Response(body=gzip.compress(bytes(16 * MB)), headers={"Content-Encoding": "gzip"})


async def failing(request):
    """An error with endless words."""
    answer = web.StreamResponse(status=500)
    await answer.prepare(request)
    for _ in range(64):
        await answer.write(bytes(MB))
    return answer


@pytest.mark.parametrize("answer", [endless, boastful, folded, failing])
@pytest.mark.parametrize("path", ["/sdapi/v1/txt2img", "/sdapi/v1/loras", "/sdapi/v1/options"])
async def test_no_more_is_read_than_can_be_needed(answer, path):
    async with answering(path, answer) as webui, Client(webui.address) as client:
        began = time.monotonic()
        with pytest.raises(WebUIBroken):
            await (client.generate(path, {}, 4 * MB) if "img" in path else client.get(path))
        assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 500 + "1" + "}" * 500,
        "[" + "[]," * 3_000_000 + "[]]",
        '{"a": ' + "9" * 5_000 + "}",
    ],
    ids=["deep lists", "deep objects", "many values", "a number of 5,000 digits"],
)
async def test_json_of_any_shape_is_rubbish_and_nothing_worse(text):
    async def answer(_):
        return web.Response(text=text, content_type="application/json")

    async with answering("/sdapi/v1/upscalers", answer) as webui, Client(webui.address) as client:
        with pytest.raises(WebUIRubbish):
            await client.get("/sdapi/v1/upscalers")
        assert await client.get_or_none("/sdapi/v1/upscalers") is None
    assert isinstance(error_of("http://gpu", 500, text.encode()), WebUIError)


async def test_a_thousand_loras_with_all_they_were_trained_with_are_read():
    trained = {"ss_tag_frequency": {"a": {f"tag {n}": n for n in range(2_000)}}}
    entries = [{"name": f"lora {n}", "alias": "x", "path": "y", "metadata": trained} for n in range(1_000)]

    async def answer(_):
        return web.Response(text=json.dumps(entries), content_type="application/json")

    async with answering("/sdapi/v1/loras", answer) as webui, Client(webui.address) as client:
        assert len(await client.get("/sdapi/v1/loras")) == 1_000


async def test_of_300_000_checkpoints_so_many_are_looked_at_as_anybody_could():
    entries = [{"title": f"{n}.safetensors", "model_name": str(n)} for n in range(300_000)]

    async def answer(_):
        return web.Response(text=json.dumps(entries), content_type="application/json")

    async with answering("/sdapi/v1/sd-models", answer) as webui, Client(webui.address) as client:
        assert await client.get("/sdapi/v1/sd-models") == entries[:ENTRIES_MAX]


async def test_entries_of_endless_names_are_left_out():
    async def answer(_):
        return web.json_response([{"name": "x" * 1_000}, {"name": "good"}, "y" * 1_000, "fine"])

    async with answering("/sdapi/v1/loras", answer) as webui, Client(webui.address) as client:
        assert await client.get("/sdapi/v1/loras") == [{"name": "good"}, "fine"]


@pytest.mark.parametrize("kind", [{}, {"hires": {"scale": 2.0}}, {"count": 4}])
def test_pictures_of_pure_noise_are_within_what_can_be_needed(kind):
    request = parse_request({"prompt": "a", "width": 512, "height": 512, **kind})
    noise = request.output_pixels * request.count * 4  # with transparency, and nothing to compress
    assert bytes_for(request, whole_factors=False) > noise * 4 // 3
    assert bytes_for(request, whole_factors=False) < noise * 4 + 16 * MB


def test_an_error_body_may_hold_anything_where_its_place_should_be():
    for loc in (5, None, "x", {"a": 1}, [None, {}]):
        body = json.dumps({"detail": [{"loc": loc, "msg": "wrong"}]}).encode()
        assert "wrong" in str(error_of("http://gpu", 422, body))


HALVES = {
    "an escape": rb'"a\ud800b"',
    "a capital escape": rb'"a\uDFFFb"',
    "bytes that are no UTF-8": b'"a\xed\xa0\x80b"',
    "UTF-16": '"a\\ud800b"'.encode("utf-16-le"),
    "half a pair in UTF-16": '"a\udc00b"'.encode("utf-16-be", "surrogatepass"),
}


@pytest.mark.parametrize("name", HALVES)
def test_half_a_character_is_replaced_in_texts_and_names(name):
    assert bounded_json(HALVES[name], 10) == "a\ufffdb"
    if name.startswith("UTF") or "pair" in name:
        return
    nested = b"[{%s: [%s, 1, null, 2.5, true]}]" % (HALVES[name], HALVES[name])
    assert bounded_json(nested, 20) == [{"a\ufffdb": ["a\ufffdb", 1, None, 2.5, True]}]


def test_whole_characters_stay_as_they_were_sent():
    texts = ["👩\u200d🚀 Δ 猫 한국", "\\ud800", "\ufffd", "a"]
    for ascii_only in (True, False):
        assert bounded_json(json.dumps(texts, ensure_ascii=ascii_only).encode(), 20) == texts


def test_an_error_that_says_half_a_character_can_be_written_down():
    error = error_of("http://gpu", 500, rb'{"error": "x", "detail": "no \ud83d here"}')
    assert "no \ufffd here" in str(error)
    str(error).encode()


@pytest.mark.parametrize("entries", [1, 20_000], ids=["a short list", "one that a sandbox reads"])
async def test_names_in_lists_can_be_stored(entries):
    async def answer(_):
        return web.Response(body=rb'[{"name": "a\ud800"}' + b', {"name": "good"}' * entries + b"]")

    async with answering("/sdapi/v1/loras", answer) as webui, Client(webui.address) as client:
        assert (await client.get("/sdapi/v1/loras"))[0] == {"name": "a\ufffd"}
