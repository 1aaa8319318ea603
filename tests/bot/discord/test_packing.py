"""What a message carries: judged, hidden, fitted, as one grid, with links to the originals."""

from __future__ import annotations

import asyncio
import io
import re

import pytest
from PIL import Image

from loopback.delivering import delivered
from loopback.discord.permissions import P
from loopback.image_check import ImageCheck
from loopback.played_worker import png
from zosma_bot.discord.delivery import packing
from zosma_bot.discord.delivery.shrink import Original
from zosma_bot.discord.state.reply_record import Reply
from zosma_bot.discord.ui.card import Attached
from zosma_bot.links import LIFE_S
from zosma_queue import keys

SMALL = {"prompt": "a cat", "width": 64, "height": 64, "seed": 1}
PUBLIC = "https://pictures.example"


@pytest.fixture(name="check")
async def _check():
    async with ImageCheck() as check:
        yield check


@pytest.fixture(name="noise")
def _noise(monkeypatch):
    """Workers make pictures that compress badly."""
    pictures = {}

    def noisy(seed, size, parameters=""):
        if seed not in pictures:
            out = io.BytesIO()
            Image.effect_noise(size, 90).save(out, "PNG")
            pictures[seed] = out.getvalue()
        return pictures[seed]

    monkeypatch.setattr("loopback.played_worker.png", noisy)


async def make(server, worker, ann, queue, until, *, preview=b"", **options):
    """A job from its command to its end."""
    asked = await server.slash(ann, "imagine", SMALL | options)
    leased = await worker.take()
    await worker.progress(leased, 0.5, preview=preview)
    await asked.wait_for(lambda shown: "50 %" in shown.text)
    made = await worker.finish(leased)
    await delivered(queue, until)
    return asked, leased, made


def names(message):
    return [file.filename for file in message.files]


# -- links ------------------------------------------------------------------------------------------------------


async def test_a_shrunk_picture_links_to_its_original_for_a_day(server, bot, worker, ann, queue, until, raw, noise):
    await bot.start(bot.settings(public_url=PUBLIC))
    server.settings.upload_limit = 180_000
    asked, leased, _ = await make(server, worker, ann, queue, until, width=512, height=512)

    assert names(asked.message) == [f"zosma-{leased.id}-1.webp"]
    assert "Made smaller to fit into Discord (50 % as wide, WebP, quality 60)." in asked.message.text
    link = rf"\[original\]\(<{PUBLIC}/pictures/{leased.id}/0\?expires=\d+&signature=\w+>\)"
    assert re.search(link, asked.message.text)
    assert LIFE_S < raw.ttl(keys.image(leased.id, leased.attempt, 0)) <= LIFE_S + 600


async def test_a_whole_picture_needs_no_link(server, bot, worker, ann, queue, until):
    await bot.start(bot.settings(public_url=PUBLIC))
    asked, _, _ = await make(server, worker, ann, queue, until)
    assert PUBLIC not in asked.message.text


async def test_without_a_public_address_an_admin_gets_the_original_for_a_day(
    server, bot, worker, ann, queue, until, raw, noise
):
    await bot.start()
    server.settings.upload_limit = 200_000
    asked, leased, _ = await make(server, worker, ann, queue, until, width=512, height=512)
    assert "http" not in asked.message.text
    assert f"An admin can get the original for a day, by its number: `{leased.id}`" in asked.message.text
    assert LIFE_S < raw.ttl(keys.image(leased.id, leased.attempt, 0)) <= LIFE_S + 600


async def test_a_picture_that_lost_nothing_says_nothing_of_originals(server, bot, worker, ann, queue, until, raw):
    await bot.start()
    asked, leased, made = await make(server, worker, ann, queue, until, width=512, height=512)
    assert "original" not in asked.message.text
    assert "fit into Discord" not in asked.message.text
    assert raw.ttl(keys.image(leased.id, leased.attempt, 0)) < LIFE_S
    server.settings.upload_limit = len(made[0]) - 1  # as a WebP it is smaller, and all of it is there
    asked, leased, _ = await make(server, worker, ann, queue, until, width=512, height=512, seed=2)
    assert names(asked.message) == [f"zosma-{leased.id}-1.webp"]
    assert "original" not in asked.message.text


