"""The page walked in a real Chromium: by mouse and keyboard, on a desktop and a phone, dark and light."""

from __future__ import annotations

import io
import json
from importlib import resources

import aiohttp
import pytest
from PIL import Image
from playwright.async_api import expect

from loopback.played_worker import PlayedWorker
from zosma_queue import calls
from zosma_queue.client import Sender
from zosma_queue.errors import ErrorKind
from zosma_queue.job import State
from zosma_queue.request import parse_request

from .conftest import ANN, MAX

LOCAL = Sender(owner="http:local", group="http:local")
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PAGES = ("/", "/console/queue", "/console/fleet", "/console/gallery?of=all", "/console/history", "/console/failed",
         "/console/connect", "/console/keys", "/console/admin", "/console/admin?rules=")  # fmt: skip


def jpeg(colour):
    out = io.BytesIO()
    Image.new("RGB", (96, 96), colour).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture(name="tab")
async def _tab(browser, address):
    """A tab of a desktop browser; what a script breaks by fails the test."""
    wrong = []
    context = await browser.new_context(viewport=DESKTOP, base_url=address)
    tab = await context.new_page()
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda said: wrong.append(said.text) if "Content Security" in said.text else None)
    yield tab
    await context.close()
    assert wrong == []


async def test_a_prompt_is_sent_its_preview_watched_and_its_picture_seen(tab, queue, worker):
    await tab.goto("/")
    await tab.get_by_label("Prompt", exact=True).fill("a lighthouse at dusk")
    await tab.get_by_label("Pictures").fill("2")
    await tab.keyboard.press("Control+Enter")
    card = tab.locator("article.card")
    await card.get_by_text("Next in line").wait_for()

    leased = await worker.take()
    await worker.progress(leased, 0.42, eta_s=7, preview=jpeg("red"))
    await card.get_by_text("Drawing").wait_for()
    await card.get_by_text("42 %").wait_for()
    preview = card.locator("img.preview")
    await preview.wait_for(state="visible")
    assert await preview.evaluate("image => image.naturalWidth") == 96
    before = await preview.get_attribute("src")
    await worker.progress(leased, 0.8, eta_s=2, preview=jpeg("blue"))
    await card.get_by_text("80 %").wait_for()
    await expect(preview).not_to_have_attribute("src", before)

    await worker.finish(leased)
    await expect(card.locator(".tiles img")).to_have_count(2)
    # Whoever doesn't see it is told.
    assert "done" in await tab.locator("#announce").text_content()
    await card.get_by_role("link", name="a lighthouse at dusk", exact=True).click()
    await tab.get_by_role("heading", name="a lighthouse at dusk").wait_for()
    assert await tab.locator(".results img").count() == 2


async def test_what_is_typed_stays_while_the_page_lives_on(tab, queue, worker):
    await tab.goto("/")
    box = tab.get_by_label("Prompt", exact=True)
    await box.fill("half a prom")
    await queue.submit(parse_request({"prompt": "from elsewhere"}), LOCAL)
    await tab.get_by_text("from elsewhere").first.wait_for()
    assert await box.input_value() == "half a prom"
    assert await box.evaluate("box => box === document.activeElement")


async def test_what_is_wrong_is_said_beside_the_box_and_its_field_shown(tab, worker):
    await tab.goto("/")
    await tab.get_by_label("Prompt", exact=True).fill("a cat")
    await tab.evaluate("document.getElementById('steps').max = 9999; document.getElementById('steps').value = 999")
    await tab.get_by_role("button", name="Make it").click()
    await tab.locator("#wrong").get_by_text("Steps is 999").wait_for()  # the estimate may say so too
    assert (
        await tab.get_by_label("Steps").evaluate("field => field === document.activeElement && field.ariaInvalid")
        == "true"
    )
    assert await tab.get_by_label("Prompt", exact=True).input_value() == "a cat"


