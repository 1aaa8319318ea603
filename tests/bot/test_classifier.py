"""An image check that answers, is slow, is broken, or isn't there."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from loopback.image_check import ImageCheck
from loopback.played_worker import png
from zosma_bot.classifier import UNKNOWN, Classifier, Verdict


@pytest.fixture(name="check")
async def _check():
    async with ImageCheck() as check:
        yield check


@pytest.mark.parametrize("kind", ["ok", "spoiler", "block"])
async def test_its_verdict_counts(check, kind):
    check.answers = {png(1): {"verdict": kind, "reason": "too much skin"}}
    assert await Classifier(check.url).judge([png(1)]) == [Verdict(kind, "too much skin")]
    assert check.asked == [("image/png", png(1))]


async def test_each_picture_has_its_own_verdict_in_order(check):
    check.answers = {png(1): {"verdict": "block"}, png(2): {"verdict": "ok"}, png(3): {"verdict": "spoiler"}}
    verdicts = await Classifier(check.url).judge([png(1), png(2), png(3)])
    assert [one.kind for one in verdicts] == ["block", "ok", "spoiler"]


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=500, text="{}"),
        web.Response(status=302, headers={"Location": "/elsewhere"}),
        web.Response(text="no json"),
        web.Response(text='{"verdict": "fine"}'),
        web.Response(text='["ok"]'),
        web.Response(text="[" * 10_000),
        web.Response(text='{"verdict": "ok", "reason": "' + "x" * 100_000 + '"}'),
    ],
    ids=["500", "redirect", "no json", "unknown verdict", "a list", "deep", "long"],
)
async def test_anything_else_hides_the_picture_and_is_logged(check, answer, caplog):
    check.otherwise = answer
    assert await Classifier(check.url).judge([png(1)]) == [UNKNOWN]
    (line,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "gives no verdict" in line


async def test_one_that_is_too_slow_or_not_there_hides_the_picture(check, caplog):
    check.held = asyncio.Event()
    assert await Classifier(check.url, timeout_s=0.1).judge([png(1)]) == [UNKNOWN]
    assert await Classifier("http://127.0.0.1:9/").judge([png(1)]) == [UNKNOWN]
    check.held.set()


async def test_a_reason_of_any_kind_is_borne(check):
    check.answers = {
        png(1): {"verdict": "block", "reason": {"a": 1}},
        png(2): {"verdict": "block", "reason": "r" * 999},
    }
    verdicts = await Classifier(check.url).judge([png(1), png(2)])
    assert [len(one.reason) for one in verdicts] == [0, 200]