async def test_of_a_set_shown_as_one_it_is_said_how_to_get_the_singles(server, bot, worker, ann, queue, until):
    await bot.start(bot.settings(grid=True))
    asked, _, _ = await make(server, worker, ann, queue, until, count=4)
    assert "“More…”, “Send to me” gives you each picture by itself, for 15 minutes." in asked.message.text


async def test_without_a_public_address_pictures_that_discord_takes_in_no_size_are_kept(
    server, bot, worker, ann, queue, until, raw
):
    await bot.start()
    asked = await server.slash(ann, "imagine", SMALL)
    leased = await worker.take()
    await asked.wait_for(lambda shown: shown.text)
    server.fail_next("PATCH", "^/webhooks/.*", 413, {"message": "Request entity too large", "code": 40005}, times=3)
    await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: "too large for Discord" in shown.text)
    assert f"by its number: `{leased.id}`" in shown.text


async def test_pictures_that_discord_takes_in_no_size_are_linked(server, bot, worker, ann, queue, until):
    await bot.start(bot.settings(public_url=PUBLIC))
    asked = await server.slash(ann, "imagine", SMALL)
    leased = await worker.take()
    await asked.wait_for(lambda shown: shown.text)
    server.fail_next("PATCH", "^/webhooks/.*", 413, {"message": "Request entity too large", "code": 40005}, times=3)
    await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: "too large for Discord" in shown.text)
    assert f"{PUBLIC}/pictures/{leased.id}/0?" in shown.text


# -- grids ------------------------------------------------------------------------------------------------------


async def test_where_it_is_set_a_set_is_one_picture_with_links_to_each(server, bot, worker, ann, queue, until):
    await bot.start(bot.settings(grid=True, public_url=PUBLIC))
    asked, leased, made = await make(server, worker, ann, queue, until, count=4)

    assert names(asked.message) == [f"zosma-{leased.id}-grid.png"]
    with Image.open(io.BytesIO(asked.message.files[0].data)) as image:
        assert image.size == (128, 128)
        assert image.text["parameters"].endswith(", Grid: 4")
    assert asked.message.text.count(f"{PUBLIC}/pictures/{leased.id}/") == len(made)


async def test_one_picture_is_no_set(server, bot, worker, ann, queue, until):
    await bot.start(bot.settings(grid=True))
    asked, leased, _ = await make(server, worker, ann, queue, until)
    assert names(asked.message) == [f"zosma-{leased.id}-1.png"]


async def test_a_set_that_fits_only_badly_becomes_a_grid(server, bot, worker, ann, queue, until, noise):
    await bot.start()
    server.settings.upload_limit = 60_000  # noise of this size has more at quality 80
    asked, leased, _ = await make(server, worker, ann, queue, until, width=512, height=512, count=4)
    assert names(asked.message) == [f"zosma-{leased.id}-grid.webp"]


# -- hidden and refused -----------------------------------------------------------------------------------------


async def test_the_image_check_hides_or_refuses_picture_by_picture(server, bot, worker, ann, queue, until, check):
    check.answers = {png(2): {"verdict": "spoiler"}, png(3): {"verdict": "block", "reason": "not **here**"}}
    await bot.start(bot.settings(classifier_url=check.url))
    asked, leased, _ = await make(server, worker, ann, queue, until, count=3)

    assert names(asked.message) == [f"zosma-{leased.id}-1.png", f"SPOILER_zosma-{leased.id}-2.png"]
    assert "1 of 3 pictures are not shown: this server's image check refuses them" in asked.message.text
    assert r"not \*\*here\*\*" in asked.message.text
    assert Reply.parse(await queue.reply(leased.id)).blocked == (2,)