async def test_what_it_would_cost_is_told_while_somebody_fills_the_form_in(tab, queue, worker):
    sent = []
    tab.on("request", lambda request: sent.append(request.post_data) if request.url.endswith("/estimate") else None)
    await tab.goto("/")
    told = tab.locator("#estimate")
    await expect(told).to_contain_text("begins at once")
    one = await told.locator("b").first.text_content()
    await tab.get_by_label("Prompt", exact=True).press_sequentially("a lighthouse")
    await tab.get_by_label("Pictures").fill("8")
    await expect(told.locator("b").first).not_to_have_text(one)
    assert len(sent) < 8  # not for each letter
    # Said with the button, and not in between to whoever listens.
    button = tab.get_by_role("button", name="Make it")
    await expect(button).to_have_accessible_description(await told.inner_text())

    await tab.get_by_text("More options").click()
    picture = {"name": "a.png", "mimeType": "image/png", "buffer": b"\x89PNG" + bytes(2_000_000)}
    await tab.get_by_label("Start from a picture").set_input_files(picture)
    await expect(tab.locator("#estimate")).to_contain_text("begins at once")
    await tab.wait_for_function("document.getElementById('picture').files.length === 1")
    await tab.get_by_label("Steps").fill("999")
    await expect(told).to_contain_text("Steps is 999")
    assert max(len(data) for data in sent) < 2_000
    assert (await queue.depth()).waiting == 0


async def test_rules_are_changed_after_a_question(tab, queue, worker):
    await queue.admin.set_rules("cli", "", {"blocked": ["kitten"], "steps": 40})
    await tab.goto("/console/admin")
    await tab.get_by_role("link", name="Change the rules: Everybody").click()
    words = tab.get_by_label("Blocked words and phrases")
    assert await words.input_value() == "kitten"
    await words.fill("kitten\npuppy")
    await tab.get_by_label("Pictures, at most").fill("2")
    await tab.get_by_role("button", name="Set the rules").click()
    await tab.get_by_role("dialog", name="Set these rules?").get_by_role("button", name="No").click()
    assert (await queue.admin.rules()).blocked == ("kitten",)
    await tab.get_by_role("button", name="Set the rules").click()
    await tab.get_by_role("button", name="Yes").click()
    await tab.get_by_text("The rules for everybody are set.").wait_for()
    rules = await queue.admin.rules()
    assert (rules.blocked, rules.steps, rules.count) == (("kitten", "puppy"), 40, 2)
    # Once more from the same page: its own change is none of somebody else's.
    await tab.get_by_label("Pictures, at most").fill("3")
    await tab.get_by_role("button", name="Set the rules").click()
    await tab.get_by_role("button", name="Yes").click()
    await tab.locator("td[data-label='Pictures']").get_by_text("3").wait_for()


async def test_a_key_is_made_copied_and_taken_away(browser, keyed_address):
    context = await browser.new_context(base_url=keyed_address)
    tab = await context.new_page()
    await tab.goto("/console/keys")
    await tab.get_by_label("Your key").fill(MAX)
    await tab.keyboard.press("Enter")
    await tab.get_by_label("Whose").fill("sillytavern")
    await tab.get_by_role("button", name="Make it").click()
    await tab.get_by_role("heading", name="The key of sillytavern").wait_for()
    key = await tab.locator("#made-key").text_content()
    async with aiohttp.request(
        "GET", f"{keyed_address}/api/v1/queue", headers={"Authorization": f"Bearer {key}"}
    ) as answer:
        assert answer.status == 200
    await tab.get_by_role("button", name="Revoke: sillytavern").click()
    await tab.get_by_role("dialog", name="Revoke the key of sillytavern for good?").wait_for()
    await tab.get_by_role("button", name="Yes").click()
    await tab.locator("tr[data-key='redis-sillytavern']").get_by_text("Revoked").wait_for()
    await context.close()


async def test_a_job_is_cancelled_after_a_question_by_keyboard_alone(tab, queue, worker):
    job_id = await queue.submit(parse_request({"prompt": "a cat"}), LOCAL)
    await tab.goto("/")
    button = tab.get_by_role("button", name="Cancel: a cat")
    await button.focus()
    await tab.keyboard.press("Enter")
    await tab.get_by_role("dialog", name="Cancel this job?").wait_for()
    await tab.keyboard.press("Escape")
    assert (await queue.job(job_id)).state is State.WAITING

    await button.focus()
    await tab.keyboard.press("Enter")
    await tab.keyboard.press("Tab")
    await tab.keyboard.press("Enter")
    await tab.get_by_text("Cancelled", exact=True).first.wait_for()
    assert (await queue.job(job_id)).state is State.CANCELLED


