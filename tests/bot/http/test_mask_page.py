"""The page where a member paints a mask: for whoever has its link, while it is good, and nothing else."""

from __future__ import annotations

import asyncio
import io
import json
import re
from base64 import b64encode

import aiohttp
import pytest
from PIL import Image, ImageDraw

from zosma_bot import painted_masks
from zosma_bot.http.app import make_app, serve
from zosma_bot.links import MASK_LIFE_S, Links
from zosma_bot.masks import KEPT_SIDE_PX
from zosma_bot.painted_masks import MaskPage

KEY = "0123456789abcdef0123-1"
WORDS = {
    "title": "What should be repainted?", "send": "Done", "saved": "Saved </script>", "failed": "failed",
    "unreadable": "can't be read", "mask-empty": "nothing is painted", "mask-full": "everything is painted",
    "mask-shape": "another picture's",
}  # fmt: skip


def jpeg(size=(96, 64)):
    out = io.BytesIO()
    Image.new("RGB", size, (200, 40, 40)).save(out, "JPEG")
    return out.getvalue()


def painted(box, size=(96, 64)):
    """What the page sends."""
    image, out = Image.new("RGBA", size, (0, 0, 0, 255)), io.BytesIO()
    if box:
        ImageDraw.Draw(image).rectangle(box, fill=(255, 255, 255, 255))
    image.save(out, "PNG")
    return {"mask": f"data:image/png;base64,{b64encode(out.getvalue()).decode()}"}


PAGE = MaskPage(by=7, picture=jpeg(), size=(768, 512), asked={"prompt": "a sofa"}, language="en", words=WORDS)


@pytest.fixture(name="link")
async def _link(queue):
    """The path of the link to a page."""
    await painted_masks.keep_page(queue, KEY, PAGE)
    return (await Links(queue, "https://pictures.example").mask_url(KEY)).removeprefix("https://pictures.example")


async def get(session, path, **options):
    async with session.get(path, **options) as answer:
        return answer.status, await answer.text(), answer.headers


async def post(session, path, body, **options):
    async with session.post(path, json=body, **options) as answer:
        return answer.status, (await answer.json()).get("said")


async def test_the_page_needs_no_key_and_runs_its_own_script_alone(guarded, link):
    status, html, headers = await get(guarded, link, headers={"Host": "pictures.example"})
    assert status == 200
    assert headers["Content-Type"].startswith("text/html")
    policy = headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'nonce-([\w-]+)'", policy)[1]
    assert re.findall(r"<script[^>]*>", html) == [
        '<script type="application/json" id="data">', f'<script nonce="{nonce}">',
    ]  # fmt: skip
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"
    _, again, _ = await get(guarded, link)
    assert nonce not in again


async def test_words_and_picture_stand_in_the_page_and_can_not_leave_their_place(guarded, link):
    _, html, _ = await get(guarded, link)
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', html)[1])
    assert data["words"] == WORDS
    assert data["picture"] == f"data:image/jpeg;base64,{b64encode(jpeg()).decode()}"


async def test_what_is_painted_is_kept_small_and_in_black_and_white(guarded, link, queue):
    assert await post(guarded, link, painted((10, 10, 40, 40))) == (200, WORDS["saved"])
    with Image.open(io.BytesIO(await painted_masks.painted(queue, KEY))) as kept:
        assert (kept.mode, max(kept.size)) == ("1", KEPT_SIDE_PX)
        scale = kept.width / 96
        left, top, right, bottom = (round(side / scale) for side in kept.getbbox())
    assert max(abs(left - 10), abs(top - 10), abs(right - 41), abs(bottom - 41)) <= 1


async def test_a_mask_of_pure_noise_still_has_room(guarded, link, queue):
    noise, out = Image.effect_noise((768, 512), 200), io.BytesIO()
    noise.save(out, "PNG")
    status, _ = await post(guarded, link, {"mask": f"data:image/png;base64,{b64encode(out.getvalue()).decode()}"})
    assert status == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (painted(None), "nothing is painted"),
        (painted((0, 0, 96, 64)), "everything is painted"),
        (painted((0, 0, 9, 9), (64, 64)), "another picture's"),
        ({"mask": "data:image/png;base64,bm8gcGljdHVyZQ=="}, "can't be read"),
        ({"mask": "%%%"}, "can't be read"),
        ({"mask": None}, "can't be read"),
        ({}, "can't be read"),
        ([1, 2], "can't be read"),
        ("text", "can't be read"),
    ],
)
async def test_what_is_no_usable_mask_is_said_in_the_members_words(guarded, link, queue, body, said):
    assert await post(guarded, link, body) == (422, said)
    assert await painted_masks.painted(queue, KEY) is None


async def test_more_than_any_mask_needs_is_not_read(guarded, link):
    async with guarded.post(link, data=io.BytesIO(b'{"mask": "' + b"a" * 2_000_000)) as answer:
        assert answer.status == 413


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link[:-1] + ("0" if link[-1] != "0" else "1"),
        lambda link: link.partition("?")[0],
        lambda link: link.replace("-1?", "-2?"),
        lambda link: re.sub(r"expires=\d", "expires=9", link),
        lambda link: re.sub(r"signature=.*", "signature=é", link),
    ],
    ids=["signature", "none", "another picture", "longer life", "no ASCII"],
)
async def test_a_forged_link_shows_and_takes_nothing(guarded, link, queue, change):
    forged = change(link)
    status, text, _ = await get(guarded, forged)
    assert (status, text) == (403, "This link is not complete, or was never given out.")
    assert (await post(guarded, forged, painted((1, 1, 9, 9))))[0] == 403
    assert await painted_masks.painted(queue, KEY) is None


async def test_a_picture_links_signature_opens_no_page(guarded, link, queue):
    url = await Links(queue, "").url(KEY, 1)
    assert (await get(guarded, link.partition("?")[0] + "?" + url.partition("?")[2]))[0] == 403


async def test_a_link_whose_time_is_over_says_so(guarded, link, queue):
    await queue.documents.drop("mask", KEY)
    status, text, _ = await get(guarded, link)
    assert (status, "good for two hours, which are over" in text) == (410, True)
    status, said = await post(guarded, link, painted((1, 1, 9, 9)))
    assert (status, "good for two hours" in said) == (410, True)


async def test_a_link_is_good_for_as_long_as_its_page(queue, hub):
    now = 1_800_000_000.0
    links = Links(queue, "", now=lambda: now)
    await painted_masks.keep_page(queue, KEY, PAGE)
    link = await links.mask_url(KEY)
    async with (
        serve(make_app(queue, hub, {}, links=links), "127.0.0.1", 0) as url,
        aiohttp.ClientSession(url) as session,
    ):
        assert (await get(session, link))[0] == 200
        now += MASK_LIFE_S
        assert (await get(session, link))[0] == 410


async def test_a_foreign_page_sends_nothing(guarded, link, queue):
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
    assert (await post(guarded, link, painted((1, 1, 9, 9)), headers=foreign))[0] == 403
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "https://pictures.example"}
    assert (await post(guarded, link, painted((1, 1, 9, 9)), headers=own))[0] == 200


async def test_other_answers_still_run_nothing(guarded):
    _, _, headers = await get(guarded, "/healthz")
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


async def test_many_at_once_are_all_answered(guarded, link):
    asked = [post(guarded, link, painted((index, 1, index + 20, 20))) for index in range(12)]
    assert {status for status, _ in await asyncio.gather(*asked)} == {200}