async def test_a_refused_picture_is_in_no_state_of_the_message(server, bot, worker, ann, queue, until, check):
    check.answers = {png(1): {"verdict": "block", "reason": "blood"}}
    await bot.start(bot.settings(classifier_url=check.url, public_url=PUBLIC))
    asked, leased, _ = await make(server, worker, ann, queue, until, preview=png(1))

    assert all(not shown.files for shown in asked.history)
    assert "The picture is not shown" in asked.message.text
    assert "blood" in asked.message.text
    assert PUBLIC not in asked.message.text
    assert leased.id in asked.message.text


async def test_without_a_verdict_the_picture_is_hidden(server, bot, worker, ann, queue, until):
    await bot.start(bot.settings(classifier_url="http://127.0.0.1:9/"))
    asked, leased, _ = await make(server, worker, ann, queue, until)
    assert names(asked.message) == [f"SPOILER_zosma-{leased.id}-1.png"]


async def test_another_try_asks_nobody_again(server, bot, worker, ann, queue, until, check):
    await bot.start(bot.settings(classifier_url=check.url), sleep=lambda _: asyncio.sleep(0))
    asked = await server.slash(ann, "imagine", SMALL)
    leased = await worker.take()
    await asked.wait_for(lambda shown: shown.text)
    before = len(server.requests_to("PATCH", "^/webhooks/"))
    server.cut_next("PATCH", "^/webhooks/")
    await worker.finish(leased)
    await asked.wait_for(lambda shown: shown.files)
    assert len(server.requests_to("PATCH", "^/webhooks/")) == before + 2
    assert len(check.asked) == 1


async def test_by_rule_all_pictures_are_hidden_and_there_are_no_previews(server, bot, worker, ann, queue, until):
    await bot.start()
    asked = await server.slash(ann, "imagine", SMALL | {"count": 2})
    leased = await worker.take()
    await asked.wait_for(lambda shown: shown.text)
    await bot.kill()
    reply = Reply.parse(await queue.reply(leased.id)).model_copy(update={"spoiler": True, "grid": True})
    await queue.set_reply(leased.id, reply.model_dump_json())
    await bot.start()
    await worker.progress(leased, 0.5, preview=png(7))
    shown = await asked.wait_for(lambda shown: "50 %" in shown.text)
    assert shown.files == ()
    await worker.finish(leased)
    shown = await asked.wait_for(lambda shown: shown.files)
    assert names(shown) == [f"SPOILER_zosma-{leased.id}-grid.png"]


async def test_a_direct_message_is_never_offered_more_than_it_takes(
    server, client, worker, ann, queue, until, noise, monkeypatch
):
    for module in ("job_message", "fallbacks"):
        monkeypatch.setattr(f"zosma_bot.discord.delivery.{module}.UPLOAD_LIMIT", 100_000)
    asked = await server.slash(ann, "imagine", SMALL | {"width": 512, "height": 512})
    leased = await worker.take()
    await asked.wait_for(lambda shown: shown.text)
    server.kill_token(asked)
    server.channel.overwrite(server.bot_member, deny=P.VIEW_CHANNEL)
    await worker.finish(leased)
    shown = await server.wait_for_message(server.dm(ann))
    assert len(shown.files[0].data) <= 100_000
    (sent,) = server.requests_to("POST", rf"^/channels/{server.dm(ann).id}/messages")
    assert sent.status == 200


def test_more_than_ten_pictures_are_one_grid():
    originals = [Original(Attached(f"zosma-j-{n}.png", png(n)), "a cat") for n in range(1, 13)]
    (sheet,) = packing._fit(originals, 10_000_000, 10_000_000, False, [])
    assert sheet.name == "zosma-j-grid.png"
    assert len(packing._fit(originals[:10], 10_000_000, 10_000_000, False, [])) == 10


def test_a_set_of_which_one_cannot_be_read_is_shown_as_singles():
    originals = [Original(Attached("zosma-j-1.png", png(1)), ""), Original(Attached("zosma-j-2.png", b"x" * 99), "")]
    assert len(packing._fit(originals, 10_000_000, 10_000_000, True, [])) == 2