async def test_the_queue_moves_live_and_an_open_row_keeps_its_focus(tab, queue, worker):
    first = await queue.submit(parse_request({"prompt": "the first"}), LOCAL)
    await queue.submit(parse_request({"prompt": "the second"}), LOCAL)
    await tab.goto("/console/queue")
    await tab.get_by_role("link", name="the second").focus()
    await queue.cancel(first)
    await tab.get_by_role("link", name="the first").wait_for(state="detached")
    assert await tab.evaluate("document.activeElement.textContent") == "the second"


async def test_a_pause_is_made_and_ended(tab, queue, worker):
    await tab.goto("/console/admin")
    await tab.get_by_label("Why").fill("we move house")
    await tab.get_by_role("button", name="Pause").click()
    await tab.get_by_role("button", name="Yes").click()
    await tab.locator("#strip").get_by_text("we move house").wait_for()
    assert await queue.pauses() == ("queue",)
    await tab.get_by_role("button", name="Go on: queue").click()
    await tab.get_by_text("Nothing is paused.").wait_for()
    assert await queue.pauses() == ()


async def test_a_failed_job_is_replayed(tab, queue, worker):
    job_id = await queue.submit(parse_request({"prompt": "too large a cat"}), LOCAL)
    await worker.settle(await worker.take(), calls.fail(ErrorKind.OUT_OF_MEMORY))
    await tab.goto("/console/failed")
    await tab.get_by_role("button", name="Replay: too large a cat").click()
    await tab.get_by_text("Nothing has failed").wait_for()
    assert (await queue.job(job_id)).state is State.WAITING


async def test_a_plot_is_read_by_keyboard_by_mouse_and_as_a_table(tab, queue, worker):
    for _ in range(3):
        await queue.submit(parse_request({"prompt": "a cat"}), LOCAL)
        await worker.finish(await worker.take())
    await tab.goto("/console/history?over=hour")
    plot = tab.locator("[data-plot=throughput]")
    await plot.locator(".drawn").focus()
    await tab.keyboard.press("End")
    assert await plot.locator("[data-value='0']").text_content() == "3"
    assert "Done 3" in await plot.locator("[data-spoken]").text_content()

    box = await plot.locator("svg").bounding_box()
    await tab.mouse.move(box["x"] + 5, box["y"] + 20)
    assert await plot.locator("[data-value='0']").text_content() == "0"
    await plot.get_by_text("As a table").click()
    assert await plot.locator("tbody tr").count() == 60


async def test_whoever_has_a_key_signs_in_and_out(browser, keyed_address, worker):
    context = await browser.new_context(base_url=keyed_address)
    tab = await context.new_page()
    await tab.goto("/console/queue")
    await tab.get_by_label("Your key").fill("this is no key here")
    await tab.keyboard.press("Enter")
    await tab.get_by_text("not known here").wait_for()
    await tab.get_by_label("Your key").fill(ANN)
    await tab.keyboard.press("Enter")
    await tab.get_by_role("heading", name="Queue").wait_for()
    assert await tab.evaluate("document.cookie") == ""

    await tab.get_by_role("button", name="Sign out").click()
    await tab.get_by_label("Your key").wait_for()
    await tab.goto("/")
    await tab.get_by_label("Your key").wait_for()
    await context.close()


async def test_without_scripts_everything_can_still_be_done(browser, address, queue, worker):
    context = await browser.new_context(base_url=address, java_script_enabled=False, viewport=PHONE)
    tab = await context.new_page()
    await tab.goto("/")
    await tab.get_by_label("Prompt", exact=True).fill("a cat")
    await tab.get_by_role("button", name="Make it").click()
    await tab.get_by_role("heading", name="a cat").wait_for()
    await tab.get_by_role("button", name="Cancel").click()
    await tab.get_by_role("button", name="Yes").click()
    await tab.get_by_text("Cancelled").wait_for()
    await tab.get_by_role("link", name="History").click()
    await tab.get_by_role("heading", name="Waits").wait_for()
    await context.close()


async def test_on_a_phone_nothing_stands_over_and_every_page_is_reached(browser, address, queue, worker):
    await busy(queue, worker)
    context = await browser.new_context(base_url=address, viewport=PHONE, has_touch=True, is_mobile=True)
    tab = await context.new_page()
    for path in PAGES:
        await tab.goto(path)
        assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    await tab.get_by_role("button", name="More").click()
    await tab.get_by_role("link", name="History").click()
    await tab.get_by_role("heading", name="History").wait_for()
    await context.close()


async def test_a_theme_is_chosen_and_kept(tab, worker):
    await tab.emulate_media(color_scheme="light")
    await tab.goto("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = await tab.evaluate(ground)
    await tab.get_by_role("button", name="Theme").click()
    await tab.get_by_role("button", name="Theme").click()
    dark = await tab.evaluate(ground)
    assert dark != light
    await tab.goto("/console/queue")
    assert await tab.evaluate(ground) == dark


async def busy(queue, worker: PlayedWorker):
    """Something of everything that a page can show."""
    for number in range(3):
        await queue.submit(parse_request({"prompt": f"picture {number}, " + "long words " * 12}), LOCAL)
        await worker.finish(await worker.take())
    failed = await queue.submit(parse_request({"prompt": "failed"}), LOCAL)
    await worker.settle(await worker.take(), calls.fail(ErrorKind.OUT_OF_MEMORY, "CUDA out of memory " * 10))
    await queue.cancel(await queue.submit(parse_request({"prompt": "cancelled"}), LOCAL))
    await queue.submit(parse_request({"prompt": "running"}), LOCAL)
    await worker.progress(await worker.take(), 0.4, preview=jpeg("green"))
    for number in range(4):
        await queue.submit(parse_request({"prompt": f"waiting {number}", "checkpoint": "anime"}), LOCAL)
    await queue.submit(parse_request({"prompt": "put off"}), LOCAL, delay_ms=3_600_000)
    await queue.admin.set_policy("cli", "key:a-rather-long-name.of-a-key", {"waiting": 3})
    await queue.admin.set_rules("cli", "", {"blocked": ["kitten", "puppy*"], "count": 8, "checkpoints": ["dream"]})
    await queue.admin.set_rules("cli", "discord:123456789012345678", {"age_restricted": True, "side": 1024})
    await queue.admin.pause("cli", "lane:relax", "a reason of some length, so that lines are broken")
    await queue.sweep()
    return failed


AXE = resources.files("axe_playwright_python") / "axe.min.js"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("form", ["desktop", "phone"])
async def test_axe_finds_nothing(browser, address, queue, worker, form, scheme):
    failed = await busy(queue, worker)
    viewport = DESKTOP if form == "desktop" else PHONE
    context = await browser.new_context(
        base_url=address, viewport=viewport, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce"
    )
    tab = await context.new_page()
    for path in (*PAGES, f"/console/jobs/{failed}", "/console/sign-in", "/console/nothing"):
        await tab.goto(path)
        await tab.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        await tab.add_script_tag(content=AXE.read_text("utf-8"))
        found = await tab.evaluate("axe.run(document, {resultTypes: ['violations']})")
        told = [
            (one["id"], one["impact"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]
        ]
        assert told == [], f"{path}: {json.dumps(told, indent=1)}"
    await context.close()


async def test_the_whole_page_is_small_on_the_wire_and_soon_painted(browser, address, queue, worker):
    await busy(queue, worker)
    context = await browser.new_context(base_url=address, viewport=DESKTOP)
    tab = await context.new_page()
    session = await context.new_cdp_session(tab)
    await session.send("Network.enable")
    sizes = {"bytes": 0}
    session.on("Network.loadingFinished", lambda event: sizes.update(bytes=sizes["bytes"] + event["encodedDataLength"]))
    for path in PAGES:
        if path.startswith("/console/gallery"):
            continue  # pictures are as large as they are
        sizes["bytes"] = 0
        await tab.goto(path)
        assert sizes["bytes"] < 100_000, path
    await context.close()
